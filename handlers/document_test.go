package handlers

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"intake/forms"
	"intake/internal/organisation"
)

// everyKind is a form that has each kind of question, with all that may stand
// beside one.
const everyKind = `
id: every-kind
version: 1
kind: referral
title: {en: "Every kind"}
languages: [en]
pages:
  - id: one
    title: {en: "One of each"}
    questions:
      - id: colour
        kind: choice
        label: {en: "Which colour?"}
        hint: {en: "Look at it in daylight."}
        required: true
        options:
          - {code: red, label: {en: "Red"}, hint: {en: "Like a tomato"}}
          - {code: other, label: {en: "Another"}, other: true}
      - id: tools
        kind: choices
        label: {en: "Which tools?"}
        max: 2
        options: [{code: axe, label: {en: "Axe"}}, {code: saw, label: {en: "Saw"}}]
        help: [{when: [axe], text: {en: "Take care."}, link: {en: "How to"}, url: /privacy}]
      - {id: nickname, kind: text, label: {en: "Nickname"}, not_known: true, required: true}
      - {id: story, kind: long_text, label: {en: "Your story"}, max: 500}
      - {id: born, kind: date, label: {en: "Date of birth"}, estimated: true, not_known: true}
      - {id: mail, kind: email, label: {en: "Email"}}
      - {id: ring, kind: phone, label: {en: "Phone"}}
      - {id: place, kind: postcode, label: {en: "Postcode"}}
      - {id: nhs, kind: nhs_number, label: {en: "NHS number"}}
  - id: warning
    title: {en: "Call 999"}
    body: {en: "Call 999 now.\n\nThen ring {adult_social_care_phone} at {organisation}."}
    when: {field: colour, eq: red}
    applies: {en: "Read this if it is red."}
  - id: animals
    title: {en: "Animals"}
    repeats: {group: pets, min: 1, max: 3, item: {en: "Pet"}, add: {en: "Add another pet"}}
    questions:
      - {id: species, kind: choice, label: {en: "What is it?"}, options: [{code: cat, label: {en: "Cat"}}, {code: dog, label: {en: "Dog"}}]}
      - {id: pet_name, kind: text, label: {en: "Its name"}, required: {field: species, eq: dog}}
`

