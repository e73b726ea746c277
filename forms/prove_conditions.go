package forms

// holds evaluates a condition as far as the walk has come.
func (w *walk) holds(c Condition, at *stop, g *group, member int) bool {
	w.at, w.group, w.member = at, g, member
	return c.Holds(w.values)
}

// values is what a condition sees, as path.values is for real answers.
func (w *walk) values(field string) []string {
	n := w.form.plan.byID[field]
	v := w.variables[n]
	var facts uint64
	if n.group != nil && n.group == w.group {
		facts = w.at.facts[v.place+w.member]
	} else {
		for member := range w.most(n.group) {
			facts |= w.at.facts[v.place+member]
		}
	}
	var out []string
	for i, code := range v.codes {
		if facts&(1<<i) != 0 {
			out = append(out, code)
		}
	}
	return out
}

// may tells whether a condition of question n can be true, and false, as far
// as the walk has come; of later answers it knows nothing.
func (w *walk) may(c Condition, n *node) (yes, no bool) {
	switch {
	case c.Field != "":
		if w.form.plan.byID[c.Field].index >= n.index {
			return true, true
		}
		yes = c.Holds(w.values)
		return yes, !yes
	case c.All != nil:
		yes = true
		for _, sub := range c.All {
			subYes, subNo := w.may(sub, n)
			yes, no = yes && subYes, no || subNo
		}
		return yes, no
	case c.Any != nil:
		no = true
		for _, sub := range c.Any {
			subYes, subNo := w.may(sub, n)
			yes, no = yes || subYes, no && subNo
		}
		return yes, no
	case c.Not != nil:
		no, yes = w.may(*c.Not, n)
		return yes, no
	}
	return true, false
}
