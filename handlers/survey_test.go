package handlers

import (
	"database/sql"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

const surveyPath = "/survey/care-worker-survey"

// homeCarer answers by every kind of question that the survey has.
var homeCarer = answersOf(
	"care_role", "paid_provider", "service", "home_care", "job_role", "care_worker", "district", "maldon",
	"pay_rating", "poor", "works_alone", "mostly", "lone_protection", "check_ins|risk_info",
	"training_barriers", "unpaid_time|travel", "in_12_months", "leaving", "leave_reasons", "pay|hours|travel",
	"overall", "good", "one_change", "Wombat: pay us for the roads\nbetween visits",
)

// inbox is what the ledger has of responses that wait.
func (app *testApp) inbox() []forms.Answers {
	app.t.Helper()
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	defer func() { app.must(db.Close()) }()
	rows, err := db.QueryContext(app.t.Context(), `SELECT answers FROM inbox`)
	app.must(err)
	defer func() { app.must(rows.Close()) }()
	var all []forms.Answers
	for rows.Next() {
		var raw []byte
		app.must(rows.Scan(&raw))
		answers, err := forms.DecodeAnswers(raw)
		app.must(err)
		all = append(all, answers)
	}
	app.must(rows.Err())
	return all
}

func (app *testApp) responseNudges() int {
	app.jobs.mu.Lock()
	defer app.jobs.mu.Unlock()
	return len(app.jobs.waves)
}

func (app *testApp) closeWave(wave *store.Wave) {
	app.t.Helper()
	app.must(app.store.CloseWave(app.t.Context(), app.deed(), wave.Survey, wave.Code))
}

// posted are answers as a form post under that key.
func posted(key string, answers forms.Answers) url.Values {
	values := url.Values{}
	maps.Copy(values, answers)
	values.Set("submission_key", key)
	return values
}

// filledIn checks that the form on the page is filled in with the answers.
func (p *page) filledIn(by *browser, answers forms.Answers) {
	p.t.Helper()
	values := by.fill(p).values
	for name, want := range answers {
		got := slices.Clone(values[name])
		slices.Sort(got)
		if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
			p.t.Errorf("%s came back as %q, want %q", name, got, want)
		}
	}
}

func TestSurveyIsSentAsServed(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	form := b.fill(b.get(surveyPath).want(http.StatusOK)).setAll(homeCarer)
	if to := form.press("send").redirects(); to != surveyPath+"/thanks" {
		t.Errorf("sending leads to %q", to)
	}
	b.get(surveyPath+"/thanks").want(http.StatusOK).says("Your answers have arrived.", "Report a concern", "What we store")
	if got := app.inbox(); len(got) != 1 || !got[0].Equal(homeCarer) {
		t.Errorf("the ledger has %v", got)
	}

	// The same page sent again, with whatever answers, counts once.
	again := form.set("overall", "poor").press("send").redirects()
	b.get(again).want(http.StatusOK).says("Your answers had already arrived. They count once.")
	if got := app.inbox(); len(got) != 1 || !got[0].Equal(homeCarer) {
		t.Errorf("after the second time the ledger has %v", got)
	}
	if app.responseNudges() != 1 {
		t.Errorf("the worker was nudged %d times, want once", app.responseNudges())
	}
	fresh := b.get(surveyPath)
	if key := fresh.value("submission_key"); key == form.values.Get("submission_key") || fresh.Header.Get("Cache-Control") != "no-store" {
		t.Error("the form comes with a key that was given out before, or may be cached")
	}
}

func TestSurveyKeepsOnlyTheBranchTaken(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	changed := with(homeCarer, "care_role", "unpaid_carer", "age_band", "55_64")
	b.post(surveyPath, posted(uuid.NewString(), with(changed, "no_such_question", "wombat", "district.unknown", "yes"))).redirects()
	want := answersOf("care_role", "unpaid_carer", "training_barriers", "unpaid_time|travel", "age_band", "55_64")
	if got := app.inbox(); len(got) != 1 || !got[0].Equal(want) {
		t.Errorf("the ledger has %v, want %v", got, want)
	}
	// A branch inside a branch, and people for whom the survey is not.
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "works_alone", "never", "in_12_months", "same_job"))).redirects()
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "care_role", "no"))).redirects()
	for _, got := range app.inbox()[1:] {
		for _, name := range []string{"lone_protection", "leave_reasons"} {
			if got.Get(name) != "" {
				t.Errorf("%s was kept in %v", name, got)
			}
		}
	}
}

func TestSurveyErrorsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	for name, test := range map[string]struct {
		answers forms.Answers
		field   string
	}{
		"required":         {without(homeCarer, "care_role"), "care_role"},
		"unknown option":   {with(homeCarer, "district", "atlantis"), "district"},
		"two of one":       {with(homeCarer, "overall", "good|poor"), "overall"},
		"too many":         {with(homeCarer, "leave_reasons", "pay|hours|travel|health"), "leave_reasons"},
		"none and another": {with(homeCarer, "training_barriers", "none|travel"), "training_barriers"},
		"too long":         {with(homeCarer, "one_change", strings.Repeat("é", 501)), "one_change"},
	} {
		key := uuid.NewString()
		p := b.post(surveyPath, posted(key, test.answers))
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, p.Status)
			continue
		}
		p.linksLeadToFields()
		if href := p.Find(".govuk-error-summary a").First().AttrOr("href", ""); href != "#"+test.field {
			t.Errorf("%s: the first error leads to %s", name, href)
		}
		if !strings.HasPrefix(p.text("title"), "Error:") {
			t.Errorf("%s: the title is %q", name, p.text("title"))
		}
		if p.value("submission_key") != key {
			t.Errorf("%s: the key changed, so that sending twice would count twice", name)
		}
		kept := without(test.answers, "district", "overall") // an option that is not there cannot be ticked
		p.filledIn(b, kept)
	}
	if n := app.count(`SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM submission_keys)`); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

func TestSurveyWithoutAUsableKey(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.browser()
	for _, key := range []string{"", "wombat", uuid.Nil.String()} {
		p := b.post(surveyPath, posted(key, homeCarer)).want(http.StatusUnprocessableEntity).says("Your answers are still here")
		p.filledIn(b, homeCarer)
		if fresh, err := uuid.Parse(p.value("submission_key")); err != nil || fresh == uuid.Nil {
			t.Errorf("the page has the key %q", p.value("submission_key"))
		}
	}
	p := b.post(surveyPath, posted("", homeCarer))
	b.fill(p).press("send").redirects()
	app.closeWave(wave)
	app.pass(store.LateFor)
	b.post(surveyPath, posted("", homeCarer)).want(http.StatusConflict).says("This survey has closed")
	if got := len(app.inbox()); got != 1 {
		t.Errorf("%d responses were taken, want the one with a key", got)
	}
}

func TestClosedSurveyKeepsTheAnswers(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.browser()
	form := func() *servedForm { return b.fill(b.get(surveyPath)).setAll(homeCarer) }
	early, queued, late := form(), form(), form()
	early.press("send").redirects()
	app.pass(time.Hour)
	app.closeWave(wave)
	b.get(surveyPath).want(http.StatusOK).says("This survey has closed", "It takes no more answers")

	// What a phone had when the survey closed still counts for 72 hours, also
	// while the next wave is open.
	app.pass(store.LateFor - time.Minute)
	app.openWave("summer")
	queued.press("send").redirects()
	if n := app.count(`SELECT count(*) FROM inbox WHERE wave_id = (SELECT id FROM waves WHERE code = 'spring')`); n != 2 {
		t.Errorf("the wave that closed has %d responses, want 2", n)
	}
	app.pass(time.Minute)

	closed := late.press("send").want(http.StatusConflict).says("This survey has closed", "They are still on this page")
	closed.filledIn(b, homeCarer)
	if len(closed.Find(".govuk-error-summary").Nodes) != 0 {
		t.Error("people are told to put answers right that do not count")
	}
	// Nobody puts an answer right to learn only then that it does not count.
	b.post(surveyPath, posted(uuid.NewString(), with(without(homeCarer, "care_role"), "wave", "spring"))).want(http.StatusConflict).says("This survey has closed")
	// Whoever had arrived in time may press twice.
	b.get(early.press("send").redirects()).says("had already arrived")
	if got := len(app.inbox()); got != 2 {
		t.Errorf("%d responses were taken, want 2", got)
	}
}

