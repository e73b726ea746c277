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

func TestConcernIsValid(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	a := concern("maldon")
	if stripped := app.cfg.Referral.Strip(a); !stripped.Equal(a) {
		t.Errorf("the tests' referral has answers that nobody was asked for: %v became %v", a, stripped)
	}
	for _, fault := range app.cfg.Referral.Validate(a, "en", app.clock()) {
		t.Errorf("%s: %s", fault.Field, fault.Message)
	}
}

// What each role may do, over the real routes.
func TestRolesMatrix(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	receipt := app.refer(concern("maldon"))
	detail := "/manage/referrals/" + receipt.Reference
	browsers := map[store.Role]*browser{
		store.SurveyManager:    app.signIn("Sara Mann", store.SurveyManager),
		store.Triage:           app.signIn("Tess Reid", store.Triage, "mid"),
		store.SafeguardingLead: app.signIn("Lena Ford", store.SafeguardingLead),
		store.Admin:            app.signIn("Adam Dean", store.Admin),
	}
	desk := []store.Role{store.Triage, store.SafeguardingLead}
	for _, test := range []struct {
		method, path string
		allowed      []store.Role
	}{
		{http.MethodGet, "/manage", store.Roles},
		{http.MethodGet, "/manage/surveys/care-worker-survey/results", []store.Role{store.SurveyManager}},
		{http.MethodGet, "/manage/routing", []store.Role{store.Triage, store.SafeguardingLead, store.Admin}},
		{http.MethodGet, "/manage/queues", []store.Role{store.Admin}},
		{http.MethodGet, "/manage/audit", []store.Role{store.SafeguardingLead, store.Admin}},
		{http.MethodGet, "/manage/referrals", desk},
		{http.MethodGet, detail, desk},
		{http.MethodPost, detail + "/own", desk},
		{http.MethodPost, detail + "/note", desk},
		{http.MethodPost, detail + "/reroute", desk},
		{http.MethodPost, detail + "/screen", desk},
		{http.MethodPost, detail + "/decide", desk},
	} {
		for _, role := range store.Roles {
			var p *page
			if test.method == http.MethodGet {
				p = browsers[role].get(test.path)
			} else {
				p = browsers[role].post(test.path, nil)
			}
			refused := p.Status == http.StatusForbidden
			if refused == slices.Contains(test.allowed, role) {
				t.Errorf("%s %s by %s: got status %d", test.method, test.path, role, p.Status)
			}
			if refused {
				p.says("not part of your role")
			} else if p.Status >= http.StatusInternalServerError || p.Status == http.StatusNotFound {
				t.Errorf("%s %s by %s: got status %d", test.method, test.path, role, p.Status)
			}
		}
		stranger := app.browser().send(test.method, test.path, nil, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		if to := stranger.redirects(); !strings.HasPrefix(to, "/manage/sign-in") {
			t.Errorf("%s %s leads a stranger to %q", test.method, test.path, to)
		}
	}
	// Every link of the menu and of the home page is one that they may open.
	for role, b := range browsers {
		home := b.get("/manage").want(http.StatusOK)
		for _, link := range home.Find(".site-nav a, main a").EachIter() {
			if href := link.AttrOr("href", ""); b.get(href).Status != http.StatusOK {
				t.Errorf("%s is offered %s and may not open it", role, href)
			}
		}
	}
}

func TestAnotherTeamGets404(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt := app.refer(concern("maldon")) // mid's
	stranger := app.signIn("Omar Lane", store.Triage, "west")
	detail := "/manage/referrals/" + receipt.Reference
	stranger.get(detail).want(http.StatusNotFound)
	for _, action := range []string{"own", "screen"} {
		stranger.post(detail+"/"+action, url.Values{"version": {"2"}}).want(http.StatusNotFound)
	}
	stranger.post(detail+"/note", url.Values{"note": {"x"}}).want(http.StatusNotFound)
	stranger.post(detail+"/reroute", url.Values{"version": {"2"}, "team": {"west"}, "reason": {"Ours"}}).want(http.StatusNotFound)
	stranger.post(detail+"/decide", decision("no_action")).want(http.StatusNotFound)
	if list := stranger.get("/manage/referrals?whose=all"); strings.Contains(list.Body, receipt.Reference) {
		t.Error("the list shows another team's referral")
	}
	for _, e := range app.events(receipt.Reference) {
		if e.Kind == store.EventOpened {
			t.Error("the stranger is recorded as having opened it")
		}
	}
	app.signIn("Lena Ford", store.SafeguardingLead).get(detail).want(http.StatusOK)
}

func TestManageHomeCounts(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	first := app.refer(concern("maldon"))
	app.refer(concern("braintree"))
	app.refer(concern("harlow")) // west's
	b := app.signIn("Tess Reid", store.Triage, "mid")
	b.act(first.Reference, "own", nil).redirects()

	tiles := func() map[string]string {
		out := map[string]string{}
		for _, tile := range b.get("/manage").want(http.StatusOK).Find(".tile").EachIter() {
			out[tile.Find(".tile__name").Text()] = tile.Find(".tile__count").Text()
		}
		return out
	}
	got := tiles()
	if got["Yours"] != "1" || got["Nobody’s yet"] != "1" || got["All that are open"] != "2" || got["Late"] != "0" {
		t.Errorf("the tiles say %v", got)
	}
	app.pass(10 * 24 * time.Hour)
	b = app.signIn("Omar Lane", store.Triage, "mid")
	if got := tiles(); got["Late"] != "2" || got["Yours"] != "0" {
		t.Errorf("ten days later the tiles say %v", got)
	}
}

func TestReferralList(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	calm := app.refer(concern("maldon", "ongoing", "no"))
	app.pass(20 * time.Minute)
	urgent := app.refer(concern("maldon", "immediate_danger", "yes"))
	b := app.signIn("Tess Reid", store.Triage, "mid")

	list := b.get("/manage/referrals").want(http.StatusOK)
	references := list.Find("tbody th a").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	if !slices.Equal(references, []string{urgent.Reference, calm.Reference}) {
		t.Errorf("the list shows %v", references)
	}
	list.says("1 to 2 of 2", "Maldon", "Open: due in 30 minutes", "20 minutes ago", "Nobody yet", "Priority 1", "Priority 3")
	if strings.Contains(list.Body, "Ada Marsh") || strings.Contains(list.Body, "Rosa Ferris") {
		t.Error("the list names people")
	}
	app.pass(45 * time.Minute)
	list = b.get("/manage/referrals?priority=P1").want(http.StatusOK)
	list.says("1 to 1 of 1", "Open: late by 15 minutes")
	if list.Find("td.overdue").Length() != 1 {
		t.Error("a late clock is not marked")
	}
	b.act(calm.Reference, "own", nil).redirects()
	b.get("/manage/referrals?whose=mine").says("1 to 1 of 1", calm.Reference)
	b.get("/manage/referrals?whose=unowned").says("1 to 1 of 1", urgent.Reference)
	b.get("/manage/referrals?status=decided").says("There are no such referrals")
	b.get("/manage/referrals?status=%00&priority=%27&whose=x&page=-1").want(http.StatusOK).says("1 to 2 of 2")
	b.get("/manage/referrals?page=999999999999999999").want(http.StatusOK)
}

func TestFindByReference(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt := app.refer(concern("maldon"))
	b := app.signIn("Tess Reid", store.Triage, "mid")
	typed := strings.ToLower(strings.ReplaceAll(receipt.Reference, "-", " "))
	if to := b.get("/manage/referrals?reference=" + url.QueryEscape(typed)).redirects(); to != "/manage/referrals/"+receipt.Reference {
		t.Errorf("%q leads to %q", typed, to)
	}
	wrong := b.get("/manage/referrals?reference=SG-0000-0001").want(http.StatusUnprocessableEntity)
	wrong.says("one character of this one is not right")
	wrong.linksLeadToFields()
	if wrong.value("reference") != "SG-0000-0001" {
		t.Error("what was typed is lost")
	}
	b.get("/manage/referrals/nonsense").want(http.StatusNotFound)
	b.get("/manage/referrals/SG-0000-0000").want(http.StatusNotFound)
}

func TestReferralPages(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	for range deskPageSize + 1 {
		app.refer(concern("maldon"))
	}
	b := app.signIn("Tess Reid", store.Triage, "mid")
	first := b.get("/manage/referrals?priority=P2").want(http.StatusOK)
	first.says("1 to 50 of 51")
	next := first.Find("a[rel=next]").AttrOr("href", "")
	second := b.get(next).want(http.StatusOK)
	second.says("51 to 51 of 51")
	if second.Find("tbody tr").Length() != 1 || second.Find("a[rel=next]").Length() != 0 {
		t.Error("the second page is not the last")
	}
	if back := second.Find("a[rel=prev]").AttrOr("href", ""); !strings.Contains(back, "priority=P2") {
		t.Errorf("going back drops the filter: %q", back)
	}
}

func TestRoutingPage(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	p := app.signIn("Adam Dean", store.Admin).get("/manage/routing").want(http.StatusOK)
	p.says(app.cfg.Rules.Hash(), "pass", app.cfg.Organisation.Team(app.cfg.Rules.Default).Name)
	for _, rule := range app.cfg.Rules.Rules {
		if p.Find(`[id="`+rule.ID+`"]`).Length() != 1 {
			t.Errorf("the rule %s is not on the page", rule.ID)
		}
	}
}

func TestConditionWords(t *testing.T) {
	t.Parallel()
	yes := true
	for want, c := range map[string]forms.Condition{
		"always":                         {},
		"adult district is castle point": {Field: "adult_district", Eq: "castle_point"},
		"priority is one of P1, P2":      {Field: "priority", In: []string{"P1", "P2"}},
		"open case team is known":        {Field: "open_case_team", Exists: &yes},
		"the calendar “edt” is open":     {Field: "calendar.edt", Eq: "open"},
		"not (path is A)":                {Not: &forms.Condition{Field: "path", Eq: "A"}},
		"path is A and (kind is carer or path is I)": {All: []forms.Condition{
			{Field: "path", Eq: "A"},
			{Any: []forms.Condition{{Field: "kind", Eq: "carer"}, {Field: "path", Eq: "I"}}},
		}},
	} {
		if got := conditionWords(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestQueuesPage(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	for range 3 {
		app.respond(forms.Answers{"care_role": {"paid_provider"}})
	}
	receipt, err := app.store.Submit(t.Context(), app.submission(uuid.New(), concern("maldon")))
	app.must(err)
	b := app.signIn("Adam Dean", store.Admin)
	app.pass(2 * time.Minute)
	p := b.get("/manage/queues").want(http.StatusOK).says("Referrals to route", "The oldest has waited 2 minutes", "spring")
	if got := p.text("tbody td"); got != "30" { // 3 waiting, 0 released
		t.Errorf("the inbox says %q", got)
	}
	app.route(receipt.ReferralID)
	p = b.get("/manage/queues").want(http.StatusOK)
	if got := p.text("dd"); got != "0 0 1" && got != "001" {
		t.Errorf("after routing the page says %q", got)
	}
}

func TestAuditPage(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	receipt := app.refer(concern("maldon"))
	triage := app.signIn("Tess Reid", store.Triage, "mid")
	triage.act(receipt.Reference, "note", url.Values{"note": {"Called the secret number"}}).redirects()
	p := app.signIn("Adam Dean", store.Admin).get("/manage/audit").want(http.StatusOK)
	p.says("Tess Reid", "Added a note", receipt.Reference, "Signed in", "Mid")
	if strings.Contains(p.Body, "secret number") || strings.Contains(p.Body, "Ada Marsh") {
		t.Error("the page shows what people wrote")
	}
}
