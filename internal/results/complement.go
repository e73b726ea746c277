package results

import "slices"

// complements takes back what rule 8 forbids: when a set is shown, whoever of a
// set that it is a part of is not in it can be worked out. If all of these gave
// the same answer to some dimension, then those who gave it elsewhere can be
// worked out as well.
func (p *Published) complements(conditions []cell, allowed [][]bool) {
	sizes := sizesOf{p.bases(), len(p.editions), map[combination][]int{}}
	for i, part := range conditions {
		around := slices.Delete(slices.Clone(conditions), i, i+1)
		all, these := sizes.of(around), sizes.of(conditions)
		implied := sizes.impliedBeside(around, part)
		for q := range allowed {
			for e := range allowed[q] {
				at := q*sizes.editions + e
				others := all[at] - these[at]
				if !allowed[q][e] || others == 0 || len(implied[at]) == 0 {
					continue
				}
				threshold := threshold // of everybody
				if q < len(p.index.layout.questions) {
					threshold = least(p.index.layout.questions[q].question)
				}
				allowed[q][e] = sizes.divide(around, implied[at], at, others, threshold)
			}
		}
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

// impliedBeside gives, by question and edition, what all have said who meet
// the conditions and are not of the part.
func (s *sizesOf) impliedBeside(around []cell, part cell) [][]cell {
	out := make([][]cell, len(s.columns)*s.editions)
	for d := range s.dims {
		if slices.ContainsFunc(around, func(c cell) bool { return c.dim == d }) {
			continue
		}
		said := make([]int, len(out)) // how many different answers, and in only the last of them
		only := make([]int, len(out))
		for option := -1; option < len(s.dims[d].options); option++ { // -1 for nothing said
			value := cell{d, option}
			all := s.of(around, value)
			var these []int
			switch {
			case d != part.dim:
				these = s.of(around, part, value)
			case value == part:
				these = all
			}
			for at, n := range all {
				if these != nil {
					n -= these[at]
				}
				if n > 0 {
					said[at]++
					only[at] = option
				}
			}
		}
		for at := range out {
			if said[at] == 1 && only[at] >= 0 {
				out[at] = append(out[at], cell{d, only[at]})
			}
		}
	}
	return out
}

// divide tells whether those who meet some of the conditions, and gave some of
// the implied answers, are all among the others, or enough besides.
func (s *sizesOf) divide(around, implied []cell, at, others, threshold int) bool {
	for given := 1; given < 1<<len(implied); given++ {
		for met := range 1 << len(around) {
			if !fine(s.of(chosen(around, met), chosen(implied, given)...)[at]-others, threshold) {
				return false
			}
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
