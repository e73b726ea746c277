package forms

import "slices"

// sorts lists one answer for each sort that the tests tell apart, then "Not
// known", then none. Answers come first so that the first way on is one that
// leaves nothing out. It reports whether there are few enough.
func (v *variable) sorts() bool {
	few := true
	if !v.node.kind.closed {
		if sample := v.node.validSample(); sample != nil {
			v.codes = []string{"answered"}
			v.choices = append(v.choices, choice{sample, 1})
		}
	} else {
		few = v.optionSorts()
	}
	if v.node.question.NotKnown {
		v.choices = append(v.choices, choice{sample: sample{partUnknown: {"yes"}}})
	}
	v.choices = append(v.choices, choice{})
	return few
}

// optionSorts takes the first option of each sort and, where several may be
// chosen, the fewest options for each sort that they make together.
func (v *variable) optionSorts() bool {
	seen := map[string]bool{}
	var singles [][]string
	for _, option := range v.node.question.Options {
		// What excludes others does not stand for an option that does not.
		sort := v.sortOf([]string{option.Code}) + map[bool]string{true: "alone"}[option.Excludes]
		if seen[sort] {
			continue
		}
		seen[sort] = true
		v.choices = append(v.choices, choice{sample: sample{partMain: {option.Code}}})
		if !option.Excludes {
			singles = append(singles, []string{option.Code})
		}
	}
	if v.node.kind.several {
		v.combine(singles, seen)
	}
	if len(v.choices) > maxChoices {
		return false
	}
	for i := range v.choices {
		c := &v.choices[i]
		if !v.seenByConditions(c.sample[partMain]) {
			continue
		}
		for _, chosen := range c.sample[partMain] {
			bit := slices.Index(v.codes, chosen)
			if bit < 0 {
				bit = len(v.codes)
				v.codes = append(v.codes, chosen)
			}
			if bit >= maxCodes {
				return false
			}
			c.facts |= 1 << bit
		}
	}
	return true
}

// combine adds the sorts that several options make together, those of fewer
// options first, since a question may bound how many can be chosen.
func (v *variable) combine(singles [][]string, seen map[string]bool) {
	limit := v.node.question.Max
	if limit == 0 {
		limit = len(singles)
	}
	for front := singles; limit > 1 && len(front) > 0; limit-- {
		var more [][]string
		for _, chosen := range front {
			for _, single := range singles {
				if len(v.choices) > maxChoices || slices.Contains(chosen, single[0]) {
					continue
				}
				together := append(slices.Clone(chosen), single[0])
				if sort := v.sortOf(together); !seen[sort] {
					seen[sort] = true
					more = append(more, together)
					v.choices = append(v.choices, choice{sample: sample{partMain: together}})
				}
			}
		}
		front = more
	}
}

// sortOf tells which tests some of the codes pass.
func (v *variable) sortOf(codes []string) string {
	sort := make([]byte, len(v.tests))
	for i, test := range v.tests {
		sort[i] = '0'
		if slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(test, c) }) {
			sort[i] = '1'
		}
	}
	return string(sort)
}

// seenByConditions reports whether any condition tells the codes from no
// answer.
func (v *variable) seenByConditions(codes []string) bool {
	return v.exists || slices.ContainsFunc(v.tests, func(test []string) bool {
		return slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(test, c) })
	})
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

// anySample is a valid sample, or "Not known", or nil.
func (n *node) anySample() sample {
	s := n.validSample()
	if s == nil && n.question.NotKnown {
		s = sample{partUnknown: {"yes"}}
	}
	return s
}
