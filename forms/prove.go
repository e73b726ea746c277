package forms

import (
	"fmt"
	"maps"
	"slices"
	"time"
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
	FindingUnreachable   = "unreachable"    // a page or question that no answers lead to
	FindingDeadEnd       = "dead_end"       // a path that stops at a page with nothing after it
	FindingUnsendable    = "unsendable"     // a path on which no answers can be sent
	FindingAnonymous     = "anonymous"      // a path on which the anonymous referrer cannot send, or only with their name
	FindingSkipped       = "skipped"        // a required question whose lack of an answer passes
	FindingNeverRequired = "never_required" // a condition for being required that never holds where the question is asked
	FindingWrongStage    = "wrong_stage"    // an answer that is demanded because of one that comes on a later page
	FindingHidden        = "hidden"         // a question that is demanded although it is not asked
	FindingKept          = "kept"           // an answer of a branch not taken that is saved
	FindingTooComplex    = "too_complex"    // more paths than can be walked
	FindingTranslation   = "translation"    // words missing in a language of the form
	FindingApplies       = "applies"        // a branch that does not say whom it is for
	FindingMapsTo        = "maps_to"        // options that do not fit the list that statistics need
)

// Proof is what walking every path of a form showed.
type Proof struct {
	Findings []Finding // none if the form is sound; in the order of the form for each check
	// Sets counts the distinct sets of visible questions for which answers
	// were sent; a page that repeats has none, one or two members, as far as
	// the form allows. Every says that there are no others.
	Sets  int
	Every bool
	// Endings counts those after which the form ends without sending.
	Endings int
	// Sent counts the answers sent: at least one for each set.
	Sent int
}

// Prove walks every path of a form and tells what is wrong with it. It answers
// for the definition and for the engine: each path is sent, through Strip and
// Validate, with as few answers as they allow.
func Prove(f *Form) Proof {
	p := newProver(f)
	p.prove()
	return p.proof
}

func newProver(f *Form) *prover {
	return &prover{
		form: f, seen: map[Finding]bool{}, strip: f.Strip, validate: f.Validate,
		sets: map[string]bool{}, endings: map[string]bool{}, samples: map[*node]sample{},
	}
}

func (p *prover) prove() {
	p.checkWords()
	p.checkBranches()
	p.checkStages()
	p.walkPaths()
	p.checkReached()
	p.sendAll()
}

type prover struct {
	form *Form
	// The engine as it is, or as a test breaks it.
	strip    func(Answers) Answers
	validate func(a Answers, lang string, now time.Time) []FieldError

	proof     Proof
	seen      map[Finding]bool // place and rule
	walk      *walk
	sets      map[string]bool // sent, by the bits of walk.slot
	endings   map[string]bool
	samples   map[*node]sample // of each question that was answered anyhow
	anonymous int              // answers sent by somebody anonymous
}

// find notes a defect, once for each place and rule.
func (p *prover) find(place, rule, format string, args ...any) {
	key := Finding{Place: place, Rule: rule}
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	p.proof.Findings = append(p.proof.Findings, Finding{p.form.ID, place, rule, fmt.Sprintf(format, args...)})
}

func placeOfPage(page *Page) string { return fmt.Sprintf("page %q", page.ID) }

// walkPaths walks so that each distinct set of visible questions is met or,
// where these are too many, so that each branch is.
func (p *prover) walkPaths() {
	p.walk = newWalk(p.form, eachSet)
	if p.proof.Every = !p.walk.gaveUp; p.proof.Every {
		return
	}
	if p.walk = newWalk(p.form, eachBranch); p.walk.gaveUp {
		p.find("form", FindingTooComplex, "The conditions depend on each other in too many ways to walk all paths.")
	}
}

// checkBranches asks that every branch says in words whom it is for, since
// people without JavaScript see all of them, and that options fit the list
// that national statistics need.
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
			p.checkMapsTo(q)
		}
	}
}

// checkStages asks that nothing is demanded because of an answer that people
// give only on a later page.
func (p *prover) checkStages() {
	for _, compiled := range p.form.plan.pages {
		last := -1
		if len(compiled.nodes) > 0 {
			last = compiled.nodes[len(compiled.nodes)-1].index
		}
		for _, n := range compiled.nodes {
			if n.question.Required == nil {
				continue
			}
			for _, field := range n.question.Required.Fields() {
				if p.form.plan.byID[field].index > last {
					p.find(placeOf(n.question), FindingWrongStage,
						"Whether an answer is required depends on %q, which is asked on a later page.", field)
				}
			}
		}
	}
}

// checkWords asks that what has English words has them in every language of
// the form.
func (p *prover) checkWords() {
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

// checkReached asks that some answers lead to each page and question, and that
// an answer is required somewhere if its question says when.
func (p *prover) checkReached() {
	if p.walk.gaveUp {
		return
	}
	demands := newWalk(p.form, eachDemand)
	for i := range p.form.plan.pages {
		compiled := &p.form.plan.pages[i]
		if !p.walk.reached[compiled.page] {
			p.find(placeOfPage(compiled.page), FindingUnreachable, "No answers lead to the page.")
			continue
		}
		for _, n := range compiled.nodes {
			switch {
			case !p.walk.asked[n]:
				p.find(placeOf(n.question), FindingUnreachable, "No answers lead to the question.")
			case n.question.Required != nil && !demands.demanded[n] && !demands.gaveUp:
				p.find(placeOf(n.question), FindingNeverRequired,
					"The condition under which an answer is required never holds where the question is asked, so everybody can skip it.")
			}
		}
	}
}
