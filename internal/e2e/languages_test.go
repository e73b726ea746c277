package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"intake/forms"
)

// theLanguages are those that the demo offers.
func theLanguages(t testing.TB) []*forms.Locale {
	t.Helper()
	var all []*forms.Locale
	for _, code := range forms.LocaleCodes() {
		all = append(all, forms.LocaleIn(code))
	}
	return all
}

// pressAt clicks an element wherever the page's words are in another language.
func (b *tab) pressAt(selector string) *tab {
	b.t.Helper()
	var at, before *place
	deadline := time.Now().Add(patience)
	for at == nil || !at.Hit || before == nil || *at != *before {
		if time.Now().After(deadline) {
			b.t.Fatalf("there is no %s to press (%+v): %s", selector, at, b.excerpt())
		}
		before = at
		var err error
		at, err = chromedp.Run(b.ctx, chromedp.Evaluate[*place](`(() => {
			const el = [...document.querySelectorAll(`+quote(selector)+`)].find((el) => el.checkVisibility({visibilityProperty: true}));
			if (!el || document.readyState !== "complete") return null;
			el.scrollIntoView({block: "center"});
			const box = el.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
			const top = document.elementFromPoint(x, y);
			return {x, y, hit: el.contains(top)};
		})()`))
		if err != nil {
			at = nil // one page gives way to another
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.do(chromedp.MouseClickXY(at.X, at.Y))
	return b
}

// goOn answers a closed question by an option's code and continues.
func (b *tab) goOn(question, code string) *tab {
	b.t.Helper()
	return b.pressAt(`.current label:has(> [name="` + question + `"][value="` + code + `"])`).pressAt("[data-control=continue]")
}

// awaitScreen waits until the screen of that id is there.
func (b *tab) awaitScreen(id string) *tab {
	b.t.Helper()
	b.awaitThat(`(() => { const el = document.querySelector("[data-screen=`+id+`].current"); return !!el && el.checkVisibility({visibilityProperty: true}); })()`,
		"the screen "+id)
	return b
}

// advance answers the screen that is shown and goes on to the next, in one go:
// for the way to what a test is about. It gives the id of the screen that is
// shown then, the same one at the end of the form.
func (b *tab) advance(answers map[string][]string) string {
	b.t.Helper()
	b.fillIn(answers)
	return ask[string](b, `(async () => {
		const screen = () => document.querySelector("[data-screen].current").dataset.screen;
		const before = screen(), onward = document.querySelector("[data-control=continue]");
		if (onward.checkVisibility()) onward.click();
		for (let turns = 0; turns < 20 && onward.checkVisibility() && screen() === before; turns++) await new Promise((resolve) => setTimeout(resolve, 50));
		return screen();
	})()`)
}

// toScreen goes to a screen by the answers.
func (b *tab) toScreen(answers map[string][]string, id string) *tab {
	b.t.Helper()
	for at := b.screen(); at != id; {
		next := b.advance(answers)
		if next == at {
			b.t.Fatalf("the form ends at %s and does not come to %s: %s", at, id, b.excerpt())
		}
		at = next
	}
	return b
}

// screen is the id of the screen that is shown.
func (b *tab) screen() string {
	b.t.Helper()
	return ask[string](b, `document.querySelector("[data-screen].current").dataset.screen`)
}

// unmarked finds English among the words of another language that does not say
// so: five words of Latin letters in a row are no name. What people wrote
// themselves, among the answers to check, is in whatever language they chose.
const unmarked = `(() => {
	const found = [];
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; (node = walk.nextNode()); ) {
		const el = node.parentElement;
		if (!el.checkVisibility() || el.closest("dd") || el.closest("[lang]").lang.startsWith("en")) continue;
		const run = /[A-Za-z]+(?:[ ,.’'-]+[A-Za-z]+){4,}/.exec(node.data);
		if (run) found.push(run[0]);
	}
	return found;
})()`

// speaks checks the language of the page and of its parts.
func (b *tab) speaks(l *forms.Locale) *tab {
	b.t.Helper()
	if got := ask[string](b, `document.documentElement.lang + " " + document.documentElement.dir`); got != l.Code+" "+l.Direction {
		b.t.Errorf("%s is in “%s”, want “%s %s”", b.path(), got, l.Code, l.Direction)
	}
	if strings.Contains("hi ur ar "+forms.PseudoCode, l.Code) {
		for _, run := range ask[[]string](b, unmarked) {
			b.t.Errorf("%s in %s does not say that this is English: %s", b.path(), l.Code, run)
		}
	}
	return b
}

// small lists what people press that is smaller than 24 by 24 pixels. Links
// within a sentence may be.
const small = `[...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")].filter((el) => {
	if (!el.checkVisibility({visibilityProperty: true}) || el.closest("[aria-hidden=true], .govuk-skip-link")) return false;
	if (el.matches("p a, li a") && el.parentElement.innerText.trim() !== el.innerText.trim()) return false;
	const box = el.getBoundingClientRect();
	return box.width < 24 || box.height < 23.5;
}).map((el) => el.tagName + "." + el.className + " " + el.innerText)`

func (b *tab) hasRoomForFingers(name string) *tab {
	b.t.Helper()
	for _, target := range ask[[]string](b, small) {
		b.t.Errorf("%s at %d px has a target under 24 pixels: %s", name, b.size.width, target)
	}
	return b
}

// cutOff lists elements whose words do not fit into them.
const cutOff = `[...document.querySelectorAll("#content *, header *, footer *")].filter((el) => el.checkVisibility({visibilityProperty: true}) &&
	!el.matches(".govuk-visually-hidden, select, input, textarea") && !el.closest("[aria-hidden=true]") &&
	(getComputedStyle(el).overflow !== "visible" && (el.scrollWidth > el.clientWidth + 1 || el.scrollHeight > el.clientHeight + 1)))
	.map((el) => el.tagName + "." + el.className + " " + el.innerText.slice(0, 40))`

// withLargeText doubles the size of the text, as the browser's own setting does.
func (b *tab) withLargeText(name string) *tab {
	b.t.Helper()
	ask[*bool](b, `((document.documentElement.style.fontSize = "200%"), null)`)
	b.fits()
	for _, words := range ask[[]string](b, cutOff) {
		b.t.Errorf("%s at %d px cuts off large text: %s", name, b.size.width, words)
	}
	b.picture(name + "-large")
	ask[*bool](b, `((document.documentElement.style.fontSize = ""), null)`)
	return b
}

// TestLargeText reads the survey and the referral's gate at twice the size, as
// text alone and, with the page of a small screen on a phone's, as zoom.
func TestLargeText(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	for _, lang := range []string{"en", "pl", "ar"} {
		b := newTab(t, d.base, sizes[0]).open(surveyPath + "?lang=" + lang).awaitScreen("own_phone").withLargeText("own-phone-" + lang)
		b.pressAt("[data-control=continue]").withLargeText("own-phone-error-" + lang)
		b.goOn("own_phone", "yes").awaitScreen("care_role").withLargeText("first-" + lang)
		b.toScreen(responses[0], "pay_rating").withLargeText("scale-"+lang).toScreen(responses[0], "one_change").withLargeText("text-" + lang)
		b.toScreen(responses[0], "check").withLargeText("check-" + lang)
		b.open("/refer?lang=" + lang).withLargeText("refer-" + lang)
	}
	zoomed := newTab(t, d.base, size{"zoomed", 320, 480})
	zoomed.do(chromedp.EmulateViewport(320, 480, chromedp.EmulateScale(2)))
	zoomed.open(surveyPath).awaitScreen("own_phone").fits()
	zoomed.goOn("own_phone", "yes").awaitScreen("care_role").fits()
}

// TestReducedMotion asks for no motion.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[0])
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}},
	})
	b.open(surveyPath).awaitScreen("own_phone")
	moving := ask[[]string](b, `[document.documentElement, ...document.querySelectorAll("body *")].filter((el) => {
		const style = getComputedStyle(el);
		return style.animationName !== "none" || !/^(0s(, )?)+$/.test(style.transitionDuration) || style.scrollBehavior !== "auto";
	}).map((el) => el.tagName + "." + el.className)`)
	if len(moving) > 0 {
		t.Errorf("these still move: %v", moving)
	}
}

