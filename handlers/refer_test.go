package handlers

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"intake/forms"
)

var referenceShape = regexp.MustCompile(`^SG-[0-9A-Z]{4}-[0-9A-Z]{4}$`)

func TestReferralIsSentOnEveryPath(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	for name, path := range map[string]struct {
		answers  forms.Answers
		path     string
		priority string
		says     []string
	}{
		"individual": {individualAnswers, "I", "P2", []string{"We have your referral", "text message or email",
			"Our triage team is reading referrals now.", "we will tell you what we can"}},
		"anonymous": {anonymousAnswers, "A", "P3", []string{"We have your referral",
			"the reference cannot yet be used to write back", "You did not give your name"}},
		"professional": {professionalAnswers, "P", "P1", []string{"We have your referral", "someone will have read it", "phone call"}},
		"carer": {carerAnswers, "I", "P3", []string{"We have your request", "Our team for unpaid carers is reading",
			"You did not mark any way of contacting you as safe"}},
		"danger": {with(dangerGate, pairsOf(dangerEight)...), "I", "P1", []string{"We have your referral", "By 10:30am today, someone will have read it"}},
	} {
		t.Run(name, func(t *testing.T) {
			received := app.browser().sendReferral(path.answers).says(path.says...)
			if reference := received.text(".reference"); !referenceShape.MatchString(reference) {
				t.Errorf("the page shows the reference %q", reference)
			}
			if got := app.sent(); !got.Equal(path.answers) {
				t.Errorf("the ledger has %s, want %s", got.Encode(), path.answers.Encode())
			}
			row := app.deskRow(app.jobs.referrals[app.nudges()-1])
			if row.Facts.Path != path.path || row.Priority != path.priority {
				t.Errorf("got path %s and priority %s, want %s and %s", row.Facts.Path, row.Priority, path.path, path.priority)
			}
		})
	}
}

func pairsOf(answers forms.Answers) []string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		pairs = append(pairs, name, strings.Join(answers[name], "|"))
	}
	return pairs
}

func TestDangerTakesEightAnswersAndNotOneLess(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	all := with(dangerGate, pairsOf(dangerEight)...)
	b.get("/refer").want(http.StatusOK).says("Call 999 now", "please carry on")
	form := b.fill(b.get("/refer")).setAll(all)
	for name := range dangerEight {
		lacking := maps.Clone(form.values)
		lacking.Del(name)
		lacking.Set("action", "check")
		refused := b.post("/refer", lacking).want(http.StatusUnprocessableEntity)
		refused.linksLeadToFields()
		if n := refused.Find(".govuk-error-summary li").Length(); n != 1 {
			t.Errorf("without %s there are %d errors, want 1: %s", name, n, refused.text(".govuk-error-summary"))
		}
	}
	b.sendReferral(all)
}

func TestUnder18IsCountedAndNotStored(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	typed := with(individualAnswers, "adult_age", "child")
	ended := b.fill(b.get("/refer")).setAll(typed).press("check").want(http.StatusOK)
	ended.says("Tell children’s services", app.cfg.Organisation.Phones.Childrens)
	if strings.Contains(ended.text("main"), "ombat") {
		t.Error("the page shows what was typed")
	}
	sending := url.Values(typed)
	sending = maps.Clone(sending)
	sending.Set("submission_key", uuid.NewString())
	b.post("/refer", sending).want(http.StatusOK).says(app.cfg.Organisation.Phones.Childrens)
	if app.nudges() != 0 {
		t.Error("the worker was told of a referral about a child")
	}
	if n := app.count("SELECT count(*) FROM referrals"); n != 0 {
		t.Errorf("the ledger has %d referrals", n)
	}
	if n := app.count("SELECT n FROM endings WHERE page = 'children_only' AND day = '2026-11-24'"); n != 2 {
		t.Errorf("the ending was counted %d times, want 2", n)
	}
	// A wrong tap loses nothing.
	back := b.fill(ended).press("change").want(http.StatusOK)
	if got := back.value("what_happened"); got != typed.Get("what_happened") {
		t.Errorf("back on the form the text is %q", got)
	}
	corrected := b.fill(back).set("adult_age", "adult").press("check").want(http.StatusOK)
	b.fill(corrected).press("send").redirects()
}

func TestErrorsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	typed := with(without(professionalAnswers, "reporter_name", "what_happened"),
		"adult_postcode", "CM1", "adult_nhs_number", "943 476 5910", "reporter_relationship", `"><b>wombat</b>`)
	first := b.fill(b.get("/refer"))
	key := first.values.Get("submission_key")
	refused := first.setAll(typed).press("check").want(http.StatusUnprocessableEntity)
	refused.linksLeadToFields()
	refused.says("Enter your name", "Enter the full postcode, like CM1 1QH", "Say what happened")
	for name, values := range typed {
		got := b.fill(refused).values[name]
		slices.Sort(got)
		want := slices.Sorted(slices.Values(values))
		if !slices.Equal(got, want) {
			t.Errorf("the field %s came back as %q, want %q", name, got, want)
		}
	}
	if refused.value("submission_key") != key {
		t.Error("the page came back with another key")
	}
	// The errors come in the order of the form.
	order := refused.Find(".govuk-error-summary a").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") })
	want := []string{"#reporter_name", "#adult_postcode", "#adult_nhs_number", "#what_happened"}
	if !slices.Equal(order, want) {
		t.Errorf("the errors lead to %v, want %v", order, want)
	}
	if app.nudges() != 0 {
		t.Error("an invalid referral was taken")
	}
}

func TestChangeFromTheCheckPageLosesNothing(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	// An answer of a branch that is not taken is not sent, yet not lost either.
	typed := with(individualAnswers, "reporter_organisation", "Wombat Ltd")
	checked := b.fill(b.get("/refer")).setAll(typed).press("check").want(http.StatusOK)
	checked.says("Check your answers", "The wombat has no food.", "A wombat of a man")
	if strings.Contains(checked.text("main"), "Wombat Ltd") {
		t.Error("the check page shows an answer that will not be sent")
	}
	row := checked.Find(`.govuk-summary-list__row:contains("What happened")`)
	if row.Length() == 0 {
		t.Fatal("the check page has no row for what happened")
	}
	target := row.First().Find("button").AttrOr("formaction", "")
	if !strings.Contains(target, "what_happened") {
		t.Errorf("the button beside what happened leads to %q", target)
	}
	sent := b.fill(checked).values
	sent.Set("action", "change")
	form := b.post(target, sent).want(http.StatusOK)
	if got := form.Find("form[data-form]").AttrOr("data-start", ""); got != "what_happened" {
		t.Errorf("the form starts at %q", got)
	}
	for name, values := range typed {
		if got := b.fill(form).values[name]; !slices.Equal(got, values) {
			t.Errorf("the field %s came back as %q, want %q", name, got, values)
		}
	}
	again := b.fill(form).set("what_happened", "Another wombat").press("check").want(http.StatusOK)
	b.fill(again).press("send").redirects()
	if got := app.sent(); got.Get("what_happened") != "Another wombat" || got.Get("reporter_organisation") != "" {
		t.Errorf("the ledger has %s", got.Encode())
	}
}

func TestMembersAreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	page := b.fill(b.get("/refer")).setAll(individualAnswers).set("sources.0.name", "First wombat").press("add.sources").want(http.StatusOK)
	if got := page.Find("form[data-form]").AttrOr("data-start", ""); got != "sources.1" {
		t.Errorf("the form starts at %q", got)
	}
	page = b.fill(page).set("sources.1.name", "Second wombat").press("add.sources").want(http.StatusOK)
	page = b.fill(page).set("sources.2.name", "Third wombat").press("remove.sources.1").want(http.StatusOK)
	if got := []string{page.value("sources.0.name"), page.value("sources.1.name")}; !slices.Equal(got, []string{"First wombat", "Third wombat"}) {
		t.Errorf("after removing the second the names are %q", got)
	}
	if page.Find(`[name="sources.2.name"]`).Length() != 0 {
		t.Error("there is still a third member")
	}
	// An empty one stays on the page until it is filled in, also past an error.
	page = b.fill(page).press("add.allegations").want(http.StatusOK)
	page = b.fill(page).set("what_happened", "").press("check").want(http.StatusUnprocessableEntity)
	if page.Find(`[name="allegations.1.types"]`).Length() == 0 {
		t.Error("the member that was added is gone")
	}
	// No more than the form's limit, whatever is posted.
	limit := app.cfg.Referral.PageOf("name").Repeats.Max
	values := b.fill(page).values
	for n := range limit {
		values.Set("sources."+strconv.Itoa(n)+".name", "Wombat "+strconv.Itoa(n))
	}
	values.Set("action", "add.sources")
	page = b.post("/refer", values).want(http.StatusOK).says("You can fill this in up to 10 times")
	if page.value("sources."+strconv.Itoa(limit-1)+".name") == "" || page.Find(`[id="sources.`+strconv.Itoa(limit)+`"]`).Length() != 0 ||
		page.Find(`button[value="add.sources"]`).Length() != 0 {
		t.Errorf("the group does not stop at %d members", limit)
	}
}

