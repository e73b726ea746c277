package results

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Published is what may be seen of a wave: the figures of its editions. An
// edition is the first so many responses of the index, as they were when
// somebody looked. It is safe for use by several goroutines.
type Published struct {
	index    *Index
	editions []int
	bases    func() *cube // by edition: of each question's base, and of everybody
	all      func() *cube // of all columns, in the newest edition
	rules    rules

	mu      sync.Mutex
	allowed map[string][][]bool // by conditions; then by question and edition
}

// Publish gives what may be seen of the index in these editions: numbers of
// responses, ascending, none of them more than it holds; the last is the newest.
func (x *Index) Publish(editions []int) (*Published, error) {
	if !slices.IsSorted(editions) || slices.ContainsFunc(editions, func(n int) bool { return n <= 0 }) {
		return nil, errors.New("publish: editions are numbers of responses, ascending")
	}
	if n := len(editions); n > 0 && editions[n-1] > x.Released() {
		return nil, fmt.Errorf("publish: %d responses of %d", editions[n-1], x.Released())
	}
	p := &Published{index: x, editions: slices.Clone(editions), rules: allRules}
	p.bases = sync.OnceValue(func() *cube {
		var bases []int
		for _, q := range x.layout.questions {
			bases = append(bases, q.based)
		}
		// Twice, for the threshold of ordinary and of sensitive questions.
		c := newCube(x, append(bases, everybody, everybody), p.editions)
		c.makeMarginals(len(c.dims))
		return c
	})
	p.all = sync.OnceValue(func() *cube {
		all := []int{}
		for column := range x.layout.names {
			all = append(all, column)
		}
		c := newCube(x, append(all, everybody), []int{p.newest()})
		c.makeMarginals(keptMarginals)
		return c
	})
	return p, nil
}

// Prepare counts what Disclose needs, which the first call of it does
// otherwise: of a million responses some seconds.
func (p *Published) Prepare() {
	if len(p.editions) > 0 {
		p.bases()
		p.all()
	}
}

// newest is how many responses the newest edition has.
func (p *Published) newest() int {
	if len(p.editions) == 0 {
		return 0
	}
	return p.editions[len(p.editions)-1]
}

// Disclose returns what may be shown of a view, by the rules of disclosure
// control: first it is decided which sets of people may be shown at all, then
// what must be hidden of them is hidden, then what is left is rounded, and
// nothing is computed from rounded figures. It gives a *ViewError or
// ErrSameDimension for a view that there is not.
func (p *Published) Disclose(v View) (Results, error) {
	filters, by, err := p.index.layout.resolve(v)
	if err != nil {
		return Results{}, err
	}
	out := Results{Released: p.newest(), Questions: make([]QuestionResult, len(p.index.layout.questions))}
	for i, c := range p.index.layout.questions {
		q := c.question
		out.Questions[i] = QuestionResult{
			ID: q.ID, Headline: q.Headline, Reverse: q.Reverse, Sensitive: q.Sensitive, Several: q.Kind.Several(),
		}
	}
	figures, people := p.about(filters)
	for i := range figures {
		out.Questions[i].Figures = figures[i]
	}
	out.People = people
	if by < 0 {
		return out, nil
	}
	for option, value := range p.index.layout.dimensions()[by].question.Options {
		figures, _ := p.about(append(slices.Clone(filters), cell{by, option}))
		for i := range figures {
			if q := &out.Questions[i]; q.ID != v.By {
				q.Rows = append(q.Rows, Row{Value: value.Code, Figures: figures[i]})
			}
		}
	}
	return out, nil
}

