package results

import (
	"cmp"
	"math"
	"slices"
)

// Figures are compared before they are rounded, and only those that are shown:
// what is computed here tells nothing of anyone that they do not tell.

// share is how many of a base gave a good answer.
type share struct{ good, base int }

func (s share) percent() float64 { return 100 * float64(s.good) / float64(s.base) }

// Mean is the mean of the shares of good answers that are shown, in whole per
// cent, and of how many figures; nil of none. It is the score of a theme.
func Mean(figures []Figures) (score *int, of int) {
	total := 0.0
	for _, f := range figures {
		if f.exact != nil {
			total += f.exact.percent()
			of++
		}
	}
	if of == 0 {
		return nil, 0
	}
	return whole(total / float64(of)), of
}

// Change is by how many percentage points the share of good answers has moved
// since before; nil if either is not shown.
func Change(before, now Figures) *int {
	if before.exact == nil || now.exact == nil {
		return nil
	}
	return whole(now.exact.percent() - before.exact.percent())
}

// leastForMedian is how many groups a median is of at least.
const leastForMedian = 3

// Median is that of the shares of good answers that are shown, in whole per
// cent; nil of fewer than three.
func Median(rows []Row) *int {
	var shares []float64
	for _, row := range rows {
		if row.exact != nil {
			shares = append(shares, row.exact.percent())
		}
	}
	return median(shares)
}

// MedianOfMeans is the median of the groups' scores of a theme, of whose
// questions these are the rows; groups of which not all are shown are left out.
// It is nil of fewer than three.
func MedianOfMeans(questions [][]Row) *int {
	sums, of := map[string]float64{}, map[string]int{}
	for _, rows := range questions {
		for _, row := range rows {
			if row.exact != nil {
				sums[row.Value] += row.exact.percent()
				of[row.Value]++
			}
		}
	}
	var scores []float64
	for value, sum := range sums {
		if of[value] == len(questions) {
			scores = append(scores, sum/float64(len(questions)))
		}
	}
	return median(scores)
}

func median(of []float64) *int {
	n := len(of)
	if n < leastForMedian {
		return nil
	}
	slices.Sort(of)
	return whole((of[(n-1)/2] + of[n/2]) / 2)
}

// z95 is the quantile of the normal distribution that leaves 5 per cent
// outside, half of it on either side.
const z95 = 1.959964

// Interval is where the share of good answers among all who were invited lies
// with a confidence of 95 per cent, if those who answered had been drawn by
// lot: Wilson's score interval, in whole per cent rounded outwards. It is nil
// if the share is not shown. Of responses by open links it must not be given.
func Interval(f Figures) *[2]int {
	if f.exact == nil {
		return nil
	}
	n, p := float64(f.exact.base), float64(f.exact.good)/float64(f.exact.base)
	middle := p + z95*z95/(2*n)
	reach := z95 * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	scale := 1 + z95*z95/n
	return &[2]int{
		int(math.Floor(100*math.Max(0, (middle-reach)/scale) + 1e-9)),
		int(math.Ceil(100*math.Min(1, (middle+reach)/scale) - 1e-9)),
	}
}

// Difference is a share of good answers in a group that stands out from that
// of the rest, both in whole per cent.
type Difference struct {
	Question string
	Group    []Filter
	Positive int
	Rest     int
	Points   int // Positive less Rest, before rounding
}

// A difference stands out if both bases are large enough to be shown without
// being greyed out, and if it is larger than chance makes one in a thousand.
const (
	leastToStandOut = 30
	zToStandOut     = 3.29
)

