package forms

import (
	"maps"
	"slices"
	"strings"
)

// everyAnswer tries all answers to a small form: every option and every set of
// options, a sample, "Not known" and nothing, for up to two members.
type everyAnswer struct {
	form   *Form
	budget int // of answers left to try; negative once there were too many
	sets   map[string]Answers
}

func (e *everyAnswer) countMembers(groups []string, counts map[string]int) {
	if len(groups) == 0 {
		e.questions(Answers{}, counts, 0, 0)
		return
	}
	repeats := e.form.plan.groups[groups[0]].page.Repeats
	for count := range max(repeats.Min, min(2, repeats.Max)) + 1 {
		with := maps.Clone(counts)
		with[groups[0]] = count
		e.countMembers(groups[1:], with)
	}
}

// questions answers in the order of asking, and skips what the answers so far
// do not ask.
func (e *everyAnswer) questions(a Answers, counts map[string]int, i, member int) {
	if e.budget < 0 {
		return
	}
	nodes := allNodes(e.form)
	if i == len(nodes) {
		e.try(a, counts)
		return
	}
	n := nodes[i]
	if n.group == nil {
		path := e.form.walk(a)
		if !path.asked[path.slot(n, 0)] {
			e.questions(a, counts, i+1, 0)
			return
		}
	} else if member >= counts[n.group.id] {
		e.questions(a, counts, i+1, 0)
		return
	}
	for _, s := range everySample(n) {
		with := maps.Clone(a)
		for part, values := range s {
			with[n.name(member, part)] = values
		}
		if n.group == nil {
			e.questions(with, counts, i+1, 0)
		} else {
			e.questions(with, counts, i, member+1)
		}
	}
}

func allNodes(f *Form) []*node {
	var out []*node
	for _, compiled := range f.plan.pages {
		out = append(out, compiled.nodes...)
	}
	return out
}

func everySample(n *node) []sample {
	out := []sample{{}}
	if n.question.NotKnown {
		out = append(out, sample{partUnknown: {"yes"}})
	}
	if !n.kind.closed {
		return append(out, n.kind.samples(n.question)[0])
	}
	if !n.kind.several {
		return append(out, n.kind.samples(n.question)...)
	}
	for set := 1; set < 1<<len(n.question.Options); set++ {
		var codes []string
		for i, option := range n.question.Options {
			if set&(1<<i) != 0 {
				codes = append(codes, option.Code)
			}
		}
		out = append(out, sample{partMain: codes})
	}
	return out
}

// try keeps the set of visible questions if the answers can be sent as they
// are.
func (e *everyAnswer) try(a Answers, counts map[string]int) {
	e.budget--
	for id, count := range counts {
		if a.Members(id) != count {
			return
		}
	}
	if !e.form.Strip(a).Equal(a) || e.form.Ending(a) != nil || e.form.Validate(a, "en", provingDay) != nil {
		return
	}
	var names []string
	for _, step := range e.form.Visible(a) {
		for _, asked := range step.Asked {
			names = append(names, asked.Name)
		}
	}
	slices.Sort(names)
	e.sets[strings.Join(names, " ")] = a
}
