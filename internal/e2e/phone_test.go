package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// ownPhone says whether the phone is the person's own and goes on to the first
// question.
func (b *tab) ownPhone(answer string) *tab {
	b.t.Helper()
	b.choose("own_phone", map[string]string{"Yes": "Yes, only I use it", "No": "No, other people use it too"}[answer])
	b.press("Continue").sees("Do you care for or support adults in our area?")
	b.awaitThat(`!!portalSurvey.later`, "the rest of the script is there")
	if answer == "Yes" {
		b.sees("Saved on this phone")
	}
	return b
}

// kept is what this browser holds of the portal, as people could look it up.
func (b *tab) kept() string {
	b.t.Helper()
	return ask[string](b, `(async () => JSON.stringify({local: Object.keys(localStorage), session: sessionStorage.length,
		databases: (await indexedDB.databases()).map((d) => d.name), caches: await caches.keys(), cookie: document.cookie,
		workers: (await navigator.serviceWorker.getRegistrations()).length}))()`)
}

const keptNothing = `{"local":[],"session":0,"databases":[],"caches":[],"cookie":"","workers":0}`

func TestPhoneOfOnesOwn(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).open(surveyPath).ownPhone("Yes")
		b.sees("Leave and wipe", "for 7 days at most", "You can now answer without a connection.")
		b.picture("phone-first")
		b.press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?")
		b.press("In a care home").press("Continue").heading("What is your job?")
		b.awaitKept("In a care home", "care_home")

		b.open(surveyPath).sees("You have started this survey already", "Your answers so far are on this phone.").misses("Continue")
		b.picture("phone-carry-on")
		b.press("Carry on where I left off").heading("What is your job?").press("Back").heading("Where do you mostly work?")
		if !b.checked("In a care home") {
			t.Error("carrying on loses an answer")
		}
		b.open(surveyPath).press("Start again").sees("Is this your own phone?")
		b.ownPhone("Yes").press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?")
		if b.checked("In a care home") {
			t.Error("starting again keeps an answer")
		}
		b.press("Leave and wipe").sees("Nothing will be sent.").picture("phone-wipe")
		b.press("No, keep my answers").misses("Nothing will be sent.").press("Leave and wipe").press("Yes, leave and wipe").sees("Report a concern")
		if b.path() != "/" {
			t.Errorf("leaving leads to %s", b.path())
		}
		if got := b.kept(); got != keptNothing {
			t.Errorf("after wiping there is left %s", got)
		}
		b.back().awaitThat(`document.readyState === "complete"`, "whatever Back leads to")
		if strings.Contains(b.text(), "started this survey already") {
			t.Error("Back brings the answers up again")
		}
	})
}

// awaitKept waits until the device holds an answer.
func (b *tab) awaitKept(what, code string) *tab {
	b.t.Helper()
	eventually(b.t, patience, what+" is kept", func() bool {
		return ask[bool](b, `portalSurvey.device.now().then((r) => JSON.stringify(r.answers).includes(`+quote(code)+`))`)
	})
	return b
}

// before has a script run in every page of the tab before its own.
func (b *tab) before(script string) *tab {
	b.t.Helper()
	command(b, page.Enable, page.EnableParams{})
	command(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	return b
}

// another is a further tab of the same browser, with the same cookies and the
// same storage.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	second := &tab{b.t, ctx, b.base, b.size}
	second.do(chromedp.EmulateViewport(b.size.width, b.size.height))
	command(second, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return second
}

// returns is what the page does when somebody comes back to its tab.
func (b *tab) returns() *tab {
	b.t.Helper()
	ask[*bool](b, `(document.dispatchEvent(new Event("visibilitychange")), null)`)
	return b
}

// shortest goes on from the first question by the shortest way to the end.
func (b *tab) shortest() *tab {
	b.t.Helper()
	b.choose("care_role", "No").press("Continue").sees("You can send your answer now.").press("Check your answers").sees("Nothing has been sent yet.")
	return b
}

func TestPhoneOfOthers(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).open("/").open(surveyPath)
		b.ownPhone("No").sees("Nothing that you answer is kept on this phone.").misses("Saved on this phone")
		b.picture("phone-shared")
		b.press("Yes, I am paid by a care provider").press("Continue").sees("Where do you mostly work?")
		b.press("In a care home").press("Continue").sees("What is your job?")
		if got := ask[string](b, `JSON.stringify(history.state) + location.search`); got != `{"depth":3}` {
			t.Errorf("the history tells %s", got)
		}
		if title := ask[string](b, `document.title`); strings.Contains(title, "job") {
			t.Errorf("the title tells the question: %q", title)
		}
		// The browser's Back goes one question back, again and again, and loses
		// nothing.
		b.back().sees("Where do you mostly work?")
		if !b.checked("In a care home") {
			t.Error("Back loses an answer")
		}
		b.back().sees("Do you care for or support adults in our area?").press("Continue").sees("Where do you mostly work?")
		b.press("Back").sees("Do you care for").press("Back").sees("Is this your own phone?").press("Continue").sees("Do you care for")
		b.keepsNothing()
		if got := b.kept(); got != keptNothing {
			t.Errorf("the phone of others keeps %s", got)
		}

		// One tap, and nothing comes back.
		b.press("Leave and wipe").sees("Report a concern")
		if b.path() != "/" {
			t.Errorf("leaving leads to %s", b.path())
		}
		b.back().awaitThat(`document.readyState === "complete"`, "whatever Back leads to")
		if ask[bool](b, `[...document.querySelectorAll("[data-field] input")].some((el) => el.checked)`) {
			t.Error("Back brings an answer up again")
		}

		b.open(surveyPath).ownPhone("No").shortest().press("Send my answers").sees("Your answers have arrived.")
		if got := b.kept(); got != keptNothing {
			t.Errorf("after sending the phone of others keeps %s", got)
		}
	})
}