// about gives the figures of every question for the people who meet all
// conditions, and how many they are, if they may be told apart.
func (p *Published) about(conditions []cell) (figures []Figures, people *int) {
	slices.SortFunc(conditions, func(a, b cell) int { return a.dim - b.dim })
	questions := p.index.layout.questions
	figures = make([]Figures, len(questions))
	newest := len(p.editions) - 1
	if newest < 0 {
		for i, c := range questions {
			figures[i] = withhold(baseUnder(least(c.question)))
		}
		return figures, nil
	}
	implied := p.bases().implied(conditions, len(p.editions))
	totals := make([]func(column int) int, len(p.editions)) // by edition, of those that are shown
	totals[newest] = p.totals(conditions, newest)
	isWhole := len(conditions) == 0
	for i, c := range questions {
		edition := p.permit(i, conditions, implied[i])
		if edition < 0 {
			figures[i] = withhold(Complementary)
			if totals[newest](c.based) < least(c.question) {
				figures[i] = withhold(baseUnder(least(c.question)))
			}
			continue
		}
		if totals[edition] == nil {
			totals[edition] = p.totals(conditions, edition)
		}
		counted := c.counts(totals[edition])
		figures[i] = counted.disclose(p.rules, totals[edition](everybody), isWhole)
		if !p.mayTellAll(conditions, implied, edition, c.question.Sensitive) {
			figures[i].hideAside()
		}
		if edition < newest && figures[i].Base != nil {
			asOf := p.editions[edition]
			figures[i].AsOf = &asOf
		}
	}
	if all := len(questions); p.permit(all, conditions, implied[all]) == newest {
		people = shownBase(totals[newest](everybody), isWhole)
	}
	return figures, people
}

// mayTellAll tells whether all who meet the conditions may be told apart in an
// edition, whatever they said to a question: those who are not in its base are
// counted beside it.
func (p *Published) mayTellAll(conditions []cell, implied [][][]cell, edition int, sensitive bool) bool {
	all := len(p.index.layout.questions) // comes after them
	if sensitive {
		all++
	}
	return p.allowedFor(inOrder(conditions, implied[all][edition]))[all][edition]
}

// permit gives the last edition in which the figures of a question may be shown
// for the people who meet all conditions, -1 if they may in none.
func (p *Published) permit(question int, conditions []cell, implied [][]cell) int {
	for e := len(p.editions) - 1; e >= 0; e-- {
		if p.allowedFor(inOrder(conditions, implied[e]))[question][e] {
			return e
		}
	}
	return -1
}

// allowedFor tells, by question and edition, whether the people who meet all
// conditions may be shown. What it finds is kept: the same sets are asked for
// again and again.
func (p *Published) allowedFor(conditions []cell) [][]bool {
	key := keyOf(conditions)
	p.mu.Lock()
	known := p.allowed[key]
	p.mu.Unlock()
	if known != nil {
		return known
	}
	census := p.bases().takeCensus(conditions, len(p.editions), nobodyJoined)
	out := make([][]bool, census.questions)
	for i := range out {
		out[i] = census.allowed(p.rules, i, p.thresholdOf(i))
	}
	if p.rules.beside {
		p.complements(conditions, out)
	}
	for i := range conditions {
		// Rule 5, for what the census does not know of.
		for q, around := range p.allowedFor(slices.Delete(slices.Clone(conditions), i, i+1)) {
			for e := range around {
				out[q][e] = out[q][e] && around[e]
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.allowed == nil || len(p.allowed) >= keptSets {
		p.allowed = map[string][][]bool{}
	}
	p.allowed[key] = out
	return out
}

// keptSets bounds of how many sets of people it is kept whether they may be
// shown.
const keptSets = 10_000

// totals counts those who meet all conditions, by column, in an edition.
func (p *Published) totals(conditions []cell, edition int) func(column int) int {
	if edition == len(p.editions)-1 {
		sums := p.all().sums(conditions)
		return func(column int) int {
			if column == everybody {
				column = len(sums) - 1
			}
			return sums[column]
		}
	}
	// Older ones are seldom asked for.
	dims := p.index.layout.dimensions()
	who := p.index.everyone(p.editions[edition])
	for _, condition := range conditions {
		who = who.who(dims[condition.dim].options[condition.option])
	}
	return func(column int) int {
		if column == everybody {
			return who.size()
		}
		return who.having(column)
	}
}

// counts are what was said to a question.
func (c *columns) counts(total func(column int) int) *counts {
	out := &counts{
		question: c.question, branch: c.branch, asked: total(c.asked), answered: total(c.answered), base: total(c.based),
		options: map[string]int{},
	}
	for o, column := range c.options {
		out.options[c.question.Options[o].Code] = total(column)
	}
	return out
}
