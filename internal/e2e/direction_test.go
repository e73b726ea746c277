package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"intake/forms"
)

// mirrored lists what stands elsewhere when the page is turned around than a
// mirror would put it. Words keep their width whichever way they run, so every
// box has its place, and what is drawn before and after it.
const mirrored = `(() => {
	const root = document.documentElement, was = root.dir;
	const boxes = [...document.querySelectorAll("body *")].filter((el) => el.checkVisibility() && !el.closest("body [dir=ltr], select, svg") && getComputedStyle(el).display !== "inline");
	const drawn = (el, which) => {
		const style = getComputedStyle(el, which);
		return style.content !== "none" && style.position === "absolute" ? [parseFloat(style.left), parseFloat(style.right)] : null;
	};
	const measure = (dir) => {
		root.dir = dir;
		return boxes.map((el) => {
			const box = el.getBoundingClientRect(), style = getComputedStyle(el);
			return {left: box.left, right: innerWidth - box.right, before: drawn(el, "::before"), after: drawn(el, "::after"),
				border: [parseFloat(style.borderLeftWidth), parseFloat(style.borderRightWidth)],
				padding: [parseFloat(style.paddingLeft), parseFloat(style.paddingRight)], align: style.textAlign};
		});
	};
	const ltr = measure("ltr"), rtl = measure("rtl");
	root.dir = was;
	const bar = innerWidth - root.clientWidth; // where the scroll bar stands is the browser's affair
	const off = (a, b) => a && b && Math.abs(a[0] - b[1]) > 1.5 || a && b && Math.abs(a[1] - b[0]) > 1.5;
	const wrong = [];
	boxes.forEach((el, i) => {
		const a = ltr[i], b = rtl[i];
		const what = ["before", "after", "border", "padding"].filter((part) => off(a[part], b[part]));
		if (Math.abs(a.left - b.right) > bar + 2 || Math.abs(a.right - b.left) > bar + 2) what.push("place " + [a.left, a.right, b.left, b.right].map(Math.round));
		if (["left", "right"].includes(a.align) && a.align === b.align) what.push("align");
		if (what.length) wrong.push(el.tagName + "." + el.className + " " + what.join(", "));
	});
	return {boxes: boxes.length, wrong};
})()`

func (b *tab) mirrors(name string) *tab {
	b.t.Helper()
	got := ask[struct {
		Boxes int
		Wrong []string
	}](b, mirrored)
	if got.Boxes < 10 {
		b.t.Errorf("%s: only %d boxes were found", name, got.Boxes)
	}
	for _, wrong := range got.Wrong {
		b.t.Errorf("%s at %d px does not turn around: %s", name, b.size.width, wrong)
	}
	return b
}

// TestRightToLeft turns pages around, and looks at the same survey in the
// languages that run from right to left.
func TestRightToLeft(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen).open(surveyPath).awaitScreen("own_phone").mirrors("own phone")
		b.pressAt("[data-control=continue]").awaitThat(`!!document.querySelector(".current .govuk-error-message")`, "an error")
		b.mirrors("own phone, with an error").goOn("own_phone", "yes").awaitScreen("care_role").mirrors("first question")
		b.toScreen(responses[0], "lone_protection").fillIn(responses[0]).mirrors("tick boxes")
		b.toScreen(responses[0], "one_change").mirrors("text").toScreen(responses[0], "check").mirrors("answers to check")
		b.open("/").mirrors("home").open("/privacy").mirrors("privacy")
		b.open("/refer").mirrors("referral").toScreen(byProfessional, "adult").mirrors("referral, a page of many questions")

		for _, l := range theLanguages(t) {
			if l.Direction == "rtl" {
				b := newTab(t, d.base, screen).open(surveyPath + "?lang=" + l.Code).awaitScreen("own_phone")
				b.goOn("own_phone", "no").awaitScreen("care_role").readsFromTheRight()
			}
		}
	})
}

// readsFromTheRight looks at the first question and at a scale.
func (b *tab) readsFromTheRight() {
	b.t.Helper()
	box := func(selector string) string {
		return `document.querySelector(` + quote(selector) + `).getBoundingClientRect()`
	}
	holds := func(expression, what string) {
		b.t.Helper()
		if !ask[bool](b, expression) {
			b.t.Errorf("%s: not so: %s", b.path(), what)
		}
	}
	holds(`document.documentElement.dir === "rtl" && getComputedStyle(document.body).direction === "rtl"`, "the page runs from the right")
	const option = ".current .govuk-radios__item"
	holds(box(option+" input")+`.left >= `+box(option+" .govuk-radios__label")+`.right - 1`, "a radio button stands right of its label")
	b.goOn("care_role", "personal_assistant").awaitScreen("service").fillIn(responses[1])
	holds(`(() => { const range = document.createRange(); range.selectNodeContents(document.querySelector(".progress"));
		return Math.abs(range.getBoundingClientRect().right - `+box("#main-content")+`.right) < 2; })()`, "the progress stands at the right")
	holds(`Math.abs(`+box("[data-control=back]")+`.right - `+box("#main-content")+`.right) < 2`, "Back stands at the right")
	holds(`new DOMMatrix(getComputedStyle(document.querySelector("[data-control=back]"), "::before").transform).a > 0`, "its arrow points to the right")
	if b.size.width > 1000 {
		holds(box("[data-control=continue]")+`.left > `+box("[data-control=skip]")+`.right`, "Continue stands right of Skip")
	}
	b.toScreen(responses[1], "overall")
	holds(`(() => {
		const options = [...document.querySelectorAll(".current [name=overall]")];
		const tops = options.map((el) => el.getBoundingClientRect().top);
		return options.map((el) => el.value).join(" ") === "very_good good fair poor very_poor" && tops.every((top, i) => i === 0 || top > tops[i - 1]);
	})()`, "a scale keeps its order from top to bottom")
}

// TestPseudoLanguage goes through the survey in the language made up for tests:
// a third longer than English, with accents, from right to left. What does not
// fit, or stays English, shows.
func TestPseudoLanguage(t *testing.T) {
	t.Parallel()
	demo, err := os.ReadFile("../organisation/demo.yaml")
	must(t, err)
	offered := regexp.MustCompile(`(?m)^languages: \[`)
	if !offered.Match(demo) {
		t.Fatal("the demo organisation lists its languages in another way now")
	}
	file := filepath.Join(t.TempDir(), "organisation.yaml")
	must(t, os.WriteFile(file, offered.ReplaceAll(demo, []byte("languages: ["+forms.PseudoCode+", ")), 0o600))
	s := newStack(t, "PORTAL_ORGANISATION_FILE="+file)
	s.run("", "wave", "open", "pseudo")

	pseudo := &forms.Locale{Code: forms.PseudoCode, Direction: "rtl"}
	b := newTab(t, s.base, sizes[0]).open(surveyPath + "?lang=" + pseudo.Code).awaitScreen("own_phone").mirrors("pseudo")
	answers := with(responses[0], "abuse_at_work", "weekly", "own_phone", "yes")
	for at := ""; at != b.screen(); {
		at = b.screen()
		b.speaks(pseudo).fits()
		b.picture("survey-qps-" + at)
		b.advance(answers)
	}
	b.pressAt("[data-control=finish]").awaitThat(`!!document.querySelector(".govuk-panel--confirmation")`, "the answers have arrived")
	b.speaks(pseudo).fits()
	b.open("/refer?lang=" + pseudo.Code).speaks(pseudo).fits()
}
