package e2e

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// withholds keeps what such addresses lead to away from the tab, or gives it
// back if there are none.
func (b *tab) withholds(patterns ...string) *tab {
	b.t.Helper()
	blocked := []*network.BlockPattern{}
	for _, pattern := range patterns {
		blocked = append(blocked, &network.BlockPattern{URLPattern: pattern, Block: true})
	}
	command(b, network.Enable, network.EnableParams{})
	command(b, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: blocked})
	return b
}

const laterScript = "*://*:*/static/later.*"

// says answers the question whose phone it is, whatever follows.
func (b *tab) says(answer string) *tab {
	b.t.Helper()
	return b.sees("Is this your own phone?").choose("own_phone", answer).press("Continue").sees("Do you care for or support adults")
}

// TestPhoneMindChangedMeanwhile: somebody says that the phone is theirs and
// then that it is not, before the script is there that would keep anything.
func TestPhoneMindChangedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newWeather(t, theDev(t).base)
	hold := make(chan struct{})
	s.replaces("/static/"+builtName(t, "later.js"), func(out http.ResponseWriter, r *http.Request) {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
		s.portal.ServeHTTP(out, r)
	})
	b := newTab(t, s.base, sizes[0]).open(surveyPath).says("Yes").press("Back").says("No")
	if ask[bool](b, `!!portalSurvey.later`) {
		t.Fatal("the script is there already")
	}
	close(hold)
	b.sees("Nothing that you answer is kept on this phone.").misses("Saved on this phone")
	b.press("Yes, I am paid by a care provider").press("Continue").sees("Where do you mostly work?")
	b.keepsNothing()

	// And the other way round, as fast as it goes, with the script there.
	b.open(surveyPath).says("No").press("Back").says("Yes").press("Back").says("No").press("Back").says("Yes").sees("Saved on this phone")
	b.press("Yes, I am paid by a care provider").awaitKept("the answer", "paid_provider")
	b.press("Back").says("No").sees("Nothing that you answer is kept on this phone.")
	eventually(t, patience, "nothing is kept any more", func() bool { return b.kept() == keptNothing })
}

// TestPhoneWithoutTheRestOfTheScript: it is said at once that nothing is
// saved, and saved as soon as it can be.
func TestPhoneWithoutTheRestOfTheScript(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0]).withholds(laterScript).open(surveyPath).says("Yes")
	b.sees("Your answers stay on this page only").press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?")
	b.withholds().press("In a care home").press("Continue").heading("What is your job?").sees("Saved on this phone").awaitKept("the answer before", "care_home")
	b.misses("Your answers stay on this page only")
}

// TestPhoneWhoseStorageHangs: browsers have bugs by which IndexedDB never
// answers. Nobody waits for it.
func TestPhoneWhoseStorageHangs(t *testing.T) {
	t.Parallel()
	hang := `localStorage.setItem("portal-survey", "kept");
		const open = IDBFactory.prototype.open;
		IDBFactory.prototype.open = function (name, ...more) {
			if (window.name === "well") return open.call(this, name, ...more);
			const r = open.call(this, "another");
			r.addEventListener = () => {};
			return r;
		};`
	b := newTab(t, theDev(t).base, sizes[0]).before(hang).open(surveyPath).says("Yes").sees("Saved on this phone")
	b.press("No").awaitKept("the answer", `"no"`).open(surveyPath).press("Carry on where I left off").sees("Do you care for")

	// When it answers again, it has what was kept elsewhere.
	ask[*bool](b, `((window.name = "well"), indexedDB.deleteDatabase("another"), null)`)
	b.open(surveyPath).press("Carry on where I left off").sees("Do you care for")
	if !b.checked("No") {
		t.Error("what was kept in localStorage is lost")
	}
	if got := ask[string](b, `Object.keys(localStorage).join()`); got != "portal-survey" {
		t.Errorf("localStorage still has %s", got)
	}
	b.shortest().press("Send my answers").sees("Your answers have arrived.")
	eventually(t, patience, "nothing is kept any more", func() bool { return b.kept() == keptNothing })
}

