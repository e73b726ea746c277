package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

var (
	benchStorm     = flag.Int("bench.storm", 100_000, "responses of the storm")
	benchReferrals = flag.Int("bench.referrals", 1000, "referrals among them")
	benchLarge     = flag.Int("bench.large", 1_600_000, "responses in the large wave beside which a small one grows")
	benchSoak      = flag.Duration("bench.soak", 10*time.Minute, "how long the memory of a moderate load is watched")
)

// BenchmarkFirstPage times the survey's first page beside a static file of the
// same size, both from the same process.
func BenchmarkFirstPage(b *testing.B) {
	s := newDurableStack(b)
	s.run("", "wave", "open", "2026-11")
	const survey = "/survey/care-worker-survey"
	for range 3 { // it is packed for its second reader
		s.weight(b, survey)
	}
	time.Sleep(2 * time.Second)
	page := s.weight(b, survey)
	file, weight := s.fileLike(b, page)
	tell("the first page weighs %d bytes, %s %d\n", page, path.Base(file), weight)
	get := func(address string) func() load {
		return func() load {
			l, _ := s.wrk(b, 64, fmt.Sprintf(`
wrk.headers["Accept-Encoding"] = "br"
wrk.path = %q
`, address))
			return l
		}
	}
	static, survives := &side{name: "a static file", run: get(file)}, &side{name: "the survey's first page", run: get(survey)}
	s.takeTurns("Readers, 64 connections", static, survives)
	tell("the page to the file: rate %.2f, p99 %.2f\n", survives.ratio(static, perSecond), survives.ratio(static, p99))
	b.ReportMetric(0, "ns/op")
}

// weight is how many bytes an address weighs in brotli.
func (s *stack) weight(b *testing.B, address string) int {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, s.base+address, nil)
	must(b, err)
	request.Header.Set("Accept-Encoding", "br")
	answer, err := http.DefaultClient.Do(request)
	must(b, err)
	defer answer.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(answer.Body)
	must(b, err)
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s", address, answer.Status)
	}
	return len(body)
}

// fileLike finds the static file whose weight is nearest.
func (s *stack) fileLike(b *testing.B, want int) (address string, weight int) {
	b.Helper()
	files, err := filepath.Glob("../../handlers/static/*.br")
	must(b, err)
	away := func(n int) int { return max(n-want, want-n) }
	for _, file := range files {
		info, err := os.Stat(file)
		must(b, err)
		if address == "" || away(int(info.Size())) < away(weight) {
			address, weight = "/static/"+strings.TrimSuffix(filepath.Base(file), ".br"), int(info.Size())
		}
	}
	if got := s.weight(b, address); got != weight {
		b.Fatalf("%s weighs %d, not %d", address, got, weight)
	}
	return address, weight
}

