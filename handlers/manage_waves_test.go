package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

const wavesPath = "/manage/surveys/care-worker-survey/waves"

// newWaveForm is the form for a wave that opens now; change sets fields.
func newWaveForm(change ...string) url.Values {
	posted := url.Values{"code": {"spring"}, "who": {anyone}, "results": {"no"}}
	for i := 0; i < len(change); i += 2 {
		posted.Set(change[i], change[i+1])
	}
	return posted
}

func (app *testApp) wave(code string) *store.Wave {
	app.t.Helper()
	wave, err := app.store.WaveByCode(app.t.Context(), app.cfg.Survey.ID, code)
	app.must(err)
	return wave
}

func TestWhoRunsSurveys(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	open, err := app.store.AddOpenCollector(t.Context(), app.deed(), wave.ID, "Posters")
	app.must(err)
	closed, err := app.store.AddClosedCollector(t.Context(), app.deed(), wave.ID, "Letters", 3)
	app.must(err)
	one := wavesPath + "/spring"
	letters := one + "/collectors/" + closed.Code
	browsers := map[store.Role]*browser{}
	for _, role := range store.Roles {
		browsers[role] = app.signIn("Person "+string(role), role)
	}
	for _, test := range []struct{ method, path string }{
		{http.MethodGet, wavesPath}, {http.MethodPost, wavesPath}, {http.MethodGet, one},
		{http.MethodPost, one + "/publish"}, {http.MethodPost, one + "/unpublish"}, {http.MethodPost, one + "/accept"},
		{http.MethodPost, one + "/collectors"}, {http.MethodGet, one + "/collectors/" + open.Code}, {http.MethodGet, letters},
		{http.MethodGet, letters + "/invitations"}, {http.MethodGet, letters + "/invitations.csv"},
		{http.MethodPost, letters + "/invitations"}, {http.MethodPost, letters + "/reissue"},
		{http.MethodGet, letters + "/close"}, {http.MethodPost, letters + "/close"},
		{http.MethodGet, one + "/close"}, {http.MethodPost, one + "/close"},
	} {
		for _, role := range store.Roles {
			p := browsers[role].send(test.method, test.path, nil, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
			allowed := slices.Contains([]store.Role{store.SurveyManager, store.Admin}, role)
			if refused := p.Status == http.StatusForbidden; refused == allowed || p.Status == http.StatusNotFound || p.Status >= 500 {
				t.Errorf("%s %s by %s: got status %d", test.method, test.path, role, p.Status)
			}
		}
		stranger := app.browser().send(test.method, test.path, nil, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		if to := stranger.redirects(); !strings.HasPrefix(to, "/manage/sign-in") {
			t.Errorf("%s %s leads a stranger to %q", test.method, test.path, to)
		}
	}
	// The administrator runs surveys and does not see what was said.
	if href := browsers[store.Admin].get(one).Find(`main a[href*="/results"]`); href.Length() != 0 {
		t.Error("an administrator is led to results that they may not see")
	}
	browsers[store.SurveyManager].get(one).says("See the results of this wave")
}

func TestMakeWave(t *testing.T) {
	t.Parallel()
	app := newTestApp(t) // on Tuesday 24 November 2026 at 10:00
	b := app.signIn("Sara Mann", store.SurveyManager)
	b.get(wavesPath).want(http.StatusOK).says("There is no wave yet.", "Make a new wave",
		"opens when this day begins, at midnight in London", "closes when this day ends", "counted for 72 hours", "You cannot change this later.")

	to := b.post(wavesPath, newWaveForm("code", " Winter-2 ")).redirects()
	if to != wavesPath+"/winter-2?done=made" {
		t.Errorf("making a wave leads to %s", to)
	}
	b.get(to).want(http.StatusOK).says("The wave is made.", "Open until somebody closes it.", "Anyone with the address", app.url+surveyPath, "Only managers may see them")
	if w := app.wave("winter-2"); !w.OpensAt.Equal(app.clock()) || w.ClosesAt != nil || w.ByInvitation || w.Published ||
		w.Version() != app.cfg.Survey.Version || w.Demo {
		t.Errorf("the wave is %+v", w)
	}

	to = b.post(wavesPath, newWaveForm("code", "spring", "opens.day", "28", "opens.month", "3", "opens.year", "2027",
		"closes.day", "30", "closes.month", "4", "closes.year", "2027", "who", byInvitation, "results", "yes")).redirects()
	b.get(to).want(http.StatusOK).says("Not yet open", "Opens on 28 March 2027 at 00:00 and closes at the end of 30 April 2027.",
		"People with an invitation", "Published: "+app.url+surveyPath+"/results?wave=spring")
	// The clocks go forward on the day that it opens, and it opens all the same at midnight.
	if w := app.wave("spring"); !w.OpensAt.Equal(time.Date(2027, 3, 28, 0, 0, 0, 0, time.UTC)) ||
		!w.ClosesAt.Equal(time.Date(2027, 4, 30, 23, 0, 0, 0, time.UTC)) || !w.ByInvitation || !w.Published {
		t.Errorf("the wave is %+v, until %v", w, w.ClosesAt)
	}

	// Today is now, and may be the last day too.
	b.post(wavesPath, newWaveForm("code", "today", "opens.day", "24", "opens.month", "11", "opens.year", "2026",
		"closes.day", "24", "closes.month", "11", "closes.year", "2026")).redirects()
	if w := app.wave("today"); !w.OpensAt.Equal(app.clock()) || !w.Open(app.clock()) {
		t.Errorf("a wave from today to today is %+v", w)
	}
	list := b.get(wavesPath).want(http.StatusOK)
	list.says("winter-2", "spring", "today", "Open until the end of 24 November 2026.")
	if list.Find("tbody tr").Length() != 3 || list.Find("#new[open]").Length() != 0 {
		t.Error("the list does not show three waves and a closed form")
	}
}

func TestWaveFormIsChecked(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Sara Mann", store.SurveyManager)
	app.openWave("taken")
	day := func(name, day, month, year string) url.Values {
		return newWaveForm(name+".day", day, name+".month", month, name+".year", year)
	}
	for name, test := range map[string]struct {
		posted url.Values
		field  string
		says   string
	}{
		"nothing":              {url.Values{}, "code", "Enter a name"},
		"a name with a space":  {newWaveForm("code", "spring 2027"), "code", "small letters, digits and hyphens"},
		"a name with a slash":  {newWaveForm("code", "../x"), "code", "small letters"},
		"a long name":          {newWaveForm("code", strings.Repeat("x", 41)), "code", "40 at most"},
		"a name that is taken": {newWaveForm("code", "taken"), "code", "There is a wave of that name already"},
		"yesterday":            {day("opens", "23", "11", "2026"), "opens.day", "must be today or later"},
		"no day":               {day("opens", "", "12", "2026"), "opens.day", "must have a day, a month and a year"},
		"words":                {day("opens", "first", "of", "May"), "opens.day", "must have a day, a month and a year"},
		"31 November":          {day("closes", "31", "11", "2026"), "closes.day", "must be a real day"},
		"month 13":             {day("opens", "1", "13", "2026"), "opens.day", "must be a real day"},
		"a short year":         {day("opens", "1", "12", "26"), "opens.day", "must be a real day"},
		"a huge year":          {day("closes", "1", "12", "999999999"), "closes.day", "must be a real day"},
		"too large a number":   {day("closes", "1", "12", "99999999999999999999"), "closes.day", "must have a day"},
		"closed before today":  {day("closes", "23", "11", "2026"), "closes.day", "must not be before"},
		"an unknown audience":  {newWaveForm("who", "nobody"), "who", "Choose who may answer"},
		"results not said":     {newWaveForm("results", ""), "results", "Choose whether"},
	} {
		p := b.post(wavesPath, test.posted)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, p.Status)
			continue
		}
		p.linksLeadToFields()
		p.says("There is a problem", test.says)
		if href := p.Find(".govuk-error-summary a").First().AttrOr("href", ""); href != "#"+test.field {
			t.Errorf("%s: the first error leads to %s", name, href)
		}
		for field, values := range test.posted {
			if kept := p.value(field); kept != values[0] && values[0] != "nobody" {
				t.Errorf("%s: %s came back as %q", name, field, kept)
			}
		}
		if p.Find("#new[open]").Length() != 1 || !strings.HasPrefix(p.Find("title").Text(), "Error: ") {
			t.Errorf("%s: the form is closed, or the title does not say that there is an error", name)
		}
	}
	if waves, err := app.store.Waves(t.Context(), ""); err != nil || len(waves) != 1 {
		t.Errorf("there are %d waves, %v", len(waves), err)
	}
	b.post(wavesPath, newWaveForm("code", "a\x00b")).want(http.StatusBadRequest)
	b.send(http.MethodPost, wavesPath, strings.NewReader("{}"), http.Header{"Content-Type": {"application/json"}}).want(http.StatusUnsupportedMediaType)
}

