package handlers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

type resultsPage struct {
	base
	Survey    string
	Wave      string
	Live      store.Told
	Released  store.Told
	Counted   int // of the released ones
	View      viewForm
	Honesty   honesty
	Wider     *widerView // where nothing is shown
	Headline  *headline
	Sections  []resultsSection
	Themes    []themeTable
	StandsOut []standsOut
	Withheld  []string // how many questions are not shown, and why
	Done      *saidAndDone
	Files     filesView
}

// viewForm offers waves, filters, breakdowns and comparisons, and says which
// are chosen.
type viewForm struct {
	Path    string
	Waves   []viewOption
	With    []viewOption // other waves to stand beside
	Filters []dimensionView
	By      []viewOption
	Chosen  string // the filters in words, "" for none
	Whole   string // the address without them
	Live    string // the address of the stream that tells of releases
}

type dimensionView struct {
	Name, ID, Label string
	Options         []viewOption
}

type viewOption struct {
	Value, Label string
	Chosen       bool
}

// viewForm words what can be asked of the survey's results.
func (a *app) viewForm(seen seenResults, waves []store.Wave, with []comparedWave) viewForm {
	f := viewForm{Path: a.resultsPath()}
	f.Whole = f.Path + "?wave=" + seen.wave.Code
	f.Live = f.Path + "/live?wave=" + seen.wave.Code + "&seen=" + seen.wave.Mark().String()
	for _, w := range waves {
		f.Waves = append(f.Waves, viewOption{w.Code, w.Code, w.ID == seen.wave.ID})
		if w.ID != seen.wave.ID {
			beside := slices.ContainsFunc(with, func(other comparedWave) bool { return other.beside && other.code == w.Code })
			f.With = append(f.With, viewOption{w.Code, w.Code, beside})
		}
	}
	for _, id := range results.Dimensions {
		q := seen.asked.question(id)
		if q == nil {
			continue
		}
		dimension := dimensionView{Name: filterPrefix + id, ID: "filter-" + id, Label: shortLabel(q)}
		for _, option := range q.Options {
			isChosen := slices.Contains(seen.view.Filters, results.Filter{Question: id, Option: option.Code})
			dimension.Options = append(dimension.Options, viewOption{option.Code, option.Label.In("en"), isChosen})
		}
		f.Filters = append(f.Filters, dimension)
		f.By = append(f.By, viewOption{id, shortLabel(q), seen.view.By == id})
	}
	f.Chosen = groupWords(seen.asked, seen.view.Filters)
	return f
}

func (a *app) resultsPath() string { return "/manage/surveys/" + a.Survey.ID + "/results" }

// groupWords names the people who meet all filters.
func groupWords(asked askedForms, filters []results.Filter) string {
	var words []string
	for _, id := range results.Dimensions {
		i := slices.IndexFunc(filters, func(f results.Filter) bool { return f.Question == id })
		q := asked.question(id)
		if i < 0 || q == nil || q.Option(filters[i].Option) == nil {
			continue // only an older version has it
		}
		f := filters[i]
		words = append(words, shortLabel(q)+": "+q.Option(f.Option).Label.In("en"))
	}
	return strings.Join(words, "; ")
}

// shortLabel names a question among others.
func shortLabel(q *forms.Question) string {
	if short := q.Short.In("en"); short != "" {
		return short
	}
	return q.Label.In("en")
}

// resultsSection holds the questions of one page of the form.
type resultsSection struct {
	ID, Title string
	Questions []questionView
}

type questionView struct {
	ID, Label string
	Notes     []string
	figuresView
	Compare []string // of the good answers: with the wave before, and with districts
	Stack   []stackPart
	Waves   []waveColumn // that stand beside
	Texts   *releasedTexts
	By      string // the dimension of the rows below
	Groups  []rowView
}

// waveColumn is another wave's figures of a question.
type waveColumn struct {
	Code    string
	Break   string // why they cannot be compared
	Shares  []string
	Good    string
	Base    string
	Changed string
}

