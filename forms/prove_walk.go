package forms

import (
	"encoding/binary"
	"slices"
	"time"
)

// The walk goes through a form in the order of asking and branches only where
// an answer matters to a later condition. Of the answers to such a question it
// tries one of each sort that the conditions tell apart. Ways that agree on
// everything that later conditions look at have the same future: of these only
// the first goes on, and the others borrow its way to the end. So the number
// of ways grows with what must be remembered at one time, not with the product
// of all branches, and still each branch is sent at least once from every
// situation in which it can be taken.

// maxStops bounds the walk; the built-in forms need a thousand.
const maxStops = 100_000

// stop is one step of the walk: an answer to a variable, or the number of a
// group's members. Facts holds, by place, the set of choices made that have values (a bit each).
type stop struct {
	from   *stop
	facts  []uint64
	node   *node // and then member and choice
	member int
	choice *choice
	group  *group // and then count
	count  int
	ends   *Page

	next *stop // the first way on
	same *stop // the stop whose future is this one's too
}

type walk struct {
	form      *Form
	variables map[*node]*variable
	places    int
	front     []*stop
	merged    []*stop // those with same set
	finished  []*stop // at an Ends page or after the last page
	stops     int
	gaveUp    bool
	reached   map[*Page]bool
	asked     map[*node]bool
	// whose conditions are being evaluated
	at    *stop
	group *group
}

// provingDay is any fixed day: it only has to lie between the sample dates.
var provingDay = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

func (p *prover) walkPaths() {
	w := walk{form: p.form, variables: map[*node]*variable{}, reached: map[*Page]bool{}, asked: map[*node]bool{}}
	w.findVariables()
	w.front = []*stop{{facts: make([]uint64, w.places)}}
	next := 0
	for i := range p.form.plan.pages {
		w.page(&p.form.plan.pages[i], next)
		next += len(p.form.plan.pages[i].nodes)
		if w.gaveUp {
			p.find("form", FindingTooComplex, "The conditions depend on each other in too many ways to walk all paths.")
			break
		}
	}
	w.finished = append(w.finished, w.front...)
	p.walk = w
}

// values is what a condition sees, as path.values is for real answers.
func (w *walk) values(field string) []string {
	n := w.form.plan.byID[field]
	v := w.variables[n]
	if v == nil {
		return nil // only whether an answer is required looks at it
	}
	facts := w.at.facts[v.place]
	if n.group != nil && n.group == w.group {
		facts = w.at.facts[v.own]
	}
	var out []string
	for i, c := range v.choices {
		if facts&(1<<i) != 0 {
			out = append(out, c.values...)
		}
	}
	return out
}

func (w *walk) holds(c Condition, at *stop, g *group) bool {
	w.at, w.group = at, g
	return c.Holds(w.values)
}

// page takes every way through one page.
func (w *walk) page(compiled *pagePlan, index int) {
	page := compiled.page
	var on, past []*stop
	for _, s := range w.front {
		if !w.holds(page.When, s, nil) {
			past = append(past, s)
			continue
		}
		w.reached[page] = true
		if page.Ends {
			w.finished = append(w.finished, w.step(s, &stop{ends: page}))
			continue
		}
		on = append(on, s)
	}
	if compiled.group == nil {
		on = w.questions(on, compiled, 0)
	} else {
		on = w.members(on, compiled)
	}
	w.front = w.merge(append(on, past...), index+len(compiled.nodes))
}

// members fills in a group as few times as it must be, and up to twice.
func (w *walk) members(front []*stop, compiled *pagePlan) []*stop {
	repeats := compiled.page.Repeats
	var out []*stop
	for count := repeats.Min; count <= max(repeats.Min, min(2, repeats.Max)); count++ {
		var on []*stop
		for _, s := range front {
			on = append(on, w.step(s, &stop{group: compiled.group, count: count}))
		}
		for member := range count {
			on = w.questions(on, compiled, member)
			for _, s := range on {
				for _, n := range compiled.nodes {
					if v := w.variables[n]; v != nil {
						s.facts[v.own] = 0
					}
				}
			}
		}
		out = append(out, on...)
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
			switch v := w.variables[n]; {
			case !w.holds(n.question.When, s, n.group):
				out = append(out, s)
			case v == nil:
				w.asked[n] = true
				out = append(out, s)
			default:
				w.asked[n] = true
				out = append(out, w.branch(s, v, member)...)
			}
		}
		front = w.merge(out, n.index+1)
	}
	return front
}

func (w *walk) branch(s *stop, v *variable, member int) []*stop {
	var out []*stop
	required := v.node.question.Required
	for i := range v.choices {
		c := &v.choices[i]
		// Where nothing else is left, empty it stays, and sending will tell.
		if c.sample == nil && required != nil && required.Always() && len(out) > 0 {
			continue
		}
		next := w.step(s, &stop{node: v.node, member: member, choice: c})
		if len(c.values) > 0 {
			next.facts[v.own] = 1 << i
			next.facts[v.place] |= 1 << i
		}
		out = append(out, next)
	}
	return out
}

func (w *walk) step(from, to *stop) *stop {
	w.stops++
	to.from, to.facts = from, slices.Clone(from.facts)
	if from.next == nil {
		from.next = to
	}
	return to
}

// merge keeps the first of all stops whose facts agree as far as anything from
// index on looks at them.
func (w *walk) merge(front []*stop, index int) []*stop {
	var live []int
	for _, v := range w.variables {
		if v.last >= index {
			live = append(live, v.place)
		}
		if v.lastOwn >= index {
			live = append(live, v.own)
		}
	}
	slices.Sort(live)
	first := map[string]*stop{}
	var out []*stop
	var key []byte
	for _, s := range front {
		key = key[:0]
		for _, place := range live {
			key = binary.LittleEndian.AppendUint64(key, s.facts[place])
		}
		if same := first[string(key)]; same != nil {
			s.same = same
			w.merged = append(w.merged, s)
			continue
		}
		first[string(key)] = s
		out = append(out, s)
	}
	return out
}
