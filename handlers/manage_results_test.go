package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

const resultsPath = "/manage/surveys/care-worker-survey/results"

// randomResponse answers the questions that it comes by, some of them.
func randomResponse(f *forms.Form, random *rand.Rand) forms.Answers {
	a := forms.Answers{"care_role": {"paid_provider"}}
	for _, page := range f.Pages {
		for _, q := range page.Questions {
			if q.ID == "care_role" || len(q.Options) == 0 || random.IntN(5) == 0 {
				continue
			}
			a[q.ID] = []string{q.Options[random.IntN(len(q.Options))].Code}
		}
	}
	return f.Strip(a)
}

// fillWave opens a wave with so many random responses and releases them.
func (app *testApp) fillWave(code string, n int) (*store.Wave, []forms.Answers) {
	app.t.Helper()
	wave := app.openWave(code)
	random := rand.New(rand.NewPCG(1, uint64(n)))
	var all []forms.Answers
	for range n {
		a := randomResponse(app.cfg.Survey, random)
		all = append(all, a)
		app.respond(a)
	}
	return app.release(wave), all
}

// The figures on the page are those of a plain recount, wherever they are
// shown, and nothing is shown of a small number.
func TestResultsPageFigures(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	_, all := app.fillWave("spring", 150)
	for range 7 { // these wait in the inbox: only the live total knows them
		app.respond(forms.Answers{"care_role": {"no"}})
	}
	p := app.signIn("Sara Mann", store.SurveyManager).get(resultsPath).want(http.StatusOK)
	figures := map[string]string{}
	for _, d := range p.Find(".figures > div").EachIter() {
		figures[d.Find("dt").Text()] = d.Find("dd").Text()
	}
	if figures["Responses so far"] != "157" || figures["Counted in these results"] != "150" {
		t.Errorf("the page says %v", figures)
	}
	p.says("last changed on "+moment(app.clock()), "indicative")

	checked := 0
	for _, page := range app.cfg.Survey.Pages {
		for _, q := range page.Questions {
			checked += app.checkFigures(p, &q, all)
		}
	}
	if checked < 100 {
		t.Errorf("only %d figures were compared", checked)
	}
	overall := app.cfg.Survey.Question("overall")
	base, good := 0, 0
	for _, a := range all {
		if code := a.Get("overall"); code != "" {
			base++
			if code == "very_good" || code == "good" {
				good++
			}
		}
	}
	want := strconv.Itoa((200*good+base)/(2*base)) + "%"
	if got := p.text(".figures__main dd"); got != want {
		t.Errorf("the headline says %q, want %q of %s", got, want, overall.Label.In("en"))
	}
	if strings.Contains(p.Body, "style=") {
		t.Error("the page holds inline styles, which the browser refuses")
	}
}

// checkFigures compares a question's rows with a recount and returns how many
// percentages it compared.
func (app *testApp) checkFigures(p *page, q *forms.Question, all []forms.Answers) int {
	app.t.Helper()
	section := p.Find(`section.result[id="` + q.ID + `"]`)
	if section.Length() != 1 {
		app.t.Errorf("%s is not on the page", q.ID)
		return 0
	}
	counts, base := map[string]int{}, 0
	for _, a := range all {
		inBase := false
		for _, code := range a[q.ID] {
			counts[code]++
			inBase = inBase || !q.Option(code).Aside
		}
		if inBase {
			base++
		}
	}
	rows := map[string]*goquery.Selection{}
	for _, row := range section.Find("tbody tr").EachIter() {
		rows[strings.TrimSpace(row.Find("th").Text())] = row
	}
	compared := 0
	for _, option := range q.Options {
		row, count := rows[option.Label.In("en")], counts[option.Code]
		if row == nil {
			continue // withheld as a whole
		}
		share, people := strings.TrimSpace(row.Find("td").Eq(0).Text()), strings.TrimSpace(row.Find("td").Eq(1).Text())
		if bars := row.Find("svg").Length(); (bars == 1) != strings.HasSuffix(share, "%") {
			app.t.Errorf("%s %s: %d bars beside %q", q.ID, option.Code, bars, share)
		}
		if strings.HasSuffix(share, "%") {
			compared++
			if want := strconv.Itoa((200*count+base)/(2*base)) + "%"; share != want {
				app.t.Errorf("%s %s: the share is %s, want %s", q.ID, option.Code, share, want)
			}
			if length := row.Find("rect.bar").AttrOr("width", ""); length+"%" != share {
				app.t.Errorf("%s %s: the bar is %s long beside %s", q.ID, option.Code, length, share)
			}
		}
		if n, err := strconv.Atoi(people); err == nil {
			if n%5 != 0 || n-count > 2 || count-n > 2 || count > 0 && count < 5 {
				app.t.Errorf("%s %s: %d people are shown as %q", q.ID, option.Code, count, people)
			}
		}
	}
	return compared
}

func TestResultsWithheld(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 12)
	p := app.signIn("Sara Mann", store.SurveyManager).get(resultsPath).want(http.StatusOK)
	p.says("This question is sensitive and fewer than 20 people answered it", "What people wrote is shown only once",
		"Fewer than 10 people answered this")
}

