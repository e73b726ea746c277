package export

import (
	"fmt"
	"io"
	"strconv"

	"intake/forms"
	"intake/internal/results"
)

// Tables are the disclosed figures of a view.
type Tables struct {
	About
	Figures results.Results
}

// The columns of a table. One row is one answer to one question among
// everybody under the filters, or among those of one group.
var tableColumns = []string{
	"section", "question", "question_label", "sensitive", "lower_is_better", "several_answers",
	"people_in_view", "group_by", "group", "group_label",
	"base", "caution", "percent_good", "percent_good_from", "percent_good_to",
	"kind", "option", "option_label", "count", "percent", "withheld", "why", "of_first_responses",
}

// What the column "kind" says of an option.
const (
	kindAnswer = "answer"      // it is in the base
	kindAside  = "not in base" // "unsure", "prefer not to say", and those who said nothing
)

// nearlyAll stands in the column "withheld" of an answer that nearly all gave.
const nearlyAll = "nearly_all"

// why says in words what the codes of the column "withheld" mean.
var why = map[string]string{
	string(results.BaseUnder10):   "Fewer than 10 people answered this.",
	string(results.BaseUnder20):   "The question is sensitive and fewer than 20 people answered it.",
	string(results.FreeText):      "What people wrote is shown only once a person has read and released it.",
	string(results.FewerThan5):    "Fewer than 5 people.",
	string(results.Complementary): "It would tell of few people, together with other figures.",
	nearlyAll:                     "Nearly all gave this answer to a sensitive question.",
}

// CSV writes the tables as one table: what the file says of itself is in the
// last columns of every row, so that nothing has to be skipped to read it.
func (t *Tables) CSV(w io.Writer) error {
	out, err := newCSV(w)
	if err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	header, about := append([]string{}, tableColumns...), []string{}
	for _, f := range t.facts(tableRules) {
		header, about = append(header, f.name), append(about, Harmless(f.words))
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	err = t.rows(func(row []any) error {
		cells := make([]string, 0, len(header))
		for _, cell := range row {
			switch cell := cell.(type) {
			case int:
				cells = append(cells, strconv.Itoa(cell))
			case string:
				cells = append(cells, cell)
			default:
				cells = append(cells, "")
			}
		}
		return out.Write(append(cells, about...))
	})
	if err == nil {
		out.Flush()
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	return nil
}

// rows gives the rows of the table: an int, a string that is harmless already,
// or nil for each column.
func (t *Tables) rows(give func(row []any) error) error {
	for _, q := range t.Figures.Questions {
		about := []any{"", q.ID, q.ID, yesNo(q.Sensitive), yesNo(q.Reverse), yesNo(q.Several), number(t.Figures.People)}
		question := t.Survey.Question(q.ID)
		if question == nil {
			question = &forms.Question{ID: q.ID} // only an older version asks it
		} else {
			about[0], about[2] = Harmless(t.Survey.PageOf(q.ID).Title.In("en")), Harmless(question.Label.In("en"))
		}
		if err := t.figures(question, append(about, nil, nil, nil), q.Figures, give); err != nil {
			return err
		}
		for _, row := range q.Rows {
			group := append(append([]any{}, about...), t.View.By, row.Value, Harmless(t.label(t.View.By, row.Value)))
			if err := t.figures(question, group, row.Figures, give); err != nil {
				return err
			}
		}
	}
	return nil
}

// figures gives the rows of one question's figures among some people.
func (t *Tables) figures(q *forms.Question, about []any, f results.Figures, give func(row []any) error) error {
	about = append(append([]any{}, about...), number(f.Base), text(string(f.Caution)), number(f.Positive))
	if f.Interval == nil {
		about = append(about, nil, nil)
	} else {
		about = append(about, f.Interval[0], f.Interval[1])
	}
	row := func(kind, option any, label string, count, percent *int, withheld string) error {
		cells := append(append([]any{}, about...), kind, option, text(label), number(count), number(percent), text(withheld), text(why[withheld]), number(f.AsOf))
		return give(cells)
	}
	if len(f.Options)+len(f.Aside) == 0 {
		return row(nil, nil, "", nil, nil, string(f.Withheld))
	}
	for _, cell := range f.Options {
		withheld := string(cell.Withheld)
		if cell.NearlyAll {
			withheld = nearlyAll
		}
		if err := row(kindAnswer, cell.Value, optionLabel(q, cell.Value), cell.Count, cell.Percent, withheld); err != nil {
			return err
		}
	}
	for _, cell := range f.Aside {
		if err := row(kindAside, cell.Value, asideLabel(q, cell.Value), cell.Count, cell.Percent, string(cell.Withheld)); err != nil {
			return err
		}
	}
	return nil
}

func asideLabel(q *forms.Question, code string) string {
	switch code {
	case results.Skipped:
		return "Did not answer"
	case results.NotAsked:
		return "Were not asked"
	}
	return optionLabel(q, code)
}

// number is a figure as a cell, which is empty where there is none.
func number(figure *int) any {
	if figure == nil {
		return nil
	}
	return *figure
}

// text is words as a cell, which is empty where there are none.
func text(words string) any {
	if words == "" {
		return nil
	}
	return Harmless(words)
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