func everyKindForm(t *testing.T) *forms.Form {
	t.Helper()
	f, err := forms.Load([]byte(everyKind), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// parsedOnce spares each test the parsing.
var parsedOnce = sync.OnceValues(parseTemplates)

// renderedPage renders a page and reads the HTML back.
func renderedPage(t *testing.T, name string, data any) *goquery.Document {
	t.Helper()
	set, err := parsedOnce()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := set.render(&out, name, data); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func publicBase(title string) base {
	return base{Title: title, Lang: "en", Dir: "ltr", Org: organisation.Demo()}
}

func documentPage(t *testing.T, in documentInput) *goquery.Document {
	t.Helper()
	in.Lang, in.Action, in.SubmissionKey = "en", "/refer", "5b0c9a3e-4c1f-4f3a-9d52-0a3f3e0e8a11"
	in.Placeholders = organisation.Demo().Placeholders()
	return renderedPage(t, "form", &formPage{base: publicBase("A form"), Document: newDocument(in)})
}

// formValues reads what a browser would send from the page, buttons apart.
func formValues(form *goquery.Selection) url.Values {
	values := url.Values{}
	form.Find("input[name], textarea[name]").Each(func(_ int, el *goquery.Selection) {
		kind := el.AttrOr("type", "")
		if _, checked := el.Attr("checked"); (kind == "radio" || kind == "checkbox") && !checked {
			return
		}
		value, ok := el.Attr("value")
		if !ok {
			value = strings.TrimPrefix(el.Text(), "\n")
		}
		values.Add(el.AttrOr("name", ""), value)
	})
	return values
}

// checkAccessible looks at what holds for every page with a form.
func checkAccessible(t *testing.T, doc *goquery.Document) {
	t.Helper()
	ids := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, el *goquery.Selection) {
		id := el.AttrOr("id", "")
		if ids[id] {
			t.Errorf("the id %q is there twice", id)
		}
		ids[id] = true
	})
	labels := map[string]int{}
	doc.Find("label").Each(func(_ int, el *goquery.Selection) {
		if strings.TrimSpace(el.Text()) == "" {
			t.Errorf("the label of %q is empty", el.AttrOr("for", ""))
		}
		if labelled, ok := el.Attr("for"); ok {
			labels[labelled]++
		}
	})
	doc.Find("input:not([type=hidden]), textarea").Each(func(_ int, el *goquery.Selection) {
		if id := el.AttrOr("id", ""); labels[id]+el.Closest("label").Length() != 1 {
			t.Errorf("the input %q has %d labels", el.AttrOr("name", ""), labels[id]+el.Closest("label").Length())
		}
	})
	doc.Find("fieldset").Each(func(_ int, el *goquery.Selection) {
		if first := el.Children().First(); !first.Is("legend") || strings.TrimSpace(first.Text()) == "" {
			t.Errorf("a fieldset does not begin with its legend")
		}
	})
	for _, attr := range []string{"aria-describedby", "aria-labelledby"} {
		doc.Find("[" + attr + "]").Each(func(_ int, el *goquery.Selection) {
			for _, id := range strings.Fields(el.AttrOr(attr, "")) {
				if !ids[id] {
					t.Errorf("%s names %q, which is nowhere", attr, id)
				}
			}
		})
	}
	doc.Find(".govuk-error-summary a").Each(func(_ int, el *goquery.Selection) {
		if href := el.AttrOr("href", ""); !ids[strings.TrimPrefix(href, "#")] {
			t.Errorf("the error summary leads to %q, which is nowhere", href)
		}
	})
	checkNothingInline(t, doc)
}

// checkNothingInline holds the pages to the content security policy.
func checkNothingInline(t *testing.T, doc *goquery.Document) {
	t.Helper()
	if n := doc.Find("style, script:not([src]), [style], a[href^='javascript:']").Length(); n > 0 {
		t.Errorf("%d inline styles or scripts", n)
	}
	doc.Find("*").Each(func(_ int, el *goquery.Selection) {
		for _, attr := range el.Nodes[0].Attr {
			if strings.HasPrefix(attr.Key, "on") {
				t.Errorf("an inline handler: %s", attr.Key)
			}
			if strings.Contains(attr.Val, "ZgotmplZ") {
				t.Errorf("a value was refused by the template: %s", attr.Key)
			}
		}
	})
}

func TestEveryKindHasItsComponent(t *testing.T) {
	t.Parallel()
	f := everyKindForm(t)
	doc := documentPage(t, documentInput{Form: f})
	for _, kind := range forms.Kinds() {
		if components[kind].template == "" {
			t.Errorf("the kind %s has no component", kind)
		}
		if doc.Find("[data-kind='"+string(kind)+"'] input, [data-kind='"+string(kind)+"'] textarea").Length() == 0 {
			t.Errorf("the kind %s is drawn without anything to fill in", kind)
		}
	}
	if len(components) != len(forms.Kinds()) {
		t.Errorf("%d components for %d kinds", len(components), len(forms.Kinds()))
	}
	checkAccessible(t, doc)
}

// What people answered must come back from the page as they gave it, or a
// rejected form would lose it.
func TestDocumentKeepsAnswers(t *testing.T) {
	t.Parallel()
	f := everyKindForm(t)
	sent := url.Values{
		"colour": {"other"}, "colour.other": {`a "quoted" <b>mauve</b> & more`},
		"tools": {"axe", "saw"}, "nickname.unknown": {"yes"}, "story": {"\nTwo lines,\nand <script>alert(1)</script>"},
		"born.day": {"31"}, "born.month": {"2"}, "born.year": {"nineteen"}, "born.estimated": {"yes"},
		"mail": {"not an address"}, "ring": {"01632960001"}, "place": {"CM1 1QH"}, "nhs": {"943 476 5919"},
		"pets.0.species": {"dog"}, "pets.1.species": {"cat"}, "pets.1.pet_name": {"Tom"},
	}
	answers, err := f.Parse(sent)
	if err != nil {
		t.Fatal(err)
	}
	faults := f.Validate(answers, "en", time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))
	if len(faults) == 0 {
		t.Fatal("the answers should have faults to show")
	}
	doc := documentPage(t, documentInput{Form: f, Answers: answers, Errors: faults})
	checkAccessible(t, doc)
	back, err := f.Parse(formValues(doc.Find("form[data-form]")))
	if err != nil {
		t.Fatal(err)
	}
	if !back.Equal(answers) {
		t.Errorf("the page holds\n%s\nfor\n%s", back.Encode(), answers.Encode())
	}
	if got := doc.Find(".govuk-error-summary li").Length(); got != len(faults) {
		t.Errorf("%d lines in the error summary for %d faults", got, len(faults))
	}
	for _, fault := range faults {
		message := doc.Find("[id='" + fault.Name + "-error']")
		if !strings.HasSuffix(message.Text(), fault.Message) {
			t.Errorf("beside %s: %q, want %q", fault.Name, message.Text(), fault.Message)
		}
	}
	if title := doc.Find("title").Text(); !strings.HasPrefix(title, "Error: ") {
		t.Errorf("the title does not tell of the error: %q", title)
	}
}

