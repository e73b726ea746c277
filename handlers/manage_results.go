package handlers

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/internal/results"
	"intake/internal/store"
)

// resultsAnswer is the body of the results over the API.
type resultsAnswer struct {
	Survey    string                   `json:"survey"`
	Wave      string                   `json:"wave"`
	Responses int                      `json:"responses"` // live, as far as it may be told
	Released  int                      `json:"released"`
	Counted   int                      `json:"counted"` // of the released ones
	Filters   map[string]string        `json:"filters,omitempty"`
	By        string                   `json:"by,omitempty"`
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
	c.JSON(http.StatusOK, a.resultsAnswer(seen))
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

func (a *app) resultsAnswer(seen seenResults) resultsAnswer {
	answer := resultsAnswer{
		Survey: a.Survey.ID, Wave: seen.wave.Code, Responses: seen.live.Number,
		Released: seen.released, Counted: min(seen.figures.Released, seen.released), Questions: seen.figures.Questions, By: seen.view.By,
	}
	for _, f := range seen.view.Filters {
		if answer.Filters == nil {
			answer.Filters = map[string]string{}
		}
		answer.Filters[f.Question] = f.Option
	}
	return answer
}

// seenResults are the figures of a wave as somebody may see them.
type seenResults struct {
	wave     *store.Wave
	view     results.View
	figures  results.Results
	released int        // as far as it may be told
	live     store.Told // how many responses have come
}

// waveResults finds the wave and the view that are asked for, and their
// figures.
func (a *app) waveResults(c *gin.Context) (seen seenResults, err error) {
	ctx := c.Request.Context()
	if seen.wave, err = a.askedWave(c); err != nil {
		return seen, err
	}
	published, err := a.published(ctx, seen.wave)
	if err != nil {
		return seen, err
	}
	seen.view = askedView(c.Request.URL.Query())
	if seen.figures, err = published.Disclose(seen.view); err != nil {
		return seen, viewProblem(err)
	}
	// Counted last, so that it is never less than what was released.
	live, err := a.Store.LiveTotal(ctx, seen.wave.ID)
	seen.wave.Released = max(seen.wave.Released, seen.figures.Released) // they may be of a later release
	seen.released, seen.live = seen.wave.ToldReleased().Number, seen.wave.ToldTotal(live)
	return seen, err
}

const filterPrefix = "filter."

// askedView reads the filters and the breakdown from an address. An empty one
// is none: that is how a form sends a choice that was not made.
func askedView(query url.Values) results.View {
	view := results.View{By: query.Get("by")}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		question, isFilter := strings.CutPrefix(name, filterPrefix)
		for _, option := range query[name] {
			if isFilter && option != "" {
				view.Filters = append(view.Filters, results.Filter{Question: question, Option: option})
			}
		}
	}
	return view
}

// viewProblem explains a view that there is not.
func viewProblem(err error) error {
	var unknown *results.ViewError
	p := &problem{status: http.StatusUnprocessableEntity, title: "There is no such view of the results"}
	switch {
	case errors.As(err, &unknown) && unknown.Of == "":
		p.words = "Results cannot be filtered or broken down by “" + unknown.Given + "”. Use one of these: " + strings.Join(unknown.Allowed, ", ") + "."
	case errors.As(err, &unknown):
		p.words = "“" + unknown.Given + "” is not an answer to " + unknown.Of + ". Use one of these: " + strings.Join(unknown.Allowed, ", ") + "."
	case errors.Is(err, results.ErrSameDimension):
		p.words = "Use each dimension once: as one filter, or to break down by."
	default:
		return err
	}
	return p
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
	Counted    int // of the released ones
	ReleasedAt string
	View       viewForm
	Invited    bool // only people with an invitation could answer
	Open       bool
	Headline   *headline
	Sections   []resultsSection
	Files      filesView
}

// surveyResults shows a wave's figures. Whatever it shows came out of the
// disclosure door.
func (a *app) surveyResults(c *gin.Context) error {
	seen, err := a.waveResults(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		c.JSON(http.StatusOK, a.resultsAnswer(seen))
		return nil
	}
	wave := seen.wave
	page := resultsPage{
		base: a.base(c, a.Survey.Title.In("en")+": results"), Survey: a.Survey.Title.In("en"),
		Wave: wave.Code, Live: seen.live, Released: wave.ToldReleased(), Counted: min(seen.figures.Released, seen.released),
		Invited: wave.ByInvitation, Open: wave.Open(a.Now()), View: a.viewForm(seen),
		Files: a.filesView(c, wave),
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
	if seen.figures.Released > 0 {
		page.fill(a.Survey, seen)
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
