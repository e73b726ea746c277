package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// standards are axe's tags of the rules that count: WCAG 2.2 to level AA.
// Axe's own best practices are advice and stay out.
const standards = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`

// violation is what axe finds wrong.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Where string `json:"where"`
}

// accessible looks at the page with axe, checks that it fits the screen, and
// keeps a picture if pictures are asked for.
func (b *tab) accessible(name string) *tab {
	b.t.Helper()
	b.awaitThat(`document.readyState === "complete"`, "the whole page is there") // its words may be there sooner
	b.picture(name)
	if !ask[bool](b, `typeof axe === "object"`) {
		source, err := os.ReadFile("../../handlers/assets/node_modules/axe-core/axe.min.js")
		must(b.t, err)
		ask[*bool](b, string(source)+`; null`)
	}
	type result struct {
		Violations []violation `json:"violations"`
		Passes     int         `json:"passes"`
	}
	// A form's document holds all its screens; to look through those that are
	// hidden takes axe six times as long.
	got := ask[result](b, `(async () => {
		const aside = [...document.querySelectorAll(".js [data-screen]:not(.current)")].map((el) => {
			const place = document.createComment("");
			el.replaceWith(place);
			return [el, place];
		});
		try {
			const r = await axe.run(document, {runOnly: {type: "tag", values: `+standards+`}});
			return {
				passes: r.passes.length,
				violations: r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => ({id: v.id, help: v.help, where: n.html + " " + n.failureSummary}))),
			};
		} finally {
			for (const [el, place] of aside) place.replaceWith(el);
		}
	})()`)
	if got.Passes < 5 {
		b.t.Errorf("%s: axe applied only %d rules: is the page there? %s", name, got.Passes, b.excerpt())
	}
	for _, v := range got.Violations {
		b.t.Errorf("%s at %d px: %s (%s): %.400s", name, b.size.width, v.ID, v.Help, v.Where)
	}
	b.fits()
	return b
}

func TestAxePublicPages(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen)
		for name, path := range map[string]string{
			"home": "/", "accessibility": "/accessibility", "privacy": "/privacy", "follow-up": "/follow-up",
			"not-found": "/no-such-page", "resume": "/refer/resume", "received-lost": "/refer/received", "mail": "/dev/mail",
		} {
			b.open(path).accessible(name)
		}
		b.open("/refer/resume").write("phrase", "four words are these").press("Carry on").sees("There is a problem").accessible("resume-error")
	})
}

func TestAxeLongForms(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		b := newTab(t, theDev(t).base, screen).withoutOurScript()
		b.open(surveyPath).sees("How old are you?").accessible("survey-long")
		b.press("Send my answers").sees("There is a problem").accessible("survey-long-errors")
		b.open("/refer").sees("What happened").accessible("referral-long")
		b.press("Add another concern").sees("Concern 2").accessible("referral-long-two-concerns")
		bad := with(byProfessional, "adult_postcode", "nowhere", "adult_dob.month", "13", "what_happened", "", "reporter_phone", "12",
			"adult_nhs_number", "1", "reporter_email", "nobody", "adult_gender", "other")
		b.open("/refer").fillInQuietly(bad).press("Check your answers").sees("There is a problem").accessible("referral-long-errors")
		b.open("/refer").fillInQuietly(with(byNobody, "adult_age", "child")).press("Check your answers")
		b.sees("If you chose the wrong answer, go back").accessible("referral-ending")
	})
}

// provoke answers the screen wrongly where it can be: too much, or not at all.
const provoke = `(() => {
	const screen = document.querySelector("[data-screen].current");
	const field = screen.matches("[data-messages]") ? screen : screen.querySelector("[data-messages]:not([hidden])");
	if (!field || !document.querySelector("[data-control=continue]").checkVisibility()) return false;
	const max = Number(field.dataset.max || (field.querySelector("[data-max]") || {dataset: {}}).dataset.max);
	const text = field.querySelector("textarea"), boxes = [...field.querySelectorAll("[type=checkbox]:not([data-excludes])")];
	if (text && max) {
		text.value = "x".repeat(max + 3);
		text.dispatchEvent(new Event("input", {bubbles: true}));
	} else if (max && boxes.length > max) {
		for (const box of boxes) if (!box.checked) box.click();
	}
	return true;
})()`

// takeBack empties what was provoked.
const takeBack = `(() => {
	for (const el of document.querySelectorAll("[data-screen].current :is(textarea, [type=checkbox])")) {
		if (el.checked) el.click();
		else if (el.matches("textarea")) el.value = "";
	}
	return null;
})()`

// eachScreen looks at one screen after the other while it goes through a form,
// up to the answers to check, at each also with errors where it has any.
func (b *tab) eachScreen(kind string, answers map[string][]string, look func(id string) bool) {
	b.t.Helper()
	for n := 1; n < 80; n++ {
		id := b.screen()
		name := fmt.Sprintf("%s-%02d-%s", kind, n, id)
		if look(id) {
			if ask[bool](b, provoke) {
				b.pressAt("[data-control=continue]")
				b.awaitThat(`/^(H[1-3]|INPUT|TEXTAREA)$/.test(document.activeElement.tagName)`, "the focus is on a heading or an error")
				if b.screen() != id {
					continue // nothing had to be answered after all
				}
				b.accessible(name + "-error").hasRoomForFingers(name)
				ask[*bool](b, takeBack)
			}
			b.fillIn(answers).accessible(name).hasRoomForFingers(name)
		}
		if b.advance(answers) == id {
			return
		}
	}
	b.t.Fatalf("the form does not end: %s", b.excerpt())
}

// TestAxeScreens looks at the referral one screen at a time. The long form has
// shown every question already, so every third screen will do unless all are
// asked for. The survey's screens are looked at with its languages.
func TestAxeScreens(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		n := 0
		oneOf := func(several int) func(string) bool {
			return func(string) bool { n++; return full || n%several == 1 }
		}
		b := newTab(t, theDev(t).base, screen).open("/refer")
		b.eachScreen("danger", with(byNobody, "immediate_danger", "yes", "adult_age", "both", "allegations.0.place_district", "southend"),
			func(id string) bool { return full || id == "danger" || id == "children_too" })
		b.open("/refer").eachScreen("referral", byProfessional, oneOf(3))
		b.press("Save and come back later").sees("Your answers are saved").accessible("referral-saved")
		b.press("Carry on now").sees("Before you start").press("Check your answers").sees("Nothing has been sent yet.").accessible("referral-check")
		b.press("Send the referral").sees("We have your referral").accessible("received")
		b.press("Show what I sent, to print").sees("What you sent us").accessible("receipt")
		b.open("/refer/received").press("Add to what I sent").sees("This is what you sent.").accessible("amend")
	})
}

func TestAxeManagersPages(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		reference := sendReferral(newPlain(t, d.base), byProfessional).receiveReference()
		b := newTab(t, d.base, screen).open("/manage/sign-in").accessible("sign-in")
		b.write("email", "nobody@demo.example").write("password", "wrong").press("Sign in").sees("There is a problem").accessible("sign-in-error")

		b = newTab(t, d.base, screen).signIn(d.as(t, "survey_manager")).accessible("manage-survey-manager")
		b.open("/manage/surveys/care-worker-survey/results").accessible("results")
		b.open("/manage/surveys/care-worker-survey/codebook").accessible("codebook").fits()
		b.open("/manage/exports").press("Make the file").sees("Your files").accessible("exports").fits()
		b.open("/manage/referrals").sees("not part of your role").accessible("forbidden")

		b = newTab(t, d.base, screen).signIn(d.as(t, "admin")).accessible("manage-admin")
		b.open("/manage/queues").accessible("queues")
		b.open("/manage/audit").accessible("audit")
		b.open("/manage/routing").accessible("routing")

		b = newTab(t, d.base, screen).signIn(d.as(t, "safeguarding_lead")).accessible("manage-lead")
		b.awaitReferral(reference).accessible("referrals")
		b.open("/manage/referrals?whose=mine&status=decided").accessible("referrals-none")
		b.open("/manage/referrals?reference=SG-0000-0001").sees("There is a problem").accessible("referrals-error")
		b.open("/manage/referrals/" + reference).accessible("referral-detail")
		late := newTab(t, d.base, screen).signIn(d.as(t, "triage")).open("/manage/referrals/" + reference).sees("Take ownership")
		b.press("Start screening").sees("You have started screening.")
		late.press("Take ownership").sees("Nothing was changed").accessible("referral-stale")
		b.press("Record the decision").pressWithin("#decide form", "Record the decision").sees("There is a problem").accessible("referral-decide-error")
		b.open("/manage/referrals/" + reference).press("Send it to another team").press("Send it to that team").sees("There is a problem").accessible("referral-reroute-error")
	})
}

// TestAxeRarePages looks at pages that a running demo does not have.
func TestAxeRarePages(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	link := s.run("", "user", "add", "new@example.org", "--role", "admin", "--link")
	_, code, found := strings.Cut(strings.TrimSpace(link), s.base)
	if !found {
		t.Fatalf("there is no link in %q", link)
	}
	for _, screen := range sizes {
		b := newTab(t, s.base, screen)
		b.open(surveyPath).sees("This survey has not opened yet").accessible("survey-not-open")
		b.open(code).sees("Set your password").accessible("set-password")
		b.write("password", "short").press("Set the password").sees("There is a problem").accessible("set-password-error")
		b.open("/manage/set-password/no-such-code").accessible("set-password-spent")
	}
	longest := strings.Repeat("w", 40)
	s.run("", "wave", "open", longest)
	s.run("", "wave", "close", longest)
	for _, screen := range sizes {
		newTab(t, s.base, screen).open(surveyPath).sees("This survey has closed").accessible("survey-closed")
	}
	admin := signIn{email: "new@example.org", password: "a password of some length"}
	newTab(t, s.base, sizes[0]).open(code).write("password", admin.password).write("again", admin.password).press("Set the password").sees("Your password is set")
	for _, screen := range sizes {
		b := newTab(t, s.base, screen).signIn(admin)
		b.open("/manage/queues").sees(longest).accessible("queues-long-name")
		b.open("/manage/surveys/care-worker-survey/waves").sees(longest).accessible("waves-long-name")
		b.open("/manage").accessible("work-long-name")
		b.open("/manage/surveys/care-worker-survey/waves/" + longest).sees(longest).accessible("wave-long-name")
		b.open("/manage/surveys/care-worker-survey/actions").accessible("actions-long-name")
	}
}
