package results

import (
	"encoding/json"
	"fmt"
	"testing"

	"intake/forms"
)

// The attacker knows these rules and everything that is shown. For every
// possible set of answers of a small wave the output is computed; whoever sees
// an output knows that one of the sets which give it is the real one. A hidden
// figure must not be the same in all of them.

// world groups possible figures by what is shown of them.
type world map[string]*possible

type possible struct {
	hidden []bool
	first  []int
	varies []bool
	seen   int
}

func (w world) add(shown any, figures []int, hidden []bool) {
	key, err := json.Marshal(shown)
	if err != nil {
		panic(err)
	}
	p := w[string(key)]
	if p == nil {
		p = &possible{hidden: hidden, first: append([]int(nil), figures...), varies: make([]bool, len(figures))}
		w[string(key)] = p
	}
	p.seen++
	for i, figure := range figures {
		p.varies[i] = p.varies[i] || figure != p.first[i]
	}
}

// leaks counts the hidden figures that are known after all; it reports the
// first.
func (w world) leaks() (count int, example string) {
	for shown, p := range w {
		for i, hidden := range p.hidden {
			if hidden && !p.varies[i] {
				count++
				example = fmt.Sprintf("figure %d is %d of %v: %s", i, p.first[i], p.first, shown)
			}
		}
	}
	return count, example
}

// divide calls visit with every way to write total as a sum of parts.
func divide(total, parts int, visit func([]int)) {
	figures := make([]int, parts)
	var next func(i, left int)
	next = func(i, left int) {
		if i == parts-1 {
			figures[i] = left
			visit(figures)
			return
		}
		for figures[i] = 0; figures[i] <= left; figures[i]++ {
			next(i+1, left-figures[i])
		}
	}
	next(0, total)
}

func question(kind forms.Kind, options int, asides ...string) *forms.Question {
	q := &forms.Question{ID: "q", Kind: kind}
	for i := range options {
		q.Options = append(q.Options, forms.Option{Code: string(rune('a' + i))})
	}
	for _, aside := range asides {
		q.Options = append(q.Options, forms.Option{Code: aside, Aside: true})
	}
	return q
}

// hiddenIn lists whether the count of each option and then of each aside is
// withheld.
func hiddenIn(r Figures, options, asides int) []bool {
	hidden := make([]bool, 0, options+asides)
	for _, cells := range [][]OptionResult{r.Options, r.Aside} {
		for _, cell := range cells {
			hidden = append(hidden, cell.Count == nil)
		}
	}
	for len(hidden) < options+asides {
		hidden = append(hidden, true)
	}
	return hidden
}

// TestNoCellOfOneAnswerIsKnown tries every wave in which a question has that
// many answers in its base, with that many of its options good answers. The
// larger bases are those where whole percentages are too blunt to be exact.
func TestNoCellOfOneAnswerIsKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sensitive               bool
		options, good, from, to int
	}{
		{false, 2, 1, 10, 40}, {false, 3, 1, 10, 20}, {false, 4, 2, 10, 16}, {false, 5, 2, 10, 14}, {false, 6, 3, 10, 11},
		{false, 2, 1, 995, 999}, {false, 3, 1, 131, 131},
		{true, 2, 1, 20, 40}, {true, 3, 1, 20, 26}, {true, 4, 2, 20, 21},
	} {
		q := question(forms.KindChoice, c.options)
		q.Sensitive = c.sensitive
		for i := range c.good {
			q.Positive = append(q.Positive, q.Options[i].Code)
		}
		w := world{}
		for base := c.from; base <= c.to; base++ {
			divide(base, c.options, func(cells []int) { w.addQuestion(q, cells) })
		}
		if leaks, example := w.leaks(); leaks > 0 {
			t.Errorf("%+v: %d leaks, such as %s", c, leaks, example)
		}
	}
}

// TestAllAlikeLooksLikeOthers covers waves too large to try all of: everyone
// alone with their answer, and four people at each. A sum would tell.
func TestAllAlikeLooksLikeOthers(t *testing.T) {
	t.Parallel()
	for _, waves := range [][][]int{
		{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {2, 0, 2, 0, 2, 0, 2, 0, 2, 0}},
		{{4, 4, 4, 4, 4}, {1, 5, 5, 5, 5}},
	} {
		w := world{}
		for _, cells := range waves {
			w.addQuestion(question(forms.KindChoice, len(cells)), cells)
		}
		if leaks, example := w.leaks(); leaks > 0 {
			t.Error(example)
		}
	}
}

