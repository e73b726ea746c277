package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"intake/forms"
	"intake/internal/store"
)

const actionsPath = "/manage/surveys/care-worker-survey/actions"

// newActionForm is the form for an action; change sets fields.
func newActionForm(change ...string) url.Values {
	posted := url.Values{"question": {"pay_rating"}, "wave": {"spring"}, "said": {"Pay is <b>too low</b>.\nAnd late."},
		"did": {"We pay\nfor the miles."}, "state": {"done"}, "public": {"yes"}}
	for i := 0; i < len(change); i += 2 {
		posted.Set(change[i], change[i+1])
	}
	return posted
}

func TestWhoWritesActions(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	for _, role := range store.Roles {
		b := app.signIn("Person "+string(role), role)
		get, post := b.get(actionsPath).Status, b.post(actionsPath, newActionForm()).Status
		want := [2]int{http.StatusForbidden, http.StatusForbidden}
		if slices.Contains([]store.Role{store.SurveyManager, store.Admin}, role) {
			want = [2]int{http.StatusOK, http.StatusSeeOther}
		}
		if got := [2]int{get, post}; got != want {
			t.Errorf("%s: statuses %v, want %v", role, got, want)
		}
	}
	if to := app.browser().get(actionsPath).redirects(); !strings.HasPrefix(to, "/manage/sign-in") {
		t.Errorf("a stranger is led to %s", to)
	}
}

func TestWriteChangeAndEndAnAction(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Sara Mann", store.SurveyManager)
	b.get(b.get(wavesPath).Find(`a[href$="/actions"]`).AttrOr("href", "")).want(http.StatusOK).says("There is no wave yet")
	app.openWave("spring")
	b.post(wavesPath, newWaveForm("code", "next", "opens.day", "1", "opens.month", "3", "opens.year", "2027")).redirects()
	p := b.get(actionsPath)
	if p.value("wave") != "spring" || p.Find("#write[open]").Length() != 1 {
		t.Error("the form does not begin with the newest wave that has opened, open")
	}
	b.get(b.post(actionsPath, newActionForm()).redirects()).says("The action is written.", "How good are your pay and benefits?", "Done", "Shown with wave spring", "Written by Sara Mann on "+moment(app.clock()))
	p = b.get(actionsPath)
	if got := p.Find("section.decided dd").First().Text(); got != "Pay is <b>too low</b>.\nAnd late." {
		t.Errorf("it says %q", got)
	}

	edit := b.get(p.Find(`section.decided a[href*="edit="]`).AttrOr("href", "")).want(http.StatusOK)
	for name, values := range newActionForm() {
		if got := edit.value(name); got != values[0] {
			t.Errorf("%s is %q in the form, not %q", name, got, values[0])
		}
	}
	same := newActionForm("id", edit.value("id"), "version", edit.value("version"), "did", "We paid.", "question", wholeSurvey, "public", "no", "state", "planned")
	b.get(b.post(actionsPath, same).redirects()).says("The action is changed.", "We paid.", "The survey as a whole", "We are going to", "Planned", "Managers only")

	// Somebody who has read the one before is told, and loses nothing.
	same.Set("did", "Nothing.")
	late := b.post(actionsPath, same).want(http.StatusConflict)
	late.says("Nothing was changed", "What you wrote is still in the form.", "We paid.")
	if late.value("did") != "Nothing." || late.Find("section.decided dd").Eq(1).Text() != "We paid." {
		t.Error("what they wrote, or what it says now, is not there")
	}
	b.post(actionsPath, newActionForm("id", late.value("id"), "version", late.Find("#write [name=version]").AttrOr("value", ""), "did", "Nothing.")).redirects()

	p = b.get(actionsPath)
	end := url.Values{"act": {"end"}, "id": {p.value("id")}, "version": {p.value("version")}}
	b.get(b.post(actionsPath, end).redirects()).says("The action has ended.", "Actions that have ended", "Shown from wave spring on until "+moment(app.clock()))
	b.post(actionsPath, end).want(http.StatusConflict).says("Somebody else changed or ended that action meanwhile.")
	b.get(actionsPath + "?edit=" + p.value("id")).want(http.StatusNotFound)
	b.get(actionsPath + "?edit=999").want(http.StatusNotFound)
	b.get("/manage/surveys/another/actions").want(http.StatusNotFound)
	b.post("/manage/surveys/another/actions", newActionForm()).want(http.StatusNotFound)

	var did []string
	for _, line := range app.signIn("Adam Dean", store.Admin).audited() {
		if line[1] == "Sara Mann" && strings.Contains(line[2], "action") {
			did = append(did, strings.Fields(line[2])[0])
		}
	}
	if got := strings.Join(did, " "); got != "Ended Changed Changed Wrote" {
		t.Errorf("the audit has %s", got)
	}
}