// figuresView are the figures of some people in words.
type figuresView struct {
	Base     string
	Class    string // how little it can bear
	Positive *int
	Interval string
	Caution  string
	Withheld string // why nothing is shown
	Hidden   string // why some figures are not shown
	AsOf     string // of which responses the figures are, if not of all
	Rows     []cellView
	Aside    []cellView
}

// rowView is a row of a breakdown.
type rowView struct {
	Label string
	figuresView
	Bar     *bar   // of the good answers
	Summary string // the shares of the answers
}

// cellView is one answer with its figures in words.
type cellView struct {
	Label, Percent, Count string
	Bar                   *bar
}

// fill words the figures of the view. districts are the rows that each question
// has for them, where the view is one among districts.
func (p *resultsPage) fill(seen seenResults, compared []comparedWave, districts map[string][]results.Row) {
	scores := newScores()
	for _, figure := range seen.figures.Questions {
		form := seen.asked.of(figure.ID)
		question, page := form.Question(figure.ID), form.PageOf(figure.ID)
		title := page.Title.In("en")
		section := find(&p.Sections, func(s resultsSection) bool { return s.Title == title }, resultsSection{ID: page.ID, Title: title})
		view := viewQuestion(question, figure, seen.asked.question(seen.view.By))
		view.compareWith(form, question, figure.Figures, compared)
		if median := results.Median(districts[figure.ID]); median != nil && figure.Positive != nil {
			view.Compare = append(view.Compare, fmt.Sprintf("Median of districts: %d%%.", *median))
		}
		section.Questions = append(section.Questions, view)
		scores.add(form, page, question, figure.Figures, compared, districts[figure.ID])
		if figure.Headline {
			p.Headline = headlineOf(form, question, figure.Figures, compared)
		}
	}
	p.Themes = scores.tables()
	p.Withheld = withheldSummary(seen.figures)
}

// withheldWords say why nothing of a question is shown.
var withheldWords = map[results.Reason]string{
	results.BaseUnder10:   "Fewer than 10 people answered this, so nothing is shown.",
	results.BaseUnder20:   "This question is sensitive and fewer than 20 people answered it, so nothing is shown.",
	results.Complementary: "So few people are in this group, or beside it, that the figures would give their answers away. Nothing is shown.",
	results.FreeText:      "What people wrote is shown only once a person has read and released it.",
}

const hiddenWords = "Figures of fewer than 5 people are not shown, nor are those from which they could be worked out."

func viewQuestion(q *forms.Question, figure results.QuestionResult, dimension *forms.Question) questionView {
	view := questionView{ID: q.ID, Label: q.Label.In("en"), figuresView: viewFigures(q, figure.Figures)}
	if figure.Reverse {
		view.Notes = append(view.Notes, "Lower is better.")
	}
	if figure.Several {
		view.Notes = append(view.Notes, "People could choose several answers, so the figures add up to more than 100%.")
	}
	if figure.Sensitive {
		view.Notes = append(view.Notes, "Sensitive question: shown only from 20 answers.")
	}
	view.Stack = stackOf(q, figure.Figures)
	if dimension == nil {
		return view
	}
	view.By = shortLabel(dimension)
	for _, row := range figure.Rows {
		group := rowView{Label: row.Value, figuresView: viewFigures(q, row.Figures)}
		if option := dimension.Option(row.Value); option != nil {
			group.Label = option.Label.In("en")
		}
		if row.Positive != nil {
			group.Bar = barOf(results.OptionResult{Percent: row.Positive}, true)
		}
		var shares []string
		for _, cell := range group.Rows {
			share := cell.Percent
			if share == "" {
				share = cell.Count
			}
			shares = append(shares, cell.Label+" "+share)
		}
		group.Summary = strings.Join(shares, " · ")
		view.Groups = append(view.Groups, group)
	}
	return view
}

