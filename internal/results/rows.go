package results

import (
	"slices"

	"intake/forms"
)

// The analyst's file has a row for each response of the newest edition, and
// says less of a person the fewer are like them. People are put into classes
// by a tree: everybody is divided by one dimension after the other, wherever
// the tables may show the rows of that division. Those whose rows they may not
// show stay together, and are divided no further. So a class is either a set
// that tables may show, or what is left of one when rows that they may show
// are taken away; and it holds as many people as the threshold at least.
//
// Within a class the answers to a question are given only if its figures may
// be shown of exactly these people, so that the file and the tables never
// differ by fewer people than the threshold. Nothing is told of why an answer
// is missing; and where whether somebody was asked hangs on something that the
// row does not tell, the answer is withheld, as it would tell it.

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
