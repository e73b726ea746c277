package e2e

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/results"
)

// The sizes of `make bench-results`; the flags make a quicker run for a look.
var (
	benchResponses = flag.Int("bench.responses", 1_600_000, "responses of each of the two large waves")
	benchViews     = flag.Int("bench.views", 200, "how many views are looked at")
	benchSQL       = flag.Int("bench.sql", 10, "how many of them are counted by SQL as well")
)

const benchSmall = 16_000

// BenchmarkResults times the whole results page and the results API on large
// waves beside the same on a small one, and beside the same figures by SQL
// over the raw table. All of them take turns.
func BenchmarkResults(b *testing.B) {
	s := newStack(b)
	s.run("", "wave", "open", "small", "--demo")
	timed(b, "fill the small wave", func() { s.run("", "seed", "--responses", fmt.Sprint(benchSmall), "--waves", "1", "--referrals", "0") })
	s.run("", "wave", "close", "small")
	s.run("", "wave", "open", "2026-11", "--demo")
	timed(b, "fill the large waves", func() {
		s.run("", "seed", "--responses", fmt.Sprint(*benchResponses), "--waves", "2", "--referrals", "0")
	})
	timed(b, "store the index", func() {
		eventually(b, 10*time.Minute, "the index is stored", func() bool {
			return s.count(`SELECT sum(size) FROM result_chunks`) >= 2**benchResponses*9/10
		})
	})
	timed(b, "check the index against a recount", func() { s.run("", "check", "--index") })
	must(b, s.web.stop(stopPatience))
	s.startWeb()
	client := s.signedIn(b)
	fmt.Printf("resident memory of portal web after the start: %d MB\n", residentOf(b, s.web))
	timed(b, "first figures of the large wave after the start", func() { fetch(b, client, s.apiURL("2026-11", "")) })
	for range 20 { // and some more, for what they leave behind
		fetch(b, client, s.apiURL("2026-11", ""))
	}
	fmt.Printf("resident memory of portal web with that wave loaded: %d MB\n", residentOf(b, s.web))
	timed(b, "first page of it, beside the other large wave", func() { fetch(b, client, s.resultsURL("2026-11", "")) })
	timed(b, "first view of the small wave", func() { fetch(b, client, s.resultsURL("small", "")) })

	random := rand.New(rand.NewPCG(4, 2)) //nolint:gosec // the views of a bench
	var page, api, smallPage, smallAPI, bySQL, pageBeside []time.Duration
	for i := range *benchViews {
		view := randomView(random)
		measure := func(to *[]time.Duration, address string) time.Duration {
			start := time.Now()
			fetch(b, client, address)
			*to = append(*to, time.Since(start))
			return time.Since(start)
		}
		took := measure(&page, s.resultsURL("2026-11", view.query()))
		measure(&smallPage, s.resultsURL("small", view.query()))
		measure(&api, s.apiURL("2026-11", view.query()))
		measure(&smallAPI, s.apiURL("small", view.query()))
		if *benchSQL > 0 && i%max(1, *benchViews / *benchSQL) == 0 {
			start := time.Now()
			s.countBySQL(b, "2026-11", view)
			bySQL, pageBeside = append(bySQL, time.Since(start)), append(pageBeside, took)
		}
	}
	fmt.Printf("resident memory of portal web at the end, with all three: %d MB\n", residentOf(b, s.web))
	fmt.Printf("\n%d views, 0 to 3 filters, most with a breakdown; %d and %d responses in a wave, 2 waves\n", *benchViews, *benchResponses, benchSmall)
	fmt.Printf("%-34s %10s %10s\n", "", "median", "p95")
	for _, row := range []struct {
		what string
		of   []time.Duration
	}{
		{"page, large wave", page}, {"page, small wave", smallPage},
		{"API, large wave", api}, {"API, small wave", smallAPI},
		{"GROUP BY, large wave", bySQL}, {"page, of the same views", pageBeside},
	} {
		if len(row.of) > 0 {
			fmt.Printf("%-34s %10s %10s\n", row.what, quantile(row.of, 50).Round(10*time.Microsecond), quantile(row.of, 95).Round(10*time.Microsecond))
		}
	}
	if len(bySQL) > 0 {
		fmt.Printf("GROUP BY takes %.0f times as long as the page at the median\n", float64(quantile(bySQL, 50))/float64(quantile(pageBeside, 50)))
	}
	fmt.Printf("p95, large to small: page %.2f, API %.2f\n", ratio95(page, smallPage), ratio95(api, smallAPI))
	b.ReportMetric(0, "ns/op") // the time of the whole says nothing
}

