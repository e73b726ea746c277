package results

import (
	"slices"

	"intake/forms"
)

// LeftOut are the questions whose answers are never in rows of responses,
// besides all that people wrote: those that ask what colleagues can see of a
// person, namely who they are, where and how they live, how they came to the
// job and how they come to work. Whoever knew that of somebody could find the
// row, and with it all the rest. The tables have them.
var LeftOut = []string{"age_band", "gender", "ethnicity", "recruited_abroad", "home", "home_share", "found_job", "travel_mode"}

// InRows tells whether rows of responses may hold the answers to a question.
func InRows(q *forms.Question) bool { return q.Kind.Closed() && !slices.Contains(LeftOut, q.ID) }

// What stands in a row in the place of an option's code.
const (
	// Grouped are those whose answer is not told, since too few gave it, and
	// those who gave none.
	Grouped = "(grouped)"
	// Undivided are people who are not told apart by a dimension.
	Undivided = "(all)"
	// WithheldCell is an answer that is not told. An empty cell was not
	// answered, whether it was asked or not.
	WithheldCell = "(withheld)"
	// Ticked and NotTicked are said of each option of a question with several
	// answers.
	Ticked    = "1"
	NotTicked = "0"
)
