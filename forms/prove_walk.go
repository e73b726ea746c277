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
