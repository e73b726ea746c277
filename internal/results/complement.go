package results

import "slices"

// complements takes back what rule 8 forbids: when a set is shown, whoever of a
// set that it is a part of is not in it can be worked out. If all of these, or
// all but a few, gave the same answers to some dimensions, then those few, or
// those who gave these answers elsewhere, can be worked out as well.
func (p *Published) complements(conditions []cell, allowed [][]bool) {
	sizes := sizesOf{p.bases(), len(p.editions), map[combination][]int{}}
	if !slices.ContainsFunc(allowed, func(editions []bool) bool { return slices.Contains(editions, true) }) {
		return
	}
	these := sizes.of(conditions)
	for mask := range 1<<len(conditions) - 1 {
		around := chosen(conditions, mask)
		all := sizes.of(around)
		common := sizes.common(around, conditions, all, these, p.thresholdOf)
		for q := range allowed {
			for e := range allowed[q] {
				at := q*sizes.editions + e
				if others := all[at] - these[at]; allowed[q][e] && others > 0 {
					check := apart{&sizes, around, conditions, common[at], at, others, p.thresholdOf(q)}
					allowed[q][e] = check.fine(0, nil)
				}
			}
		}
	}
}

// thresholdOf is that of a question, or of everybody, who come after them.
func (p *Published) thresholdOf(question int) int {
	switch questions := p.index.layout.questions; question - len(questions) {
	case 0:
		return threshold
	case 1:
		return thresholdSensitive
	default:
		return least(questions[question].question)
	}
}

// sizesOf counts sets of people, each once: by question and edition.
type sizesOf struct {
	*cube
	editions int
	known    map[combination][]int
}

// notAsked stands for a dimension that is not among the conditions: 0 would be
// nothing said.
const notAsked = 255

func (s *sizesOf) of(conditions []cell, more ...cell) []int {
	var key combination
	for d := range key.said {
		key.said[d] = notAsked
	}
	who, dims := combination{}, 0
	for _, c := range append(slices.Clone(conditions), more...) {
		key.said[c.dim] = uint8(c.option + 1) //nolint:gosec // dimensions have fewer than 255 options
		who.said[c.dim] = key.said[c.dim]
		dims |= 1 << c.dim
	}
	if known := s.known[key]; known != nil {
		return known
	}
	counts := make([]int, len(s.columns)*s.editions)
	s.add(counts, dims, who, s.editions)
	for at := range counts {
		if at%s.editions > 0 {
			counts[at] += counts[at-1]
		}
	}
	s.known[key] = counts
	return counts
}

// both counts those who meet the conditions and gave further answers, which
// may be to dimensions of the conditions.
func (s *sizesOf) both(conditions, more []cell) []int {
	var further []cell
	for _, c := range more {
		i := slices.IndexFunc(conditions, func(other cell) bool { return other.dim == c.dim })
		switch {
		case i < 0:
			further = append(further, c)
		case conditions[i] != c:
			return nil // nobody
		}
	}
	return s.of(conditions, further...)
}

// common gives, by question and edition, the answers that all, or all but
// fewer than a threshold, have given who meet the conditions around and not all
// of the others.
func (s *sizesOf) common(around, conditions []cell, all, these []int, thresholdOf func(question int) int) [][]cell {
	out := make([][]cell, len(all))
	for d := range s.dims {
		if slices.ContainsFunc(around, func(c cell) bool { return c.dim == d }) {
			continue
		}
		for option := range s.dims[d].options {
			value := []cell{{d, option}}
			said, inSet := s.of(around, value...), s.both(conditions, value)
			for at, n := range said {
				if inSet != nil {
					n -= inSet[at]
				}
				if n > 0 && all[at]-these[at]-n < thresholdOf(at/s.editions) {
					out[at] = append(out[at], value[0])
				}
			}
		}
	}
	return out
}

// apart looks whether those who gave some of the common answers can be told
// from the others around the conditions only where they are enough.
type apart struct {
	*sizesOf
	around, conditions, common []cell
	at, others, threshold      int
}

// fine goes through all choices of common answers, to a dimension each, from
// one on.
func (c *apart) fine(from int, answers []cell) bool {
	if len(answers) > 0 && !c.fineFor(answers) {
		return false
	}
	for i := from; i < len(c.common); i++ {
		next := c.common[i]
		if !slices.ContainsFunc(answers, func(a cell) bool { return a.dim == next.dim }) && !c.fine(i+1, append(slices.Clone(answers), next)) {
			return false
		}
	}
	return true
}

func (c *apart) fineFor(answers []cell) bool {
	inside := c.of(c.around, answers...)[c.at]
	if both := c.both(c.conditions, answers); both != nil {
		inside -= both[c.at]
	}
	for met := range 1 << len(c.around) {
		size := c.of(chosen(c.around, met), answers...)[c.at]
		switch {
		case inside == c.others && !fine(size-c.others, c.threshold): // they hold all others
			return false
		case size == inside && size >= c.threshold && !fine(c.others-size, c.threshold): // they are some of them
			return false
		}
	}
	return true
}

// chosen are the cells of a mask.
func chosen(cells []cell, mask int) []cell {
	var out []cell
	for i, c := range cells {
		if mask>>i&1 == 1 {
			out = append(out, c)
		}
	}
	return out
}