func TestSurveyThatIsNotThere(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	for _, path := range []string{"/survey/nope", "/survey/nope/thanks", "/survey/safeguarding-referral", "/survey/"} {
		b.get(path).want(http.StatusNotFound).says("Page not found")
	}
	b.post("/survey/nope", posted(uuid.NewString(), homeCarer)).want(http.StatusNotFound)

	// A wave that opens tomorrow.
	app.must(app.store.OpenWave(t.Context(), app.deed(), store.NewWave{
		Survey: app.cfg.Survey.ID, Code: "spring", Versions: []int64{1}, OpensAt: app.clock().Add(24 * time.Hour),
	}))
	b.get(surveyPath).want(http.StatusNotFound).says("This survey has not opened yet")
	b.post(surveyPath, posted(uuid.NewString(), homeCarer)).want(http.StatusNotFound).says("This survey has not opened yet")
	app.pass(25 * time.Hour)
	b.get(surveyPath).want(http.StatusOK)
	b.post(surveyPath, posted(uuid.NewString(), homeCarer)).redirects()
}

func TestSurveyButtonsThatDoNotSend(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	check := b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "action", "check"))).want(http.StatusOK)
	check.says("Nothing has been sent yet", "In people’s own homes")
	b.post(surveyPath, posted(uuid.NewString(), with(without(homeCarer, "care_role"), "action", "check"))).want(http.StatusUnprocessableEntity)
	for action, status := range map[string]int{"change": 200, "explode": 422, "add.": 422} {
		p := b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "action", action))).want(status)
		p.filledIn(b, homeCarer)
		b.send(http.MethodPost, surveyPath, strings.NewReader(posted(uuid.NewString(), with(homeCarer, "action", action)).Encode()),
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}).want(http.StatusUnprocessableEntity)
	}
	if got := len(app.inbox()); got != 0 {
		t.Errorf("%d responses were taken by other buttons than send", got)
	}
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "action", "send"))).redirects()
}

func TestSurveyFormPostsOfPrograms(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.browser()
	send := func(key string, answers forms.Answers) (int, map[string]any) {
		t.Helper()
		p := b.send(http.MethodPost, surveyPath, strings.NewReader(posted(key, answers).Encode()),
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}})
		var body map[string]any
		app.must(json.Unmarshal([]byte(p.Body), &body))
		if isProblem := strings.HasPrefix(p.Header.Get("Content-Type"), "application/problem+json"); isProblem != (p.Status >= 400) {
			t.Errorf("status %d comes as %s", p.Status, p.Header.Get("Content-Type"))
		}
		return p.Status, body
	}
	key := uuid.NewString()
	if status, body := send(key, homeCarer); status != http.StatusCreated || body["outcome"] != "accepted" {
		t.Errorf("got %d %v", status, body)
	}
	if status, body := send(key, with(homeCarer, "overall", "poor")); status != http.StatusOK || body["outcome"] != "duplicate" {
		t.Errorf("again: got %d %v", status, body)
	}
	for key, answers := range map[string]forms.Answers{
		uuid.NewString(): without(homeCarer, "care_role"), "": homeCarer,
	} {
		status, body := send(key, answers)
		faults, _ := body["errors"].([]any)
		if status != http.StatusUnprocessableEntity || len(faults) != 1 || body["status"] != float64(status) {
			t.Errorf("got %d %v", status, body)
		}
	}
	app.closeWave(wave)
	app.pass(store.LateFor)
	if status, body := send(uuid.NewString(), homeCarer); body["reason"] != "closed" || status != http.StatusConflict || body["title"] != "This survey has closed" {
		t.Errorf("closed: got %d %v", status, body)
	}
}
