package handlers

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/internal/routing"
)

func TestSameKeyIsOneReferral(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	typed := with(dangerGate, pairsOf(dangerEight)...)
	first := b.sendReferral(typed)
	reference := first.text(".reference")
	if first.Find(`button[value="receipt"]`).Length() != 1 {
		t.Error("the page does not offer what was sent")
	}

	// More can be added, from what was sent.
	form := b.fill(first).press("amend").want(http.StatusOK).says("it stays the same referral")
	if got := b.fill(form).values; got.Get("what_happened") != typed.Get("what_happened") || got.Get("reporter_name") != typed.Get("reporter_name") {
		t.Errorf("the form came back with %v", got)
	}
	checked := b.fill(form).set("injuries", "A black eye").press("check").want(http.StatusOK)
	send := b.fill(checked)
	amended := b.get(send.press("send").redirects()).says("We have added this to your referral")
	if amended.text(".reference") != reference {
		t.Error("the amendment has another reference")
	}
	if got := app.sent(); !got.Equal(with(typed, "injuries", "A black eye")) {
		t.Errorf("the newest version is %s", got.Encode())
	}

	// The same again, as after a lost answer, changes nothing.
	nudges := app.nudges()
	again := b.get(send.press("send").redirects()).says("had already arrived")
	if again.text(".reference") != reference || app.nudges() != nudges {
		t.Error("the same answers again were taken as new")
	}
	if n := app.count("SELECT 10 * (SELECT count(*) FROM referrals) + (SELECT count(*) FROM amendments)"); n != 11 {
		t.Errorf("got %d, want one referral with one amendment", n)
	}
}

func TestSentAnswersAreShownOnce(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	received := b.sendReferral(individualAnswers)
	// Looking at the page does not use it up, nor does it change anything else.
	for range 3 {
		b.get("/refer/received").want(http.StatusOK)
	}
	receipt := b.fill(received).press("receipt").want(http.StatusOK)
	receipt.says(received.text(".reference"), "24 November 2026 at 10am", "The wombat has no food.", "Text message", "Not known")
	if !strings.Contains(receipt.Header.Get("Cache-Control"), "no-store") {
		t.Error("the sent answers may be cached")
	}
	second := b.fill(received).press("receipt").want(http.StatusConflict).says("shown already", received.text(".reference"))
	if strings.Contains(second.Body, "ombat") || second.Find(`button[value="receipt"]`).Length() != 0 {
		t.Error("the sent answers are shown or offered twice")
	}
	if n := app.count("SELECT count(*) FROM events WHERE kind = 'receipt_taken'"); n != 1 {
		t.Errorf("the history tells of %d receipts, want 1", n)
	}
}

func TestReceivedPageForgets(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	lost := func(p *page) {
		t.Helper()
		p.want(http.StatusOK).says("We do not show the reference any more", app.cfg.Organisation.Phones.AdultSocialCare)
		if strings.Contains(p.text("main"), "SG-") || strings.Contains(p.Body, "ombat") {
			t.Error("the page still knows the referral")
		}
	}
	lost(app.browser().get("/refer/received"))

	received := b.sendReferral(individualAnswers)
	cookie := received.cookieSetBefore(b)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/refer" || cookie.MaxAge != 600 || cookie.Secure {
		t.Errorf("the cookie is %+v", cookie)
	}
	app.pass(receivedLife)
	b.get("/refer/received").says(received.text(".reference"))
	app.pass(time.Second)
	lost(b.get("/refer/received"))
	for _, action := range []string{"receipt", "amend"} {
		lost(b.post("/refer/received", url.Values{"action": {action}}))
	}

	// Somebody who has finished leaves nothing behind.
	received = b.sendReferral(individualAnswers)
	b.post("/refer/received", url.Values{"action": {"explode"}}).want(http.StatusUnprocessableEntity).says(received.text(".reference"))
	if where := b.fill(received).press("finish").redirects(); where != "/" {
		t.Errorf("finishing leads to %q", where)
	}
	lost(b.get("/refer/received"))

	// A cookie from elsewhere opens nothing.
	jar, err := cookiejar.New(nil)
	app.must(err)
	here, err := url.Parse(app.url + "/refer")
	app.must(err)
	token, err := app.cfg.Keys.SealToken("draft", []byte(`{}`), app.clock().Add(time.Hour))
	app.must(err)
	jar.SetCookies(here, []*http.Cookie{{Name: receivedCookie, Value: token}})
	stranger := app.browser()
	stranger.client.Jar = jar
	lost(stranger.get("/refer/received"))
}