func TestNoWordOfAPersonIsLoggedOrInAnAddress(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	b.sendReferral(professionalAnswers)
	b.fill(b.get("/refer/received")).press("receipt").want(http.StatusOK).says("Wombat Marsh")
	form := b.fill(b.get("/refer")).setAll(individualAnswers)
	saved := form.press("save").want(http.StatusOK)
	b.post("/refer/resume", url.Values{"phrase": {"wombat " + saved.text(".phrase")}}).want(http.StatusUnprocessableEntity)
	b.post("/refer/resume", url.Values{"phrase": {saved.text(".phrase")}}).want(http.StatusOK)
	form.set("what_happened", "wombat\x00").press("check").want(http.StatusBadRequest)
	checked := b.fill(saved).press("change")
	checked = b.fill(checked).press("check").want(http.StatusOK)
	for _, target := range checked.Find("[formaction]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("formaction", "") }) {
		if strings.Contains(strings.ToLower(target), "wombat") {
			t.Errorf("an address holds a person's words: %s", target)
		}
	}
	app.must(app.store.Close())
	b.fill(checked).press("send").want(http.StatusInternalServerError)
	log := strings.ToLower(app.log.String())
	words := append(strings.Fields(saved.text(".phrase")), "wombat", "943 476", "zz99", "01632960123")
	for _, word := range words {
		if strings.Contains(log, word) {
			t.Errorf("the log holds %q", word)
		}
	}
}

func TestProgramsGetJSON(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	key := uuid.NewString()
	send := func(answers forms.Answers, key string) (*page, map[string]any) {
		values := maps.Clone(url.Values(answers))
		values.Set("submission_key", key)
		p := b.send(http.MethodPost, "/refer", strings.NewReader(values.Encode()),
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}})
		var body map[string]any
		app.must(json.Unmarshal([]byte(p.Body), &body))
		return p, body
	}
	first, body := send(individualAnswers, key)
	reference := body["reference"]
	if first.Status != http.StatusCreated || body["outcome"] != "accepted" || body["received_at"] != "2026-11-24T10:00:00Z" {
		t.Errorf("got %d %v", first.Status, body)
	}
	for _, again := range []struct {
		outcome string
		answers forms.Answers
	}{{"duplicate", individualAnswers}, {"amended", with(individualAnswers, "what_happened", "More")}} {
		p, body := send(again.answers, key)
		if p.Status != http.StatusOK || body["outcome"] != again.outcome || body["reference"] != reference {
			t.Errorf("%s: got %d %v", again.outcome, p.Status, body)
		}
	}
	p, body := send(without(individualAnswers, "reporter_name"), uuid.NewString())
	fields, _ := json.Marshal(body["errors"])
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(string(fields), `"field":"reporter_name"`) ||
		!strings.HasPrefix(p.Header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("got %d %v", p.Status, body)
	}
	if p, body := send(individualAnswers, "wombat"); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a key: got %d %v", p.Status, body)
	}
	if p, body := send(with(individualAnswers, "adult_age", "child"), uuid.NewString()); p.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(body["detail"].(string), app.cfg.Organisation.Phones.Childrens) {
		t.Errorf("about a child: got %d %v", p.Status, body)
	}
}
