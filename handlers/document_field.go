package handlers

import (
	"encoding/json"
	"strings"

	"intake/forms"
)

// Field is one question in its place, as its component template shows it. Each
// thing that can be filled in has its wire name as its HTML id, and of several
// options the first has the question's, so that #NAME leads there.
type Field struct {
	Component string // the component template that draws it
	Words     words
	Name      string
	Kind      forms.Kind
	Label     string
	Optional  bool // said beside the label
	Hint      []paragraph
	Applies   []paragraph
	When      string // conditions in JSON, "" where there is none
	Required  string
	// Messages are what the page says by itself of an answer, by rule, as JSON.
	Messages string
	// Short is what the page calls the question where it lists the answers.
	Short       string
	Error       string
	DescribedBy string // ids of hint, error and count, for aria-describedby
	Value       string
	Input       inputView
	Max         int // characters of a text, or answers of several; 0 is no limit
	Left        string
	Parts       []partView
	Options     []optionView
	NotKnown    *boxView
	Estimated   *boxView
	Help        []helpView
	// Screen makes the question a screen of its own, its name a heading.
	Screen  bool
	Current bool
}

// HintID, ErrorID and CountID are what DescribedBy refers to.
func (f Field) HintID() string  { return f.Name + "-hint" }
func (f Field) ErrorID() string { return f.Name + "-error" }
func (f Field) CountID() string { return f.Name + "-count" }

// holds reports whether a wire name is this question's or a part of it.
func (f Field) holds(name string) bool {
	return name == f.Name || strings.HasPrefix(name, f.Name+".")
}

// inputView is how a kind of one line is typed.
type inputView struct {
	Type      string
	InputMode string
	Width     string // a width class of the design system
	Dir       string // numbers and addresses run from left to right in every language
}

// partView is one of a date's three boxes.
type partView struct {
	ID, Name, Label, Width, Value string
	Wrong                         bool
}

type optionView struct {
	Value, Label string
	HintID       string
	Hint         []paragraph
	Checked      bool
	Excludes     bool
	Divider      string // a word before the option that excludes the others
	Other        *otherView
}

// otherView is the text in which people say what "other" is.
type otherView struct{ ID, Name, Option, Label, Value string }

// boxView is a tick box beside a question: "Not known", "This is an estimate".
type boxView struct {
	ID, Name, Label string
	Question        string // said after the label where it cannot be seen
	Checked         bool
	SetsAside       bool // ticked, it stands in the place of the answer
}

type helpView struct {
	Codes string // JSON: the answers that call for it
	Body  []paragraph
	Link  string
	URL   string
}

// components says how each kind of question is drawn. A kind that is missing
// here fails a test that ranges over the kinds.
var components = map[forms.Kind]struct {
	template string
	input    inputView
}{
	forms.KindChoice:    {template: "radios"},
	forms.KindChoices:   {template: "checkboxes"},
	forms.KindLongText:  {template: "textarea"},
	forms.KindDate:      {template: "date"},
	forms.KindText:      {template: "input", input: inputView{Type: "text", Dir: "auto"}},
	forms.KindEmail:     {template: "input", input: inputView{Type: "email", InputMode: "email", Dir: "ltr"}},
	forms.KindPhone:     {template: "input", input: inputView{Type: "tel", InputMode: "tel", Width: "govuk-input--width-20", Dir: "ltr"}},
	forms.KindPostcode:  {template: "input", input: inputView{Type: "text", Width: "govuk-input--width-10", Dir: "ltr"}},
	forms.KindNHSNumber: {template: "input", input: inputView{Type: "text", InputMode: "numeric", Width: "govuk-input--width-10", Dir: "ltr"}},
}

// field builds the question q under its wire name.
func (b *builder) field(q *forms.Question, name string) Field {
	component := components[q.Kind]
	f := Field{
		Component: component.template,
		Words:     b.words,
		Name:      name,
		Kind:      q.Kind,
		Label:     b.fill.text(q.Label.In(b.Lang)),
		Optional:  b.Form.Kind == forms.Referral && q.Required == nil,
		Hint:      b.fill.paragraphs(q.Hint.In(b.Lang)),
		Applies:   b.fill.paragraphs(q.Applies.In(b.Lang)),
		When:      q.When.JSON(),
		Error:     b.errors[name].message,
		Value:     b.Answers.Get(name),
		Input:     component.input,
	}
	if q.Required != nil {
		f.Required = requiredJSON(*q.Required)
	}
	if messages := q.PageMessages(b.Lang); len(messages) > 0 {
		f.Messages, f.Max = asJSON(messages), q.Max
	}
	if b.Form.Kind == forms.Survey {
		f.Short = b.fill.text(q.Name(b.Lang))
	}
	switch component.template {
	case "radios", "checkboxes":
		f.Options = b.options(q, name)
	case "date":
		f.Parts = b.dateParts(name)
	case "textarea":
		f.Max = q.Max
		f.Left = withNumber(b.words["up_to"], q.Max)
	}
	if len(f.Hint) == 0 && component.template == "checkboxes" {
		f.Hint = b.fill.paragraphs(b.words.tick(q.Max))
	}
	if q.NotKnown {
		f.NotKnown = b.box(q, name+".unknown", b.words["not_known"])
		f.NotKnown.SetsAside = true
	}
	if q.Estimated {
		f.Estimated = b.box(q, name+".estimated", b.words["estimated"])
	}
	for _, help := range q.Help {
		f.Help = append(f.Help, b.help(help))
	}
	f.DescribedBy = f.describers()
	return f
}

