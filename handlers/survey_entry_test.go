package handlers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/brotli"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// invitations makes a closed collector and returns its codes.
func (app *testApp) invitations(wave *store.Wave, n int) (*store.Collector, []string) {
	app.t.Helper()
	collector, err := app.store.AddClosedCollector(app.t.Context(), app.deed(), wave.ID, "Letters", n)
	app.must(err)
	var codes []string
	app.must(app.store.Invitations(app.t.Context(), collector.ID, 1, 0, func(i store.Invitation) error {
		codes = append(codes, i.Code)
		return nil
	}))
	return collector, codes
}

func TestSurveyByInvitation(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.must(app.store.OpenWave(t.Context(), app.deed(), store.NewWave{
		Survey: app.cfg.Survey.ID, Code: "spring", Versions: []int64{1}, OpensAt: app.clock().Add(-time.Hour), ByInvitation: true,
	}))
	wave, err := app.store.WaveByCode(t.Context(), app.cfg.Survey.ID, "spring")
	app.must(err)
	collector, codes := app.invitations(wave, 3)
	b := app.browser()

	// Without an invitation the survey asks for one, in plain words.
	b.get(surveyPath).want(http.StatusOK).says("This survey is by invitation", "Enter the code")
	for typed, words := range map[string]string{
		"wombat": "This is not an invitation code", mistype(codes[0]): "This is not an invitation code",
	} {
		p := b.get(surveyPath + "?invitation=" + url.QueryEscape(typed)).want(http.StatusUnprocessableEntity).says(words)
		if p.value("invitation") != typed {
			t.Errorf("what was typed is gone: %q", p.value("invitation"))
		}
	}
	b.post(surveyPath, posted(uuid.NewString(), homeCarer)).want(http.StatusConflict).says("Enter the code from your invitation").filledIn(b, homeCarer)

	// As a link, and as typed from paper.
	to := b.get("/i/" + codes[0]).redirects()
	form := b.fill(b.get(to).want(http.StatusOK)).setAll(homeCarer)
	if got := form.press("send").redirects(); got != surveyPath+"/thanks" {
		t.Errorf("sending leads to %q", got)
	}
	paper := strings.ToLower(codes[1][:4] + " " + codes[1][4:8] + "–" + codes[1][8:])
	b.fill(b.get(surveyPath + "?invitation=" + url.QueryEscape(paper)).want(http.StatusOK)).setAll(homeCarer).press("send").redirects()

	// Used: opening it tells nobody, and sending other answers says so.
	second := b.fill(b.get(to).want(http.StatusOK)).setAll(with(homeCarer, "overall", "poor"))
	second.press("send").want(http.StatusConflict).says("This invitation has been used already").filledIn(b, with(homeCarer, "overall", "poor"))
	b.get(form.press("send").redirects()).says("had already arrived")

	// Expired: pages are no longer given out, what was on its way still counts.
	late := b.fill(b.get("/survey/care-worker-survey?invitation=" + codes[2])).setAll(homeCarer)
	app.must(app.store.CloseCollector(t.Context(), app.deed(), collector.ID))
	b.get(surveyPath + "?invitation=" + codes[2]).want(http.StatusUnprocessableEntity).says("This invitation has expired")
	app.pass(store.LateFor - time.Minute)
	late.press("send").redirects()
	app.pass(time.Hour)
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "invitation", codes[2]))).want(http.StatusConflict).says("invitation has expired")
	if n := len(app.inbox()); n != 3 {
		t.Errorf("%d responses were taken, want 3", n)
	}
	// Administrators look into the queue, where each would be seen as it comes.
	if n := app.responseNudges(); n != 0 {
		t.Errorf("%d tasks tell of single responses", n)
	}

	// Another wave's.
	other := app.openWave("summer")
	app.pass(time.Minute)
	_, foreign := app.invitations(other, 1)
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "invitation", foreign[0], "wave", "spring"))).want(http.StatusConflict).says("We do not know this invitation")
	b.fill(b.get(b.get("/i/" + foreign[0]).redirects())).setAll(homeCarer).press("send").redirects()
	if strings.Contains(app.log.String(), foreign[0]) || strings.Contains(app.log.String(), codes[0]) {
		t.Error("an invitation is in the log")
	}
}

// mistype swaps the last character for another.
func mistype(code string) string {
	last := "0"
	if strings.HasSuffix(code, last) {
		last = "1"
	}
	return code[:len(code)-1] + last
}

