package handlers

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

// publicResults is the page of results so far, in the reader's language.
type publicResults struct {
	base
	Survey   string
	Caution  string       // whom the figures do not speak for
	People   string       // how many the figures are of, "" while there are none
	Waves    []menuItem   // that publish their results, where there are several
	Said     *saidAndDone // nil if there is nothing
	Sections []publicSection
}

type publicSection struct {
	Title     string
	Questions []publicQuestion
}

type publicQuestion struct {
	ID    string
	Label string
	Base  string
	Good  string
	Why   string // nothing is shown
	Rows  []cellView
}

// surveyPublicResults shows the figures of a wave that publishes them, to
// anyone: those of the disclosure door, with every number of people rounded.
func (a *app) surveyPublicResults(c *gin.Context) error {
	wave, err := a.askedWave(c)
	if err != nil && c.Param("slug") == a.Survey.ID && c.Query("wave") != "" {
		return a.namingWaves(c.Request.Context(), err, publishedWave)
	} else if err != nil {
		return err
	}
	if !wave.Published {
		return errNotPublished
	}
	asked, err := a.askedForms(c.Request.Context(), wave)
	if err != nil {
		return err
	}
	published, err := a.published(c.Request.Context(), wave)
	if err != nil {
		return err
	}
	figures, err := published.Disclose(results.View{})
	if err != nil {
		return err
	}
	lang := a.languages.choose(c.Request).code
	w := wordsIn(lang)
	page := publicResults{base: a.spoken(c, lang, w["results"]), Survey: a.Survey.Title.In(lang)}
	page.Demo, page.Caution = page.Demo || wave.Demo, w["results_indicative"]
	if wave.ByInvitation {
		page.Caution = w["results_invited"]
	}
	if page.Waves, err = a.publishedWaves(c, wave); err != nil {
		return err
	}
	if page.Said, err = a.saidAndDone(c.Request.Context(), wave, true, lang); err != nil {
		return err
	}
	if figures.Released > 0 {
		public := figures.ForThePublic()
		page.People = withNumber(w["results_base"], public.Released)
		for _, figure := range public.Questions {
			form := asked.of(figure.ID)
			title := form.PageOf(figure.ID).Title.In(lang)
			section := find(&page.Sections, func(s publicSection) bool { return s.Title == title }, publicSection{Title: title})
			section.Questions = append(section.Questions, publicView(form.Question(figure.ID), figure, lang))
		}
	}
	return a.render(c, http.StatusOK, "survey_results", &page)
}

// publishedWaves leads to the waves whose results anyone may see, where there
// are several.
func (a *app) publishedWaves(c *gin.Context, shown *store.Wave) ([]menuItem, error) {
	waves, err := a.Store.Waves(c.Request.Context(), a.Survey.ID)
	if err != nil {
		return nil, err
	}
	var items []menuItem
	for _, wave := range waves {
		if !wave.Published {
			continue
		}
		query := c.Request.URL.Query()
		query.Set("wave", wave.Code)
		items = append(items, menuItem{Text: wave.Code, Href: "?" + query.Encode(), Current: wave.ID == shown.ID})
	}
	if len(items) < 2 {
		return nil, nil
	}
	return items, nil
}

var errNotPublished = &problem{status: http.StatusNotFound, notice: "not_published", title: "These results are not published",
	words: "Whoever runs the survey decides whether and when its results can be seen here."}

func publicView(q *forms.Question, figure results.QuestionResult, lang string) publicQuestion {
	w := wordsIn(lang)
	view := publicQuestion{ID: q.ID, Label: q.Label.In(lang)}
	switch {
	case !q.Kind.Closed():
		view.Why = w["results_written"]
	case figure.Withheld != "" || figure.Base == nil:
		view.Why = w["results_hidden"]
	default:
		view.Base = withNumber(w["results_base"], *figure.Base)
		if figure.Positive != nil {
			view.Good = withNumber(w["results_good"], *figure.Positive)
		}
		for _, cell := range figure.Options {
			view.Rows = append(view.Rows, publicCell(q, cell, lang))
		}
	}
	return view
}

func publicCell(q *forms.Question, cell results.OptionResult, lang string) cellView {
	w := wordsIn(lang)
	view := cellView{Label: cell.Value, Bar: barOf(cell, slices.Contains(q.Positive, cell.Value))}
	if option := q.Option(cell.Value); option != nil {
		view.Label = option.Label.In(lang)
	}
	switch {
	case cell.NearlyAll:
		view.Percent = w["results_nearly_all"]
	case cell.Withheld == results.FewerThan5:
		view.Percent = w["results_few"]
	case cell.Percent != nil:
		view.Percent = strconv.Itoa(*cell.Percent) + "%"
	default:
		view.Percent = w["results_hidden"]
	}
	return view
}
