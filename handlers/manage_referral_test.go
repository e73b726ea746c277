package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"intake/internal/store"
)

// decision is a valid form of a decision, but for its version.
func decision(outcome string) url.Values {
	return url.Values{
		"has_needs": {"yes"}, "has_needs_reason": {"She cannot cook or wash."},
		"at_risk": {"yes"}, "at_risk_reason": {"Her money was taken."},
		"cannot_protect": {"yes"}, "cannot_protect_reason": {"She does not see the danger."},
		"outcome": {outcome}, "outcome_reason": {"We must find out more."},
	}
}

// act does an action of the desk on the version that the page shows now.
func (b *browser) act(reference, action string, values url.Values) *page {
	b.app.t.Helper()
	detail := "/manage/referrals/" + reference
	return b.actOn(b.get(detail).want(http.StatusOK).value("version"), reference, action, values)
}

func (b *browser) actOn(version, reference, action string, values url.Values) *page {
	b.app.t.Helper()
	posted := url.Values{"version": {version}}
	for name, value := range values {
		posted[name] = value
	}
	return b.post("/manage/referrals/"+reference+"/"+action, posted)
}

// events is the history of a referral, read as the safeguarding lead.
func (app *testApp) events(reference string) []store.Event {
	app.t.Helper()
	opened, err := app.store.OpenReferral(app.t.Context(), &store.User{ID: app.reader(), Role: store.SafeguardingLead}, reference, app.clock())
	app.must(err)
	return opened.History[:len(opened.History)-1] // without this opening
}

// reader is somebody whom tests open referrals as.
func (app *testApp) reader() int64 {
	user, err := app.store.UserByEmail(app.t.Context(), "test.reader@example.org")
	if err != nil {
		user = app.addUser("Test Reader", store.SafeguardingLead)
	}
	return user.ID
}

func TestReferralDetail(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt := app.refer(concern("maldon"))
	b := app.signIn("Tess Reid", store.Triage, "mid")
	p := b.get("/manage/referrals/" + receipt.Reference).want(http.StatusOK)
	p.says("Ada Marsh", "Her money is gone", "Rosa Ferris", "Routed to Mid locality as priority 2", "The referral was received",
		"Opened the referral", "Tess Reid", app.cfg.Rules.Hash(), "home-mid")
	reporter := p.Find("h3").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Text() == "Who reported it" })
	if reporter.Length() != 1 || !strings.Contains(reporter.NextUntil("h3").Text(), "Rosa Ferris") ||
		strings.Contains(reporter.NextUntil("h3").Text(), "Ada Marsh") {
		t.Error("who reported it is not kept apart from the rest")
	}
	if p.Find("[style], script:not([src])").Length() != 0 {
		t.Error("the page holds style or script of its own, which the browser refuses")
	}
	ids := map[string]bool{}
	for _, s := range p.Find("[id]").EachIter() {
		if id := s.AttrOr("id", ""); ids[id] {
			t.Errorf("the id %q is there twice", id)
		} else {
			ids[id] = true
		}
	}
	for _, label := range p.Find("label[for]").EachIter() {
		if !ids[label.AttrOr("for", "")] {
			t.Errorf("the label %q belongs to nothing", label.Text())
		}
	}
	var opened int
	for _, e := range app.events(receipt.Reference) {
		if e.Kind == store.EventOpened && *e.ActorName == "Tess Reid" {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("opening it once was recorded %d times", opened)
	}
	if strings.Contains(app.log.String(), receipt.Reference) || strings.Contains(app.log.String(), "Ada") {
		t.Error("the log names the referral")
	}
}

func TestUnroutedReferral(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt, err := app.store.Submit(t.Context(), app.submission(uuid.New(), concern("maldon")))
	app.must(err)
	b := app.signIn("Lena Ford", store.SafeguardingLead)
	b.get("/manage/referrals").says("Not routed yet", "Set when it is routed")
	b.get("/manage/referrals/" + receipt.Reference).want(http.StatusOK).says("It has not been routed yet")
	answer := b.act(receipt.Reference, "reroute", url.Values{"team": {"west"}, "reason": {"It is theirs."}})
	answer.want(http.StatusConflict)
}

