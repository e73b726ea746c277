package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// visibleText is a script's expression for the text that people can see. What
// is hidden from screen readers stays out: the button that takes the Enter key
// is off the screen.
const visibleText = `((out) => {
	const aside = [...document.querySelectorAll("[aria-hidden=true]")].map((el) => [el, el.style.display]);
	for (const [el] of aside) el.style.display = "none";
	out = document.body.innerText.replace(/\s+/g, " ").trim();
	for (const [el, display] of aside) el.style.display = display;
	return out;
})()`

// text is what can be seen on the page.
func (b *tab) text() string {
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](visibleText))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return got
}

// excerpt is enough of it for a message.
func (b *tab) excerpt() string {
	text := b.text()
	return b.path() + ": " + text[:min(len(text), 900)]
}

func (b *tab) path() string {
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return got
}

// quote writes a string for a script.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(text)
}

// sees waits until all the texts can be seen.
func (b *tab) sees(texts ...string) *tab {
	b.t.Helper()
	for _, text := range texts {
		b.awaitThat(visibleText+`.includes(`+quote(text)+`)`, "the page says “"+text+"”")
	}
	return b
}

// misses waits until none of the texts can be seen.
func (b *tab) misses(texts ...string) *tab {
	b.t.Helper()
	for _, text := range texts {
		b.awaitThat(`!`+visibleText+`.includes(`+quote(text)+`)`, "the page does not say “"+text+"”")
	}
	return b
}

// heading waits until the focus is on a heading with that text and the page's
// title begins with it: a screen reader reads on from there.
func (b *tab) heading(text string) *tab {
	b.t.Helper()
	b.awaitThat(`/^H[1-3]$/.test(document.activeElement.tagName) && document.activeElement.innerText.trim() === `+quote(text),
		"the focus is on the heading “"+text+"”")
	b.awaitThat(`document.title.startsWith(`+quote(text)+`)`, "the title begins with “"+text+"”")
	return b
}

// find marks the place of an element that people can see and press: by its
// words, after those around it are dropped by within (a selector, "" for all).
const find = `((words, selector, within) => {
	if (document.readyState !== "complete") return null;
	const shown = (el) => el.checkVisibility({visibilityProperty: true}) && el.getClientRects().length > 0;
	const said = (el) => el.innerText.replace(/\s+/g, " ").trim();
	const all = [...document.querySelectorAll(selector)].filter((el) => shown(el) && !el.closest("[aria-hidden=true]") && (!within || el.closest(within)));
	const el = all.find((el) => said(el) === words) || all.find((el) => said(el).startsWith(words));
	if (!el) return null;
	el.scrollIntoView({block: "center"});
	const box = el.getClientRects()[0];
	const x = box.x + Math.min(box.width / 2, 150), y = box.y + box.height / 2;
	const top = document.elementFromPoint(x, y);
	return {x, y, hit: el === top || el.contains(top) || !!(top && top.closest("label") === el)};
})`

type place struct {
	X, Y float64
	Hit  bool
}

// press clicks what bears these words: a button, a link, a label. The click is
// where people would click, so nothing may lie over it.
func (b *tab) press(words string) *tab {
	b.t.Helper()
	return b.pressWithin("", words)
}

