package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"intake/forms"
	"intake/internal/store"
)

const textsPath = wavesPath + "/spring/texts"

// writeTexts opens a wave, has n people write something, and releases it.
func (app *testApp) writeTexts(n int, words func(i int) string) *store.Wave {
	app.t.Helper()
	wave := app.openWave("spring")
	for i := range n {
		app.respond(app.cfg.Survey.Strip(forms.Answers{
			"care_role": {"paid_provider"}, "service": {"nursing_home"}, "district": {"tendring"}, "home": {"temporary"}, "one_change": {words(i)},
		}))
	}
	return app.release(wave)
}

// act presses a button on the text that the page shows, with fields changed.
func (p *page) act(b *browser, act string, change ...string) *page {
	p.t.Helper()
	posted := url.Values{"act": {act}, "text": {p.value("text")}, "version": {p.value("version")}}
	if act == "release" {
		posted.Set("words", p.value("words"))
	}
	for i := 0; i < len(change); i += 2 {
		posted.Del(change[i])
		for _, value := range strings.Split(change[i+1], "|") {
			posted.Add(change[i], value)
		}
	}
	return b.post(textsPath, posted)
}

func TestWhoReadsTexts(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.writeTexts(20, func(int) string { return "More time" })
	for _, role := range store.Roles {
		b := app.signIn("Person "+string(role), role)
		want := http.StatusForbidden
		if role == store.SurveyManager {
			want = http.StatusOK
		}
		b.get(textsPath).want(want)
		if role != store.SurveyManager {
			b.post(textsPath, url.Values{"act": {"release"}}).want(http.StatusForbidden)
		}
		if role == store.Admin && b.get(wavesPath+"/spring").Find(`a[href$="/texts"]`).Length() != 0 {
			t.Error("an administrator is led to what care workers wrote")
		}
	}
	if to := app.browser().get(textsPath).redirects(); !strings.HasPrefix(to, "/manage/sign-in") {
		t.Errorf("a stranger is led to %s", to)
	}
}

func TestReadTexts(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.writeTexts(30, func(i int) string {
		return fmt.Sprintf("Wish %02d: my manager Sarah Jones\nshould ring 01632 960123.", i)
	})
	b := app.signIn("Sara Mann", store.SurveyManager)
	first := b.get(b.get(wavesPath+"/spring").want(http.StatusOK).Find(`a[href$="/texts"]`).AttrOr("href", "")).want(http.StatusOK)
	first.says("To read (30)", "Released (0)", "Held back (0)", "What one thing would you change about your job?", "a name and a phone number")
	var marked []string
	for _, m := range first.Find("blockquote mark").EachIter() {
		marked = append(marked, m.Contents().First().Text())
	}
	if !slices.Equal(marked, []string{"Sarah Jones", "01632 960123"}) {
		t.Errorf("marked are %q", marked)
	}
	original := first.text(".reading__original")
	if got := first.value("words"); !strings.HasSuffix(got, ": my manager [name]\nshould ring [phone number].") || got[:7] != original[:7] {
		t.Errorf("suggested is %q for %q", got, original)
	}
	// Nothing tells what else its writer said.
	for _, other := range []string{"Tendring", "ursing", "emporary"} {
		if strings.Contains(first.text("main"), other) {
			t.Errorf("the page tells that the writer said %s", other)
		}
	}
	b.get(wavesPath + "/spring").says("30 texts wait to be read")

	// Skipping goes through all and begins again.
	seen := map[string]bool{}
	p := first
	for range 30 {
		seen[p.text(".reading__original")] = true
		p = b.get(p.act(b, "skip").redirects())
	}
	if len(seen) != 30 || p.text(".reading__original") != original {
		t.Errorf("skipping 30 times shows %d texts, and then %q", len(seen), p.text(".reading__original"))
	}

	to := p.act(b, "release", "words", "Wish: my manager should ring.\r\nAnd listen. ", "themes", "respect|management|nonsense").redirects()
	next := b.get(to).says("The text is released.", "To read (29)", "Released (1)")
	if next.text(".reading__original") == original {
		t.Error("the same text is to be read again")
	}
	held := next.text(".reading__original")
	b.get(next.act(b, "hold").redirects()).says("The text is held back.", "To read (28)", "Held back (1)")

	list := b.get(textsPath + "?show=released").want(http.StatusOK)
	list.says("Management · Respect and being heard", "Released by Sara Mann on "+moment(app.clock()))
	if got := list.Find(".as-written").Text(); got != "Wish: my manager should ring.\nAnd listen." {
		t.Errorf("released is %q", got)
	}
	if strings.Contains(list.Body, "01632") || strings.Contains(list.text("main"), "Sarah Jones") {
		t.Error("the list of released texts tells what was taken out")
	}
	b.get(textsPath+"?show=held").says("Held back by Sara Mann", held[:7])
	b.get(list.act(b, "take_back", "show", "released").redirects()).says("The text waits to be read again.", "To read (29)", "Released (0)", "There is none.")
	list.act(b, "take_back").want(http.StatusConflict)
	b.get(textsPath + "?show=released&page=0").want(http.StatusNotFound)
	b.get(textsPath+"?show=released&page=2").want(http.StatusOK).says("There is none.", "Later decisions")

	if log := app.log.String(); strings.Contains(log, "Wish") || strings.Contains(log, "Sarah") {
		t.Error("the log holds what somebody wrote")
	}
}

