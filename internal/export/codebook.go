package export

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"intake/forms"
	"intake/internal/results"
)

// Variable is a column of the analyst's file, or, without a Name, a question
// that only the tables have.
type Variable struct {
	Name      string
	Question  *forms.Question
	Option    string // of a question with several answers, each of which is a column
	Label     string
	Section   string
	Dimension bool // figures can be filtered and broken down by it
	Codes     []Code
	LeftOut   string // why it has no Name
}

// Code is what may stand in a column: Value in the files, Number in SPSS.
// Negative numbers are not answers.
type Code struct {
	Value  string
	Number int
	Label  string
}

// The numbers of what is said in the place of an answer. Options outside the
// base are numbered from -1 down to them.
const (
	numberGrouped   = -97
	numberUndivided = -98
	numberWithheld  = -99
)

// Codebook describes the questions of these versions of a form, as the newest
// asks them, in its order; questions of older versions follow.
func Codebook(versions ...*forms.Form) []Variable {
	newestFirst := slices.SortedFunc(slices.Values(versions), func(a, b *forms.Form) int { return b.Version - a.Version })
	names := newNaming()
	known := map[string]bool{}
	var out []Variable
	for _, form := range newestFirst {
		for i := range form.Pages {
			page := &form.Pages[i]
			if page.Repeats != nil {
				continue
			}
			for j := range page.Questions {
				if q := &page.Questions[j]; !known[q.ID] {
					known[q.ID] = true
					out = append(out, variables(q, page.Title.In("en"), names)...)
				}
			}
		}
	}
	return out
}

func variables(q *forms.Question, section string, names *naming) []Variable {
	v := Variable{Question: q, Label: q.Label.In("en"), Section: section}
	v.Dimension = slices.Contains(results.Dimensions, q.ID) && q.Kind == forms.KindChoice && !q.Sensitive
	switch {
	case !q.Kind.Closed():
		v.LeftOut = "What people wrote is never in a file of rows."
		return []Variable{v}
	case !results.InRows(q):
		v.LeftOut = "It is in the tables only: colleagues may know it of each other, so that it could lead to somebody’s row."
		v.Codes = optionCodes(q)
		return []Variable{v}
	case !q.Kind.Several():
		v.Name, v.Codes = names.of(q.ID), optionCodes(q)
		if v.Dimension {
			v.Codes = append(v.Codes,
				Code{results.Grouped, numberGrouped, "Grouped: another answer, or none"},
				Code{results.Undivided, numberUndivided, "All: not told apart here"})
		} else {
			v.Codes = append(v.Codes, Code{results.WithheldCell, numberWithheld, "Withheld"})
		}
		return []Variable{v}
	}
	var out []Variable
	for _, option := range q.Options {
		of := v
		of.Name, of.Option = names.of(q.ID+"_"+option.Code), option.Code
		of.Label = q.Name("en") + ": " + option.Label.In("en")
		of.Codes = []Code{{results.NotTicked, 0, "Not ticked"}, {results.Ticked, 1, "Ticked"}, {results.WithheldCell, numberWithheld, "Withheld"}}
		out = append(out, of)
	}
	return out
}

// optionCodes numbers the options from 1 up, those outside the base from -1 down.
func optionCodes(q *forms.Question) []Code {
	var codes []Code
	answer, aside := 0, 0
	for _, option := range q.Options {
		code := Code{Value: option.Code, Label: option.Label.In("en")}
		if option.Aside {
			aside--
			code.Number = aside
		} else {
			answer++
			code.Number = answer
		}
		codes = append(codes, code)
	}
	return codes
}

var codebookColumns = []string{
	"variable", "question", "option", "label", "section", "dimension", "sensitive", "lower_is_better", "several_answers",
	"code", "spss_number", "code_label", "note",
}

// CodebookCSV writes the codebook: a row for each code of each variable.
func CodebookCSV(w io.Writer, about About, variables []Variable) error {
	out, err := newCSV(w)
	if err != nil {
		return fmt.Errorf("write codebook: %w", err)
	}
	header, origin := slices.Clone(codebookColumns), []string{}
	for _, f := range about.origin() {
		header, origin = append(header, f.name), append(origin, Harmless(f.words))
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write codebook: %w", err)
	}
	for _, v := range variables {
		q := v.Question
		row := []string{
			v.Name, q.ID, v.Option, Harmless(v.Label), Harmless(v.Section),
			yesNo(v.Dimension), yesNo(q.Sensitive), yesNo(q.Reverse), yesNo(q.Kind.Several()),
		}
		codes := [][]string{{"", "", ""}}
		if len(v.Codes) > 0 {
			codes = codes[:0]
		}
		for _, code := range v.Codes {
			codes = append(codes, []string{code.Value, strconv.Itoa(code.Number), Harmless(code.Label)})
		}
		for _, code := range codes {
			if err := out.Write(slices.Concat(row, code, []string{v.LeftOut}, origin)); err != nil {
				return fmt.Errorf("write codebook: %w", err)
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write codebook: %w", err)
	}
	return nil
}

// naming gives columns names that SPSS takes: at most 64 bytes, letters,
// digits and underscores, a letter first, none that is a word of its syntax,
// and no two alike.
type naming struct{ used map[string]bool }

func newNaming() *naming {
	n := &naming{used: map[string]bool{}}
	for _, word := range []string{"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"} {
		n.used[word] = true
	}
	return n
}

const maxName = 64

func (n *naming) of(id string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(id))
	if clean == "" || clean[0] < 'a' || clean[0] > 'z' {
		clean = "v" + clean
	}
	name := clean[:min(len(clean), maxName)]
	for i := 2; n.used[name]; i++ {
		suffix := "_" + strconv.Itoa(i)
		name = clean[:min(len(clean), maxName-len(suffix))] + suffix
	}
	n.used[name] = true
	return name
}

// RowsFile is what the CSV file with the rows is called, in the analyst's file
// and in the syntax that reads it.
const RowsFile = "responses.csv"