func TestWorkOnAReferral(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt := app.refer(concern("maldon"))
	reference := receipt.Reference
	b := app.signIn("Tess Reid", store.Triage, "mid")
	if b.get("/manage/referrals/"+reference).Find(`form[action$="/decide"]`).Length() != 0 {
		t.Error("it can be decided before it is screened")
	}
	to := b.act(reference, "own", nil).redirects()
	b.get(to).want(http.StatusOK).says("You own this referral now.", "Took ownership")
	b.get(b.act(reference, "screen", nil).redirects()).says("Being screened", "Started screening")
	b.get(b.act(reference, "note", url.Values{"note": {"Rang the <b>GP</b>.\r\nNo answer."}}).redirects()).
		says("Rang the <b>GP</b>.", "No answer.")

	to = b.act(reference, "decide", decision(outcomeEnquiry)).redirects()
	b.get(to).want(http.StatusOK).says("Decision: Section 42 enquiry", "She cannot cook or wash.", "We must find out more.",
		"Decided: Section 42 enquiry")
	b.act(reference, "screen", nil).want(http.StatusConflict)
	b.act(reference, "decide", decision("no_action")).want(http.StatusConflict)
	if list := b.get("/manage/referrals?status=decided").says(reference); list.Find("td.overdue").Length() != 0 {
		t.Error("a decided referral is late")
	}
}

func TestDecisionIsChecked(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	reference := app.refer(concern("maldon")).Reference
	b := app.signIn("Tess Reid", store.Triage, "mid")
	b.act(reference, "screen", nil).redirects()

	change := func(name, value string) url.Values {
		v := decision(outcomeEnquiry)
		v.Set(name, value)
		return v
	}
	for name, test := range map[string]struct {
		posted url.Values
		field  string
	}{
		"nothing":                  {url.Values{}, "has_needs"},
		"a test not answered":      {change("at_risk", ""), "at_risk"},
		"a test answered oddly":    {change("at_risk", "perhaps"), "at_risk"},
		"a reason missing":         {change("cannot_protect_reason", "  \r\n"), "cannot_protect_reason"},
		"no outcome":               {change("outcome", ""), "outcome"},
		"an unknown outcome":       {change("outcome", "delete_it"), "outcome"},
		"an enquiry without tests": {change("cannot_protect", "no"), "outcome"},
		"why is missing":           {change("outcome_reason", ""), "outcome_reason"},
		"why is too long":          {change("outcome_reason", strings.Repeat("é", maxReason+1)), "outcome_reason"},
	} {
		p := b.act(reference, "decide", test.posted)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, p.Status)
			continue
		}
		p.linksLeadToFields()
		if href := p.Find(".govuk-error-summary a").First().AttrOr("href", ""); href != "#"+test.field {
			t.Errorf("%s: the first error leads to %s", name, href)
		}
		for field := range test.posted {
			kept, sent := p.value(field), strings.TrimSpace(test.posted.Get(field))
			if field != "version" && kept != sent && sent != "perhaps" && sent != "delete_it" {
				t.Errorf("%s: %s came back as %q", name, field, kept)
			}
		}
		if p.Find("#decide[open]").Length() != 1 {
			t.Errorf("%s: the form with the errors is closed", name)
		}
	}
	p := b.act(reference, "decide", change("cannot_protect", "no")).want(http.StatusUnprocessableEntity)
	p.says("A section 42 enquiry needs all three tests to be met")
	other := change("cannot_protect", "no")
	other.Set("outcome", "advice")
	b.act(reference, "decide", other).redirects()
}

func TestTwoPeopleAtOnce(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	reference := app.refer(concern("maldon")).Reference
	tess, omar := app.signIn("Tess Reid", store.Triage, "mid"), app.signIn("Omar Lane", store.Triage, "mid")
	tess.act(reference, "screen", nil).redirects()
	seen := omar.get("/manage/referrals/" + reference).value("version")
	app.pass(3 * time.Minute)
	tess.act(reference, "own", nil).redirects()

	p := omar.actOn(seen, reference, "decide", decision("advice")).want(http.StatusConflict)
	p.says("Somebody changed this referral after you opened it", "Tess Reid", "Took ownership")
	for name, values := range decision("advice") {
		if p.value(name) != values[0] {
			t.Errorf("%s came back as %q", name, p.value(name))
		}
	}
	// Having read what changed, they may go on from there.
	again := decision("advice")
	omar.actOn(p.value("version"), reference, "decide", again).redirects()

	// Now it is Tess who is late, and for good: yet her words are not lost.
	lost := decision("no_action")
	lost.Set("outcome_reason", "Words that took an hour")
	p = tess.actOn(seen, reference, "decide", lost).want(http.StatusConflict)
	p.says("Omar Lane", "Decided: Advice or information", "cannot be decided now")
	if p.value("outcome_reason") != "Words that took an hour" {
		t.Error("the words of the one who came late are lost")
	}
	// A note contradicts nobody.
	tess.actOn(seen, reference, "note", url.Values{"note": {"Agreed."}}).redirects()
}