// cookieSetBefore sends the referral once more and returns the cookie that is
// set on the way, since a jar does not tell a cookie's attributes.
func (p *page) cookieSetBefore(b *browser) *http.Cookie {
	p.t.Helper()
	form := b.fill(b.fill(p).press("amend"))
	form.values.Set("action", "send")
	answer := b.post("/refer", form.values)
	answer.redirects()
	cookies := (&http.Response{Header: answer.Header}).Cookies()
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == receivedCookie })
	if i < 0 {
		p.t.Fatal("sending sets no cookie")
	}
	return cookies[i]
}

func TestPromisesFollowTheClock(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	urgent := with(dangerGate, pairsOf(dangerEight)...)
	for name, c := range map[string]struct {
		at      time.Time
		urgent  bool
		says    []string
		notSays []string
	}{
		"in office hours": {at: time.Date(2026, 11, 24, 10, 0, 0, 0, routing.London),
			says: []string{"Our triage team is reading referrals now.", "By 5:30pm today, someone will have read it.",
				"By 5:30pm on Thursday 26 November, we will decide", "By 5:30pm on Tuesday 1 December, we will tell you what we can"}},
		"urgent in office hours": {at: time.Date(2026, 11, 24, 10, 0, 0, 0, routing.London), urgent: true,
			says: []string{"Our triage team is reading referrals now.", "By 10:30am today, someone will have read it."}},
		"in the evening": {at: time.Date(2026, 11, 24, 20, 0, 0, 0, routing.London),
			says:    []string{"Your referral will next be read at 9am tomorrow.", "By 5:30pm tomorrow", "01632 960101"},
			notSays: []string{"reading referrals now", "is working now"}},
		"urgent at night": {at: time.Date(2026, 11, 25, 2, 15, 0, 0, routing.London), urgent: true,
			says:    []string{"our emergency duty team is working now and is told at once", "By 2:45am today, someone will have read it."},
			notSays: []string{"next be read"}},
		"before the Christmas holidays": {at: time.Date(2026, 12, 24, 19, 0, 0, 0, routing.London),
			says: []string{"next be read at 9am on Tuesday 29 December."}},
	} {
		t.Run(name, func(t *testing.T) {
			app.pass(c.at.Sub(app.clock()))
			answers := individualAnswers
			if c.urgent {
				answers = urgent
			}
			received := app.browser().sendReferral(answers).says(c.says...)
			for _, words := range c.notSays {
				if strings.Contains(received.text("main"), words) {
					t.Errorf("the page says %q", words)
				}
			}
		})
	}
}

func TestTimeInWords(t *testing.T) {
	t.Parallel()
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, routing.London)
	}
	for _, c := range []struct {
		at, now time.Time
		want    string
	}{
		{at(11, 24, 14, 30), at(11, 24, 10, 0), "2:30pm today"},
		{at(11, 25, 9, 0), at(11, 24, 23, 59), "9am tomorrow"},
		{at(11, 30, 12, 0), at(11, 24, 10, 0), "midday on Monday 30 November"},
		{at(11, 25, 0, 20), at(11, 24, 23, 50), "12:20am tomorrow"},
		// London is an hour ahead of UTC in summer.
		{time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC), at(7, 1, 7, 0), "9am today"},
		{time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC), at(6, 30, 20, 0), "12:30am tomorrow"},
		// The day on which the clocks go forward has 23 hours.
		{at(3, 30, 9, 0), at(3, 29, 0, 30), "9am tomorrow"},
	} {
		if got := timeInWords(c.at, c.now); got != c.want {
			t.Errorf("%s at %s: got %q, want %q", c.at, c.now, got, c.want)
		}
	}
}