func TestSurveyByShortLink(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	collector, err := app.store.AddOpenCollector(t.Context(), app.deed(), wave.ID, "Poster")
	app.must(err)
	b := app.browser()
	to := b.get("/s/" + strings.ToLower(collector.Code) + "?lang=pl").redirects()
	b.fill(b.get(to).want(http.StatusOK).says("Polski")).setAll(homeCarer).press("send").redirects()
	if n := app.count(`SELECT count(*) FROM inbox i JOIN collectors c ON c.id = i.collector_id WHERE c.name = 'Poster'`); n != 1 {
		t.Errorf("%d responses came by the poster, want 1", n)
	}
	b.get("/s/NOPE").want(http.StatusNotFound)
	app.must(app.store.CloseCollector(t.Context(), app.deed(), collector.ID))
	b.get("/s/"+collector.Code).want(http.StatusOK).says("This link has closed", "Worried about an adult?")
	// The plain address still leads to the survey.
	b.get(surveyPath + "?collector=" + collector.Code).want(http.StatusOK).says("Do you care for or support adults")
}

// TestOlderVersionsOfTheSurvey: a phone that loaded the survey before a new
// version came sends what it has.
func TestOlderVersionsOfTheSurvey(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.browser()
	old := b.fill(b.get(surveyPath)).setAll(homeCarer)

	source, _ := forms.BuiltIn(app.cfg.Survey.ID)
	newer := strings.Replace(string(source), "version: 1", "version: 2", 1)
	newer = strings.Replace(newer, "How long have you worked in care?", "For how long have you worked in care?", 1)
	form, err := forms.Load([]byte(newer), app.cfg.Lists)
	app.must(err)
	app.must(app.store.PublishForm(t.Context(), form, []byte(newer)))
	b.get(surveyPath).says("How long have you worked in care?") // until somebody accepts it
	app.must(app.store.AcceptVersion(t.Context(), app.deed(), wave.Survey, wave.Code, 2))
	b.get(surveyPath + "?lang=pl").says("For how long have you worked in care?") // no translation was made from these words
	b.fill(b.get(surveyPath).says("For how long")).setAll(homeCarer).press("send").redirects()
	old.press("send").redirects()
	for version, want := range map[int]int{1: 1, 2: 1} {
		if n := app.count(`SELECT count(*) FROM inbox WHERE form_version = ` + string(rune('0'+version))); n != want {
			t.Errorf("%d responses to version %d, want %d", n, version, want)
		}
	}

	// A version that the wave does not list: the answers come back in one that it does.
	for _, version := range []string{"3", "wombat", "-1", "99999999999999999999"} {
		p := b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "version", version))).want(http.StatusConflict).says("The survey has changed a little")
		p.filledIn(b, homeCarer)
		if p.value("version") != "2" {
			t.Errorf("the page is of version %s", p.value("version"))
		}
		b.fill(p).press("send").redirects()
	}
}

func TestPublishedResults(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave, _ := app.fillWave("spring", 37)
	b := app.browser()
	b.get(surveyPath + "/results").want(http.StatusNotFound).says("not published")
	b.get(surveyPath + "/thanks").want(http.StatusOK)
	if b.get(surveyPath+"/thanks").Find(`a[href*="/results"]`).Length() != 0 {
		t.Error("the last page leads to results that nobody may see")
	}
	anonymous := func() *page {
		return app.apiSend(http.MethodGet, "/api/v1/surveys/care-worker-survey/results", nil)
	}
	anonymous().want(http.StatusUnauthorized)
	app.must(app.store.PublishResults(t.Context(), app.deed(), wave.Survey, wave.Code, true))
	p := b.get(b.get(surveyPath+"/thanks").Find(`a[href*="/results"]`).AttrOr("href", "")).want(http.StatusOK)
	p.says("Results so far", "How good is", "nearest 5")
	anonymous().want(http.StatusOK)
	if exact := regexp.MustCompile(`\b37\b[^%]`); exact.MatchString(p.text("main")) || strings.Contains(anonymous().Body, `"released":37`) || strings.Contains(anonymous().Body, `"base":37`) {
		t.Error("strangers get a number that is not rounded")
	}
	b.get(surveyPath + "/results?wave=nope").want(http.StatusNotFound)
}

// TestWhicheverWayItComesBackTheFormStaysItself: a page that comes back for
// any reason still knows its wave, version, collector and invitation.
func TestWhicheverWayItComesBackTheFormStaysItself(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.RateLimit = 1 })
	wave := app.openWave("spring")
	_, codes := app.invitations(wave, 2)
	b := app.browser()
	form := b.fill(b.get(b.get("/i/" + codes[0]).redirects())).setAll(homeCarer)
	stays := func(p *page) *page {
		t.Helper()
		for name, want := range map[string]string{"wave": "spring", "version": "1", "invitation": codes[0]} {
			if got := p.value(name); got != want {
				t.Errorf("%s is now %q, want %q", name, got, want)
			}
		}
		p.filledIn(b, homeCarer)
		return p
	}
	b.post(surveyPath, posted(uuid.NewString(), without(homeCarer, "care_role"))) // uses the minute's one post up
	stays(form.press("send").want(http.StatusTooManyRequests))
	app.cfg.Redis.FlushAll(t.Context())
	stays(form.press("change").want(http.StatusOK))
}

