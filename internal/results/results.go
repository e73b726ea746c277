package results

import (
	"strconv"

	"intake/forms"
)

// Results are the figures of a wave that may be shown to anyone who may see
// the wave at all.
type Results struct {
	Released int `json:"released"`
	// People is how many of them are in the view, rounded to 5 if it has
	// filters; nil if so many may not be told apart.
	People    *int             `json:"people"`
	Questions []QuestionResult `json:"questions"`
}

// QuestionResult holds one question's figures under the filters of a view, and
// a row of figures for each option of the dimension by which it is broken
// down, if it is.
type QuestionResult struct {
	ID string `json:"id"`
	Figures
	Headline  bool  `json:"headline,omitempty"`
	Reverse   bool  `json:"reverse,omitempty"` // lower is better
	Sensitive bool  `json:"sensitive,omitempty"`
	Several   bool  `json:"several,omitempty"` // each option is a question of its own
	Rows      []Row `json:"rows,omitempty"`
}

// Row holds the figures of those who gave one option of the dimension.
type Row struct {
	Value string `json:"value"`
	Figures
}

// Figures are what some people said to a question. Of a question without
// options they are the base alone, withheld as FreeText, and without a base if
// not even those may be told apart who answered it. A figure that is nil is not
// shown: Withheld says why for the whole question, the option's own for a
// single one. Percentages are whole, of the exact base; Base is rounded to 5
// unless it is of all responses.
type Figures struct {
	Base     *int           `json:"base"`
	Withheld Reason         `json:"withheld,omitempty"`
	Positive *int           `json:"positive"` // per cent who gave a good answer
	Options  []OptionResult `json:"options"`
	// Aside holds those who are not in the base: options such as "unsure",
	// and the values Skipped and NotAsked. They have no percentages.
	Aside []OptionResult `json:"aside"`
	// AsOf is given where the figures are of the first so many responses,
	// since later ones could be told apart; otherwise they are of all.
	AsOf *int `json:"as_of,omitempty"`
	// Caution is given for a base that is too small to lean on.
	Caution Caution `json:"caution,omitempty"`

	// Interval is that of Positive, where it is asked for.
	Interval *[2]int `json:"interval,omitempty"`

	exact *share // behind Positive, where it tells nothing more of anyone
}

// Caution says how little a figure can bear.
type Caution string

// A base below 50 calls for caution, one below 30 is shown in grey.
const (
	Under50 Caution = "base_under_50"
	Under30 Caution = "base_under_30"
)

func cautionOf(base int) Caution {
	switch {
	case base < 30:
		return Under30
	case base < 50:
		return Under50
	}
	return ""
}

// OptionResult is one cell. Count is rounded to 5, Percent is of the exact
// figures.
type OptionResult struct {
	Value     string `json:"value"`
	Count     *int   `json:"count"`
	Percent   *int   `json:"percent"`
	Withheld  Reason `json:"withheld,omitempty"`
	NearlyAll bool   `json:"nearly_all,omitempty"`
}

// Reason is why a figure is not shown.
type Reason string

// The reasons. FewerThan5 is true of every cell that carries it, be it 0;
// Complementary cells are hidden so that another one cannot be worked out, and
// say nothing about their size.
const (
	BaseUnder10   Reason = "base_under_10"
	BaseUnder20   Reason = "base_under_20"
	FreeText      Reason = "free_text"
	FewerThan5    Reason = "fewer_than_5"
	Complementary Reason = "complementary"
)

// Values of QuestionResult.Aside besides the codes of options.
const (
	Skipped  = "skipped"
	NotAsked = "not_asked"
)

// The least base of a question whose figures are shown.
const (
	threshold          = 10
	thresholdSensitive = 20
)

// WithIntervals returns the figures with the interval of each share of good
// answers. It is for waves that only invitations could answer.
func (r Results) WithIntervals() Results {
	with := r
	with.Questions = make([]QuestionResult, len(r.Questions))
	for i, q := range r.Questions {
		q.Interval = Interval(q.Figures)
		rows := make([]Row, len(q.Rows))
		for n, row := range q.Rows {
			row.Interval = Interval(row.Figures)
			rows[n] = row
		}
		if q.Rows = nil; len(rows) > 0 {
			q.Rows = rows
		}
		with.Questions[i] = q
	}
	return with
}

// ForThePublic returns the figures with every number of people rounded to 5.
func (r Results) ForThePublic() Results {
	public := Results{Released: nearest5(r.Released), Questions: make([]QuestionResult, len(r.Questions))}
	public.People = &public.Released
	for i, q := range r.Questions {
		if q.Base != nil {
			base := nearest5(*q.Base)
			q.Base = &base
		}
		if q.AsOf != nil {
			asOf := nearest5(*q.AsOf)
			q.AsOf = &asOf
		}
		public.Questions[i] = q
	}
	return public
}

