package forms

import (
	"slices"
	"time"
)

// The walk goes through a form in the order of asking and branches only where
// an answer matters to a later condition. Of the answers to such a question it
// tries one of each sort that the conditions tell apart; a page that repeats is
// filled in as often as it must be, and up to twice. Ways that agree on
// everything that later conditions look at have the same future: of these only
// the first goes on, and the others borrow its way to the end.
//
// A walk for eachSet also keeps ways apart that have asked different questions,
// so that what is left at the end is one way for each distinct set of visible
// questions. Where these are too many (40 questions with a follow-up each have
// 2^40), a walk for eachBranch is done instead: its number of ways grows with
// what must be remembered at one time, not with the product of all branches,
// and still each branch is taken from every situation in which it can be.

// maxStops bounds the walk; the built-in forms need some thousands.
const maxStops = 100_000

// stop is one step of the walk: an answer to a variable, the number of a
// group's members, or the answer that makes a member be there.
type stop struct {
	from   *stop
	facts  []uint64 // what conditions see of each variable's members, by place
	asked  bits     // the set of questions asked so far, by walk.slot
	node   *node    // and then member and choice
	member int
	choice *choice
	group  *group // and then count
	count  int
	filler *node // and then member: any answer to it will do
	ends   *Page

	// Of the member that is being filled in.
	filled  bool  // it has an answer
	fill    *node // a question without influence that could be answered
	emptied bool  // an earlier member has no answer at all

	good bool  // answers that take this way can be sent, or end the form
	next *stop // a way on that is good
	same *stop // the stop whose future is this one's too
}

type bits []uint64

func (b bits) set(i int) { b[i/64] |= 1 << (i % 64) }

// aim is what a walk keeps apart.
type aim int

const (
	eachSet    aim = iota // different questions asked, so that each set is met
	eachBranch            // no more than what decides later questions
	eachDemand            // also what decides only whether answers are required
)

type walk struct {
	form      *Form
	aim       aim
	nodes     []*node // in the order of asking
	variables map[*node]*variable
	decide    []*variable // in the order of the form
	places    int
	base      map[*group]int // of the group's slots in stop.asked
	slots     int
	front     []*stop
	merged    []*stop // those with same set
	finished  []*stop // after the last page; one for each set, or one for all
	ended     []*stop // at an Ends page
	stops     int
	gaveUp    bool
	reached   map[*Page]bool
	asked     map[*node]bool
	demanded  map[*node]bool // may be required somewhere; known only to a walk for eachDemand
	fillable  map[*node]bool // has an answer that is known to be valid
	// whose conditions are being evaluated
	at     *stop
	group  *group
	member int
}

// provingDay is any fixed day: it only has to lie between the sample dates.
var provingDay = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// newWalk walks the form.
func newWalk(f *Form, to aim) *walk {
	w := &walk{
		form: f, aim: to, variables: map[*node]*variable{}, base: map[*group]int{}, slots: f.plan.singles,
		reached: map[*Page]bool{}, asked: map[*node]bool{}, demanded: map[*node]bool{}, fillable: map[*node]bool{},
	}
	for i := range f.plan.pages {
		w.nodes = append(w.nodes, f.plan.pages[i].nodes...)
		if g := f.plan.pages[i].group; g != nil {
			w.base[g] = w.slots
			w.slots += w.most(g) * len(g.nodes)
		}
	}
	for _, n := range w.nodes {
		w.fillable[n] = n.anySample() != nil
	}
	w.findVariables()
	w.front = []*stop{{facts: make([]uint64, w.places), asked: make(bits, (w.slots+63)/64)}}
	next := 0
	for i := range f.plan.pages {
		if w.gaveUp {
			return w
		}
		w.page(i, next)
		next += len(f.plan.pages[i].nodes)
	}
	w.finished = w.merge(w.front, next+1, nil, 0)
	w.findWaysOn()
	return w
}

// most is how many members of a group the walk fills in at most.
func (w *walk) most(g *group) int {
	if g == nil {
		return 1
	}
	return max(g.page.Repeats.Min, min(2, g.page.Repeats.Max))
}

func (w *walk) slot(n *node, member int) int {
	if n.group == nil {
		return n.slot
	}
	return w.base[n.group] + member*len(n.group.nodes) + n.slot
}