// daysOn moves the phone's clock.
func daysOn(days string) string {
	return `(() => { const real = Date.now; Date.now = () => real() + ` + days + ` * 86400000; })()`
}

func TestPhoneDraftsExpire(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		begun  string // what is done to the day when the draft began
		clock  string // days by which the phone's clock is off on return
		online bool
		lives  bool
	}{
		"six days by the server":             {`2026-01-07`, "0", true, true},
		"eight days by the server":           {`2026-01-05`, "0", true, false},
		"a clock a year ahead":               {`2026-01-13`, "365", true, true},
		"a clock a year behind":              {`2026-01-13`, "-365", true, true},
		"offline, eight days by the clock":   {``, "8", false, false},
		"offline, six days by the clock":     {``, "6", false, true},
		"offline, a clock a year ahead":      {``, "365", false, true},
		"offline, a clock a year behind":     {``, "-365", false, true},
		"the server's date, learnt too late": {``, "3", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, theDev(t).base, sizes[0]).before(`addEventListener("DOMContentLoaded", () => {
				document.querySelector("[data-today]")?.setAttribute("data-today", "2026-01-13"); })`)
			b.open(surveyPath).ownPhone("Yes").press("No").awaitKept("No", `"no"`)
			ask[bool](b, `portalSurvey.device.note({begun: {day: `+quote(test.begun)+`, clock: Date.now()}}).then(() => true)`)
			if !test.online {
				b.before(`addEventListener("DOMContentLoaded", () => document.documentElement.setAttribute("data-kept", ""), {capture: true})`)
			}
			b.before(daysOn(test.clock)).open(surveyPath)
			if test.lives {
				b.sees("You have started this survey already").press("Carry on where I left off").sees("Do you care for")
				if !b.checked("No") {
					t.Error("the answer is gone")
				}
				return
			}
			b.sees("You began this survey more than 7 days ago.", "Is this your own phone?").ownPhone("Yes")
			if b.checked("No") {
				t.Error("an answer that should be gone is there")
			}
		})
	}
}

func TestPhoneWithoutRoom(t *testing.T) {
	t.Parallel()
	refuse := `Object.defineProperty(window, "indexedDB", {get() { throw new DOMException("no", "SecurityError"); }});`
	local := `Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError"); }});`
	full := `for (const put of ["put", "add"]) IDBObjectStore.prototype[put] = () => { throw new DOMException("full", "QuotaExceededError"); };`
	for name, test := range map[string]struct{ script, says string }{
		"all storage is refused":  {refuse + local, "This browser does not let us save anything."},
		"only IndexedDB is":       {refuse, "Saved on this phone"},
		"there is no room on it":  {full, "There is no room left on this phone"},
		"it fills up in between":  {`window.fillUp = () => { ` + full + ` }`, "Saved on this phone"},
		"opened in another's app": {`Object.defineProperty(navigator, "userAgent", {value: "Mozilla/5.0 (Linux; Android 14; wv) [FBAN/FB4A]"})`, "Saved on this phone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, theDev(t).base, sizes[0]).before(test.script).open(surveyPath)
			if strings.Contains(test.script, "FBAN") {
				b.sees("This page is open inside another app", "Copy the link").accessible("phone-in-app")
			} else {
				b.misses("inside another app")
			}
			b.choose("own_phone", "Yes, only I use it").press("Continue").sees("Do you care for", test.says)
			if strings.Contains(test.script, "fillUp") {
				ask[*bool](b, `(fillUp(), null)`)
				b.press("No").sees("There is no room left on this phone")
			}
			if test.script == refuse {
				b.press("No").awaitKept("No", `"no"`).open(surveyPath).press("Carry on where I left off").sees("Do you care for")
				if !b.checked("No") {
					t.Error("localStorage does not keep the answer")
				}
			}
			b.shortest().press("Send my answers").sees("Your answers have arrived.")
		})
	}
}

func TestPhoneWithTwoTabs(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.run("", "wave", "open", "spring")
	one := newTab(t, s.base, sizes[0]).open(surveyPath).ownPhone("Yes")
	one.press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?").press("In a care home").awaitKept("In a care home", "care_home")

	two := one.another().open(surveyPath).press("Carry on where I left off").heading("Where do you mostly work?").sees("open in another tab too")
	one.sees("open in another tab too")
	two.press("Continue").heading("What is your job?").press("Senior care worker").awaitKept("Senior care worker", "senior")
	one.returns().press("Continue").heading("What is your job?")
	eventually(t, patience, "the first tab has what the second wrote", func() bool { return one.checked("Senior care worker") })
	// Each writes an answer; neither overwrites the other's.
	one.press("Continue").heading("Which district do you work in?").press("Maldon").awaitKept("Maldon", "maldon")
	two.press("Manager").awaitKept("Manager", `"manager"`)
	two.awaitKept("Maldon", "maldon")

	ask[*bool](two, `(portalSurvey.steer.show("check"), null)`)
	two.press("Send my answers").sees("Your answers have arrived.")
	one.sees("Your answers had already been received. They count once.")
	if n := s.count(`SELECT count(*) FROM inbox`) + s.count(`SELECT count(*) FROM responses`); n != 1 {
		t.Errorf("two tabs of one survey count %d times", n)
	}
	if got := one.kept(); got != keptNothing {
		t.Errorf("after sending there is left %s", got)
	}
}
