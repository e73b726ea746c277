package forms

import "slices"

// variable is a question that conditions of pages or questions name.
type variable struct {
	node    *node
	place   int // of what counts for others, in stop.facts
	own     int // of what counts within the same member, in stop.facts
	last    int // the last index at which others look at it
	lastOwn int // the last index at which the same member looks at it
	tests   [][]string
	exists  bool // some condition asks only whether there is an answer
	choices []choice
}

// choice is one sort of answer to a variable.
type choice struct {
	sample sample   // nil to leave it empty
	values []string // what conditions see; none where none would tell it from no answer
}

func (w *walk) findVariables() {
	look := func(c Condition, index, until int, from *group) {
		c.walk(func(leaf Condition) {
			n := w.form.plan.byID[leaf.Field]
			v := w.variables[n]
			if v == nil {
				v = &variable{node: n, place: w.places, own: w.places + 1, last: -1, lastOwn: -1}
				w.places += 2
				w.variables[n] = v
			}
			if n.group != nil && n.group == from {
				v.lastOwn = max(v.lastOwn, index)
			} else {
				v.last = max(v.last, until)
			}
			if leaf.Exists != nil {
				v.exists = true
			} else {
				v.tests = append(v.tests, append(slices.Clone(leaf.In), leaf.Eq))
			}
		})
	}
	next := 0
	for _, compiled := range w.form.plan.pages {
		look(compiled.page.When, next, next, nil)
		next += len(compiled.nodes)
		for _, n := range compiled.nodes {
			until := n.index
			if n.group != nil {
				until = next // also after the last question, since the next member looks again
			}
			look(n.question.When, n.index, until, n.group)
		}
	}
	for _, v := range w.variables {
		v.choices = v.sorts()
	}
}

// sorts lists one answer for each sort that the tests tell apart, then "Not
// known", then none. Answers come first so that the first way on is one that
// leaves nothing out.
func (v *variable) sorts() []choice {
	var out []choice
	if !v.node.kind.closed {
		if sample := v.node.validSample(); sample != nil {
			out = append(out, choice{sample, []string{"answered"}})
		}
	} else {
		out = v.optionSorts()
	}
	if v.node.question.NotKnown {
		out = append(out, choice{sample: sample{partUnknown: {"yes"}}})
	}
	return append(out, choice{})
}

func (v *variable) optionSorts() []choice {
	var codes []string
	var combinable []string
	seen := map[string]bool{}
	for _, option := range v.node.question.Options {
		sort := make([]byte, len(v.tests))
		for i, test := range v.tests {
			if slices.Contains(test, option.Code) {
				sort[i] = 1
			}
		}
		if seen[string(sort)] && !option.Excludes {
			continue
		}
		seen[string(sort)] = true
		codes = append(codes, option.Code)
		if !option.Excludes {
			combinable = append(combinable, option.Code)
		}
	}
	var out []choice
	add := func(values []string) {
		if len(out) == 60 {
			return // a bit each must do, with room for the two without values
		}
		c := choice{sample: sample{partMain: values}}
		if v.exists || slices.ContainsFunc(v.tests, func(test []string) bool {
			return slices.ContainsFunc(values, func(code string) bool { return slices.Contains(test, code) })
		}) {
			c.values = values
		}
		out = append(out, c)
	}
	for _, code := range codes {
		add([]string{code})
	}
	if limit := v.node.question.Max; v.node.kind.several {
		for set := 1; set < 1<<min(len(combinable), 5); set++ {
			var values []string
			for i := range min(len(combinable), 5) {
				if set&(1<<i) != 0 {
					values = append(values, combinable[i])
				}
			}
			if len(values) > 1 && (limit == 0 || len(values) <= limit) {
				add(values)
			}
		}
	}
	return out
}

// validSample is the first sample that the question takes, or nil.
func (n *node) validSample() sample {
	for _, s := range n.kind.samples(n.question) {
		answers := Answers{}
		for part, values := range s {
			answers[n.name(0, part)] = values
		}
		if n.kind.check(answer{n, 0, &path{answers: answers}, on(provingDay)}).rule == "" {
			return s
		}
	}
	return nil
}
