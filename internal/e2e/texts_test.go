package e2e

import (
	"testing"
	"time"
)

// TestTexts reads what people wrote, releases it, and tells them what came of
// it, with every page looked at by axe. Two readers at once would be given the
// same text, so one size follows the other.
func TestTexts(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	for _, screen := range sizes {
		b := newTab(t, d.base, screen).signIn(d.as(t, "survey_manager"))
		b.press("Survey waves").press(time.Now().Format("2006-01")).sees("In their own words")
		b.press("Read and release what people wrote").sees("What one thing would you change about your job?").accessible("texts")
		b.write("words", "Ring 01632 960123").press("Release").sees("There is a problem", "what looks like a phone number").accessible("texts-error")
		ask[*bool](b, `(document.getElementById("words").value = "Ring us back.", null)`)
		b.press("Pay").press("Release").sees("The text is released.").accessible("texts-next")
		b.press("Hold back").sees("The text is held back.")
		b.press("Skip for now").sees("To read (")
		b.press("Released (1)").sees("Ring us back.", "Released by").accessible("texts-released")
		b.press("Take back").sees("The text waits to be read again.", "Released (0)")
		b.press("Held back (1)").accessible("texts-held").press("Take back").sees("Held back (0)")

		b.press("Survey waves").press("You said, we did").sees("Write an action").accessible("actions-none")
		b.press("Save the action").sees("There is a problem", "Enter what people said").accessible("actions-error")
		ask[*bool](b, `(document.getElementById("question").value = "pay_rating", null)`)
		b.write("said", "The mileage rate has not moved in years.").write("did", "From April we pay for every mile.\nAsk your office how.")
		b.choose("state", "Done").choose("public", "Anyone, where the results are published").press("Save the action")
		b.sees("The action is written.", "From April we pay for every mile.").accessible("actions")
		for _, lang := range []string{"en", "ur"} {
			b.open(surveyPath + "/results?lang=" + lang).sees("From April we pay for every mile.").accessible("public-results-" + lang)
			// Bars begin where the line does, and good answers stand out.
			if starts := ask[float64](b, `(() => {
				const track = document.querySelector(".track").getBoundingClientRect(), bar = document.querySelector(".bar").getBoundingClientRect();
				return document.dir === "rtl" ? track.right - bar.right : bar.left - track.left;
			})()`); starts > 1 || starts < -1 {
				t.Errorf("in %s a bar begins %.0f pixels after the line", lang, starts)
			}
			if colours := ask[int](b, `new Set([...document.querySelectorAll(".bar")].map((el) => getComputedStyle(el).fill)).size`); colours != 2 {
				t.Errorf("the bars have %d colours", colours)
			}
		}
		b.open("/manage/surveys/care-worker-survey/actions").press("End").sees("The action has ended.").accessible("actions-ended")
	}
}
