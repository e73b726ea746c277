package e2e

import (
	"strings"
	"testing"
)

// TestDesk follows a referral from the list to its decision, with two people
// at work on it at once.
func TestDesk(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		reference := sendReferral(newPlain(t, d.base), byProfessional).receiveReference()
		tariq := newTab(t, d.base, screen).signIn(d.as(t, "triage"))
		tariq.sees("Nobody’s yet").fits()
		tariq.press("Referrals").sees("Find by reference")
		tariq.awaitReferral(reference).fits()
		// People type references as they hear them.
		tariq.write("reference", strings.ToLower(strings.ReplaceAll(reference, "-", " "))).press("Find").sees("Referral "+reference, "Ada Marsh", "Her money is gone")
		tariq.sees("Mid locality", "Nobody yet").fits()

		lena := newTab(t, d.base, screen).signIn(d.as(t, "safeguarding_lead")).open("/manage/referrals/" + reference)
		lena.sees("Take ownership")

		tariq.press("Take ownership").sees("You own this referral now.", "Owner You")
		lena.press("Take ownership").sees("Nothing was changed", "Somebody changed this referral after you opened it.", "Took ownership", "Take over from Tariq Triage")

		tariq.press("Add a note").write("note", "Called the nurse, who confirms it.").press("Add the note").sees("Your note was added.", "Called the nurse, who confirms it.")
		tariq.press("Start screening").sees("You have started screening.", "Being screened")

		// The second person's text is kept when they are told.
		lena.press("Send it to another team").choose("team", "West locality").write("reason", "She moved to Harlow.")
		lena.press("Send it to that team").sees("Nothing was changed", "Started screening")
		if got := lena.value("reason"); got != "She moved to Harlow." {
			t.Errorf("what the second person wrote came back as %q", got)
		}

		tariq.press("Record the decision")
		tariq.pressWithin("#decide form", "Record the decision").sees("There is a problem", "Say whether the adult has needs for care and support").fits()
		for _, test := range []string{"has_needs", "at_risk", "cannot_protect"} {
			tariq.choose(test, "Yes").write(test+"_reason", "As the nurse says.")
		}
		tariq.choose("outcome", "Section 42 enquiry").write("outcome_reason", "All three tests are met.")
		tariq.pressWithin("#decide form", "Record the decision").sees("The decision is recorded.", "Decision: Section 42 enquiry", "All three tests are met.")

		lena.open("/manage/referrals/"+reference).press("Send it to another team").choose("team", "West locality")
		lena.write("reason", "She moved to Harlow.").press("Send it to that team").sees("The referral was re-routed", "Re-routed it from Mid locality to West locality")
		wendy := newTab(t, d.base, screen).signIn(signInOf(t, d, "west@demo.example")).open("/manage/referrals/" + reference)
		wendy.sees("She moved to Harlow.", "As the nurse says.")
		wendy.press("Sign out").sees("Sign in").open("/manage/referrals/" + reference).sees("Sign in").misses("Ada Marsh")
	})
}

// awaitReferral loads the list anew until the referral is in it.
func (b *tab) awaitReferral(reference string) *tab {
	b.t.Helper()
	eventually(b.t, promptly, reference+" is in the list", func() bool {
		b.open("/manage/referrals?whose=all")
		return strings.Contains(b.text(), reference)
	})
	return b
}

// TestResultsPage reads what survey managers see.
func TestResultsPage(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen).signIn(d.as(t, "survey_manager")).sees("Responses so far", "Care worker survey")
		b.press("Survey results").sees("Good or better", "so the figures are indicative", "How good are your pay and benefits?").fits()
		if bars := ask[int](b, `[...document.querySelectorAll("svg rect.bar")].filter((el) => el.getBoundingClientRect().width > 0).length`); bars < 50 {
			t.Errorf("the page has %d bars", bars)
		}
		b.sees("What people wrote is shown only once a person has read and released it.")
		b.open("/manage/referrals").sees("not part of your role")
	})
}
