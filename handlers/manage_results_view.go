package handlers

import (
	"slices"
	"strconv"
	"strings"

	"intake/forms"
	"intake/internal/results"
)

// viewForm offers the filters and breakdowns, and says which are chosen.
type viewForm struct {
	Path, Wave string
	Filters    []dimensionView
	By         []viewOption
	Chosen     string // the filters in words, "" for none
	Whole      string // the address without them
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
func (a *app) viewForm(seen seenResults) viewForm {
	f := viewForm{Path: "/manage/surveys/" + a.Survey.ID + "/results", Wave: seen.wave.Code}
	f.Whole = f.Path + "?wave=" + f.Wave
	var chosen []string
	for _, id := range results.Dimensions {
		q := a.Survey.Question(id)
		if q == nil {
			continue
		}
		dimension := dimensionView{Name: filterPrefix + id, ID: "filter-" + id, Label: shortLabel(q)}
		for _, option := range q.Options {
			isChosen := slices.Contains(seen.view.Filters, results.Filter{Question: id, Option: option.Code})
			dimension.Options = append(dimension.Options, viewOption{option.Code, option.Label.In("en"), isChosen})
			if isChosen {
				chosen = append(chosen, shortLabel(q)+": "+option.Label.In("en"))
			}
		}
		f.Filters = append(f.Filters, dimension)
		f.By = append(f.By, viewOption{id, shortLabel(q), seen.view.By == id})
	}
	f.Chosen = strings.Join(chosen, "; ")
	return f
}

// shortLabel names a question among others.
func shortLabel(q *forms.Question) string {
	if short := q.Short.In("en"); short != "" {
		return short
	}
	return q.Label.In("en")
}

// headline is the one figure that stands for the survey.
type headline struct {
	Question string
	Percent  *int
	Base     int
	Why      string // it is not shown
}

// resultsSection holds the questions of one page of the form.
type resultsSection struct {
	Title     string
	Questions []questionView
}

type questionView struct {
	ID, Label string
	Notes     []string
	figuresView
	By     string // the dimension of the rows below
	Groups []rowView
}

// figuresView are the figures of some people in words.
type figuresView struct {
	Base     string
	Positive *int
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

func (p *resultsPage) fill(form *forms.Form, seen seenResults) {
	for _, figure := range seen.figures.Questions {
		question, page := form.Question(figure.ID), form.PageOf(figure.ID)
		if question == nil {
			continue // only an older version asks it
		}
		title := page.Title.In("en")
		section := find(&p.Sections, func(s resultsSection) bool { return s.Title == title }, resultsSection{Title: title})
		section.Questions = append(section.Questions, viewQuestion(form, question, figure, seen.view.By))
		if figure.Headline {
			p.Headline = &headline{Question: question.Label.In("en"), Percent: figure.Positive, Why: withheldWords[figure.Withheld]}
			if figure.Base != nil {
				p.Headline.Base = *figure.Base
			}
			if figure.Positive == nil && p.Headline.Why == "" {
				p.Headline.Why = "The figure would tell what few people answered, so it is not shown."
			}
		}
	}
}

// withheldWords say why nothing of a question is shown.
var withheldWords = map[results.Reason]string{
	results.BaseUnder10:   "Fewer than 10 people answered this, so nothing is shown.",
	results.BaseUnder20:   "This question is sensitive and fewer than 20 people answered it, so nothing is shown.",
	results.Complementary: "So few people are in this group, or beside it, that the figures would give their answers away. Nothing is shown.",
	results.FreeText:      "What people wrote is shown only once a person has read and released it.",
}

const hiddenWords = "Figures of fewer than 5 people are not shown, nor are those from which they could be worked out."

func viewQuestion(form *forms.Form, q *forms.Question, figure results.QuestionResult, by string) questionView {
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
	dimension := form.Question(by)
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
	if figures.Base != nil {
		view.Base = plural(*figures.Base, "answer")
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
	switch {
	case cell.NearlyAll:
		view.Count = "nearly all"
	case cell.Withheld == results.FewerThan5:
		view.Count = "fewer than 5"
	case cell.Withheld != "":
		view.Count = "not shown"
	case cell.Count != nil:
		view.Count = strconv.Itoa(*cell.Count)
	}
	if cell.Percent != nil {
		view.Percent = strconv.Itoa(*cell.Percent) + "%"
	}
	return view
}
