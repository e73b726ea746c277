package forms

import (
	"fmt"
	"maps"
	"slices"
)

// Finding is a defect of a definition that loads but should not go live.
type Finding struct {
	Form    string
	Place   string // `page "pay"`, `question "contract"`
	Rule    string // which check found it
	Message string // a full sentence
}

// Rules of the prover.
const (
	FindingUnreachable = "unreachable" // a page or question that no answers lead to
	FindingDeadEnd     = "dead_end"    // a path that stops at a page with nothing after it
	FindingUnsendable  = "unsendable"  // a path on which no answers can be sent
	FindingSkipped     = "skipped"     // a required question whose lack of an answer passes
	FindingTooComplex  = "too_complex" // more paths than can be walked
	FindingTranslation = "translation" // words missing in a language of the form
	FindingApplies     = "applies"     // a branch that does not say whom it is for
	FindingMapsTo      = "maps_to"     // an option without the code that statistics need
)

// Prove walks every path of a form and returns what is wrong with it, in the
// order of the form. It answers for the definition and for the engine: each
// path is sent, through Strip and Validate, with as few answers as they allow.
func Prove(f *Form) []Finding { return prove(f).findings }

func prove(f *Form) *prover {
	p := &prover{form: f, seen: map[Finding]bool{}}
	p.checkWords()
	p.checkBranches()
	p.walkPaths()
	p.checkReached()
	p.sendAll()
	return p
}

type prover struct {
	form      *Form
	findings  []Finding
	seen      map[Finding]bool // place and rule
	walk      walk
	witnesses int
}

// find notes a defect, once for each place and rule.
func (p *prover) find(place, rule, format string, args ...any) {
	key := Finding{Place: place, Rule: rule}
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	p.findings = append(p.findings, Finding{p.form.ID, place, rule, fmt.Sprintf(format, args...)})
}

func placeOfPage(page *Page) string { return fmt.Sprintf("page %q", page.ID) }

// checkBranches asks that every branch says in words whom it is for, since
// people without JavaScript see all of them, and that options due in national
// statistics have their code.
func (p *prover) checkBranches() {
	for i := range p.form.Pages {
		page := &p.form.Pages[i]
		if !page.When.Always() && page.Applies.In("en") == "" {
			p.find(placeOfPage(page), FindingApplies, "The page has a condition but no words (applies) that say whom it is for.")
		}
		for j := range page.Questions {
			q := &page.Questions[j]
			if !q.When.Always() && q.Applies.In("en") == "" {
				p.find(placeOf(q), FindingApplies, "The question has a condition but no words (applies) that say whom it is for.")
			}
			for _, option := range q.Options {
				if q.MapsTo != "" && option.MapsTo == "" && !option.Aside {
					p.find(placeOf(q), FindingMapsTo, "The option %q has no code (maps_to) in the list %q.", option.Code, q.MapsTo)
				}
			}
		}
	}
}

// checkWords asks that what has English words has them in every language of
// the form, the engine's own words included.
func (p *prover) checkWords() {
	for _, lang := range p.form.Languages {
		if len(messages[lang]) != len(messages["en"]) || len(words[lang]) != len(words["en"]) || len(months[lang]) == 0 {
			p.find(fmt.Sprintf("language %q", lang), FindingTranslation, "The engine has no messages in the language %q.", lang)
		}
	}
	f := p.form
	p.translated(fmt.Sprintf("form %q", f.ID), f.Title)
	for i := range f.Pages {
		page := &f.Pages[i]
		p.translated(placeOfPage(page), page.Title, page.Body, page.Applies)
		if page.Repeats != nil {
			p.translated(placeOfPage(page), page.Repeats.Item, page.Repeats.Add)
		}
		for j := range page.Questions {
			q := &page.Questions[j]
			texts := []Text{q.Label, q.Short, q.Hint, q.Applies}
			for _, rule := range slices.Sorted(maps.Keys(q.Messages)) {
				texts = append(texts, q.Messages[rule])
			}
			for _, option := range q.Options {
				if !option.fromList {
					texts = append(texts, option.Label, option.Hint)
				}
			}
			for _, help := range q.Help {
				texts = append(texts, help.Text, help.Link)
			}
			p.translated(placeOf(q), texts...)
		}
	}
}

func (p *prover) translated(place string, texts ...Text) {
	for _, text := range texts {
		for _, lang := range p.form.Languages {
			if text["en"] != "" && text[lang] == "" {
				p.find(place, FindingTranslation, "%q has no words in the language %q.", text["en"], lang)
			}
		}
	}
}

func (p *prover) checkReached() {
	for i := range p.form.plan.pages {
		compiled := &p.form.plan.pages[i]
		if !p.walk.reached[compiled.page] && !p.walk.gaveUp {
			p.find(placeOfPage(compiled.page), FindingUnreachable, "No answers lead to the page.")
			continue
		}
		for _, n := range compiled.nodes {
			if !p.walk.asked[n] && !p.walk.gaveUp {
				p.find(placeOf(n.question), FindingUnreachable, "No answers lead to the question.")
			}
		}
	}
}
