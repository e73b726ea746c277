// Package results turns released responses into figures that may be shown.
// Counting and disclosure control belong inside, and nothing else: it knows no
// database and no page. Raw counts never leave it; Disclose is the only door.
package results

import (
	"slices"

	"intake/forms"
)

// Layout says which columns the responses of a wave have. It is made from the
// versions of the form that the wave accepts, which are counted together.
type Layout struct {
	versions  map[int]*forms.Form
	questions []*columns // in the order of the newest version, then of older ones
	byID      map[string]*columns
	names     []string // of the columns
}

// columns are the numbers of a question's columns: one bit each for a response
// that was asked, that answered, that is in the base, and that gave an option.
type columns struct {
	question               *forms.Question // as the newest version asks it
	branch                 bool            // not everyone is asked
	asked, answered, based int
	options                []int // as in question.Options
}

// NewLayout lays out the columns for these versions of a form, of which none
// is there twice. Questions of a repeating page are left out: they have no one
// base.
func NewLayout(versions ...*forms.Form) *Layout {
	l := &Layout{versions: map[int]*forms.Form{}, byID: map[string]*columns{}}
	newestFirst := slices.SortedFunc(slices.Values(versions), func(a, b *forms.Form) int { return b.Version - a.Version })
	for _, form := range newestFirst {
		l.versions[form.Version] = form
		for i := range form.Pages {
			page := &form.Pages[i]
			if page.Repeats != nil {
				continue
			}
			for j := range page.Questions {
				l.add(&page.Questions[j], !page.When.Always())
			}
		}
	}
	// Somebody who was asked in the words of a version that lacks a question
	// was not asked it.
	for _, q := range l.questions {
		for _, form := range versions {
			q.branch = q.branch || form.Question(q.question.ID) == nil
		}
	}
	return l
}

func (l *Layout) add(q *forms.Question, onBranch bool) {
	onBranch = onBranch || !q.When.Always()
	if known := l.byID[q.ID]; known != nil {
		known.branch = known.branch || onBranch
		return
	}
	column := func(of string) int {
		l.names = append(l.names, q.ID+of)
		return len(l.names) - 1
	}
	c := &columns{question: q, branch: onBranch, asked: column(" asked"), answered: column(" answered"), based: column(" base")}
	for i := range q.Options {
		c.options = append(c.options, column("="+q.Options[i].Code))
	}
	l.questions = append(l.questions, c)
	l.byID[q.ID] = c
}

// bitsOf calls set with each column that a response has, whose answers are
// valid and stripped. It returns false for a version that is not among the
// layout's.
func (l *Layout) bitsOf(version int, answers forms.Answers, set func(column int)) bool {
	form := l.versions[version]
	if form == nil {
		return false
	}
	for asked := range form.Asked(answers) {
		c := l.byID[asked.Name]
		if c == nil {
			continue
		}
		set(c.asked)
		values := answers[asked.Name]
		if len(values) == 0 {
			continue
		}
		set(c.answered)
		inBase := !c.question.Kind.Closed()
		for i := range c.question.Options {
			option := &c.question.Options[i]
			if slices.Contains(values, option.Code) {
				set(c.options[i])
				inBase = inBase || !option.Aside
			}
		}
		if inBase {
			set(c.based)
		}
	}
	return true
}