// page takes every way through one page.
func (w *walk) page(i, index int) {
	compiled := &w.form.plan.pages[i]
	page := compiled.page
	var on, past []*stop
	for _, s := range w.front {
		if !w.holds(page.When, s, nil, 0) {
			past = append(past, s)
			continue
		}
		w.reached[page] = true
		if page.Ends {
			w.ended = append(w.ended, w.step(s, &stop{ends: page}))
			continue
		}
		on = append(on, s)
	}
	if compiled.group == nil {
		on = w.questions(on, compiled, 0)
	} else {
		on = w.members(on, compiled)
	}
	w.front = slices.DeleteFunc(append(on, past...), func(s *stop) bool { return w.overdue(s, i) })
	w.front = w.merge(w.front, index+len(compiled.nodes), nil, 0)
}

// members fills in a group as few times as it must be, and up to twice.
func (w *walk) members(front []*stop, compiled *pagePlan) []*stop {
	least := compiled.page.Repeats.Min
	var out []*stop
	for count := least; count <= w.most(compiled.group); count++ {
		var on []*stop
		for _, s := range front {
			counted := w.step(s, &stop{group: compiled.group, count: count})
			counted.filled, counted.fill, counted.emptied = false, nil, false
			on = append(on, counted)
		}
		for member := range count {
			on = w.closeMember(w.questions(on, compiled, member), member, count > least)
		}
		out = append(out, on...)
	}
	return out
}

// closeMember drops the ways on which a member has no answer although one
// comes after it or it need not be there: such a member is not there.
func (w *walk) closeMember(front []*stop, member int, spare bool) []*stop {
	var out []*stop
	for _, s := range front {
		empty := !s.filled && s.fill == nil
		if empty && spare || !empty && s.emptied {
			continue
		}
		if s.fill != nil {
			s = w.step(s, &stop{filler: s.fill, member: member})
		}
		s.filled, s.fill, s.emptied = false, nil, empty
		out = append(out, s)
	}
	return out
}

func (w *walk) questions(front []*stop, compiled *pagePlan, member int) []*stop {
	for _, n := range compiled.nodes {
		var out []*stop
		for _, s := range front {
			if w.gaveUp = w.stops > maxStops; w.gaveUp {
				return front
			}
			if !w.holds(n.question.When, s, n.group, member) {
				out = append(out, s)
				continue
			}
			w.asked[n] = true
			s.asked.set(w.slot(n, member))
			if w.aim == eachDemand && n.question.Required != nil && !w.demanded[n] {
				w.at, w.group, w.member = s, n.group, member
				w.demanded[n], _ = w.may(*n.question.Required, n)
			}
			if v := w.variables[n]; v != nil {
				out = append(out, w.branch(s, v, member)...)
				continue
			}
			if n.group != nil && s.fill == nil && w.fillable[n] {
				s.fill = n
			}
			out = append(out, s)
		}
		front = w.merge(out, n.index+1, compiled.group, member)
	}
	return front
}

// branch takes each choice that may be made.
func (w *walk) branch(s *stop, v *variable, member int) []*stop {
	var out []*stop
	required := v.node.question.Required
	for i := range v.choices {
		c := &v.choices[i]
		// Where nothing else is left, empty it stays, and sending will tell.
		empty := c.sample == nil && required != nil && len(v.choices) > 1
		if empty && v.due < 0 && w.holds(*required, s, v.node.group, member) {
			continue
		}
		next := w.step(s, &stop{node: v.node, member: member, choice: c})
		next.facts[v.place+member] = c.facts
		if empty && v.due >= 0 {
			next.facts[v.place+member] |= leftEmpty
		}
		next.filled = next.filled || c.sample != nil
		out = append(out, next)
	}
	return out
}

// overdue reports whether an answer was left empty that turns out to be
// required, now that page i is past.
func (w *walk) overdue(s *stop, i int) bool {
	for _, v := range w.decide {
		if v.due != i {
			continue
		}
		for member := range w.most(v.node.group) {
			if s.facts[v.place+member]&leftEmpty != 0 && w.holds(*v.node.question.Required, s, v.node.group, member) {
				return true
			}
		}
	}
	return false
}

func (w *walk) step(from, to *stop) *stop {
	w.stops++
	to.from, to.facts, to.asked = from, slices.Clone(from.facts), slices.Clone(from.asked)
	to.filled, to.fill, to.emptied = from.filled, from.fill, from.emptied
	return to
}