// TestTextsOfFewAreNotRead: the figures of a sensitive question need 20 people
// too.
func TestTextsOfFewAreNotRead(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.writeTexts(19, func(int) string { return "More time" })
	b := app.signIn("Sara Mann", store.SurveyManager)
	p := b.get(textsPath).want(http.StatusOK).says("To read (0)", "Nothing waits to be read.")
	if p.Find("form[action$=texts], blockquote").Length() > 0 {
		t.Error("there is something to read")
	}
	b.get(wavesPath + "/winter/texts").want(http.StatusNotFound)
}

func TestTextToReleaseIsChecked(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.writeTexts(20, func(i int) string { return fmt.Sprint("Wish ", i) })
	b := app.signIn("Sara Mann", store.SurveyManager)
	p := b.get(textsPath)
	for name, test := range map[string]struct {
		words string
		says  string
		sure  bool // is asked
	}{
		"nothing":     {" \n", "Enter the text to release, or hold it back", false},
		"too long":    {strings.Repeat("é", maxReleasedText+2), "Shorten this by 2 characters", false},
		"a number":    {"Ring 01632 960123 or a@example.org", "what looks like a phone number and what looks like an email address: take it out", true},
		"a postcode":  {"Near CM1 1QH", "what looks like a postcode", true},
		"an NHS one":  {"943 476 5919", "what looks like an NHS number", true},
		"a web place": {"www.example.org", "what looks like a web address", true},
	} {
		wrong := p.act(b, "release", "words", test.words, "themes", "pay|hours")
		if wrong.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, wrong.Status)
			continue
		}
		wrong.linksLeadToFields()
		wrong.says("There is a problem", test.says)
		if got := wrong.value("words"); got != strings.TrimSpace(test.words) {
			t.Errorf("%s: %q came back as %q", name, test.words, got)
		}
		if wrong.Find("[name=themes][checked]").Length() != 2 || (wrong.Find("[name=sure]").Length() == 1) != test.sure ||
			wrong.value("text") != p.value("text") || !strings.HasPrefix(wrong.Find("title").Text(), "Error: ") {
			t.Errorf("%s: not all that was there came back", name)
		}
	}
	p.act(b, "release", "words", "a\x00b").want(http.StatusBadRequest)
	p.act(b, "burn").want(http.StatusBadRequest)
	p.act(b, "hold", "text", "1").want(http.StatusNotFound)
	p.act(b, "skip", "text", "6f1f2f55-25ad-4d6c-a2fd-ea5d5e2b8b46").want(http.StatusNotFound)
	b.get(textsPath).says("To read (20)", "Released (0)")

	// Whoever has looked may let it through.
	p.act(b, "release", "words", "Ring 01632 960123, the office", "sure", "yes").redirects()
	b.get(textsPath).says("To read (19)", "Released (1)")
}

func TestTwoReadersOfOneText(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.writeTexts(20, func(i int) string { return fmt.Sprint("Wish ", i) })
	one, other := app.signIn("Sara Mann", store.SurveyManager), app.signIn("Sam Mann", store.SurveyManager)
	first, same := one.get(textsPath), other.get(textsPath)
	if first.value("text") != same.value("text") {
		t.Fatal("the two read different texts")
	}
	first.act(one, "release").redirects()
	for _, act := range []string{"release", "hold"} {
		late := same.act(other, act).want(http.StatusConflict)
		late.says("Nothing was changed", "Somebody else has dealt with that text meanwhile.")
		if late.value("text") == same.value("text") {
			t.Error("the text is to be read still")
		}
	}
	same.act(other, "release", "words", "").want(http.StatusConflict)
	one.get(textsPath).says("To read (19)", "Released (1)", "Held back (0)")
}
