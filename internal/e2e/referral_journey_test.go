package e2e

import (
	"strings"
	"testing"
)

// TestReferralByProfessional is the longest way: every page, a second concern
// added and removed, answers checked and changed, sent, and shown once.
func TestReferralByProfessional(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).open("/refer")
		b.sees("Tell us about an adult at risk", "If someone is in danger now, call 999 first.", "Page 1 of about").misses("Call 999 now")
		b.press("Continue").sees("Say whether anyone is in immediate danger", "Say whether the person is 18 or over")
		b.choose("immediate_danger", "No").choose("adult_age", "18 or over").press("Continue").heading("About this referral")
		b.choose("referral_kind", "An adult who is being harmed").misses("Do you want to stay anonymous?")
		b.choose("referrer_role", "The adult’s unpaid carer").sees("Do you want to stay anonymous?")
		b.choose("referrer_role", "A professional").misses("Do you want to stay anonymous?")
		b.press("Continue").heading("About you")

		b.goThrough(byProfessional, "Check your answers", "The harm or neglect")
		b.fillIn(byProfessional)
		b.press("Add another concern").sees("Concern 2")
		b.awaitThat(`document.activeElement.innerText === "Concern 2"`, "the focus is on the new concern")
		b.choose("allegations.1.types", "Sexual exploitation")
		b.press("Remove Concern 1").sees("The harm or neglect").misses("Concern 2")
		if !b.ticked("allegations.0.types", "sexual_exploitation") || b.ticked("allegations.0.types", "neglect") {
			t.Error("removing the first concern does not keep the second")
		}
		b.choose("allegations.0.types", "Sexual exploitation")
		b.goThrough(byProfessional, "Check your answers", "")
		b.fits()
		b.press("Check your answers").sees("Nothing has been sent yet.", "Ada Marsh", "3 April 1941", "Neglect by others", "Not known")
		b.awaitThat(`document.activeElement.tagName === "H1"`, "the focus is on the page's heading")
		b.fits()

		b.press("Change What happened").heading("What happened")
		b.write("what_happened", " Added later.").press("Check your answers").sees("no food in the house. Added later.")
		b.keepsNothing()
		b.press("Send the referral").sees("We have your referral", "Your reference is", "What happens next")
		if b.path() != "/refer/received" {
			t.Errorf("after sending the address is %s", b.path())
		}
		reference := ask[string](b, `document.querySelector(".reference").innerText`)
		b.fits()

		b.press("Show what I sent, to print").sees("What you sent us", reference, "Added later.", "Print this page")
		b.press("Back to the reference").sees("Your reference is", reference).misses("Show what I sent, to print")
		b.back().back().back()
		b.awaitThat(`document.readyState === "complete"`, "the page is there")
		b.misses("Ada Marsh", "Added later.")
		b.open("/refer/received").press("I have finished").sees("Adult social care")
		b.open("/refer/received").sees("We do not show the reference any more").misses(reference)
		b.keepsNothing()
	})
}

// ticked tells whether an option of a question is chosen.
func (b *tab) ticked(question, code string) bool {
	b.t.Helper()
	return ask[bool](b, `[...document.getElementsByName(`+quote(question)+`)].find((el) => el.value === `+quote(code)+`).checked`)
}

// TestReferralInDanger sends with the few answers that are enough.
func TestReferralInDanger(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).open("/refer")
		b.choose("immediate_danger", "Yes").choose("adult_age", "18 or over").press("Continue").heading("Call 999 now")
		b.sees("Do not wait for us to read this form.", "press 55").fits()
		enough := answersOf("referral_kind", "safeguarding", "referrer_role", "family_friend", "anonymous", "no",
			"reporter_name", "Nell Green", "reporter_phone", "01632 960123", "adult_name", "Joe Green", "adult_location_now", "In the kitchen",
			"what_happened", "He hits him now", "sources.0.still_in_contact", "yes",
			"reporter_contact_channels", "text", "adult_contact_channels", "none")
		b.press("Continue").heading("About this referral").goThrough(enough, "Check your answers", "")
		b.press("Check your answers").sees("He hits him now").press("Send the referral").sees("We have your referral")
	})
}

