// Package export writes what leaves the portal as files: the disclosed tables
// as CSV and as a workbook, the codebook, the syntax for SPSS, and the
// analyst's file of rows. Writing belongs inside, and what a file says of
// itself; which figures and rows may be shown is decided in package results.
package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"intake/forms"
	"intake/internal/results"
)

// About is what every file says of itself.
type About struct {
	Survey   *forms.Form
	Wave     string // its code
	View     results.View
	Released int // responses that the file is about
	Made     time.Time
}

// fact is a line of what a file says of itself.
type fact struct{ name, words string }

// tableRules are the rules of disclosure as the tables follow them.
const tableRules = "Nothing is shown of fewer than 10 people, of fewer than 20 for a sensitive question, nor what would tell of them together with other figures. " +
	"Cells of 1 to 4 people are withheld. Counts, and bases under a filter, are rounded to 5. Percentages are whole, of the exact figures. " +
	"A withheld figure is empty, never 0."

// origin says what a file is about that holds no figures.
func (a *About) origin() []fact {
	return []fact{{"survey", a.Survey.Title.In("en")}, {"wave", a.Wave}, {"made_at", a.Made.UTC().Format(time.RFC3339)}}
}

func (a *About) facts(rules string) []fact {
	filters := make([]string, 0, len(a.View.Filters))
	for _, f := range a.View.Filters {
		filters = append(filters, a.name(f.Question)+": "+a.label(f.Question, f.Option))
	}
	return append(a.origin(),
		fact{"filters", orNone(strings.Join(filters, "; "))},
		fact{"broken_down_by", orNone(a.name(a.View.By))},
		fact{"responses", strconv.Itoa(a.Released)},
		fact{"rules", rules})
}

func orNone(words string) string {
	if words == "" {
		return "none"
	}
	return words
}

// name is what people call a question; its id where the newest version does
// not ask it.
func (a *About) name(id string) string {
	if q := a.Survey.Question(id); q != nil {
		return q.Name("en")
	}
	return id
}

func (a *About) label(id, code string) string {
	if q := a.Survey.Question(id); q != nil {
		return optionLabel(q, code)
	}
	return code
}

func optionLabel(q *forms.Question, code string) string {
	if option := q.Option(code); option != nil {
		return option.Label.In("en")
	}
	return code
}

// byteOrderMark tells Excel that a CSV file is in UTF-8.
const byteOrderMark = "\uFEFF"

// newCSV begins a CSV file as RFC 4180 and Excel want it. All cells that hold
// text must go through Harmless.
func newCSV(w io.Writer) (*csv.Writer, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return nil, err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	return out, nil
}

// formulaStarts are the characters by which a spreadsheet may take a text for
// a formula, also in the full width of East Asian keyboards.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// Harmless keeps a spreadsheet from taking a text for a formula: one that
// begins like it, with or without blanks, quotes and invisible characters
// before, gets an apostrophe in front. Every cell of every file that holds
// text goes through it.
func Harmless(text string) string {
	for _, r := range text {
		switch {
		case strings.ContainsRune(formulaStarts, r):
			return "'" + text
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r), strings.ContainsRune("'\"`‘’“”", r):
		default:
			return text
		}
	}
	return text
}