// StandsOut ranks the groups of a view by how far their good answers are from
// those of everybody else in it, the largest differences first, limit of them
// at most. The groups are the rows of the view's breakdown; or else, of a view
// with filters, those whom it shows, among all; or else the rows of every
// dimension. Errors are those of Disclose.
func (p *Published) StandsOut(v View, limit int) ([]Difference, error) {
	filters, by, err := p.index.layout.resolve(v)
	if err != nil || len(p.editions) == 0 {
		return nil, err
	}
	var groups [][]cell
	around, dims := filters, p.index.layout.dimensions()
	switch {
	case by < 0 && len(filters) > 0:
		around, groups = nil, [][]cell{filters}
	default:
		for d := range dims {
			if by >= 0 && d != by {
				continue
			}
			for option := range dims[d].options {
				groups = append(groups, with(filters, cell{d, option}))
			}
		}
	}
	var found []Difference
	all, _ := p.about(slices.Clone(around))
	for _, group := range groups {
		// Most are too small in a small wave, and would be left out below.
		if p.totals(group, len(p.editions)-1)(everybody) < leastToStandOut {
			continue
		}
		named := make([]Filter, len(group))
		for i, c := range group {
			named[i] = Filter{dims[c.dim].question.ID, dims[c.dim].question.Options[c.option].Code}
		}
		// What the group is made by comes last.
		slices.SortStableFunc(named, func(a, b Filter) int { return cmp.Compare(isOf(v, a), isOf(v, b)) * -1 })
		inGroup, _ := p.about(group)
		for i, c := range p.index.layout.questions {
			if id := c.question.ID; !slices.ContainsFunc(named, func(f Filter) bool { return f.Question == id }) {
				found = appendDifference(found, id, named, inGroup[i], all[i])
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Difference) int {
		return cmp.Compare(math.Abs(float64(b.Points)), math.Abs(float64(a.Points)))
	})
	return found[:min(limit, len(found))], nil
}

// isOf is 1 for a filter of the view, 0 for one that makes a group.
func isOf(v View, f Filter) int {
	if slices.Contains(v.Filters, f) {
		return 1
	}
	return 0
}

// appendDifference adds that of a group from the rest of all to found, if it
// stands out.
func appendDifference(found []Difference, question string, group []Filter, inGroup, inAll Figures) []Difference {
	// Of other moments they would not be part and whole.
	if inGroup.exact == nil || inAll.exact == nil || inGroup.AsOf != nil || inAll.AsOf != nil {
		return found
	}
	in := *inGroup.exact
	rest := share{inAll.exact.good - in.good, inAll.exact.base - in.base}
	if min(in.base, rest.base) < leastToStandOut || isSmall(rest.good) || isSmall(rest.base-rest.good) {
		return found
	}
	pooled := float64(in.good+rest.good) / float64(in.base+rest.base)
	points := in.percent() - rest.percent()
	chance := 100 * math.Sqrt(pooled*(1-pooled)*(1/float64(in.base)+1/float64(rest.base)))
	if points == 0 || math.Abs(points) < zToStandOut*chance {
		return found
	}
	return append(found, Difference{
		Question: question, Group: group, Positive: *whole(in.percent()), Rest: *whole(rest.percent()), Points: *whole(points),
	})
}

// whole rounds to whole per cent, halves away from zero.
func whole(percent float64) *int {
	rounded := int(math.Round(percent))
	return &rounded
}

// Shows is how many questions have figures that are shown.
func (r Results) Shows() int {
	n := 0
	for _, q := range r.Questions {
		if q.Withheld == "" {
			n++
		}
		for _, row := range q.Rows {
			if row.Withheld == "" {
				n++
			}
		}
	}
	return n
}

// Wider is the view nearest to one of which nothing is shown: with as many of
// its filters as leave something, and of those the one that leaves most. It is
// false if even everybody together is too few. Errors are those of Disclose.
func (p *Published) Wider(v View) (wider View, found bool, err error) {
	for keep := len(v.Filters) - 1; keep >= 0; keep-- {
		most := 0
		for kept := range 1 << len(v.Filters) {
			narrowed := View{By: v.By}
			for i, f := range v.Filters {
				if kept>>i&1 == 1 {
					narrowed.Filters = append(narrowed.Filters, f)
				}
			}
			if len(narrowed.Filters) != keep {
				continue
			}
			seen, err := p.Disclose(narrowed)
			if err != nil {
				return View{}, false, err
			}
			if shows := seen.Shows(); shows > most {
				most, wider = shows, narrowed
			}
		}
		if most > 0 {
			return wider, true, nil
		}
	}
	return View{}, false, nil
}

// ChangeOfMeans is by how many percentage points the mean of some shares of
// good answers has moved; nil unless all of them are shown both times.
func ChangeOfMeans(before, now []Figures) *int {
	if len(before) == 0 || len(before) != len(now) {
		return nil
	}
	moved := 0.0
	for i := range before {
		if before[i].exact == nil || now[i].exact == nil {
			return nil
		}
		moved += now[i].exact.percent() - before[i].exact.percent()
	}
	return whole(moved / float64(len(before)))
}
