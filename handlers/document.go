package handlers

import (
	"strconv"
	"strings"

	"intake/forms"
)

// Document is a form as its template shows it: one HTML document that holds
// every page, with what was answered and what was wrong. All decisions are
// taken here, so that the templates only print.
type Document struct {
	Kind      forms.FormKind
	Title     string
	TitleLang string // where it is not the document's
	Lang      string
	Words     words
	// Languages are those to choose from, none where there is but one.
	Languages []languageOption
	// LanguageNotes say what people should know of the language they chose.
	LanguageNotes []string
	Version       int    // of the definition
	Today         string // the server's date, like 2026-11-22
	Worker        string // "on" where the survey may keep itself on the phone, else "off"
	WordsJSON     string
	Action        string // the URL that the form posts to
	SubmissionKey string
	// Fresh lets the page use a key of its own: this is a new draft.
	Fresh bool
	// Review says that people have been through the form already, so that
	// every screen offers to finish.
	Review bool
	Errors []errorLink
	Start  string
	Pages  []pageView
	Intro  []paragraph
}

// documentInput is what a document is made from. Only Form, Lang and Action
// are needed for an empty one.
type documentInput struct {
	Form          *forms.Form
	Answers       forms.Answers
	Errors        []forms.FieldError
	Lang          string
	Languages     []languageOption
	LanguageNotes []string
	Today         string
	Worker        string
	Placeholders  map[string]string
	Action        string
	SubmissionKey string
	Fresh         bool
	// Start is where people begin: the wire name of a field, a page's id or a
	// group's member like "sources.1". Empty is the first error, or the first
	// page.
	Start  string
	Review bool
	// Members asks for at least so many members of a group to be shown.
	Members map[string]int
}

// errorLink is a line of the error summary.
type errorLink struct {
	Href    string
	Message string
	Lang    string // where it is not the document's
}

// pageView is a page of the form. In a referral it is one screen; in a survey
// each of its questions is, and the page itself only where it has none.
type pageView struct {
	ID        string
	HeadingID string
	Lang      string // where the page has no words in the document's language
	Title     string
	Body      []paragraph
	Applies   []paragraph
	When      string // a condition in JSON, "" where it always holds
	Ends      bool
	Interrupt bool // says something and asks nothing
	Danger    bool // an interruption that tells people to call 999
	Screen    bool
	Current   bool
	Fields    []Field
	Group     *groupView
}

// groupView is the part of a page that people may fill in several times.
type groupView struct {
	Min       int
	Members   []memberView
	Add       string // the button's words, "" where no more fit
	AddValue  string
	AddTarget string // where the page opens next, for browsers without script
}

type memberView struct {
	ID          string // "sources.0", also the anchor
	HeadingID   string
	Title       string
	Fields      []Field
	RemoveValue string // "" where the member may not go
	RemoveLabel string
}

// Finish and FinishValue are the words and the action of the button that ends
// the form: a survey is sent, a referral is checked first.
func (d *Document) Finish() string {
	if d.Kind == forms.Referral {
		return d.Words["check"]
	}
	return d.Words.of("send", d.Kind)
}

// FinishValue goes with Finish.
func (d *Document) FinishValue() string {
	if d.Kind == forms.Referral {
		return "check"
	}
	return "send"
}

// Saves reports whether people may save what they have and come back.
func (d *Document) Saves() bool { return d.Kind == forms.Referral }

func newDocument(in documentInput) *Document {
	w := wordsIn(in.Lang)
	fill := filler(in.Placeholders)
	doc := &Document{
		Kind:          in.Form.Kind,
		Title:         in.Form.Title.In(in.Lang),
		TitleLang:     otherThan(in.Lang, in.Form.Title.Spoken(in.Lang)),
		Lang:          in.Lang,
		Languages:     in.Languages,
		LanguageNotes: in.LanguageNotes,
		Version:       in.Form.Version,
		Today:         in.Today,
		Worker:        in.Worker,
		Words:         w,
		WordsJSON:     w.scriptJSON(in.Form.Kind),
		Action:        in.Action,
		SubmissionKey: in.SubmissionKey,
		Fresh:         in.Fresh,
		Review:        in.Review || len(in.Errors) > 0,
		Intro:         fill.paragraphs(w.of("intro", in.Form.Kind)),
	}
	b := builder{documentInput: in, words: w, fill: fill, errors: map[string]fault{}}
	for _, e := range in.Errors {
		b.errors[e.Name] = fault{e.Field, e.Message}
		doc.Errors = append(doc.Errors, errorLink{Href: "#" + e.Field, Message: e.Message, Lang: otherThan(in.Lang, e.Lang)})
	}
	for i := range in.Form.Pages {
		page := &in.Form.Pages[i]
		doc.Pages = append(doc.Pages, b.speaking(page.Title.Spoken(in.Lang)).page(page, in.Lang))
	}
	doc.Start = in.Start
	if doc.Start == "" && len(in.Errors) > 0 {
		doc.Start = in.Errors[0].Field
	}
	doc.markCurrent()
	return doc
}