func TestCloseWave(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("autumn")
	app.respond(forms.Answers{"care_role": {"paid_provider"}})
	b := app.signIn("Sara Mann", store.SurveyManager)
	one := wavesPath + "/autumn"
	b.get(one).fact("Responses so far", "1").fact("Counted in the results", "0")
	ask := b.get(one + "/close").want(http.StatusOK)
	ask.says("Do you want to close wave autumn now?", "for 72 hours, until 10:00 on 27 November 2026", "fewer than 10")
	if !app.wave("autumn").Open(app.clock()) {
		t.Fatal("asking closed it")
	}
	action := ask.Find(`main form[method="post"]`).AttrOr("action", "")
	to := b.post(action, nil).redirects()
	closed := b.get(to).want(http.StatusOK)
	closed.says("The wave is closed.", "Closed at 10:00 on 24 November 2026. Late answers are taken until 10:00 on 27 November 2026.")
	if closed.Find(`a[href$="/close"], form[action$="/collectors"]`).Length() != 0 {
		t.Error("a closed wave can be closed, or be given collectors")
	}
	app.pass(time.Hour)
	b.post(action, nil).redirects() // pressed twice
	if at := app.wave("autumn").ClosesAt; at.Equal(app.clock()) {
		t.Error("closing it again moved its end")
	}
	b.get(one + "/close").redirects()
	app.pass(72 * time.Hour)
	// The session has ended with the days.
	b = app.signIn("Sam Mann", store.SurveyManager)
	b.get(wavesPath).says("Ended", "Closed at 10:00 on 24 November 2026. No more answers are taken.")
}

