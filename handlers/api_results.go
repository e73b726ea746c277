package handlers

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"intake/internal/results"
	"intake/internal/store"
)

// resultsAnswer is the body of the results over the API.
type resultsAnswer struct {
	Survey    string            `json:"survey"`
	Wave      string            `json:"wave"`
	Responses int               `json:"responses"` // live, as far as it may be told
	Released  int               `json:"released"`
	Counted   int               `json:"counted"` // of the released ones
	People    *int              `json:"people"`  // of those, in the view
	Filters   map[string]string `json:"filters,omitempty"`
	By        string            `json:"by,omitempty"`
	// Wider is the nearest view that shows something, where this one does not.
	Wider     *widerAnswer             `json:"wider,omitempty"`
	Questions []results.QuestionResult `json:"questions"`
}

type widerAnswer struct {
	Filters map[string]string `json:"filters"`
	By      string            `json:"by,omitempty"`
}

// apiResults gives the figures to a program whose key has the right, and to a
// manager who is signed in and may see them; of a wave that publishes them
// also to strangers, with every number of people rounded.
func (a *app) apiResults(c *gin.Context) error {
	denied := a.mayReadResults(c)
	if denied != nil && asProblem(denied).status >= http.StatusInternalServerError {
		return denied
	}
	if denied != nil {
		// Whoever may not know learns nothing of waves either.
		wave, err := a.askedWave(c)
		view := askedView(c.Request.URL.Query())
		if err != nil || !wave.Published || len(view.Filters) > 0 || view.By != "" {
			return denied
		}
	}
	seen, err := a.waveResults(c)
	switch {
	case err != nil:
		return err
	case denied != nil:
		seen.figures = seen.figures.ForThePublic()
		// The live one would tell when each response came.
		if seen.released > 0 {
			seen.released = seen.figures.Released
		}
		seen.live.Number = seen.released
	}
	return a.answerResults(c, seen)
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

// answerResults gives figures to a program.
func (a *app) answerResults(c *gin.Context, seen seenResults) error {
	answer := resultsAnswer{
		Survey: a.Survey.ID, Wave: seen.wave.Code, Responses: seen.live.Number, Released: seen.released,
		Counted: min(seen.figures.Released, seen.released), Questions: seen.figures.Questions,
		Filters: filtersAnswer(seen.view), By: seen.view.By,
	}
	if answer.Counted > 0 {
		answer.People = seen.figures.People
	}
	if seen.nothing() && len(seen.view.Filters) > 0 {
		wider, found, err := seen.published.Wider(seen.view)
		if err != nil {
			return err
		}
		if found {
			answer.Wider = &widerAnswer{Filters: filtersAnswer(wider), By: wider.By}
		}
	}
	c.JSON(http.StatusOK, answer)
	return nil
}

func filtersAnswer(view results.View) map[string]string {
	filters := map[string]string{}
	for _, f := range view.Filters {
		filters[f.Question] = f.Option
	}
	return filters
}