func TestABoxForAnotherInvitation(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	_, codes := app.invitations(wave, 2)
	b := app.browser()
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "invitation", codes[0]))).redirects()
	p := b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "invitation", codes[0]))).want(http.StatusConflict)
	form := b.fill(p)
	if p.Find(`input[name="invitation"]`).Length() != 1 || form.values.Get("invitation") != codes[0] {
		t.Fatal("there is no box for another invitation")
	}
	form.set("invitation", codes[1]).press("send").redirects()
	if n := len(app.inbox()); n != 2 {
		t.Errorf("%d responses were taken, want 2", n)
	}
}

func TestSentAgainWithOtherFaults(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.browser()
	key := uuid.NewString()
	b.post(surveyPath, posted(key, homeCarer)).redirects()
	for _, again := range []forms.Answers{without(homeCarer, "care_role"), with(homeCarer, "version", "7"), with(homeCarer, "version", "99999999999")} {
		b.get(b.post(surveyPath, posted(key, again)).redirects()).says("had already arrived")
	}
	app.closeWave(wave)
	app.pass(store.LateFor)
	b.get(b.post(surveyPath, posted(key, without(homeCarer, "care_role"))).redirects()).says("had already arrived")
}

func TestWhichWaveAnAnswerBelongsTo(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	tomorrow := app.clock().Add(24 * time.Hour)
	app.must(app.store.OpenWave(t.Context(), app.deed(), store.NewWave{Survey: app.cfg.Survey.ID, Code: "mistake", Versions: []int64{1}, OpensAt: tomorrow}))
	app.must(app.store.OpenWave(t.Context(), app.deed(), store.NewWave{Survey: app.cfg.Survey.ID, Code: "letters", Versions: []int64{1}, OpensAt: app.clock(), ByInvitation: true}))
	app.must(app.store.CloseWave(t.Context(), app.deed(), app.cfg.Survey.ID, "mistake"))
	app.pass(25 * time.Hour)
	b := app.browser()
	// Neither a wave that was closed before it opened nor one for the invited
	// takes the plain address from the one that anyone may answer.
	p := b.get(surveyPath).want(http.StatusOK).says("Do you care for or support adults")
	if p.value("wave") != "spring" {
		t.Errorf("the plain address leads to %q", p.value("wave"))
	}
	b.post(surveyPath, posted(uuid.NewString(), with(homeCarer, "wave", "mistake"))).want(http.StatusConflict).says("This survey has closed")
	// What a phone keeps for the invited needs no code; sending does.
	kept := b.fill(b.get(surveyPath + "?wave=letters").want(http.StatusOK)).setAll(homeCarer)
	kept.press("send").want(http.StatusConflict)
	b.get(surveyPath + "?wave=nope").want(http.StatusOK)
	for _, body := range []map[string]any{{"wave": "2026-1O"}, {"wave": "x\x01"}} {
		body["submission_key"], body["answers"] = uuid.NewString(), homeCarer
		raw, err := json.Marshal(body)
		app.must(err)
		app.api(responsesPath, string(raw)).want(http.StatusUnprocessableEntity)
	}
	if n := len(app.inbox()); n != 0 {
		t.Errorf("%d responses were taken, want none", n)
	}
}

func TestTheFirstPageIsPackedOnceItIsAskedForOften(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	get := func() *page {
		return b.send(http.MethodGet, surveyPath+"?lang=pl", nil, http.Header{"Accept-Encoding": {"br"}})
	}
	keys := map[string]bool{}
	read := func(p *page) string {
		t.Helper()
		html, err := io.ReadAll(brotli.NewReader(strings.NewReader(p.Body)))
		app.must(err)
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(html))
		app.must(err)
		input := doc.Find(`input[name="submission_key"]`)
		if day := input.AttrOr("data-today", ""); day != app.clock().Format(time.DateOnly) {
			t.Errorf("the page is of %q", day)
		}
		key := input.AttrOr("value", "")
		if _, err := uuid.Parse(key); err != nil || keys[key] {
			t.Errorf("the key %q is none, or was given out before (%v)", key, err)
		}
		keys[key] = true
		return strings.NewReplacer(key, "KEY", app.clock().Format(time.DateOnly), "DAY").Replace(string(html))
	}
	first := get()
	want := read(first)
	for range packAfter {
		read(get())
	}
	deadline := time.Now().Add(2 * time.Minute)
	for packed := first; len(packed.Body) >= len(first.Body); packed = get() {
		if time.Now().After(deadline) {
			t.Fatal("the page is never packed")
		}
		time.Sleep(50 * time.Millisecond)
	}
	app.pass(24 * time.Hour)
	if read(get()) != want {
		t.Error("the packed page is another than the one that was asked for")
	}
}