func TestActionWithoutVersion(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	reference := app.refer(concern("maldon")).Reference
	b := app.signIn("Tess Reid", store.Triage, "mid")
	b.post("/manage/referrals/"+reference+"/own", nil).want(http.StatusConflict)
	b.actOn("x", reference, "screen", nil).want(http.StatusConflict)
	b.send(http.MethodPost, "/manage/referrals/"+reference+"/own", strings.NewReader("{}"),
		http.Header{"Content-Type": {"application/json"}}).want(http.StatusUnsupportedMediaType)
}

func TestReroute(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt := app.refer(concern("maldon"))
	tess, west := app.signIn("Tess Reid", store.Triage, "mid"), app.signIn("Wes Hill", store.Triage, "west")
	tess.act(receipt.Reference, "own", nil).redirects()
	for _, posted := range []url.Values{
		{}, {"team": {"west"}}, {"reason": {"It is theirs."}}, {"team": {"nobody"}, "reason": {"x"}},
	} {
		p := tess.act(receipt.Reference, "reroute", posted).want(http.StatusUnprocessableEntity)
		p.linksLeadToFields()
		if got := p.value("reason"); got != posted.Get("reason") {
			t.Errorf("the reason came back as %q", got)
		}
	}
	tess.act(receipt.Reference, "reroute", url.Values{"team": {"mid"}, "reason": {"It has it already."}}).want(http.StatusConflict)
	to := tess.act(receipt.Reference, "reroute", url.Values{"team": {"west"}, "reason": {"She moved to Harlow."}}).redirects()
	tess.get(to).want(http.StatusOK).says("She moved to Harlow.", "Re-routed it from Mid locality to West locality", "Nobody yet")
	west.get("/manage/referrals?whose=unowned").says(receipt.Reference)
	west.get("/manage/referrals/" + receipt.Reference).want(http.StatusOK)
	if len(app.jobs.news) != 1 || app.jobs.news[0] != receipt.ReferralID {
		t.Errorf("the nudges to tell teams are %v", app.jobs.news)
	}
	due, err := app.store.DueNotifications(t.Context(), receipt.ReferralID, app.clock(), 10)
	app.must(err)
	if len(due) != 2 { // of the routing and of the re-routing
		t.Errorf("%d emails are owed", len(due))
	}
}

func TestAmendments(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	key := uuid.New()
	receipt := app.referUnder(key, concern("maldon"))
	app.pass(time.Hour)
	app.referUnder(key, concern("maldon", "what_happened", "He also hit her.", "allegations.0.types", "neglect|physical",
		"adult_nhs_number", "943 476 5919", "adult_location_now", "In hospital", "injuries", ""))
	b := app.signIn("Tess Reid", store.Triage, "mid")
	b.get("/manage/referrals").says("The referrer sent more later")
	p := b.get("/manage/referrals/" + receipt.Reference).want(http.StatusOK)
	p.says("The referrer sent more once", "The referrer sent more", "Version 1")
	changes := map[string]int{}
	for _, row := range p.Find(".changed").EachIter() {
		changes[strings.TrimSpace(row.Find(".govuk-tag").Text())]++
	}
	if changes["Changed"] != 3 || changes["Added"] != 1 || changes["Removed"] != 1 {
		t.Errorf("the page marks %v", changes)
	}
	p.says("Before: Her money is gone and there is no food in the house.", "He also hit her.", "None that I saw")
}

func TestDeskRefusesBytesThatAreNoText(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	reference := app.refer(concern("maldon")).Reference
	b := app.signIn("Tess Reid", store.Triage, "mid")
	for _, note := range []string{"a\x00b", "\xc3\x28"} {
		b.act(reference, "note", url.Values{"note": {note}}).want(http.StatusBadRequest)
	}
	b.act(reference, "note", url.Values{"note": {strings.Repeat("x", manageBodyLimit)}}).want(http.StatusRequestEntityTooLarge)
	b.act(reference, "note", url.Values{"note": {strings.Repeat("x", maxNote+1)}}).want(http.StatusUnprocessableEntity).says("Shorten this by 1 character")
	b.act(reference, "note", url.Values{"note": {"مرحبا 👋🏽"}}).redirects()
}

func TestAnotherSiteCannotAct(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	reference := app.refer(concern("maldon")).Reference
	b := app.signIn("Tess Reid", store.Triage, "mid")
	answer := b.send(http.MethodPost, "/manage/referrals/"+reference+"/note", strings.NewReader("note=x"), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"},
	})
	answer.want(http.StatusForbidden)
	for _, e := range app.events(reference) {
		if e.Kind == store.EventNote {
			t.Error("another site wrote a note")
		}
	}
}
