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
	"intake/internal/counting"
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
	p.says("the last on "+moment(app.clock()), "indicative")

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
	p.says("This question is sensitive and fewer than 20 people answered it",
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
		if p.Find("#wave option").Length() != 2 || p.Find("input[name=with]").Length() != 1 {
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
	wave, _ := app.fillWave("spring", 20)
	b := app.signIn("Sara Mann", store.SurveyManager)
	for range 10 { // once figures have been seen, ten stay behind
		app.respond(forms.Answers{"care_role": {"no"}})
	}
	for released := 20; released <= 50; released += 10 {
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
	of := func(wave int64, n int, editions ...int) counted {
		indexer := results.NewIndexer(results.NewLayout(app.cfg.Survey))
		for range n {
			app.must(indexer.Add(app.cfg.Survey.Version, forms.Answers{"care_role": {"no"}}))
		}
		index := &counting.Index{Index: indexer.Index(), Wave: store.Wave{ID: wave, Released: n}}
		return counted{index: index, editions: editions}
	}
	var cache resultsCache
	for id := range int64(3 * cachedWaves) {
		cache.keep(of(1000+id, 1))
	}
	if len(cache.byWave) > cachedWaves {
		t.Errorf("the cache holds %d waves", len(cache.byWave))
	}
	cache.keep(of(7, 20, 20))
	cache.keep(of(7, 10, 10)) // counted earlier, done later
	cache.keep(of(7, 20))
	kept, ok := cache.kept(&store.Wave{ID: 7, Released: 20})
	if !ok || kept.index.Released() != 20 || len(kept.editions) != 1 {
		t.Error("older figures took the place of newer ones")
	}
	for what, newer := range map[string]store.Wave{
		"a release": {ID: 7, Released: 30}, "another order": {ID: 7, Released: 20, Shuffles: 1}, "a version": {ID: 7, Released: 20, Versions: []int64{1, 2}},
	} {
		if _, ok := cache.kept(&newer); ok {
			t.Errorf("figures from before %s are given after it", what)
		}
	}
}

// TestResultsForManyAtOnce has the first figures of a wave asked for together.
func TestResultsForManyAtOnce(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 30)
	b := app.signIn("Sara Mann", store.SurveyManager)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := b.get(resultsPath).Find(".figures dd").Last().Text(); got != "30" {
				t.Errorf("the page counts %s responses", got)
			}
		})
	}
	wait.Wait()
}

// TestResultsOfAGroup compares filtered and broken down figures over the API
// with a recount, and those on the page with the API's.
func TestResultsOfAGroup(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	_, all := app.fillWave("spring", 400)
	b := app.signIn("Sara Mann", store.SurveyManager)
	const query = "?filter.service=home_care&filter.district=&by=contract"
	answer := b.send(http.MethodGet, resultsPath+query, nil, http.Header{"Accept": {"application/json"}}).want(http.StatusOK)
	var got resultsAnswer
	app.must(json.Unmarshal([]byte(answer.Body), &got))
	if got.By != "contract" || len(got.Filters) != 1 || got.Filters["service"] != "home_care" || got.Counted != 400 {
		t.Errorf("got %v by %s of %d", got.Filters, got.By, got.Counted)
	}
	shown, withheld := 0, 0
	check := func(q *forms.Question, figures results.Figures, in func(forms.Answers) bool) {
		base, counts := 0, map[string]int{}
		for _, a := range all {
			if said := a[q.ID]; in(a) && len(said) > 0 && !q.Option(said[0]).Aside {
				base++
				counts[said[0]]++
			}
		}
		if figures.Withheld != "" {
			withheld++
			return
		}
		if base < 10 || q.Sensitive && base < 20 || *figures.Base != (base+2)/5*5 {
			t.Errorf("%s: a base of %d is shown as %d", q.ID, base, *figures.Base)
		}
		for _, cell := range figures.Options {
			if cell.Percent == nil {
				continue
			}
			shown++
			if want := (200*counts[cell.Value] + base) / (2 * base); *cell.Percent != want || isFew(counts[cell.Value]) {
				t.Errorf("%s %s: %d of %d are shown as %d%%", q.ID, cell.Value, counts[cell.Value], base, *cell.Percent)
			}
		}
	}
	page := b.get(resultsPath + query).want(http.StatusOK).says("In people’s own homes")
	for _, figure := range got.Questions {
		q := app.cfg.Survey.Question(figure.ID)
		if q.Kind != forms.KindChoice {
			continue
		}
		home := func(a forms.Answers) bool { return a.Get("service") == "home_care" }
		check(q, figure.Figures, home)
		for i, row := range figure.Rows {
			check(q, row.Figures, func(a forms.Answers) bool { return home(a) && a.Get("contract") == row.Value })
			cells := page.Find(`section.result[id="` + q.ID + `"] .result__groups tbody tr`).Eq(i).Find("td").Text()
			if row.Base != nil && !strings.Contains(cells, plural(*row.Base, "answer")) || row.Base == nil && !strings.Contains(cells, "othing is shown") {
				t.Errorf("%s, %s: the page says %q", q.ID, row.Value, cells)
			}
		}
	}
	if shown < 100 || withheld == 0 {
		t.Errorf("%d figures were compared and %d withheld", shown, withheld)
	}
}

func isFew(n int) bool { return n > 0 && n < 5 }

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
	for _, query := range []string{"?by=worn_out", "?filter.district=atlantis", "?filter.x=1", "?filter.service=home_care&by=service"} {
		refused := ask(path+query, "analyst").want(http.StatusUnprocessableEntity)
		if got := refused.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
			t.Errorf("%s is answered with %s", query, got)
		}
	}
	ask(path+"?wave=nope", "analyst").want(http.StatusNotFound)

	answer := ask(path+"?wave=spring", "analyst").want(http.StatusOK)
	var got resultsAnswer
	app.must(json.Unmarshal([]byte(answer.Body), &got))
	if got.Survey != "care-worker-survey" || got.Wave != "spring" || got.Responses != 60 || got.Released != 60 || got.Counted != 60 {
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
