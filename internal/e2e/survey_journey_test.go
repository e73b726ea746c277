package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

const surveyPath = "/survey/care-worker-survey"

// TestSurveyWithScript goes through the survey one question at a time.
func TestSurveyWithScript(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen).open(surveyPath)
		b.sees("Care worker survey", "Is this your own phone?").misses("Do you care for", "Question 1", "Send my answers", "Back", "Leave and wipe")
		b.press("Continue").sees("Say whether this is your own phone")
		b.ownPhone("Yes").sees("Question 1 of about").misses("Where do you mostly work?", "Send my answers", "Skip this question")

		// The one question that needs an answer says so, and takes the word back.
		b.press("Continue").sees("Choose whether you care for or support adults in our area")
		b.awaitThat(`document.activeElement.id === "care_role"`, "the focus is on the question that needs an answer")
		b.awaitThat(`document.title.startsWith("Error: ")`, "the title says that there is an error")
		b.press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?")
		b.misses("Choose whether you care").sees("Question 2 of about", "Skip this question")

		// Back by the page's button and by the browser's, with the answers kept.
		b.press("In people’s own homes").press("Continue").heading("What is your job?")
		b.press("Back").heading("Where do you mostly work?")
		if !b.checked("In people’s own homes") {
			t.Error("going back loses the answer")
		}
		b.back().heading("Do you care for or support adults in our area?")
		b.press("Continue").heading("Where do you mostly work?")
		b.press("Continue").heading("What is your job?")
		b.press("Continue").heading("Which district do you work in?").press("Maldon").press("Continue")

		// A branch: who is new is asked how they found the job.
		b.heading("How long have you worked in care?").press("More than 10 years").press("Continue")
		b.heading("What kind of contract do you have?").press("Back")
		b.heading("How long have you worked in care?").press("Less than 1 year").press("Continue")
		b.heading("How did you find your job?").press("From a friend or family").press("Continue")
		b.heading("What kind of contract do you have?")

		through(b, "Do you work alone?")
		b.press("Never").press("Continue").heading("Has anyone hurt, threatened or abused you at work in the last 12 months?")
		b.back().heading("Do you work alone?").press("Most of the time").press("Continue")
		b.heading("What keeps you safe when you work alone?")
		b.press("An alarm, or an app on my phone").press("Someone checks that I am safe").press("Nothing")
		if b.checked("Someone checks that I am safe") || !b.checked("Nothing") {
			t.Error("“Nothing” does not clear the other ticks")
		}
		b.press("Someone checks that I am safe")
		if b.checked("Nothing") {
			t.Error("another tick does not clear “Nothing”")
		}
		b.press("Continue").heading("How safe do you feel when you work alone?").press("Continue")
		b.heading("Has anyone hurt, threatened or abused you at work in the last 12 months?")
		b.misses("Samaritans").press("Yes, once or twice").sees("Samaritans").press("Continue")
		b.heading("Did you tell your employer about it?")

		through(b, "What one thing would you change about your job?")
		b.sees("The most you can write, in characters: 500").write("one_change", strings.Repeat("wo ", 100)+"end")
		b.sees("Characters left: 197")
		b.write("one_change", strings.Repeat("x", 200)).sees("Characters too many: 3")
		b.press("Continue").sees("Enter 500 characters or fewer, 3 fewer than now: One thing to change")
		b.keys(kb.Backspace, kb.Backspace, kb.Backspace).sees("Characters left: 0")
		b.press("Continue").heading("How old are you?").press("25 to 34").press("Skip this question")
		b.heading("What is your gender?").press("Back").heading("How old are you?")
		if b.checked("25 to 34") {
			t.Error("skipping a question leaves its answer")
		}
		b.press("Continue")
		through(b, "Did you live outside the UK when you got a care job here?")
		b.misses("Continue").fits()

		// The answers to check, and a change that leads back to them.
		b.press("Check your answers").heading("Check your answers")
		b.sees("Your job", "Less than 1 year", "Time in care work", "Not answered", "Send my answers").misses("Question ", "Continue", "Skip this").fits()
		b.press("Change Time in care work").heading("How long have you worked in care?")
		b.press("1 to 2 years").press("Check your answers").heading("Check your answers").sees("1 to 2 years").misses("Less than 1 year")
		b.press("Send my answers").sees("Thank you", "Your answers have arrived.", "Nobody can tell which answers are yours.")
		if b.path() != surveyPath+"/thanks" {
			t.Errorf("after sending the address is %s", b.path())
		}
		// Going back does not offer to send again what has been sent.
		b.back().sees("Is this your own phone?")
	})
}

