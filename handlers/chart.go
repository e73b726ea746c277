package handlers

import "intake/internal/results"

// bar is a horizontal bar of a hundred units, drawn as SVG beneath its words.
type bar struct {
	Length int
	Class  string // bar--good for a good answer
}

// barOf draws a percentage; nil where none may be shown, so that a bar is
// never without its figure.
func barOf(cell results.OptionResult, good bool) *bar {
	if cell.Percent == nil {
		return nil
	}
	b := &bar{Length: min(max(*cell.Percent, 0), 100)}
	if good {
		b.Class = "bar--good"
	}
	return b
}
