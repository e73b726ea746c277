package forms

import "iter"

// path is the way that answers lead through a form: which pages are reached
// and which questions are asked. Because a condition may only look back
// (loading sees to it), one pass in the order of asking settles everything: an
// answer counts only if its question is asked, so what it leads to is known
// only from answers that count. That is the fixpoint of stripping.
type path struct {
	form    *Form
	answers Answers
	places  [][]string // instead of answers, where Take has read them
	reached []bool     // by place in plan.pages
	asked   []bool     // by slot; the members of groups follow the single questions
	groups  map[*group]groupState
	ending  *Page

	// The member whose conditions are being evaluated.
	group  *group
	member int
	lookUp func(field string) []string
}

type groupState struct {
	base    int // of the group's slots in asked
	members int // answered, or the least number if that is more
}

func (f *Form) walk(a Answers) *path {
	p := &path{form: f, answers: a}
	p.walk()
	return p
}

// walk finds out what is reached and asked.
func (p *path) walk() {
	f, a := p.form, p.answers
	p.reached = make([]bool, len(f.plan.pages))
	p.lookUp = p.values
	slots := f.plan.singles
	if len(f.plan.groups) > 0 {
		p.groups = make(map[*group]groupState, len(f.plan.groups))
		for id, g := range f.plan.groups {
			state := groupState{base: slots, members: max(a.Members(id), g.page.Repeats.Min)}
			slots += state.members * len(g.nodes)
			p.groups[g] = state
		}
	}
	p.asked = make([]bool, slots)
	for i := range f.plan.pages {
		compiled := &f.plan.pages[i]
		p.group = nil
		if !compiled.page.When.Holds(p.lookUp) {
			continue
		}
		p.reached[i] = true
		if compiled.page.Ends {
			p.ending = compiled.page
			break
		}
		for member := range p.membersOf(compiled.group) {
			p.group, p.member = compiled.group, member
			for _, n := range compiled.nodes {
				p.asked[p.slot(n, member)] = n.question.When.Holds(p.lookUp)
			}
		}
	}
}

// of returns what was given for one name on the wire.
func (p *path) of(n *node, member int, part part) []string {
	if p.places != nil {
		return p.places[n.places[part]]
	}
	return p.answers[n.name(member, part)]
}

// membersOf is how often a page is filled in: once, or once for each member.
func (p *path) membersOf(g *group) int {
	if g == nil {
		return 1
	}
	return p.groups[g].members
}

func (p *path) slot(n *node, member int) int {
	if n.group == nil {
		return n.slot
	}
	return p.groups[n.group].base + member*len(n.group.nodes) + n.slot
}

// required reports whether a question that is asked must be answered.
func (p *path) required(n *node, member int) bool {
	if n.question.Required == nil {
		return false
	}
	p.group, p.member = n.group, member
	return n.question.Required.Holds(p.lookUp)
}

// values is what a condition sees of a field: the values that count. A field
// of a group means the same member's within the group and any member's
// elsewhere.
func (p *path) values(field string) []string {
	n := p.form.plan.byID[field]
	switch {
	case n == nil:
		return nil
	case n.group == nil:
		return p.counted(n, 0)
	case n.group == p.group:
		return p.counted(n, p.member)
	}
	var all []string
	for member := range p.groups[n.group].members {
		all = append(all, p.counted(n, member)...)
	}
	return all
}

// counted returns the values of a question if it is asked and its "Not known"
// box is not ticked. Of a date it returns some field, which is enough to say
// that there is an answer.
func (p *path) counted(n *node, member int) []string {
	if !p.asked[p.slot(n, member)] || p.notKnown(n, member) {
		return nil
	}
	return p.given(n, member)
}

func (p *path) given(n *node, member int) []string {
	for _, part := range n.kind.parts {
		if values := p.of(n, member, part); len(values) > 0 {
			return values
		}
	}
	return nil
}

func (p *path) notKnown(n *node, member int) bool {
	return n.question.NotKnown && len(p.of(n, member, partUnknown)) > 0
}

// Step is one page on the way that answers lead through a form, and of a page
// that repeats one member.
type Step struct {
	Page   *Page
	Member int // of a page that repeats, from 0; otherwise 0
	Asked  []Asked
}

// Asked is a question in its place.
type Asked struct {
	*Question
	Name string // on the wire
}

// Visible lists the pages that the answers lead to, with the questions that
// are asked there. A page that repeats is there once for each member, but at
// least as often as it must be filled in.
func (f *Form) Visible(a Answers) []Step {
	p := f.walk(a)
	var steps []Step
	for i := range f.plan.pages {
		compiled := &f.plan.pages[i]
		if !p.reached[i] {
			continue
		}
		for member := range p.membersOf(compiled.group) {
			step := Step{Page: compiled.page, Member: member}
			for _, n := range compiled.nodes {
				if p.asked[p.slot(n, member)] {
					step.Asked = append(step.Asked, Asked{n.question, n.name(member, partMain)})
				}
			}
			// A page all of whose questions are hidden is not shown; one that
			// never had any interrupts.
			if len(step.Asked) > 0 || len(compiled.nodes) == 0 {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

// Asked goes through the questions that the answers lead to, in the order of the
// form; those of a page that repeats come once for each member.
func (f *Form) Asked(a Answers) iter.Seq[Asked] {
	return func(yield func(Asked) bool) {
		p := f.walk(a)
		for i := range f.plan.pages {
			compiled := &f.plan.pages[i]
			if !p.reached[i] {
				continue
			}
			for member := range p.membersOf(compiled.group) {
				for _, n := range compiled.nodes {
					if p.asked[p.slot(n, member)] && !yield(Asked{n.question, n.name(member, partMain)}) {
						return
					}
				}
			}
		}
	}
}

// Ending returns the page at which the answers' path stops, so that nothing
// can be sent, or nil. Validate does not look at it.
func (f *Form) Ending(a Answers) *Page { return f.walk(a).ending }

// Strip drops the answers that do not count: those of branches not taken,
// "say what" without its option, and values beside a ticked "Not known". It
// returns new answers, whose members are numbered anew.
func (f *Form) Strip(a Answers) Answers {
	p := f.walk(a)
	out := make(Answers, len(a))
	for i := range f.plan.pages {
		compiled := &f.plan.pages[i]
		if !p.reached[i] {
			continue
		}
		kept := 0
		for member := range p.membersOf(compiled.group) {
			before := len(out)
			for _, n := range compiled.nodes {
				if !p.asked[p.slot(n, member)] {
					continue
				}
				for part := range p.parts(n, member) {
					out[n.name(kept, part)] = p.of(n, member, part)
				}
			}
			if len(out) > before {
				kept++
			}
		}
	}
	return out
}

// parts are those of one question's answer that count.
func (p *path) parts(n *node, member int) iter.Seq[part] {
	return func(yield func(part) bool) {
		given := func(part part) bool { return len(p.of(n, member, part)) == 0 || yield(part) }
		if p.notKnown(n, member) {
			given(partUnknown)
			return
		}
		for _, part := range n.kind.parts {
			if !given(part) {
				return
			}
		}
		if n.question.Estimated && p.given(n, member) != nil && !given(partEstimated) {
			return
		}
		if n.other && n.choseOther(p.of(n, member, partMain)) {
			given(partOther)
		}
	}
}

func (n *node) choseOther(codes []string) bool {
	for _, code := range codes {
		if option := n.question.Option(code); option != nil && option.Other {
			return true
		}
	}
	return false
}