func withhold(why Reason) Figures {
	return Figures{Withheld: why, Options: []OptionResult{}, Aside: []OptionResult{}}
}

// least is the smallest base of a question whose figures are shown.
func least(q *forms.Question) int {
	if q.Sensitive {
		return thresholdSensitive
	}
	return threshold
}

func baseUnder(least int) Reason { return Reason("base_under_" + strconv.Itoa(least)) }

// counts are what people said to one question. A person who answered is in
// the base unless all they said is an aside ("prefer not to say", "unsure").
type counts struct {
	question *forms.Question
	branch   bool // not everyone is asked
	asked    int
	answered int
	base     int
	options  map[string]int
}

// disclose gives what may be shown of the counts among so many people, who may
// be shown at all. isWhole tells that they are all who responded.
func (c *counts) disclose(rules rules, people int, isWhole bool) Figures {
	q := c.question
	if least := least(q); c.base < least && rules.divided {
		return withhold(baseUnder(least))
	}
	out := Figures{Options: []OptionResult{}, Aside: []OptionResult{}}
	if !q.Kind.Closed() { // until a person has read and released them
		out.Withheld, out.Base = FreeText, shownBase(c.base, isWhole)
		return out
	}
	var codes []string
	var cells []int
	for _, option := range q.Options {
		if !option.Aside {
			codes, cells = append(codes, option.Code), append(cells, c.options[option.Code])
		}
	}
	verdicts := make([]verdict, len(cells))
	if rules.cells {
		verdicts = c.judge(cells)
	}
	if !tellsSomething(cells, verdicts) {
		return withhold(Complementary)
	}
	out.Base, out.Caution = shownBase(c.base, isWhole), cautionOf(c.base)
	for i, code := range codes {
		cell := OptionResult{Value: code, Withheld: verdicts[i].reason(), NearlyAll: verdicts[i] == nearlyAll}
		if verdicts[i] == shown {
			cell.Count, cell.Percent = toFive(cells[i]), percent(cells[i], c.base)
		}
		out.Options = append(out.Options, cell)
	}
	if !q.Kind.Several() {
		good, exact := 0, false
		if out.Positive, good, exact = positive(q.Positive, codes, cells, verdicts, c.base); exact {
			out.exact = &share{good, c.base}
		}
	}
	out.Aside = c.aside(people)
	return out
}

// shownBase is a base as it is shown: exact only if it is of all responses.
func shownBase(base int, isWhole bool) *int {
	if !isWhole {
		base = nearest5(base)
	}
	return &base
}

func (c *counts) judge(cells []int) []verdict {
	switch {
	case c.question.Kind.Several():
		return judgeSeveral(cells, c.base, c.question.Sensitive)
	case c.question.Sensitive:
		if verdicts, unanimous := judgeUnanimous(cells, c.base); unanimous {
			return verdicts
		}
	}
	return judgeOne(cells)
}

// aside counts those outside the base. Their sum is known, because the base
// and the number of responses are shown exactly, so they hide each other as
// the cells of the question do. Where only skipping is possible, how many did
// is plain from the two totals.
func (c *counts) aside(people int) []OptionResult {
	var codes []string
	var cells []int
	add := func(code string, count int) {
		codes, cells = append(codes, code), append(cells, count)
	}
	for _, option := range c.question.Options {
		if option.Aside {
			add(option.Code, c.options[option.Code])
		}
	}
	add(Skipped, c.asked-c.answered)
	if c.branch {
		add(NotAsked, people-c.asked)
	}
	out := []OptionResult{}
	for i, verdict := range judgeOne(cells) {
		cell := OptionResult{Value: codes[i], Withheld: verdict.reason()}
		if verdict == shown {
			cell.Count = toFive(cells[i])
		}
		out = append(out, cell)
	}
	return out
}

// hideAside hides who is not in the base, where all who are asked of may not be
// told apart.
func (f *Figures) hideAside() {
	for i := range f.Aside {
		f.Aside[i] = OptionResult{Value: f.Aside[i].Value, Withheld: Complementary}
	}
}

// toFive rounds a count to the nearest 5.
func toFive(count int) *int {
	rounded := nearest5(count)
	return &rounded
}

// percent is a share in whole per cent, halves rounded up.
func percent(count, base int) *int {
	rounded := (200*count + base) / (2 * base)
	return &rounded
}

// nearest5 rounds a number of people.
func nearest5(n int) int { return (n + 2) / 5 * 5 }