func viewFigures(q *forms.Question, figures results.Figures) figuresView {
	view := figuresView{Positive: figures.Positive, Withheld: withheldWords[figures.Withheld]}
	if figures.Base != nil && figures.Withheld == "" {
		view.Base = plural(*figures.Base, "answer")
	}
	if figures.Interval != nil {
		view.Interval = fmt.Sprintf("%d%% to %d%%", figures.Interval[0], figures.Interval[1])
	}
	switch figures.Caution {
	case results.Under30:
		view.Class, view.Caution = "grey", "Fewer than 30 answers: a few more could change this a lot."
	case results.Under50:
		view.Caution = "Fewer than 50 answers: read this with caution."
	}
	if figures.AsOf != nil {
		view.AsOf = "Of the first " + plural(*figures.AsOf, "response") + ": so few of the later ones are in this group that they would stand out."
	}
	for _, cell := range figures.Options {
		view.Rows = append(view.Rows, viewCell(q, cell))
		if cell.Withheld != "" {
			view.Hidden = hiddenWords
		}
	}
	for _, cell := range figures.Aside {
		view.Aside = append(view.Aside, viewCell(q, cell))
	}
	return view
}

// hiddenCount says why a number is not shown, "" if it is.
func hiddenCount(cell results.OptionResult) string {
	switch {
	case cell.NearlyAll:
		return "nearly all"
	case cell.Withheld == results.FewerThan5:
		return "fewer than 5"
	case cell.Withheld != "":
		return "not shown"
	}
	return ""
}

func viewCell(q *forms.Question, cell results.OptionResult) cellView {
	view := cellView{Label: cell.Value, Bar: barOf(cell, slices.Contains(q.Positive, cell.Value))}
	switch option := q.Option(cell.Value); {
	case option != nil:
		view.Label = option.Label.In("en")
	case cell.Value == results.Skipped:
		view.Label = "Did not answer"
	case cell.Value == results.NotAsked:
		view.Label = "Were not asked"
	}
	if view.Count = hiddenCount(cell); view.Count == "" && cell.Count != nil {
		view.Count = strconv.Itoa(*cell.Count)
	}
	if cell.Percent != nil {
		view.Percent = strconv.Itoa(*cell.Percent) + "%"
	}
	return view
}

// compareWith sets the figures beside those of other waves.
func (v *questionView) compareWith(form *forms.Form, q *forms.Question, now results.Figures, waves []comparedWave) {
	for _, w := range waves {
		before, asked := w.figures[q.ID]
		alike := w.alike(form, q.ID)
		change := ""
		if points := results.Change(before, now); points != nil && alike {
			change = pointsWords(*points) + " " + w.since()
		}
		if !w.beside {
			switch {
			case change != "":
				v.Compare = append(v.Compare, capital(change)+".")
			case asked && !alike:
				v.Compare = append(v.Compare, "Not compared with "+w.code+": the question was asked in other words then.")
			}
			continue
		}
		column := waveColumn{Code: w.code, Changed: change}
		switch {
		case w.asked.of(q.ID) == nil:
			column.Break = "It was not asked in " + w.code + "."
		case !alike:
			column.Break = "It was asked in other words in " + w.code + ", so the figures cannot be compared."
		case before.Withheld != "" || before.Base == nil:
			column.Break = "Nothing can be shown for " + w.code + "."
		default:
			view := viewFigures(q, before)
			column.Base = view.Base
			if view.Positive != nil {
				column.Good = strconv.Itoa(*view.Positive) + "%"
			}
			for _, cell := range now.Options {
				column.Shares = append(column.Shares, shareOf(before.Options, cell.Value))
			}
		}
		v.Waves = append(v.Waves, column)
	}
}

// shareOf is what may be said of one answer, among all to a question.
func shareOf(options []results.OptionResult, code string) string {
	i := slices.IndexFunc(options, func(o results.OptionResult) bool { return o.Value == code })
	if i < 0 {
		return "–"
	}
	if percent := options[i].Percent; percent != nil {
		return strconv.Itoa(*percent) + "%"
	}
	return hiddenCount(options[i])
}

// pointsWords says a difference between two percentages.
func pointsWords(points int) string {
	switch {
	case points > 0:
		return "up " + plural(points, "point")
	case points < 0:
		return "down " + plural(-points, "point")
	}
	return "no change"
}