func TestActionIsChecked(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.signIn("Sara Mann", store.SurveyManager)
	for name, test := range map[string]struct {
		posted url.Values
		field  string
		says   string
	}{
		"nothing":             {url.Values{}, "question", "Choose what it is about"},
		"no such question":    {newActionForm("question", "shoe_size"), "question", "Choose what it is about"},
		"no such wave":        {newActionForm("wave", "winter"), "wave", "Choose the wave that it answers"},
		"a wave that is none": {newActionForm("wave", "../x"), "wave", "Choose the wave that it answers"},
		"nothing said":        {newActionForm("said", " \n"), "said", "Enter what people said"},
		"too much said":       {newActionForm("said", strings.Repeat("é", maxSaid+1)), "said", "Shorten this by 1 character"},
		"nothing done":        {newActionForm("did", ""), "did", "Enter what you did"},
		"too much done":       {newActionForm("did", strings.Repeat("é", maxDid+3)), "did", "Shorten this by 3 characters"},
		"a state of its own":  {newActionForm("state", "perhaps"), "state", "Choose whether it is done or planned"},
		"no audience":         {newActionForm("public", ""), "public", "Choose who may see it"},
	} {
		p := b.post(actionsPath, test.posted)
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
			if field == test.field {
				continue
			}
			if kept := p.value(field); kept != values[0] {
				t.Errorf("%s: %s came back as %q", name, field, kept)
			}
		}
		if p.Find("#write[open]").Length() != 1 || !strings.HasPrefix(p.Find("title").Text(), "Error: ") {
			t.Errorf("%s: the form is closed, or the title does not say that there is an error", name)
		}
	}
	b.post(actionsPath, newActionForm("said", "a\x00b")).want(http.StatusBadRequest)
	b.post(actionsPath, newActionForm("id", "one")).want(http.StatusBadRequest)
	if actions, err := app.store.SurveyActions(t.Context(), app.cfg.Survey.ID); err != nil || len(actions) != 0 {
		t.Errorf("there are %d actions, %v", len(actions), err)
	}
}

