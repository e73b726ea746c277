package handlers

import (
	"slices"
	"strconv"

	"intake/forms"
	"intake/internal/results"
)

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

// stackPart is a part of a bar that shows the answers to a question side by
// side.
type stackPart struct {
	From, Length int // in per cent
	Class        string
}

// stackOf draws the shares that may be shown of a question with good and other
// answers, in their order. What
// is not shown leaves a gap at the end.
func stackOf(q *forms.Question, figures results.Figures) []stackPart {
	if len(q.Positive) == 0 || q.Kind.Several() || figures.Withheld != "" {
		return nil
	}
	var stack []stackPart
	from := 0
	for i, cell := range figures.Options {
		if cell.Percent == nil || *cell.Percent <= 0 {
			continue
		}
		class := "stack--" + strconv.Itoa(i%stackShades)
		if slices.Contains(q.Positive, cell.Value) {
			class = "stack--good-" + strconv.Itoa(i%2)
		}
		length := min(*cell.Percent, 100-from)
		stack = append(stack, stackPart{From: from, Length: length, Class: class})
		from += length
	}
	return stack
}

// stackShades is how many shades the style sheet has for answers that are not
// good ones.
const stackShades = 6