func TestDocumentStartsAtTheFirstError(t *testing.T) {
	t.Parallel()
	f := everyKindForm(t)
	fault := forms.FieldError{Field: "pets.0.pet_name", Name: "pets.0.pet_name", Message: "Enter its name"}
	for start, want := range map[string]string{"": "animals", "warning": "warning", "born.month": "one", "pets.1": "animals", "no_such": "one"} {
		in := documentInput{Form: f, Start: start, Members: map[string]int{"pets": 2}}
		if start == "" {
			in.Errors = []forms.FieldError{fault}
		}
		doc := documentPage(t, in)
		if got := doc.Find("section.current").AttrOr("data-page", ""); got != want || doc.Find("section.current").Length() != 1 {
			t.Errorf("start %q opens the page %q, want %q", start, got, want)
		}
	}
}

func TestGroupButtons(t *testing.T) {
	t.Parallel()
	f := everyKindForm(t)
	value := func(doc *goquery.Document) (add string, remove []string) {
		doc.Find("button[name=action]").Each(func(_ int, b *goquery.Selection) {
			switch v := b.AttrOr("value", ""); parseAction(v).Verb {
			case "add":
				add = v + " " + b.AttrOr("formaction", "")
			case "remove":
				remove = append(remove, v)
			}
		})
		return add, remove
	}
	add, remove := value(documentPage(t, documentInput{Form: f}))
	if add != "add.pets /refer#pets.1" || remove != nil {
		t.Errorf("one member: add %q, remove %q", add, remove)
	}
	add, remove = value(documentPage(t, documentInput{Form: f, Members: map[string]int{"pets": 3}}))
	if add != "" || !slices.Equal(remove, []string{"remove.pets.0", "remove.pets.1", "remove.pets.2"}) {
		t.Errorf("three of three members: add %q, remove %q", add, remove)
	}
}

func TestInterruptionsLinkPhones(t *testing.T) {
	t.Parallel()
	section := documentPage(t, documentInput{Form: everyKindForm(t)}).Find("section[data-page=warning]")
	if !section.HasClass("interrupt--danger") {
		t.Error("a page that tells people to call 999 does not stand out")
	}
	org := organisation.Demo()
	phone := org.Placeholders()["adult_social_care_phone"]
	var hrefs []string
	section.Find("p a").Each(func(_ int, a *goquery.Selection) { hrefs = append(hrefs, a.AttrOr("href", "")) })
	want := []string{"tel:999", "tel:" + strings.ReplaceAll(phone, " ", "")}
	if !slices.Equal(hrefs, want) {
		t.Errorf("links %q, want %q", hrefs, want)
	}
	if text := section.Text(); !strings.Contains(text, org.Name) || strings.Contains(text, "{") {
		t.Errorf("placeholders are left in %q", text)
	}
}

