package results

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"intake/forms"
)

// Dimensions are the questions by which figures may be filtered and broken
// down: all that say where and as what somebody works, and nothing about how
// they are.
var Dimensions = []string{"district", "service", "job_role", "years_in_care", "contract", "care_role"}

// A Filter keeps those who gave one option of a dimension.
type Filter struct{ Question, Option string }

// View is what is asked of an index: the filters, one option of a dimension
// each, and the dimension to break down by, if any.
type View struct {
	Filters []Filter
	By      string
}

// ViewError says which part of a view there is not, and what there is.
type ViewError struct {
	Given   string
	Of      string // the dimension that has no such option; "" if there is no such dimension
	Allowed []string
}

func (e *ViewError) Error() string {
	if e.Of == "" {
		return fmt.Sprintf("%q is not a dimension: use one of %s, each once", e.Given, strings.Join(e.Allowed, ", "))
	}
	return fmt.Sprintf("%q is not an option of %s: use one of %s", e.Given, e.Of, strings.Join(e.Allowed, ", "))
}

// ErrSameDimension is given for a view that names a dimension twice.
var ErrSameDimension = errors.New("a dimension can be used once only, as a filter or to break down by")

// cell is a dimension's option, as numbers: of the dimension among the
// layout's and of the option in the question.
type cell struct{ dim, option int }

// dimensionsOf lists those that this layout has, in the order of Dimensions.
func (l *Layout) dimensions() []*columns {
	var out []*columns
	for _, id := range Dimensions {
		if c := l.byID[id]; c != nil && c.question.Kind == forms.KindChoice && !c.question.Sensitive {
			out = append(out, c)
		}
	}
	return out
}

// resolve checks a view against the layout. The cells come in the order of the
// dimensions, so that equal views are equal; by is -1 for no breakdown.
func (l *Layout) resolve(v View) (filters []cell, by int, err error) {
	dims := l.dimensions()
	names := make([]string, len(dims))
	for i, d := range dims {
		names[i] = d.question.ID
	}
	by = -1
	if v.By != "" {
		if by = slices.Index(names, v.By); by < 0 {
			return nil, 0, &ViewError{Given: v.By, Allowed: names}
		}
	}
	used := map[int]bool{by: by >= 0}
	for _, f := range v.Filters {
		dim := slices.Index(names, f.Question)
		if dim < 0 {
			return nil, 0, &ViewError{Given: f.Question, Allowed: names}
		}
		if used[dim] {
			return nil, 0, fmt.Errorf("%s: %w", f.Question, ErrSameDimension)
		}
		used[dim] = true
		codes := make([]string, len(dims[dim].question.Options))
		for i, option := range dims[dim].question.Options {
			codes[i] = option.Code
		}
		option := slices.Index(codes, f.Option)
		if option < 0 {
			return nil, 0, &ViewError{Given: f.Option, Of: f.Question, Allowed: codes}
		}
		filters = append(filters, cell{dim, option})
	}
	slices.SortFunc(filters, func(a, b cell) int { return a.dim - b.dim })
	return filters, by, nil
}