func TestPublishResults(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("autumn")
	b := app.signIn("Adam Dean", store.Admin)
	b.get(b.post(wavesPath+"/autumn/publish", nil).redirects()).says("The results are published.", "Stop publishing")
	b.get(wavesPath).says("Published")
	if !app.wave("autumn").Published {
		t.Error("it is not published")
	}
	b.get(b.post(wavesPath+"/autumn/unpublish", nil).redirects()).says("The results are not published any more.")
	if app.wave("autumn").Published {
		t.Error("it is published still")
	}
}

// Only one wave has the plain address.
func TestWhichWaveHasTheAddress(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("first")
	app.pass(time.Minute)
	app.openWave("second")
	b := app.signIn("Sara Mann", store.SurveyManager)
	const anyone, others = "Anyone with the address", "Anyone with one of its links"
	has := b.get(wavesPath+"/second").want(http.StatusOK).fact("Who may answer", anyone+": "+app.url+surveyPath)
	has.says("Responses count without one too.")
	has = b.get(wavesPath+"/first").want(http.StatusOK).fact("Who may answer", others)
	if strings.Contains(has.Text(), "Responses count without one too.") {
		t.Error("a wave that only collectors lead to is said to have answers without one")
	}
	if list := b.get(wavesPath).text("tbody"); strings.Count(list, anyone) != 1 || strings.Count(list, others) != 1 {
		t.Errorf("the list says %q", list)
	}
	b.post(wavesPath+"/second/close", nil).redirects()
	b.get(wavesPath+"/first").fact("Who may answer", anyone+": "+app.url+surveyPath)
	b.get(wavesPath+"/second").fact("Who may answer", others)
}

func TestNoSuchWave(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("autumn")
	b := app.signIn("Sara Mann", store.SurveyManager)
	for _, path := range []string{"/winter", "/%00", "/%ff", "/AUTUMN", "/autumn/collectors/000000", "/autumn/collectors/%00", "/autumn/collectors/x/invitations.csv"} {
		b.get(wavesPath + path).want(http.StatusNotFound)
		b.post(wavesPath+path+"/close", nil).want(http.StatusNotFound)
	}
	b.get("/manage/surveys/another/waves").want(http.StatusNotFound)
	b.post("/manage/surveys/another/waves", newWaveForm()).want(http.StatusNotFound)
	b.get("/manage/surveys/another/waves/autumn").want(http.StatusNotFound)
}

// fact checks what a list of facts says under that name.
func (p *page) fact(name, want string) *page {
	p.t.Helper()
	term := p.Find("dt").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Text() == name })
	if got := strings.Join(strings.Fields(term.Next().Text()), " "); got != want {
		p.t.Errorf("%s: the page says %q, want %q", name, got, want)
	}
	return p
}

// answerWith puts a response into the inbox by that invitation.
func (app *testApp) answerWith(wave *store.Wave, invitation string) {
	app.t.Helper()
	_, err := app.store.Append(app.t.Context(), store.Response{
		Key: uuid.New(), WaveID: wave.ID, FormVersion: wave.Version(), Invitation: invitation,
		Answers: forms.Answers{"care_role": {"paid_provider"}},
	}, app.clock())
	app.must(err)
}
