package forms

import "slices"

// variable is a question whose answer decides what is asked: conditions of
// pages or questions name it, or it decides whether such an answer may be left
// empty.
type variable struct {
	node    *node
	place   int      // of the first member's word in stop.facts; those of the others follow
	last    int      // the last index at which others look at it
	lastOwn int      // the last index at which the same member looks at it
	keep    int      // the last index at which its members must still be told apart
	due     int      // the page by whose end it shows whether it may be left empty; -1 if that shows at once
	codes   []string // what its answers mean to conditions, a bit of the word each
	choices []choice
	tests   [][]string
	exists  bool // some condition asks only whether there is an answer
}

// choice is one sort of answer to a variable.
type choice struct {
	sample sample // nil to leave it empty
	facts  uint64 // what conditions see, by variable.codes
}

// leftEmpty is the bit of a fact that says that an answer was asked for and
// not given, while it is open whether that is allowed.
const leftEmpty = 1 << 63

// maxCodes leaves room for leftEmpty; maxChoices bounds the sorts of one
// question.
const (
	maxCodes   = 63
	maxChoices = 1 << 12
)

// findVariables finds what decides, and until when it must be remembered.
func (w *walk) findVariables() {
	next := 0
	for _, compiled := range w.form.plan.pages {
		w.look(compiled.page.When, next, next, nil)
		next += len(compiled.nodes)
		for _, n := range compiled.nodes {
			until := n.index
			if n.group != nil {
				until = next // also after the last question, since the next member looks again
			}
			w.look(n.question.When, n.index, until, n.group)
		}
	}
	w.addDeciders()
	for _, compiled := range w.form.plan.pages {
		for _, n := range compiled.nodes {
			w.lookAtRequired(n)
		}
	}
	for _, n := range w.nodes {
		v := w.variables[n]
		if v == nil {
			continue
		}
		v.place = w.places
		w.places += w.most(n.group)
		w.decide = append(w.decide, v)
		if !v.sorts() {
			w.gaveUp = true
		}
	}
}

// look notes that a condition is evaluated at an index, and within a group
// until another.
func (w *walk) look(c Condition, index, until int, from *group) {
	c.walk(func(leaf Condition) {
		v := w.variable(w.form.plan.byID[leaf.Field])
		if v.node.group != nil && v.node.group == from {
			v.lastOwn = max(v.lastOwn, index)
		} else {
			v.last = max(v.last, until)
		}
		v.test(leaf)
	})
}

func (w *walk) variable(n *node) *variable {
	v := w.variables[n]
	if v == nil {
		v = &variable{node: n, last: -1, lastOwn: -1, keep: -1, due: -1}
		w.variables[n] = v
	}
	return v
}

func (v *variable) test(leaf Condition) {
	if leaf.Exists != nil {
		v.exists = true
	} else {
		v.tests = append(v.tests, append(slices.Clone(leaf.In), leaf.Eq))
	}
}

// addDeciders makes variables of the questions that decide whether a variable
// may be left empty or, if that is what the walk is for, any question.
func (w *walk) addDeciders() {
	for grown := true; grown; {
		grown = false
		for _, n := range w.nodes {
			if n.question.Required == nil || w.variables[n] == nil && w.aim != eachDemand {
				continue
			}
			for _, field := range n.question.Required.Fields() {
				if decider := w.form.plan.byID[field]; w.variables[decider] == nil {
					w.variable(decider)
					grown = true
				}
			}
		}
	}
}

// lookAtRequired has the walk remember the variables that decide whether an
// answer is required: of any question, to tell whether it ever is; of a
// variable until the page of the last of them is past, to tell whether it may
// be left empty.
func (w *walk) lookAtRequired(n *node) {
	if n.question.Required == nil {
		return
	}
	v := w.variables[n]
	page, end := w.pageOf(n)
	if v != nil {
		for _, field := range n.question.Required.Fields() {
			if decider := w.form.plan.byID[field]; decider.index >= n.index {
				at, until := w.pageOf(decider)
				v.due, end = max(v.due, at, page), max(end, until)
			}
		}
		if v.due >= 0 {
			v.keep = max(v.keep, end)
		}
	}
	n.question.Required.walk(func(leaf Condition) {
		decider := w.variables[w.form.plan.byID[leaf.Field]]
		if decider == nil {
			return
		}
		decider.test(leaf)
		own := n.group != nil && decider.node.group == n.group
		switch {
		case own && v != nil && v.due >= 0:
			decider.keep = max(decider.keep, end)
		case own:
			decider.lastOwn = max(decider.lastOwn, n.index)
		default:
			decider.last = max(decider.last, end)
		}
	})
}

// pageOf returns the place of a question's page and the index after the page's
// last question.
func (w *walk) pageOf(n *node) (page, end int) {
	for i := range w.form.plan.pages {
		compiled := &w.form.plan.pages[i]
		end += len(compiled.nodes)
		if compiled.page == n.page {
			return i, end
		}
	}
	return -1, -1
}