// TestPhoneAfterTheSkipLink: its address is no screen of the survey.
func TestPhoneAfterTheSkipLink(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone("Yes")
	ask[*bool](b, `(document.querySelector(".govuk-skip-link").click(), null)`)
	b.awaitThat(`document.activeElement.id === "main-content" && history.state.depth === 1`, "the focus is on the content")
	b.press("Continue").awaitThat(`document.activeElement.name === "care_role" && document.title.startsWith("Error")`, "the focus is on what is missing")
	b.press("No").press("Continue").sees("You can send your answer now.").back().sees("Do you care for")
}

// TestPhoneSlowToLoad: the rest of the script comes later than the page waits
// for it, and what was answered meanwhile is kept all the same.
func TestPhoneSlowToLoad(t *testing.T) {
	t.Parallel()
	w := newWeather(t, theDev(t).base)
	come := make(chan struct{})
	w.replaces("/static/"+builtName(t, "later.js"), func(out http.ResponseWriter, r *http.Request) {
		select {
		case <-come:
		case <-r.Context().Done():
			return
		}
		w.portal.ServeHTTP(out, r)
	})
	b := newTab(t, w.base, sizes[0]).before(`const wait = setTimeout; window.setTimeout = (act, ms) => wait(act, ms === 10000 ? 300 : ms);`)
	b.open(surveyPath).says("Yes").sees("Your answers stay on this page only").press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?")
	close(come)
	b.awaitThat(`!!portalSurvey.later`, "the rest of the script is there")
	b.press("In a care home").press("Continue").heading("What is your job?").sees("Saved on this phone").misses("stay on this page only")
	b.awaitKept("the first answer", "paid_provider").awaitKept("the second", "care_home")
	if n := ask[int](b, `document.querySelectorAll("script[src*=later]").length`); n != 1 {
		t.Errorf("the script was asked for %d times", n)
	}
}

