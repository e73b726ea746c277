package results

import "slices"

// Writers tells of how many of the first responses it may be known which of
// those who answered a question meet all filters: then what one of them wrote
// may be shown as coming from that group. It is 0 if that may be known of none,
// and for a question that is not counted. It gives a *ViewError or
// ErrSameDimension for filters that there are not.
func (p *Published) Writers(question string, filters []Filter) (below int, err error) {
	conditions, _, err := p.index.layout.resolve(View{Filters: filters})
	if err != nil {
		return 0, err
	}
	asked := slices.IndexFunc(p.index.layout.questions, func(c *columns) bool { return c.question.ID == question })
	if asked < 0 || len(p.editions) == 0 {
		return 0, nil
	}
	implied := p.bases().implied(conditions, len(p.editions))
	edition := p.permit(asked, conditions, implied[asked])
	if edition < 0 {
		return 0, nil
	}
	return p.editions[edition], nil
}