// fault is what is wrong with a question, and the wire name to put right.
type fault struct{ field, message string }

// builder holds what every page and field of one document is built from.
type builder struct {
	documentInput
	words  words
	fill   filler
	errors map[string]fault // by the question's wire name
}

// speaking is the builder of the parts that are in that language: a page that
// has no words in the document's is in English whole, buttons and all, so that
// no sentence is in two languages.
func (b *builder) speaking(lang string) *builder {
	if lang == b.Lang {
		return b
	}
	other := *b
	other.Lang, other.words = lang, wordsIn(lang)
	return &other
}

func (b *builder) page(p *forms.Page, document string) pageView {
	v := pageView{
		ID:        p.ID,
		Lang:      otherThan(document, b.Lang),
		HeadingID: "page-" + p.ID,
		Title:     b.fill.text(p.Title.In(b.Lang)),
		Body:      b.fill.paragraphs(p.Body.In(b.Lang)),
		Applies:   b.fill.paragraphs(p.Applies.In(b.Lang)),
		When:      p.When.JSON(),
		Ends:      p.Ends,
		Interrupt: len(p.Questions) == 0,
	}
	v.Danger = v.Interrupt && tellsEmergency(v.Body)
	v.Screen = b.Form.Kind == forms.Referral || v.Interrupt || p.Repeats != nil
	if p.Repeats != nil {
		v.Group = b.group(p)
		return v
	}
	for i := range p.Questions {
		field := b.field(&p.Questions[i], p.Questions[i].ID)
		field.Screen = !v.Screen
		v.Fields = append(v.Fields, field)
	}
	return v
}

func (b *builder) group(p *forms.Page) *groupView {
	name := p.Repeats.Group
	least := max(p.Repeats.Min, b.Members[name])
	count := min(max(b.Answers.Members(name), least), max(p.Repeats.Max, b.Answers.Members(name)))
	item := p.Repeats.Item.In(b.Lang)
	g := &groupView{Min: p.Repeats.Min}
	for n := range count {
		member := memberView{
			ID:    name + "." + strconv.Itoa(n),
			Title: strings.TrimSpace(item + " " + strconv.Itoa(n+1)),
		}
		member.HeadingID = member.ID + ".heading"
		for i := range p.Questions {
			q := &p.Questions[i]
			member.Fields = append(member.Fields, b.field(q, member.ID+"."+q.ID))
		}
		if count > p.Repeats.Min {
			member.RemoveValue = "remove." + member.ID
			member.RemoveLabel = filled(b.words["remove"], "name", member.Title)
		}
		g.Members = append(g.Members, member)
	}
	if count < p.Repeats.Max {
		g.Add = p.Repeats.Add.In(b.Lang)
		g.AddValue = "add." + name
		g.AddTarget = b.Action + "#" + name + "." + strconv.Itoa(count)
	}
	return g
}

// markCurrent marks the screen that is painted first, before the script has
// read the document: the one that holds Start, or the first.
func (d *Document) markCurrent() {
	page, field := d.find(d.Start)
	if page == nil {
		if len(d.Pages) == 0 {
			return
		}
		page = &d.Pages[0]
	}
	page.Current = true
	if page.Screen || len(page.Fields) == 0 {
		return
	}
	if field == nil {
		field = &page.Fields[0]
	}
	field.Current = true
}

func (d *Document) find(start string) (*pageView, *Field) {
	if start == "" {
		return nil, nil
	}
	for i := range d.Pages {
		page := &d.Pages[i]
		if page.ID == start {
			return page, nil
		}
		for j := range page.Fields {
			if page.Fields[j].holds(start) {
				return page, &page.Fields[j]
			}
		}
		if page.Group == nil {
			continue
		}
		for _, member := range page.Group.Members {
			if start == member.ID || strings.HasPrefix(start, member.ID+".") {
				return page, nil
			}
		}
	}
	return nil, nil
}