// TestPhoneThatForgets: what waits to be sent is sent even if the browser has
// cleared away what the device kept, or refuses to write in between.
func TestPhoneThatForgets(t *testing.T) {
	t.Parallel()
	for name, mishap := range map[string]string{
		"cleared":       `(async () => { const db = await new Promise((done) => { indexedDB.open("portal-survey").onsuccess = (e) => done(e.target.result); }); db.transaction("surveys", "readwrite").objectStore("surveys").clear(); db.close(); return true; })()`,
		"read only":     `(IDBObjectStore.prototype.put = IDBObjectStore.prototype.delete = () => { throw new DOMException("full", "QuotaExceededError"); }, true)`,
		"closed":        `(IDBDatabase.prototype.transaction = () => { throw new DOMException("closed", "InvalidStateError"); }, true)`,
		"locked for it": `(navigator.locks.request("portal-survey-send", () => new Promise(() => {})), true)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, theDev(t).base, sizes[0]).before(hurry).open(surveyPath).ownPhone("Yes").shortest()
			body := ask[string](b, `portalSurvey.steer.body().toString()`)
			b.withholds("*://*:*/survey/care-worker-survey").press("Send my answers").sees("Your answers are on this phone")
			ask[bool](b, mishap)
			b.withholds().sees("Your answers have arrived.") // it tries again by itself
			again := ask[string](b, `fetch(`+quote(surveyPath)+`, {method: "POST", headers: {Accept: "application/json"}, body: new URLSearchParams(`+quote(body)+`)})
				.then((r) => r.json()).then((said) => said.outcome)`)
			if again != "duplicate" {
				t.Errorf("the same answers once more are %q: they had not arrived", again)
			}
		})
	}
}

// TestPhoneKeepsNoRefusedAnswers: what the portal would not take is kept for
// people to put right, for as long as a draft.
func TestPhoneKeepsNoRefusedAnswers(t *testing.T) {
	t.Parallel()
	for days, lives := range map[string]bool{"6": true, "8": false} {
		t.Run(days+" days on", func(t *testing.T) {
			t.Parallel()
			b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone("Yes").press("No").awaitKept("No", `"no"`)
			ask[bool](b, `portalSurvey.device.note({begun: {day: "", clock: Date.now()}, entry: {key: portalSurvey.form.elements.submission_key.value, body: "",
				refused: {state: "refused", detail: "It was refused.", errors: []}}}).then(() => true)`)
			b.before(daysOn(days)).open(surveyPath)
			if lives {
				b.sees("It was refused.").press("Go back to my answers").sees("Check your answers", "It was refused.")
				return
			}
			b.sees("You began this survey more than 7 days ago.", "Is this your own phone?")
		})
	}
}

// TestPhoneRetriesOnlyWhatWasSent: a connection that comes back sends nothing
// that somebody has gone back to change.
func TestPhoneRetriesOnlyWhatWasSent(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone("No").shortest()
	b.withholds("*://*:*/survey/care-worker-survey").press("Send my answers").sees("We could not reach the portal")
	b.withholds().press("Back").sees("You can send your answer now.").press("Back").sees("Do you care for")
	ask[*bool](b, `(dispatchEvent(new Event("online")), null)`)
	b.press("No").press("Continue").sees("You can send your answer now.").press("Check your answers").sees("Nothing has been sent yet.").misses("have arrived")
	ask[*bool](b, `(dispatchEvent(new Event("online")), null)`)
	b.sees("Your answers have arrived.")
	if title := ask[string](b, `document.title`); !strings.HasPrefix(title, "Care worker survey") {
		t.Errorf("on the phone of others the title tells %q", title)
	}
}

// TestPhoneInvitationUsedTwice: the second to use an invitation keeps the
// answers and can send them by another, on one's own phone and on a shared one.
func TestPhoneInvitationUsedTwice(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.run("", "wave", "open", "spring", "--by-invitation")
	rows, err := csv.NewReader(strings.NewReader(s.run("", "collector", "invite", "spring", "Letters", "4", "--csv", "-"))).ReadAll()
	must(t, err)
	link := func(row int) string { return "/i/" + strings.ReplaceAll(rows[row][1], "-", "") }
	const used = "This invitation has been used already"
	newTab(t, s.base, sizes[0]).open(link(1)).ownPhone("No").shortest().press("Send my answers").sees("Your answers have arrived.")

	shared := newTab(t, s.base, sizes[0]).open(link(1)).ownPhone("No").shortest().press("Send my answers").sees(used, "They are still here.")
	shared.accessible("phone-invitation-used").write("another_invitation", "7K3M-92QF-0000").press("Send my answers").sees("We do not know this invitation.")
	shared.write("another_invitation", rows[2][1]).press("Send my answers").sees("Your answers have arrived.")

	one := newTab(t, s.base, sizes[0]).open(link(1)).ownPhone("Yes").shortest().press("Send my answers").sees(used, "They are still on this phone.")
	one.press("Go back to my answers").sees("Check your answers", used).write("another_invitation", rows[3][1]).press("Send my answers").sees("Your answers have arrived.")

	// Or whoever comes by the new invitation's own link finds them.
	other := newTab(t, s.base, sizes[0]).open(link(1)).ownPhone("Yes").shortest().press("Send my answers").sees(used)
	other.open(link(4)).sees("Nothing has been sent yet.").misses(used).press("Send my answers").sees("Your answers have arrived.")
	if n := s.count(`SELECT count(*) FROM submission_keys`); n != 4 {
		t.Errorf("%d responses are there, want 4", n)
	}
	if got := other.kept(); got != keptNothing {
		t.Errorf("after sending there is left %s", got)
	}
}

// TestPhoneSurveyChangedMeanwhile: answers to a version that the wave does not
// take are put into the one that it does, and sent from there.
func TestPhoneSurveyChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, whose := range []string{"Yes", "No"} {
		b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone(whose).shortest()
		ask[*bool](b, `(portalSurvey.form.elements.version.value = "99", null)`)
		b.press("Send my answers").sees("The survey has changed a little since you began.", "Check your answers")
		b.press("Send my answers").sees("Your answers have arrived.")
	}
}
