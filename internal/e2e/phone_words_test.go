package e2e

import (
	"strings"
	"testing"
)

// TestPhoneErrorsAreTheServers compares what the device says of bad answers
// with what the server says of the same.
func TestPhoneErrorsAreTheServers(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone("Yes")
	for name, test := range map[string]struct {
		screen string
		answer string // a script that gives it
		bad    map[string][]string
	}{
		"required":   {"care_role", ``, answersOf()},
		"too many":   {"leave_reasons", `for (const el of document.getElementsByName("leave_reasons")) el.checked = ["pay","hours","workload","travel"].includes(el.value)`, answersOf("care_role", "paid_provider", "in_12_months", "nhs", "leave_reasons", "pay|hours|workload|travel")},
		"excludes":   {"training_barriers", `for (const el of document.getElementsByName("training_barriers")) el.checked = ["none","cost"].includes(el.value)`, answersOf("care_role", "paid_provider", "training_barriers", "none|cost")},
		"too long":   {"one_change", `document.getElementById("one_change").value = "é".repeat(507)`, answersOf("care_role", "paid_provider", "one_change", strings.Repeat("é", 507))},
		"too long 2": {"one_change", `document.getElementById("one_change").value = "  \n" + "🙂\n".repeat(260)`, answersOf("care_role", "paid_provider", "one_change", "  \r\n"+strings.Repeat("🙂\r\n", 260))},
	} {
		sent := newPlain(t, b.base).get(surveyPath).form("submission_key").fill(test.bad).press("send").want(422)
		want := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(sent.Find("#"+test.screen+"-error").Text()), "Error:"))
		ask[*bool](b, `(() => {
			const steer = portalSurvey.steer;
			for (const el of steer.form.querySelectorAll("[data-page]:not([data-of-page]) input:checked")) el.checked = false;
			for (const [name, value] of Object.entries({care_role: "paid_provider", in_12_months: "nhs"})) {
				if (name !== `+quote(test.screen)+`) steer.form.querySelector("[name=" + name + "][value=" + value + "]").checked = true;
			}
			steer.refresh();
			`+test.answer+`;
			steer.show(`+quote(test.screen)+`);
			return null;
		})()`)
		b.press("Continue")
		b.awaitThat(`!!document.getElementById(`+quote(test.screen+"-error")+`)`, name+": an error is shown")
		if got := ask[string](b, `document.getElementById(`+quote(test.screen+"-error")+`).textContent`); got != want || want == "" {
			t.Errorf("%s: the device says %q, the server %q", name, got, want)
		}
	}
}

// TestPhoneLooksAtWords tries what the free-text look finds and what it leaves
// alone.
func TestPhoneLooksAtWords(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone("No")
	for text, want := range map[string]string{
		"Ring 01632 960123 please":            "phone: 01632 960123",
		"call 07700900123.":                   "phone: 07700900123",
		"(01632) 960 123":                     "phone: (01632) 960 123",
		"+44 7700 900123":                     "phone: +44 7700 900123",
		"0044 7700 900 123":                   "phone: 0044 7700 900 123",
		"my cousin +48 601 234 567":           "phone: +48 601 234 567",
		"اتصل ٠٧٧٠٠ ٩٠٠١٢٣":                   "phone: ٠٧٧٠٠ ٩٠٠١٢٣",
		"write to ann.lee+x@care.example.org": "email: ann.lee+x@care.example.org",
		"Ann@Example.ORG, or":                 "email: Ann@Example.ORG",
		"I live at CM1 1QH now":               "postcode: CM1 1QH",
		"sw1a1aa":                             "postcode: sw1a1aa",
		"her number is 943 476 5919":          "nhs_number: 943 476 5919",
		"9434765919":                          "nhs_number: 9434765919",
		"9434765918 is none":                  "",
		"1111111111":                          "",
		"I work 12 hours a day":               "",
		"since 2024, for £12.50":              "",
		"07:30-14:00 and 15:00-22:00":         "",
		"07.30-14.00 15.00-22.00":             "",
		"£1,000,000,000 would do":             "",
		"from 01-02-2024 to 03-04-2025":       "",
		"8 shifts of 12 hours in 7 days":      "",
		"A12 and M25 are always full":         "",
		"at 10am @ the office":                "",
		"band 5 to 6, B2 English":             "",
		"":                                    "",
	} {
		got := ask[string](b, `portalLook(`+quote(text)+`).map((f) => f.kind + ": " + f.text).join("; ")`)
		if got != want {
			t.Errorf("in %q it finds %q, want %q", text, got, want)
		}
	}

	// It asks once and lets people decide.
	b.press("Yes, I am paid by a care provider").press("Continue").sees("Where do you mostly work?")
	ask[*bool](b, `(portalSurvey.steer.show("one_change"), null)`)
	b.write("one_change", "Ask Ann on 01632 960123").press("Continue")
	b.sees("Look again before you go on", "a phone number: “01632 960123”", "We cannot notice names.").accessible("phone-look")
	b.press("Continue").sees("How old are you?")
	ask[*bool](b, `(portalSurvey.steer.show("check"), null)`)
	b.sees("Check your answers", "a phone number: “01632 960123”").press("Change One thing to change").sees("What one thing would you change")
	b.misses("Look again before you go on")
	ask[*bool](b, `(document.getElementById("one_change").value = "More time", null)`)
	b.press("Check your answers").sees("Nothing has been sent yet.").misses("Look again before you go on")
}

func TestPhoneSpeaksLanguages(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0]).open(surveyPath).ownPhone("Yes")
	b.press("Yes, I am paid by a care provider").press("Continue").heading("Where do you mostly work?").press("In a care home").awaitKept("In a care home", "care_home")
	b.speak("ar").awaitThat(`document.documentElement.dir === "rtl" && document.documentElement.lang === "ar"`, "the page is in Arabic")
	b.awaitThat(`document.activeElement.closest("[data-screen]")?.dataset.screen === "service"`, "it is the same question")
	if !ask[bool](b, `document.querySelector("[name=service][value=care_home]").checked`) {
		t.Error("changing the language loses an answer")
	}
	b.awaitThat(`document.cookie === "lang=ar"`, "the choice is remembered")
	b.fits()
	b.connected(false).speak("pl").awaitThat(`document.querySelector("[data-part=note]").textContent !== "" && document.querySelector("[name=lang]").value === "ar"`, "there is no other language without a connection")
	b.connected(true).speak("en").heading("Where do you mostly work?")
	b.open(surveyPath).press("Carry on where I left off").heading("Where do you mostly work?")
}

// speak chooses a language.
func (b *tab) speak(code string) *tab {
	b.t.Helper()
	ask[*bool](b, `(() => { const el = document.querySelector("[name=lang]"); el.value = `+quote(code)+`;
		el.dispatchEvent(new Event("change", {bubbles: true})); return null; })()`)
	return b
}