// pressWithin does so among what is within an element.
func (b *tab) pressWithin(within, words string) *tab {
	b.t.Helper()
	const pressable = "button, a, summary, label"
	var at, before *place
	deadline := time.Now().Add(patience)
	for {
		var err error
		at, err = chromedp.Run(b.ctx, chromedp.Evaluate[*place](fmt.Sprintf("%s(%s, %s, %s)", find, quote(words), quote(pressable), quote(within))))
		if err == nil && at != nil && at.Hit && before != nil && *at == *before {
			break // it has come to rest
		}
		before = at
		if time.Now().After(deadline) {
			b.t.Fatalf("nothing to press says “%s” (%+v, %v)\non the page %s", words, at, err, b.excerpt())
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.do(chromedp.MouseClickXY(at.X, at.Y))
	return b
}

// write types into the field of that name, after what it holds.
func (b *tab) write(name, text string) *tab {
	b.t.Helper()
	field := `document.getElementById(` + quote(name) + `)`
	b.awaitThat(`(() => { const el = `+field+`; return !!el && el.checkVisibility(); })()`, "the field "+name)
	ask[*bool](b, `(() => { const el = `+field+`; el.scrollIntoView({block: "center"}); el.focus();
		if (el.matches("textarea, [type=text]")) el.setSelectionRange(el.value.length, el.value.length);
		return null; })()`)
	command(b, input.InsertText, input.InsertTextParams{Text: text})
	return b
}

// value is what a field holds.
func (b *tab) value(name string) string {
	b.t.Helper()
	b.awaitThat(`document.readyState === "complete" && !!document.getElementById(`+quote(name)+`)`, "the field "+name)
	return ask[string](b, `document.getElementById(`+quote(name)+`).value`)
}

// checked tells whether the label's box or button is ticked.
func (b *tab) checked(label string) bool {
	b.t.Helper()
	of := `[...document.querySelectorAll("label")].find((el) => el.checkVisibility() && el.innerText.trim() === ` + quote(label) + `)`
	b.awaitThat(`document.readyState === "complete" && !!`+of, "the label “"+label+"”")
	return ask[bool](b, of+`.control.checked`)
}

// keys presses keys one after the other.
func (b *tab) keys(keys ...string) *tab {
	b.t.Helper()
	for _, key := range keys {
		b.do(chromedp.KeyEvent(key))
	}
	return b
}

// tabTo presses the Tab key until the focus is on what bears these words, as
// somebody does who has no mouse.
func (b *tab) tabTo(words string) *tab {
	b.t.Helper()
	for range 60 {
		b.keys(kb.Tab)
		if ask[bool](b, `(() => {
			const el = document.activeElement, label = el.labels && el.labels[0];
			return (label || el).innerText.replace(/\s+/g, " ").trim().startsWith(`+quote(words)+`) &&
				el.checkVisibility() && (el.matches(":focus-visible") || el.type === "radio");
		})()`) {
			return b
		}
	}
	b.t.Fatalf("the Tab key never comes to “%s”: %s", words, b.excerpt())
	return b
}

// back is the browser's own button.
func (b *tab) back() *tab {
	b.t.Helper()
	ask[*bool](b, `(setTimeout(() => history.back()), null)`) // it may take the page away
	return b
}

// signIn signs in as a manager.
func (b *tab) signIn(who signIn) *tab {
	b.t.Helper()
	return b.open("/manage/sign-in").write("email", who.email).write("password", who.password).
		press("Sign in").sees("Your work")
}

// fits checks that nothing is wider than the screen.
func (b *tab) fits() {
	b.t.Helper()
	if width := ask[int64](b, `document.scrollingElement.scrollWidth`); width > b.size.width {
		b.t.Errorf("%s is %d pixels wide on a screen of %d: %s", b.path(), width, b.size.width, ask[string](b, widest))
	}
}

// widest names the elements that stick out.
const widest = `[...document.querySelectorAll("body *")].filter((el) => el.getBoundingClientRect().right > innerWidth + 1)
	.slice(0, 5).map((el) => el.tagName + "." + el.className + " " + el.innerText.slice(0, 40)).join("; ")`

// picture keeps a picture of the page, if pictures are asked for.
func (b *tab) picture(name string) {
	b.t.Helper()
	if *shots == "" {
		return
	}
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	must(b.t, err)
	must(b.t, os.MkdirAll(*shots, 0o755))
	must(b.t, os.WriteFile(filepath.Join(*shots, fmt.Sprintf("%s-%d.png", name, b.size.width)), image, 0o644))
}

// choose answers a closed question of the screen by its option's label.
func (b *tab) choose(question, label string) *tab {
	b.t.Helper()
	return b.pressWithin(`[data-field="`+question+`"]`, label)
}

// fillIn answers all of these that the screen asks, in one go: for answers
// that a journey needs and is not about.
func (b *tab) fillIn(answers map[string][]string) *tab {
	b.t.Helper()
	list, err := json.Marshal(answers)
	must(b.t, err)
	ask[*bool](b, `((answers) => {
		for (let changed = true; changed; ) { // an answer may bring up a question
			changed = false;
			for (const [name, values] of Object.entries(answers)) {
				for (const el of document.getElementsByName(name)) {
					if (el.type === "hidden" || !el.checkVisibility()) continue;
					if (/^(radio|checkbox)$/.test(el.type)) {
						if (el.checked === values.includes(el.value)) continue;
						el.click();
					} else {
						if (el.value === values[0]) continue;
						el.value = values[0];
						el.dispatchEvent(new Event("input", {bubbles: true}));
						el.dispatchEvent(new Event("change", {bubbles: true}));
					}
					changed = true;
				}
			}
		}
		return null;
	})(`+string(list)+`)`)
	return b
}

// goThrough answers screen after screen until one offers the button, at most
// to the screen with that heading if one is named.
func (b *tab) goThrough(answers map[string][]string, button, until string) *tab {
	b.t.Helper()
	for range 60 {
		at := ask[string](b, `document.querySelector("[data-screen].current [data-heading]").innerText.trim()`)
		if at == until {
			return b
		}
		b.fillIn(answers)
		if until == "" && ask[bool](b, `[...document.querySelectorAll(".form-actions button")].some((el) => el.checkVisibility() && el.innerText.trim() === `+quote(button)+`)`) {
			return b
		}
		b.press("Continue")
		b.awaitThat(`document.querySelector("[data-screen].current [data-heading]").innerText.trim() !== `+quote(at)+` ||
			[...document.querySelectorAll(".form-actions button")].some((el) => el.checkVisibility() && el.innerText.trim() === `+quote(button)+`)`,
			"another screen follows “"+at+"”")
	}
	b.t.Fatalf("the form does not come to “%s”: %s", button+until, b.excerpt())
	return b
}

// keepsNothing checks that the page left nothing on the device.
func (b *tab) keepsNothing() {
	b.t.Helper()
	kept := ask[string](b, `(async () => JSON.stringify([localStorage.length, sessionStorage.length,
		(await indexedDB.databases()).length, (await navigator.serviceWorker.getRegistrations()).length, document.cookie]))()`)
	if kept != `[0,0,0,0,""]` {
		b.t.Errorf("the device keeps something: %s", kept)
	}
}
