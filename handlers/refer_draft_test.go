package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// phraseOf reads the four words off the page that shows them.
func phraseOf(t *testing.T, saved *page) string {
	t.Helper()
	phrase := saved.want(http.StatusOK).text(".phrase")
	if len(strings.Fields(phrase)) != 4 {
		t.Fatalf("the page shows %q in the place of four words", phrase)
	}
	return phrase
}

func resumeWith(b *browser, phrase string) *page {
	return b.fill(b.get("/refer/resume").want(http.StatusOK)).set("phrase", phrase).pressOnly()
}

func TestSavedFormComesBack(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	// Half filled, with a mistake and an answer of a branch that is not taken.
	half := answersOf(
		"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding",
		"referrer_role", "family_friend", "anonymous", "no", "reporter_name", "Wombat Reporter",
		"reporter_phone", "123", "reporter_organisation", "Wombat Ltd", "adult_name", "Ada",
	)
	form := b.fill(b.get("/refer")).setAll(half)
	saved := form.press("save")
	phrase := phraseOf(t, saved)
	saved.says("Nothing has been sent yet", "until 24 December 2026", strings.TrimPrefix(app.url, "http://")+"/refer/resume")
	if n := app.count("SELECT count(*) FROM drafts WHERE position('Wombat' IN encode(sealed, 'escape')) = 0"); n != 1 {
		t.Error("the draft is not kept, or not sealed")
	}

	// On another device, typed as people type.
	other := app.browser()
	resumed := resumeWith(other, "  "+strings.ToUpper(strings.ReplaceAll(phrase, " ", "  "))+".").want(http.StatusOK)
	values := other.fill(resumed).values
	for name, want := range half {
		if !slices.Equal(values[name], want) {
			t.Errorf("%s came back as %q, want %q", name, values[name], want)
		}
	}
	if values.Get("submission_key") != form.values.Get("submission_key") {
		t.Error("the form came back under another key")
	}
	if got := resumed.Find("form[data-form]").AttrOr("data-start", ""); got != "reporter_phone" {
		t.Errorf("the form starts at %q, want the answer to put right", got)
	}

	// The words work again until it is saved anew.
	resumed = resumeWith(other, phrase).want(http.StatusOK)
	resaved := other.fill(resumed).set("reporter_phone", "01632 960123").press("save").says("do not work any more")
	newPhrase := phraseOf(t, resaved)
	resumeWith(other, phrase).want(http.StatusUnprocessableEntity).says("We have no saved form for these words")
	if n := app.count("SELECT count(*) FROM drafts"); n != 1 {
		t.Errorf("%d drafts are kept, want the newest", n)
	}

	// Sending it deletes it.
	resumed = resumeWith(other, newPhrase).want(http.StatusOK)
	if got := resumed.Find("form[data-form]").AttrOr("data-start", ""); got != "adult_address" {
		t.Errorf("the form starts at %q, want the first page that is not complete", got)
	}
	checked := other.fill(resumed).setAll(individualAnswers).press("check").want(http.StatusOK)
	other.fill(checked).press("send").redirects()
	if n := app.count("SELECT count(*) FROM drafts"); n != 0 {
		t.Errorf("%d drafts are kept after sending", n)
	}
	resumeWith(other, newPhrase).want(http.StatusUnprocessableEntity)

	// The first device still has the form under the same key: no second referral.
	again := b.fill(saved).press("change").want(http.StatusOK)
	checked = b.fill(again).setAll(individualAnswers).set("reporter_phone", "01632 960123").press("check").want(http.StatusOK)
	b.get(b.fill(checked).press("send").redirects()).says("had already arrived")
	if n := app.count("SELECT count(*) FROM referrals"); n != 1 {
		t.Errorf("the ledger has %d referrals, want 1", n)
	}
}

func TestSavedFormGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	first := b.fill(b.get("/refer")).setAll(individualAnswers).press("save").want(http.StatusOK)
	form := b.fill(first).press("change").want(http.StatusOK)
	second := b.fill(form).press("save").says("do not work any more")
	if n := app.count("SELECT count(*) FROM drafts"); n != 1 {
		t.Errorf("%d drafts are kept, want 1", n)
	}
	if phraseOf(t, first) == phraseOf(t, second) {
		t.Error("two drafts have the same words")
	}
	// A token that was tampered with is no reason to refuse anything.
	values := b.fill(second).values
	values.Set("draft", values.Get("draft")+"x")
	values.Set("action", "send")
	b.post("/refer", values).redirects()
	if n := app.count("SELECT count(*) FROM drafts"); n != 1 {
		t.Error("a forged token deleted a draft")
	}
}

func TestWordsThatOpenNothing(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	phrase := phraseOf(t, b.fill(b.get("/refer")).setAll(individualAnswers).press("save"))
	words := strings.Fields(phrase)
	for typed, says := range map[string]string{
		"":                                "Enter the four words",
		strings.Join(words[:3], " "):      "You have entered 3",
		phrase + " " + words[0]:           "You have entered 5",
		"wombatty " + words[1]:            "“wombatty” is not one of the words",
		"<zzz>alert(1)</zzz>":             "“zzz” is not one of the words",
		"\x00\xff":                        "Enter the four words",
		"abacus abdomen abdominal abide":  "We have no saved form for these words",
		strings.Repeat("wombat ", 30_000): "is not one of the words",
		words[1] + " " + words[0] + " " + strings.Join(words[2:], " "): "We have no saved form",
	} {
		refused := b.post("/refer/resume", url.Values{"phrase": {typed}}).want(http.StatusUnprocessableEntity).says(says)
		refused.linksLeadToFields()
		if len(typed) < 100 && !strings.ContainsAny(typed, "\x00") && refused.value("phrase") != typed {
			t.Errorf("%q came back as %q", typed, refused.value("phrase"))
		}
	}
	b.send(http.MethodPost, "/refer/resume", strings.NewReader("{}"), http.Header{"Content-Type": {"application/json"}}).
		want(http.StatusUnsupportedMediaType)
	app.pass(30*24*time.Hour + time.Second)
	resumeWith(b, phrase).want(http.StatusUnprocessableEntity).says("A form is kept for 30 days")
}

func TestGuessingWordsIsThrottled(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	guess := url.Values{"phrase": {"abacus abdomen abdominal abide"}}
	start := time.Now()
	for n := range 10 * resumesPerMinute {
		p := b.post("/refer/resume", guess)
		// A slot comes free every few seconds, and the machine may be slow.
		freed := 1 + int(time.Since(start)/(time.Minute/resumesPerMinute))
		switch {
		case p.Status == http.StatusUnprocessableEntity && n < resumesPerMinute+freed:
		case p.Status == http.StatusTooManyRequests && n >= resumesPerMinute:
			if p.Header.Get("Retry-After") == "" {
				t.Error("429 does not say when to come back")
			}
			return
		default:
			t.Fatalf("guess %d got %d", n, p.Status)
		}
	}
	t.Error("guesses are never refused")
}

func TestSavingTooOftenKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.RateLimit = 1 })
	b := app.browser()
	form := b.fill(b.get("/refer")).setAll(individualAnswers)
	form.press("save").want(http.StatusOK)
	refused := form.press("save").want(http.StatusTooManyRequests).says("They are still here")
	if got := refused.value("what_happened"); got != individualAnswers.Get("what_happened") {
		t.Errorf("the text came back as %q", got)
	}
	// Sending is never refused for the address alone.
	for range 3 {
		checked := b.fill(refused).press("check").want(http.StatusOK)
		b.fill(checked).press("send").redirects()
	}
}
