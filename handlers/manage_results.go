package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

// resultsAnswer is the body of the results over the API.
type resultsAnswer struct {
	Survey    string                   `json:"survey"`
	Wave      string                   `json:"wave"`
	Responses int                      `json:"responses"` // live, as far as it may be told
	Released  int                      `json:"released"`
	Questions []results.QuestionResult `json:"questions"`
}

// apiResults gives the figures to a program whose key has the right, and to a
// manager who is signed in and may see them; of a wave that publishes them
// also to strangers, with every number of people rounded.
func (a *app) apiResults(c *gin.Context) error {
	denied := a.mayReadResults(c)
	if denied != nil && asProblem(denied).status >= http.StatusInternalServerError {
		return denied
	}
	wave, figures, live, err := a.waveResults(c)
	switch {
	case denied != nil && (err != nil || !wave.Published):
		return denied // whoever may not know learns nothing of waves either
	case err != nil:
		return err
	case denied != nil:
		figures = figures.ForThePublic()
		// The live one would tell when each response came.
		live.Number = figures.Released
	}
	c.JSON(http.StatusOK, a.resultsAnswer(wave, figures, live))
	return nil
}

// mayReadResults is nil for who may read results that are not published.
func (a *app) mayReadResults(c *gin.Context) error {
	if c.GetHeader("Authorization") != "" {
		return a.requireBearer(c, "results")
	}
	user, err := a.sessionUser(c.Request.Context())
	if errors.Is(err, store.ErrNotFound) {
		return errNoBearer
	} else if err != nil {
		return err
	}
	if !can(user, viewResults) {
		return errForbidden
	}
	return nil
}

func (a *app) resultsAnswer(wave *store.Wave, figures results.Results, live store.Told) resultsAnswer {
	return resultsAnswer{
		Survey: a.Survey.ID, Wave: wave.Code, Responses: live.Number,
		Released: figures.Released, Questions: figures.Questions,
	}
}

var errNoFilters = &problem{status: http.StatusUnprocessableEntity, title: "Filters and breakdowns are not offered yet",
	words: "Ask for the whole wave: leave out by and every filter. They come with a later release of the portal."}

// waveResults finds the wave that is asked for, its figures, and what may be
// told of how many responses have come.
func (a *app) waveResults(c *gin.Context) (*store.Wave, results.Results, store.Told, error) {
	var none results.Results
	var unknown store.Told
	for name := range c.Request.URL.Query() {
		if name == "by" || strings.HasPrefix(name, "filter.") {
			return nil, none, unknown, errNoFilters
		}
	}
	wave, err := a.askedWave(c)
	if err != nil {
		return nil, none, unknown, err
	}
	figures, err := a.results.get(c.Request.Context(), a.Store, a.Survey, wave)
	if err != nil {
		return nil, none, unknown, err
	}
	// Counted last, so that it is never less than what was released.
	live, err := a.Store.LiveTotal(c.Request.Context(), wave.ID)
	wave.Released = figures.Released // they may be of a later release
	figures.Released = wave.ToldReleased().Number
	return wave, figures, wave.ToldTotal(live), err
}

// askedWave is the wave that the address names, else the current one.
func (a *app) askedWave(c *gin.Context) (*store.Wave, error) {
	code := c.Query("wave")
	if code == "" {
		return a.surveyWave(c)
	}
	if c.Param("slug") != a.Survey.ID || !readable(code) {
		return nil, errPageNotFound
	}
	return a.Store.WaveByCode(c.Request.Context(), a.Survey.ID, code)
}

type resultsPage struct {
	base
	Survey     string
	Wave       string
	Waves      []menuItem // where there are several
	Live       store.Told
	Released   store.Told
	ReleasedAt string
	Invited    bool // only people with an invitation could answer
	Open       bool
	Headline   *headline
	Sections   []resultsSection
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
	Base      string
	Notes     []string
	Positive  *int
	Withheld  string // why nothing is shown
	Hidden    string // why some figures are not shown
	Rows      []cellView
	Aside     []cellView
}

// cellView is one answer with its figures in words.
type cellView struct {
	Label, Percent, Count string
	Bar                   *bar
}

// surveyResults shows a wave's figures. Whatever it shows came out of the
// disclosure door.
func (a *app) surveyResults(c *gin.Context) error {
	wave, figures, live, err := a.waveResults(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		c.JSON(http.StatusOK, a.resultsAnswer(wave, figures, live))
		return nil
	}
	page := resultsPage{
		base: a.base(c, a.Survey.Title.In("en")+": results"), Survey: a.Survey.Title.In("en"),
		Wave: wave.Code, Live: live, Released: wave.ToldReleased(), Invited: wave.ByInvitation, Open: wave.Open(a.Now()),
	}
	page.Nav, page.Demo = "results", wave.Demo
	released, err := a.Store.LastRelease(c.Request.Context(), wave.ID)
	if err != nil {
		return err
	}
	if released != nil {
		page.ReleasedAt = moment(*released)
	}
	if page.Waves, err = a.otherWaves(c, wave); err != nil {
		return err
	}
	if figures.Released > 0 {
		page.fill(a.Survey, figures)
	}
	return a.render(c, http.StatusOK, "results", &page)
}

func (a *app) otherWaves(c *gin.Context, shown *store.Wave) ([]menuItem, error) {
	waves, err := a.Store.Waves(c.Request.Context(), a.Survey.ID)
	if err != nil || len(waves) < 2 {
		return nil, err
	}
	var items []menuItem
	for _, w := range waves {
		items = append(items, menuItem{Text: w.Code, Href: c.Request.URL.Path + "?wave=" + w.Code, Current: w.ID == shown.ID})
	}
	return items, nil
}

func (p *resultsPage) fill(form *forms.Form, figures results.Results) {
	for _, figure := range figures.Questions {
		question, page := form.Question(figure.ID), form.PageOf(figure.ID)
		title := page.Title.In("en")
		section := find(&p.Sections, func(s resultsSection) bool { return s.Title == title }, resultsSection{Title: title})
		section.Questions = append(section.Questions, viewQuestion(question, figure))
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
	results.Complementary: "So few people gave some of the answers that nothing can be shown without giving them away.",
	results.FreeText:      "What people wrote is shown only once a person has read and released it.",
}

const hiddenWords = "Figures of fewer than 5 people are not shown, nor are those from which they could be worked out."

func viewQuestion(q *forms.Question, figure results.QuestionResult) questionView {
	view := questionView{ID: q.ID, Label: q.Label.In("en"), Positive: figure.Positive, Withheld: withheldWords[figure.Withheld]}
	if figure.Base != nil {
		view.Base = plural(*figure.Base, "answer")
	}
	if figure.Reverse {
		view.Notes = append(view.Notes, "Lower is better.")
	}
	if figure.Several {
		view.Notes = append(view.Notes, "People could choose several answers, so the figures add up to more than 100%.")
	}
	if figure.Sensitive {
		view.Notes = append(view.Notes, "Sensitive question: shown only from 20 answers.")
	}
	for _, cell := range figure.Options {
		view.Rows = append(view.Rows, viewCell(q, cell))
		if cell.Withheld != "" {
			view.Hidden = hiddenWords
		}
	}
	for _, cell := range figure.Aside {
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