// BenchmarkStorm sends responses as fast as they go and referrals among them,
// and tells how long a referral takes from its post until it is routed, beside
// the same without the storm; and how much memory the processes take.
func BenchmarkStorm(b *testing.B) {
	s := newDurableStack(b)
	s.run("", "wave", "open", "2026-11")
	tell("resident after the start: web %d MB, worker %d MB\n", residentOf(b, s.web), residentOf(b, s.worker))
	idle := s.referSteadily(b, max(20, *benchReferrals/5), 25*time.Millisecond)

	body := toWave(fullResponse(b), "2026-11")
	ctx, calm := context.WithCancel(b.Context())
	var storm sync.WaitGroup
	began := time.Now()
	storm.Go(func() {
		defer calm()
		for s.stored() < *benchStorm {
			s.wrk(b, 64, postScript(body))
		}
	})
	most := map[*process]int{}
	storm.Go(func() {
		for ctx.Err() == nil {
			for _, p := range []*process{s.web, s.worker} {
				most[p] = max(most[p], residentOf(b, p))
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	inStorm := s.referSteadily(b, *benchReferrals, 15*time.Millisecond)
	storm.Wait()
	tell("%d responses in %s\n", s.stored(), time.Since(began).Round(time.Second))
	tell("referrals, post to routed: idle median %s, p99 %s; in the storm median %s, p99 %s, slowest %s (%d of them)\n",
		quantile(idle, 50).Round(time.Millisecond), quantile(idle, 99).Round(time.Millisecond),
		quantile(inStorm, 50).Round(time.Millisecond), quantile(inStorm, 99).Round(time.Millisecond), quantile(inStorm, 100).Round(time.Millisecond), len(inStorm))
	tell("resident at most: web %d MB, worker %d MB\n", most[s.web], most[s.worker])
	eventually(b, 2*time.Minute, "all is released", func() bool { return s.count(`SELECT count(*) FROM inbox`) < 10 })
	tell("all released %s after the storm began\n", time.Since(began).Round(time.Second))
	b.ReportMetric(0, "ns/op")
}

// referSteadily posts so many referrals, one after the other, and tells how long
// each took until it was routed.
func (s *stack) referSteadily(b *testing.B, n int, pause time.Duration) []time.Duration {
	b.Helper()
	posted := map[string]time.Time{}
	for range n {
		key := uuid.NewString()
		posted[key] = time.Now()
		sub := &submission{key: key, referral: true}
		if !s.send(b, sub) {
			b.Errorf("a referral was not taken")
		}
		time.Sleep(pause)
	}
	eventually(b, time.Minute, "every referral is routed", func() bool {
		return s.count(`SELECT count(*) FROM referrals WHERE routed_at IS NULL`) == 0
	})
	rows, err := s.db.QueryContext(b.Context(), `SELECT submission_key::text, routed_at FROM referrals`)
	must(b, err)
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	var took []time.Duration
	for rows.Next() {
		var key string
		var routed time.Time
		must(b, rows.Scan(&key, &routed))
		if at, ours := posted[key]; ours {
			took = append(took, routed.Sub(at))
		}
	}
	must(b, rows.Err())
	if len(took) != n {
		b.Fatalf("%d referrals were posted and %d are there", n, len(took))
	}
	return took
}

// residentOf is the memory of a process, in megabytes.
func residentOf(b *testing.B, p *process) int {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid()))
	must(b, err)
	kilobytes := 0
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	_, err = fmt.Sscan(after, &kilobytes)
	must(b, err)
	return kilobytes / 1024
}

// BenchmarkLargeWave times responses to a wave that has very many already,
// beside one that has few.
func BenchmarkLargeWave(b *testing.B) {
	s := newDurableStack(b)
	s.run("", "wave", "open", "small", "--demo")
	s.run("", "seed", "--responses", "10000", "--waves", "1", "--referrals", "0")
	s.run("", "wave", "open", "large", "--demo")
	timed(b, "fill the large wave", func() {
		s.run("", "seed", "--responses", fmt.Sprint(*benchLarge), "--waves", "1", "--referrals", "0")
	})
	body := fullResponse(b)
	into := func(wave string) func() load { return func() load { return s.postAway(b, 64, toWave(body, wave)) } }
	small := &side{name: "into a wave of 10,000", run: into("small"), after: s.settle}
	large := &side{name: fmt.Sprintf("into a wave of %d", *benchLarge), run: into("large"), after: s.settle}
	s.settle()
	s.takeTurns("Responses, 64 connections", small, large)
	tell("the large wave to the small one: rate %.2f\n", large.ratio(small, perSecond))
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSoak watches the memory of web and worker under a moderate load.
func BenchmarkSoak(b *testing.B) {
	s := newDurableStack(b)
	s.run("", "wave", "open", "2026-11")
	body := toWave(fullResponse(b), "2026-11")
	ctx, stop := context.WithTimeout(b.Context(), *benchSoak)
	defer stop()
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for ctx.Err() == nil {
				request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, s.base+"/survey/care-worker-survey", strings.NewReader(body+"&submission_key="+uuid.NewString()))
				must(b, err)
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				request.Header.Set("Accept", "application/json")
				answer, err := stormClient.Do(request)
				if err != nil || answer.StatusCode != http.StatusCreated {
					b.Errorf("a response is not taken: %v", err)
					return
				}
				_ = answer.Body.Close()
				time.Sleep(25 * time.Millisecond)
			}
		})
	}
	tell("%10s %12s %8s %8s\n", "after", "responses", "web", "worker")
	began := time.Now()
	for step := *benchSoak / 10; ctx.Err() == nil; {
		select {
		case <-ctx.Done():
		case <-time.After(step):
		}
		tell("%10s %12d %5d MB %5d MB\n", time.Since(began).Round(time.Second), s.stored(), residentOf(b, s.web), residentOf(b, s.worker))
	}
	senders.Wait()
	b.ReportMetric(0, "ns/op")
}