// TestLanguages looks at the survey's screens and the referral's first ones in
// each language: all of them in all sizes if everything is asked for.
func TestLanguages(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		for _, l := range theLanguages(t) {
			whole := full || l.Code == "en" || l.Code == "ar"
			if !whole && screen != sizes[0] {
				continue // they differ from those two in their words, which are tightest on a phone
			}
			t.Run(l.Code, func(t *testing.T) {
				b := newTab(t, d.base, screen).open(surveyPath + "?lang=" + l.Code).awaitScreen("own_phone").speaks(l)
				b.eachScreen("survey-"+l.Code, with(responses[0], "abuse_at_work", "weekly", "own_phone", "yes"), func(id string) bool {
					return whole || id == "own_phone" || id == "care_role" || id == "overall" || id == "one_change" || id == "check"
				})
				b.speaks(l).pressAt("[data-control=finish]").awaitThat(`!!document.querySelector(".govuk-panel--confirmation")`, "the answers have arrived")
				b.speaks(l).accessible("survey-" + l.Code + "-thanks")

				if l.Direction == "ltr" && !full {
					return
				}
				b.open("/refer?lang=" + l.Code).speaks(l).accessible("refer-" + l.Code)
				b.eachScreen("refer-"+l.Code, with(byProfessional, "immediate_danger", "yes"), func(id string) bool {
					return full || id == "gate" || id == "danger" || strings.HasSuffix(id, "_contact")
				})
				b.speaks(l)
			})
		}
	})
}

// TestSurveyByKeyboardWithoutScript answers the whole survey with the keyboard
// alone, and with scripts off.
func TestSurveyByKeyboardWithoutScript(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[1]).withoutScripts().open(surveyPath)
	b.sees("How old are you?")
	type stop struct{ Tag, Type, Name, Value, Words string }
	answered := map[string]bool{}
	for range 400 {
		b.keys(kb.Tab)
		at := ask[stop](b, `(({tagName, type, name, value, innerText}) => ({tag: tagName, type: type || "", name: name || "", value: value || "", words: innerText || ""}))(document.activeElement)`)
		switch {
		case at.Type == "radio" && !answered[at.Name]:
			b.keys(" ")
			if at.Name == "service" {
				b.keys(kb.ArrowDown, kb.ArrowUp, kb.ArrowDown)
			}
		case at.Type == "checkbox" && !answered[at.Name]:
			b.keys(" ")
		case at.Tag == "TEXTAREA":
			command(b, input.InsertText, input.InsertTextParams{Text: "Less paper"})
		case at.Tag == "BUTTON" && at.Value == "send" && at.Words == "Send my answers":
			if len(answered) < 45 {
				t.Fatalf("the Tab key came to %d questions only: %v", len(answered), answered)
			}
			if got := ask[string](b, `document.querySelector("[name=service]:checked").value`); got != "care_home" {
				t.Errorf("the arrow keys choose %s", got)
			}
			b.keys(kb.Enter).sees("Your answers have arrived.")
			return
		}
		if at.Type == "radio" || at.Type == "checkbox" || at.Tag == "TEXTAREA" {
			answered[at.Name] = true
		}
	}
	t.Fatalf("the Tab key never comes to the end: %s", fmt.Sprint(answered))
}