// TestSaidAndDoneStandsAboveThePublicResults, with the next wave too, in the
// reader's language but for what managers wrote.
func TestSaidAndDoneStandsAboveThePublicResults(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave, _ := app.fillWave("spring", 48)
	app.must(app.store.PublishResults(t.Context(), app.deed(), wave.Survey, wave.Code, true))
	b, public := app.signIn("Sara Mann", store.SurveyManager), app.browser()
	if public.get(surveyPath+"/results").want(http.StatusOK).says("People who answered, about: 50").Find(".you-said, .rounds [aria-current]").Length() != 0 {
		t.Error("something is said to be done")
	}
	b.post(actionsPath, newActionForm()).redirects()
	b.post(actionsPath, newActionForm("question", wholeSurvey, "said", "It is too long", "did", "Make it shorter", "state", "planned")).redirects()
	b.post(actionsPath, newActionForm("said", "Only managers know", "public", "no")).redirects()

	p := public.get(surveyPath + "/results").want(http.StatusOK)
	p.says("You said, we did", "You said", "We did", "We are going to")
	link := p.Find(".you-said a").First()
	if target := p.Find(`section.result[id="pay_rating"]`); link.AttrOr("href", "") != "#pay_rating" || target.Length() != 1 || target.Find("h3").Text() != link.Text() {
		t.Errorf("%q does not lead to its figures", link.Text())
	}
	said := p.Find(".you-said dd").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	if want := []string{"Pay is <b>too low</b>.\nAnd late.", "We pay\nfor the miles.", "It is too long", "Make it shorter"}; !slices.Equal(said, want) {
		t.Errorf("it says %q", said)
	}
	polish := public.get(surveyPath+"/results?lang=pl").want(http.StatusOK).says("Powiedzieliście", "Zrobiliśmy", "Zamierzamy zrobić")
	if polish.Find(`.you-said dd:not([lang=en][dir=ltr])`).Length() != 0 {
		t.Error("what managers wrote is not said to be in English")
	}

	// Shown with the next wave; what answers that one is not shown with the first.
	app.pass(24 * time.Hour)
	next := app.openWave("summer")
	app.must(app.store.PublishResults(t.Context(), app.deed(), next.Survey, next.Code, true))
	b = app.signIn("Sam Mann", store.SurveyManager)
	b.post(actionsPath, newActionForm("wave", "summer", "said", "Still too long")).redirects()
	latest := public.get(surveyPath+"/results?lang=en").want(http.StatusOK).says("It is too long", "Still too long")
	if got := latest.Find(`.rounds:has([aria-current]) li`).Map(func(_ int, s *goquery.Selection) string { return s.Text() }); !slices.Equal(got, []string{"summer", "spring"}) || latest.text(".rounds [aria-current]") != "summer" {
		t.Errorf("the rounds are %q", got)
	}
	first := public.get(surveyPath + "/results" + latest.Find(`.rounds:has([aria-current]) a`).AttrOr("href", "")).want(http.StatusOK)
	if first.text(".rounds [aria-current]") != "spring" || strings.Contains(first.Body, "Still too long") {
		t.Error("the first wave is not shown, or with what answers the next one")
	}
	for range 3 {
		list := b.get(actionsPath)
		b.post(actionsPath, url.Values{"act": {"end"}, "id": {list.value("id")}, "version": {list.value("version")}}).redirects()
	}
	if left := public.get(surveyPath + "/results"); left.Find(".you-said li").Length() != 1 {
		t.Errorf("after the end it says %s", left.text(".you-said"))
	}
}

// TestPublicFiguresAreRounded: no number of people on the page is exact.
func TestPublicFiguresAreRounded(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave, _ := app.fillWave("spring", 143)
	app.must(app.store.PublishResults(t.Context(), app.deed(), wave.Survey, wave.Code, true))
	p := app.browser().get(surveyPath + "/results").want(http.StatusOK)
	seen := 0
	p.Find("main p").Each(func(_ int, s *goquery.Selection) {
		_, after, found := strings.Cut(s.Text(), "about: ")
		if !found {
			return
		}
		seen++
		number, _, _ := strings.Cut(after, " ")
		if last := number[len(number)-1]; last != '0' && last != '5' {
			t.Errorf("the page says %q", s.Text())
		}
	})
	if seen < 30 {
		t.Errorf("%d numbers of people are on the page", seen)
	}
	for _, bar := range p.Find("rect.bar--good").EachIter() {
		if !slices.ContainsFunc(app.cfg.Survey.Pages, func(page forms.Page) bool {
			return slices.ContainsFunc(page.Questions, func(q forms.Question) bool {
				return len(q.Positive) > 0 && bar.Closest(`section.result`).AttrOr("id", "") == q.ID
			})
		}) {
			t.Error("a bar says good of an answer to a question that has no good ones")
		}
	}
}