// TestReferralAboutAChild ends with whom to call, and lets people go back.
func TestReferralAboutAChild(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).open("/refer")
		b.choose("immediate_danger", "No").choose("adult_age", "Under 18").press("Continue").heading("Tell children’s services")
		b.sees("you cannot send this form about a child").misses("Continue", "Check your answers", "Save and come back later")
		b.press("Back").heading("Before you start")
		b.choose("adult_age", "Both adults and children").press("Continue").heading("Tell children’s services as well")
		b.press("Continue").heading("About this referral")
	})
}

// TestReferralSavedAndResumed goes away and comes back on another device.
func TestReferralSavedAndResumed(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		base := theDev(t).base
		b := newTab(t, base, screen).open("/refer")
		b.fillIn(byNobody).press("Continue").heading("About this referral").fillIn(byNobody).press("Continue").heading("The adult")
		b.write("adult_description", "A tall man with a white dog").press("Save and come back later")
		b.sees("Your answers are saved", "Nothing has been sent yet, and nobody can read it.").fits()
		phrase := ask[string](b, `document.querySelector(".phrase").innerText`)
		if words := strings.Fields(phrase); len(words) != 4 {
			t.Fatalf("the phrase is %q", phrase)
		}
		b.keepsNothing()

		other := newTab(t, base, screen).open("/refer/resume")
		other.write("phrase", "wrong words are these").press("Carry on").sees("There is a problem")
		other.open("/refer/resume").write("phrase", strings.ToUpper(phrase)).press("Carry on").sees("Your saved answers are back.")
		other.sees("Where the adult is").press("Back").heading("The adult")
		if got := other.value("adult_description"); got != "A tall man with a white dog" {
			t.Errorf("the saved answer came back as %q", got)
		}
		other.goThrough(byNobody, "Check your answers", "").press("Check your answers").sees("number 4")
		other.press("Send the referral").sees("We have your referral", "You did not give your name, and the reference cannot yet be used to write back")

		b.open("/refer/resume").write("phrase", phrase).press("Carry on").sees("We have no saved form for these words.")
	})
}

// TestReferralWithoutScript uses the named buttons of the one long form.
func TestReferralWithoutScript(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).withoutScripts().open("/refer")
		b.fits()
		b.fillInQuietly(byNobody)
		b.press("Add another concern").sees("Concern 2")
		b.press("Check your answers").sees("Nothing has been sent yet.", "Shouting each night")
		b.press("Change What happened").sees("Concern 1")
		b.awaitThat(`document.getElementById("what_happened").value.startsWith("Shouting")`, "the answers are still there")
		b.press("Check your answers").sees("Nothing has been sent yet.").press("Send the referral").sees("We have your referral")

		// An error summary whose links lead to the fields, with the input kept.
		b.open("/refer").fillInQuietly(with(byNobody, "what_happened", "")).press("Check your answers")
		b.sees("There is a problem", "Say what happened, or what you are worried about")
		b.pressWithin(".govuk-error-summary", "Say what happened")
		b.awaitThat(`location.hash === "#what_happened"`, "the summary leads to the field")
		if got := b.value("adult_description"); got != byNobody["adult_description"][0] {
			t.Errorf("what was typed came back as %q", got)
		}
	})
}

// fillInQuietly sets answers where no script of the page listens.
func (b *tab) fillInQuietly(answers map[string][]string) *tab {
	b.t.Helper()
	for name, values := range answers {
		for _, value := range values {
			ask[*bool](b, `((name, value) => {
				for (const el of document.getElementsByName(name)) {
					if (!/^(radio|checkbox)$/.test(el.type)) el.value = value;
					else if (el.value === value) el.checked = true;
				}
				return null;
			})(`+quote(name)+`, `+quote(value)+`)`)
		}
	}
	return b
}