// requiredJSON writes a condition that always holds as {}, since "" is none.
func requiredJSON(c forms.Condition) string {
	if c.Always() {
		return "{}"
	}
	return c.JSON()
}

func (b *builder) options(q *forms.Question, name string) []optionView {
	chosen := map[string]bool{}
	for _, code := range b.Answers[name] {
		chosen[code] = true
	}
	views := make([]optionView, 0, len(q.Options))
	for i, option := range q.Options {
		v := optionView{
			HintID:   name + "-" + option.Code + "-hint",
			Value:    option.Code,
			Label:    b.fill.text(option.Label.In(b.Lang)),
			Hint:     b.fill.paragraphs(option.Hint.In(b.Lang)),
			Checked:  chosen[option.Code],
			Excludes: option.Excludes,
		}
		if i > 0 && option.Excludes {
			v.Divider = b.words["or"]
		}
		if option.Other {
			other := name + ".other"
			v.Other = &otherView{ID: other, Name: other, Option: option.Code, Label: b.words["say_what"], Value: b.Answers.Get(other)}
		}
		views = append(views, v)
	}
	return views
}

func (b *builder) dateParts(name string) []partView {
	parts := []partView{
		{Name: name + ".day", Label: b.words["day"], Width: "govuk-input--width-2"},
		{Name: name + ".month", Label: b.words["month"], Width: "govuk-input--width-2"},
		{Name: name + ".year", Label: b.words["year"], Width: "govuk-input--width-4"},
	}
	fault, found := b.errors[name]
	for i := range parts {
		part := &parts[i]
		part.ID = part.Name
		part.Value = b.Answers.Get(part.Name)
		// A fault of the day stands for the date as a whole.
		part.Wrong = found && (fault.field == part.Name || fault.field == parts[0].Name)
	}
	return parts
}

func (b *builder) box(q *forms.Question, name, label string) *boxView {
	return &boxView{
		ID: name, Name: name, Label: label, Question: b.fill.text(q.Name(b.Lang)),
		Checked: b.Answers.Get(name) == "yes",
	}
}

func (b *builder) help(h forms.Help) helpView {
	return helpView{Codes: asJSON(h.When), Body: b.fill.paragraphs(h.Text.In(b.Lang)), Link: h.Link.In(b.Lang), URL: b.fill.text(h.URL)}
}

// Keeps reports whether the page's script may keep answers on a phone that is
// the person's own: never those of a referral.
func (d *Document) Keeps() bool { return d.Kind == forms.Survey }

// OwnPhone is the question that comes before all others where there is script.
// It is the page's alone and never sent.
func (d *Document) OwnPhone() Field {
	const name = "own_phone"
	w := d.Words
	option := func(code, label, hint string) optionView {
		return optionView{Value: code, Label: label, HintID: name + "-" + code + "-hint", Hint: plainParagraph(hint)}
	}
	f := Field{
		Component: "radios", Words: w, Name: name, Kind: forms.KindChoice, Screen: true,
		Label: w["own_phone"], Hint: plainParagraph(w["own_phone_hint"]),
		Required: requiredJSON(forms.Condition{}), Messages: asJSON(map[string]string{"required": w["own_phone_needed"]}),
		Options: []optionView{
			option("yes", w["own_phone_yes"], w["own_phone_yes_hint"]),
			option("no", w["own_phone_no"], w["own_phone_no_hint"]),
		},
	}
	f.DescribedBy = f.describers()
	return f
}

func plainParagraph(text string) []paragraph { return []paragraph{{{Text: text}}} }

// asJSON writes strings, in a list or by name, for the page's script.
func asJSON(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic("handlers: strings are always encodable: " + err.Error())
	}
	return string(b)
}

func (f Field) describers() string {
	var ids string
	add := func(id string, there bool) {
		if !there {
			return
		}
		if ids != "" {
			ids += " "
		}
		ids += id
	}
	add(f.HintID(), len(f.Hint) > 0)
	add(f.ErrorID(), f.Error != "")
	add(f.CountID(), f.Left != "")
	return ids
}

// Rows is the height of a long text's box.
func (f Field) Rows() int {
	if f.Max > 1000 {
		return 8
	}
	return 5
}