// through goes on without answering until the question with that heading is there.
func through(b *tab, heading string) {
	b.t.Helper()
	for range 50 {
		at := ask[string](b, `document.activeElement.innerText.trim()`)
		if at == heading {
			b.heading(heading)
			return
		}
		b.press("Continue")
		b.awaitThat(`/^H[1-3]$/.test(document.activeElement.tagName) && document.activeElement.innerText.trim() !== `+quote(at),
			"another question follows "+at)
	}
	b.t.Fatalf("the survey does not come to “%s”", heading)
}

// TestSurveyOfOthers takes the short ways through the survey.
func TestSurveyOfOthers(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	b := newTab(t, d.base, sizes[0]).open(surveyPath).ownPhone("Yes")
	b.press("No").press("Continue").heading("Thank you").sees("You can send your answer now.")
	b.press("Check your answers").press("Send my answers").sees("Your answers have arrived.")

	b = newTab(t, d.base, sizes[0]).open(surveyPath).ownPhone("Yes")
	b.press("Yes, I care for someone without pay").press("Continue").heading("Have you done the Oliver McGowan training?")
	through(b, "What is your ethnic group?")
	b.press("Check your answers").press("Send my answers").sees("Your answers have arrived.")
}

// TestSurveyByKeyboard uses no mouse.
func TestSurveyByKeyboard(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	b := newTab(t, d.base, sizes[1]).open(surveyPath)
	b.keys(kb.Tab).awaitThat(`document.activeElement.innerText === "Skip to main content"`, "the first stop skips to the content")
	b.tabTo("Yes, only I use it").keys(" ").tabTo("Continue").keys(kb.Enter).heading("Do you care for or support adults in our area?")
	b.tabTo("Yes, I am paid by a care provider").keys(kb.ArrowDown) // the next of the radio buttons
	if !b.checked("Yes, I am a personal assistant") {
		t.Error("the arrow key does not choose the next answer")
	}
	b.tabTo("Continue").keys(kb.Enter).heading("Where do you mostly work?")
	b.tabTo("In people’s own homes").keys(" ").tabTo("Continue").keys(kb.Enter).heading("What is your job?")
	for range 60 {
		if strings.Contains(b.text(), "Check your answers") {
			break
		}
		at := ask[string](b, `document.activeElement.innerText`)
		b.tabTo("Continue").keys(kb.Enter)
		b.awaitThat(`document.activeElement.innerText !== `+quote(at)+` && /^H[1-3]$/.test(document.activeElement.tagName)`, "the next question")
	}
	b.tabTo("Check your answers").keys(kb.Enter).heading("Check your answers")
	b.tabTo("Send my answers").keys(kb.Enter).sees("Your answers have arrived.")
}

// TestSurveyWithoutScript sends the one long form.
func TestSurveyWithoutScript(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen).withoutScripts().open(surveyPath)
		b.sees("Do you care for or support adults in our area?", "How old are you?", "Answer this if you are paid to care.", "Send my answers")
		b.misses("Continue", "Question 1")
		b.fits()
		b.press("Send my answers").sees("There is a problem", "Choose whether you care for or support adults in our area")
		b.pressWithin(".govuk-error-summary", "Choose whether you care")
		b.awaitThat(`location.hash === "#care_role"`, "the summary leads to the question")
		b.press("Yes, I am a personal assistant").write("one_change", "Less paper")
		b.press("Send my answers").sees("Your answers have arrived.")
	})
}

// TestSurveyKeepsAnswersWhenThePortalIsAway loses the connection while sending
// from a phone that others use too: the answers stay on the page.
func TestSurveyKeepsAnswersWhenThePortalIsAway(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	b := newTab(t, d.base, sizes[0]).open(surveyPath).ownPhone("No")
	b.press("No").press("Continue").sees("You can send your answer now.").press("Check your answers")
	b.connected(false)
	b.press("Send my answers").sees("We could not reach the portal", "They are still on this page.")
	b.connected(true)
	b.sees("Your answers have arrived.") // by itself
	b.keepsNothing()
}