func TestResultsOfAnEmptyWave(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Sara Mann", store.SurveyManager)
	b.get(resultsPath).want(http.StatusNotFound).says("not opened yet")
	app.openWave("spring")
	for range 9 {
		app.respond(forms.Answers{"care_role": {"no"}})
	}
	p := b.get(resultsPath).want(http.StatusOK).says("There are no results yet")
	if p.Find(".result").Length() != 0 {
		t.Error("figures are shown before anything was released")
	}
}

func TestResultsOfAnEarlierWave(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 10)
	app.pass(time.Hour)
	app.fillWave("autumn", 20)
	b := app.signIn("Sara Mann", store.SurveyManager)
	for query, released := range map[string]string{"": "20", "?wave=autumn": "20", "?wave=spring": "10"} {
		p := b.get(resultsPath + query).want(http.StatusOK)
		if got := p.Find(".figures dd").Last().Text(); got != released {
			t.Errorf("%q shows %s responses, want %s", query, got, released)
		}
		if p.Find(".tabs a").Length() != 2 {
			t.Error("the other wave is not offered")
		}
	}
	b.get(resultsPath + "?wave=winter").want(http.StatusNotFound)
	b.get(resultsPath + "?wave=%00").want(http.StatusNotFound)
	b.get("/manage/surveys/another/results").want(http.StatusNotFound)
}

// A new release must show at once, though the figures are cached.
func TestResultsFollowAReleaseAtOnce(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave, _ := app.fillWave("spring", 10)
	b := app.signIn("Sara Mann", store.SurveyManager)
	for released := 10; released <= 40; released += 10 {
		if got := b.get(resultsPath).Find(".figures dd").Last().Text(); got != strconv.Itoa(released) {
			t.Fatalf("the page counts %s responses, want %d", got, released)
		}
		for range 10 {
			app.respond(forms.Answers{"care_role": {"no"}})
		}
		wave = app.release(wave)
	}
}

func TestResultsCache(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave, all := app.fillWave("spring", 30)
	var cache resultsCache
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			got, err := cache.get(t.Context(), app.store, app.cfg.Survey, wave)
			if err != nil || got.Released != len(all) {
				t.Errorf("got %d responses: %v", got.Released, err)
			}
		})
	}
	wait.Wait()
	for id := range int64(3 * cachedWaves) {
		cache.keep(1000+id, results.Results{Released: 1})
	}
	if len(cache.byWave) > cachedWaves {
		t.Errorf("the cache holds %d waves", len(cache.byWave))
	}
	cache.keep(7, results.Results{Released: 20})
	cache.keep(7, results.Results{Released: 10}) // counted earlier, done later
	if kept, ok := cache.kept(&store.Wave{ID: 7, Released: 20}); !ok || kept.Released != 20 {
		t.Error("older figures took the place of newer ones")
	}
	if _, ok := cache.kept(&store.Wave{ID: 7, Released: 30}); ok {
		t.Error("figures from before a release are given after it")
	}
}

func TestResultsOverTheAPI(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 60)
	addKey := func(key string, rights ...string) {
		hash := sha256.Sum256([]byte(key))
		app.must(app.store.AddAPIKey(t.Context(), key, hash[:], rights))
	}
	addKey("analyst", "results")
	addKey("partner", "referrals")
	b := app.browser()
	ask := func(path, key string) *page {
		header := http.Header{}
		if key != "" {
			header.Set("Authorization", "Bearer "+key)
		}
		return b.send(http.MethodGet, path, nil, header)
	}
	const path = "/api/v1/surveys/care-worker-survey/results"
	ask(path, "").want(http.StatusUnauthorized)
	ask(path, "nobody").want(http.StatusUnauthorized)
	if status := ask(path, "partner").Status; status != http.StatusUnauthorized && status != http.StatusForbidden {
		t.Errorf("a key without the right got status %d", status)
	}
	for _, query := range []string{"?by=service", "?filter.district=maldon", "?filter.x="} {
		refused := ask(path+query, "analyst").want(http.StatusUnprocessableEntity)
		if got := refused.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
			t.Errorf("%s is answered with %s", query, got)
		}
	}
	ask(path+"?wave=nope", "analyst").want(http.StatusNotFound)

	answer := ask(path+"?wave=spring", "analyst").want(http.StatusOK)
	var got resultsAnswer
	app.must(json.Unmarshal([]byte(answer.Body), &got))
	if got.Survey != "care-worker-survey" || got.Wave != "spring" || got.Responses != 60 || got.Released != 60 {
		t.Errorf("got %s %s with %d and %d responses", got.Survey, got.Wave, got.Responses, got.Released)
	}
	manager := app.signIn("Sara Mann", store.SurveyManager)
	same := manager.send(http.MethodGet, resultsPath, nil, http.Header{"Accept": {"application/json"}}).want(http.StatusOK)
	if same.Body != answer.Body {
		t.Error("the page as JSON and the API disagree")
	}
	html := manager.get(resultsPath)
	for _, q := range got.Questions {
		if q.Positive == nil {
			continue
		}
		if words := html.text(`section.result[id="` + q.ID + `"] strong`); !strings.HasPrefix(words, fmt.Sprintf("%d%%", *q.Positive)) {
			t.Errorf("%s: the API says %d%%, the page %q", q.ID, *q.Positive, words)
		}
	}
	app.browser().send(http.MethodGet, resultsPath, nil, http.Header{"Accept": {"application/json"}}).want(http.StatusUnauthorized)
}