// addQuestion adds a wave in which everyone answered. Were others to skip the
// question, nobody would know more.
func (w world) addQuestion(q *forms.Question, cells []int) {
	counted := &counts{question: q, options: map[string]int{}}
	for i, cell := range cells {
		counted.options[q.Options[i].Code] = cell
		counted.base += cell
	}
	counted.asked, counted.answered = counted.base, counted.base
	result := counted.disclose(allRules, counted.base, true)
	w.add(result, cells, hiddenIn(result, len(cells), 0)[:len(cells)])
}

// TestNoAsideIsKnown adds those outside the base: the number of responses is
// known exactly, and the base may be.
func TestNoAsideIsKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options   int
		aside     []string
		sensitive bool
		released  int
	}{
		{2, []string{"unsure"}, false, 16},
		{3, []string{"unsure"}, false, 15},
		{2, nil, false, 22},
		{2, []string{"prefer_not_to_say"}, true, 22},
		{3, nil, true, 22},
	} {
		q := question(forms.KindChoice, c.options, c.aside...)
		q.Sensitive = c.sensitive
		w := world{}
		asides := len(c.aside) + 2
		divide(c.released, c.options+asides, func(figures []int) {
			counted := &counts{question: q, branch: true, options: map[string]int{}}
			for i := range q.Options {
				counted.options[q.Options[i].Code] = figures[i]
				counted.answered += figures[i]
				if !q.Options[i].Aside {
					counted.base += figures[i]
				}
			}
			counted.asked = counted.answered + figures[len(q.Options)]
			result := counted.disclose(allRules, c.released, true)
			w.add(result, figures, hiddenIn(result, c.options, asides))
		})
		if leaks, example := w.leaks(); leaks > 0 {
			t.Errorf("%+v: %d leaks, such as %s", c, leaks, example)
		}
	}
}

// TestNoTickIsKnown tries every wave of a question with several answers: each
// person ticks at least one option, the last of which may exclude the others.
func TestNoTickIsKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options  int
		excludes bool
		base     int
	}{{2, false, 12}, {2, true, 25}, {3, true, 14}, {3, false, 11}, {3, true, 20}} {
		var patterns []int // bits of the options that one person ticks
		last := 1 << (c.options - 1)
		for pattern := 1; pattern < 1<<c.options; pattern++ {
			if !c.excludes || pattern&last == 0 || pattern == last {
				patterns = append(patterns, pattern)
			}
		}
		q := question(forms.KindChoices, c.options)
		w := world{}
		divide(c.base, len(patterns), func(people []int) {
			ticks := make([]int, c.options)
			for i, pattern := range patterns {
				for option := range ticks {
					if pattern&(1<<option) != 0 {
						ticks[option] += people[i]
					}
				}
			}
			counted := &counts{question: q, options: map[string]int{}, base: c.base, asked: c.base, answered: c.base}
			for i, n := range ticks {
				counted.options[q.Options[i].Code] = n
			}
			result := counted.disclose(allRules, c.base, true)
			w.add(result, ticks, hiddenIn(result, c.options, 0)[:c.options])
		})
		if leaks, example := w.leaks(); leaks > 0 {
			t.Errorf("%+v: %d leaks, such as %s", c, leaks, example)
		}
	}
}

// TestTheAttackerFindsLeaks makes sure that the tests above could fail: hiding
// only cells of 1 to 4 leaves most of them known.
func TestTheAttackerFindsLeaks(t *testing.T) {
	t.Parallel()
	w := world{}
	divide(12, 3, func(cells []int) {
		hidden := make([]bool, len(cells))
		output := make([]any, len(cells))
		for i, cell := range cells {
			hidden[i] = isSmall(cell)
			if !hidden[i] {
				output[i] = cell
			}
		}
		w.add(output, cells, hidden)
	})
	if leaks, _ := w.leaks(); leaks == 0 {
		t.Error("nothing found where much is to be found")
	}
}