func timed(b *testing.B, what string, do func()) {
	b.Helper()
	start := time.Now()
	do()
	fmt.Printf("%s: %s\n", what, time.Since(start).Round(time.Millisecond))
}

func quantile(of []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

func ratio95(a, b []time.Duration) float64 {
	return float64(quantile(a, 95)) / float64(quantile(b, 95))
}

// view is what a bench looks at.
type view struct {
	filters [][2]string
	by      string
}

func (v view) query() string {
	q := ""
	for _, f := range v.filters {
		q += "&filter." + f[0] + "=" + f[1]
	}
	if v.by != "" {
		q += "&by=" + v.by
	}
	return q
}

// randomView draws filters and a breakdown of the built-in survey.
func randomView(random *rand.Rand) view {
	form := benchSurvey()
	order := random.Perm(len(results.Dimensions))
	var v view
	for _, d := range order[:random.IntN(4)] {
		q := form.Question(results.Dimensions[d])
		v.filters = append(v.filters, [2]string{q.ID, q.Options[random.IntN(len(q.Options))].Code})
	}
	if random.IntN(3) > 0 {
		v.by = results.Dimensions[order[len(v.filters)]]
	}
	return v
}

func benchSurvey() *forms.Form {
	source, _ := forms.BuiltIn("care-worker-survey")
	var districts []forms.Option
	for _, d := range organisation.Demo().Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	form, err := forms.Load(source, forms.Lists{"districts": districts})
	if err != nil {
		panic(err) // it is built in
	}
	return form
}

func (s *stack) resultsURL(wave, query string) string {
	return s.base + "/manage/surveys/care-worker-survey/results?wave=" + wave + query
}

func (s *stack) apiURL(wave, query string) string {
	return s.base + "/api/v1/surveys/care-worker-survey/results?wave=" + wave + query
}

// signedIn is a client that is signed in as a survey manager.
func (s *stack) signedIn(b *testing.B) *http.Client {
	b.Helper()
	manager := s.addManager("bench@example.org", "survey_manager")
	jar, err := cookiejar.New(nil)
	must(b, err)
	client := &http.Client{Jar: jar}
	form := url.Values{"email": {manager.email}, "password": {manager.password}}
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.base+"/manage/sign-in", strings.NewReader(form.Encode()))
	must(b, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", s.base)
	answer, err := client.Do(request)
	must(b, err)
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.Request.URL.Path != "/manage" {
		b.Fatalf("signing in leads to %s, %s", answer.Request.URL.Path, answer.Status)
	}
	return client
}

func fetch(b *testing.B, client *http.Client, address string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
	must(b, err)
	answer, err := client.Do(request)
	must(b, err)
	defer answer.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(answer.Body)
	must(b, err)
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s\n%s", address, answer.Status, body[:min(len(body), 400)])
	}
}

// countBySQL counts the answers to every question over the raw table: the
// figures of a view before any disclosure control.
func (s *stack) countBySQL(b *testing.B, wave string, v view) {
	b.Helper()
	by := "NULL"
	args := []any{wave}
	where := ""
	for _, f := range v.filters {
		args = append(args, f[0], f[1])
		where += fmt.Sprintf(" AND r.answers -> $%d ->> 0 = $%d", len(args)-1, len(args))
	}
	if v.by != "" {
		args = append(args, v.by)
		by = fmt.Sprintf("r.answers -> $%d ->> 0", len(args))
	}
	tx, err := s.db.BeginTx(b.Context(), nil)
	must(b, err)
	defer tx.Rollback() //nolint:errcheck // it has only read
	// The planner takes the rows for a thousand times as many, and would sort
	// them on the disk; counting them in memory is what serves SQL best.
	_, err = tx.ExecContext(b.Context(), `SET LOCAL enable_sort = off; SET LOCAL work_mem = '256MB'`)
	must(b, err)
	rows, err := tx.QueryContext(b.Context(), `SELECT `+by+`, a.key, o.value, count(*)
		FROM responses r JOIN waves w ON w.id = r.wave_id, jsonb_each(r.answers) a, jsonb_array_elements_text(a.value) o
		WHERE w.code = $1 AND a.key <> 'one_change'`+where+` GROUP BY 1, 2, 3`, args...)
	must(b, err)
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	for rows.Next() {
	}
	must(b, rows.Err())
}
