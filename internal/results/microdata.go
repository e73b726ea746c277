package results

import (
	"errors"
	"fmt"
	"slices"

	"intake/forms"
)

// Rows are the responses of the newest edition as the analyst's file may hold
// them. It is for one goroutine.
type Rows struct {
	layout  *Layout
	dims    []*columns
	columns []RowColumn
	size    int
	root    *division // nil if there are too few responses for any row
	classes []*class

	has  []bool  // the columns that the response at hand has
	said []uint8 // by dimension, an option's number and one, 0 for none
}

// RowColumn is a column of the rows: a question, or an option of one with
// several answers.
type RowColumn struct {
	Question string
	Option   string // "" for a question with one answer
}

// division is a node of the tree: people who are divided by a dimension, or
// who are a class.
type division struct {
	conditions []cell // that all of them meet
	class      *class // nil if they are divided
	dim        int
	parts      []*division // by option; nil for those who are in the rest
	rest       *division   // nil if that is nobody
}

// class is a set of people that the dimensions do not tell apart.
type class struct {
	said  []string // what stands in the columns of the dimensions
	shown []bool   // by question of the layout: whether its answers are given
	size  int
	rows  int // that have been made of it
}

// of finds the class of somebody by what they said to each dimension; nil if
// there is none.
func (d *division) of(said []uint8) *class {
	for d != nil && d.class == nil {
		next := d.rest
		if n := said[d.dim]; n > 0 && d.parts[n-1] != nil {
			next = d.parts[n-1]
		}
		d = next
	}
	if d == nil {
		return nil
	}
	return d.class
}

// Size is how many rows there are: as many as the newest edition has
// responses, or none if these are too few.
func (r *Rows) Size() int { return r.size }

// Columns are the columns of the rows, in the order of the questions.
func (r *Rows) Columns() []RowColumn { return r.columns }

// ErrOtherResponses is given for rows that are not of the responses that were
// counted.
var ErrOtherResponses = errors.New("the responses are not those that were counted")

// Row writes a response into the cells of a row, by column. Its answers are
// valid and stripped, and it is one of the newest edition.
func (r *Rows) Row(version int, answers forms.Answers, cells []string) error {
	clear(r.has)
	if !r.layout.bitsOf(version, answers, func(column int) { r.has[column] = true }) {
		return fmt.Errorf("make a row: version %d is not among those of the wave", version)
	}
	for d, dim := range r.dims {
		r.said[d] = uint8(slices.IndexFunc(dim.options, func(column int) bool { return r.has[column] }) + 1) //nolint:gosec // dimensions have fewer than 255 options
	}
	class := r.root.of(r.said)
	if class == nil || class.rows == class.size {
		return ErrOtherResponses
	}
	class.rows++
	r.fill(class, cells)
	return nil
}

func (r *Rows) fill(class *class, cells []string) {
	column := 0
	for i, c := range r.layout.questions {
		dim := slices.Index(r.dims, c)
		switch {
		case dim >= 0:
			cells[column] = class.said[dim]
			column++
		case !InRows(c.question):
		case c.question.Kind.Several():
			for _, option := range c.options {
				switch {
				case !class.shown[i]:
					cells[column] = WithheldCell
				case !r.has[c.answered]:
					cells[column] = ""
				case r.has[option]:
					cells[column] = Ticked
				default:
					cells[column] = NotTicked
				}
				column++
			}
		case !class.shown[i]:
			cells[column] = WithheldCell
			column++
		default:
			cells[column] = ""
			for o, option := range c.options {
				if r.has[option] {
					cells[column] = c.question.Options[o].Code
				}
			}
			column++
		}
	}
}

// Complete tells whether each class has got all its rows; ErrOtherResponses if
// not. Until then nobody may see any of them.
func (r *Rows) Complete() error {
	for _, class := range r.classes {
		if class.rows != class.size {
			return ErrOtherResponses
		}
	}
	return nil
}

// Rows gives what the analyst's file may hold.
func (p *Published) Rows() *Rows { return p.rows(true) }

// rows can leave out the rule for what is left when rows are taken away, for
// the test that shows that it is needed.
func (p *Published) rows(restRule bool) *Rows {
	l := p.index.layout
	r := &Rows{layout: l, dims: l.dimensions(), has: make([]bool, len(l.names))}
	r.said = make([]uint8, len(r.dims))
	for _, c := range l.questions {
		switch {
		case !slices.Contains(r.dims, c) && !InRows(c.question):
		case c.question.Kind.Several():
			for o := range c.options {
				r.columns = append(r.columns, RowColumn{c.question.ID, c.question.Options[o].Code})
			}
		default:
			r.columns = append(r.columns, RowColumn{Question: c.question.ID})
		}
	}
	if p.newest() == 0 {
		return r
	}
	g := &grouping{Published: p, rows: r, restRule: restRule, gates: l.gates(), bases: p.bases()}
	if !g.mayTell(nil) {
		return r
	}
	g.order = g.dimensionOrder()
	r.size, r.root = p.newest(), g.divide(nil)
	g.count()
	g.decide(r.root)
	return r
}

// gates lists, by question, those on whose answers it hangs whether somebody
// is asked it, in any version.
func (l *Layout) gates() [][]string {
	out := make([][]string, len(l.questions))
	for i, c := range l.questions {
		for _, form := range l.versions {
			if q := form.Question(c.question.ID); q != nil {
				out[i] = append(out[i], q.When.Fields()...)
				out[i] = append(out[i], form.PageOf(q.ID).When.Fields()...)
			}
		}
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out
}