func TestBuiltInFormsAsPages(t *testing.T) {
	t.Parallel()
	for _, id := range forms.BuiltInIDs() {
		f := builtIn(t, organisation.Demo(), id)
		doc := documentPage(t, documentInput{Form: f, Fresh: true, Members: map[string]int{"allegations": 2, "sources": 2}})
		checkAccessible(t, doc)
		if text := doc.Find("main").Text(); strings.ContainsAny(text, "{}") {
			t.Errorf("%s: a placeholder is not filled", id)
		}
		for _, p := range f.Pages {
			for _, q := range p.Questions {
				if doc.Find("[data-field='"+q.ID+"'], [data-field$='."+q.ID+"']").Length() == 0 {
					t.Errorf("%s: the question %s is not in the document", id, q.ID)
				}
			}
		}
		// In a survey each question is a screen; in a referral each page is.
		screens := doc.Find("[data-screen]").Length()
		if fields := doc.Find("[data-field]").Length(); f.Kind == forms.Survey && screens < fields {
			t.Errorf("%s: %d screens for %d questions", id, screens, fields)
		}
		if f.Kind == forms.Referral && screens != len(f.Pages) {
			t.Errorf("%s: %d screens for %d pages", id, screens, len(f.Pages))
		}
	}
}

func TestCheckPage(t *testing.T) {
	t.Parallel()
	f := everyKindForm(t)
	answers, err := f.Parse(url.Values{
		"colour": {"red"}, "tools": {"axe", "saw"}, "nickname": {"Bo"}, "story": {"One.\n\nTwo."},
		"born.day": {"3"}, "born.month": {"4"}, "born.year": {"1950"}, "pets.0.species": {"cat"}, "pets.1.species": {"cat"},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := documentInput{Form: f, Answers: answers, Lang: "en", Action: "/refer", SubmissionKey: "k"}
	doc := renderedPage(t, "check", &checkPage{publicBase("Check your answers"), newCheck(in, append([]hiddenField{{"submission_key", "k"}, {"draft", "d"}}, hiddenAnswers(answers)...))})
	checkNothingInline(t, doc)
	sent := formValues(doc.Find("form"))
	if sent.Get("submission_key") != "k" || sent.Get("draft") != "d" {
		t.Errorf("the key or the further fields are lost: %v", sent)
	}
	if back, err := f.Parse(sent); err != nil || !back.Equal(answers) {
		t.Errorf("the page carries %s, want %s (%v)", back.Encode(), answers.Encode(), err)
	}
	var titles []string
	doc.Find("section h2").Each(func(_ int, h *goquery.Selection) { titles = append(titles, h.Text()) })
	if !slices.Equal(titles, []string{"One of each", "Pet 1", "Pet 2"}) {
		t.Errorf("sections %q", titles)
	}
	starts := map[string]bool{}
	doc.Find("button[value=change][formaction]").Each(func(_ int, b *goquery.Selection) {
		target, err := url.Parse(b.AttrOr("formaction", ""))
		if err != nil || target.Path != "/refer" {
			t.Errorf("the change button posts to %q (%v)", b.AttrOr("formaction", ""), err)
			return
		}
		start := target.Query().Get("start")
		starts[start] = true
		if doc := documentPage(t, documentInput{Form: f, Answers: answers, Start: start}); doc.Find("[id='"+start+"']").Length() != 1 {
			t.Errorf("change leads to %q, which is nowhere", start)
		}
	})
	if len(starts) == 0 || !starts["pets.1.species"] {
		t.Errorf("change buttons for %v", slices.Sorted(maps.Keys(starts)))
	}
}
