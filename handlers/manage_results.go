package handlers

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

// seenResults are the figures of a wave as somebody may see them.
type seenResults struct {
	wave      *store.Wave
	asked     askedForms
	view      results.View
	published *results.Published
	figures   results.Results
	released  int        // as far as it may be told
	live      store.Told // how many responses have come
}

// askedForms are the versions of the survey that a wave counts, the newest
// first. What it asked is shown in its own words, also where the survey has
// dropped a question since.
type askedForms []*forms.Form

func (a *app) askedForms(ctx context.Context, wave *store.Wave) (askedForms, error) {
	versions, err := a.versions.Of(ctx, wave)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(versions, func(a, b *forms.Form) int { return b.Version - a.Version })
	return versions, nil
}

// of is the newest version that asks a question, nil if none does.
func (asked askedForms) of(question string) *forms.Form {
	for _, form := range asked {
		if form.Question(question) != nil {
			return form
		}
	}
	return nil
}

// question is that of the newest version that asks it, nil if none does.
func (asked askedForms) question(id string) *forms.Question {
	if form := asked.of(id); form != nil {
		return form.Question(id)
	}
	return nil
}

// nothing tells whether no figure of the view is shown.
func (s *seenResults) nothing() bool { return s.figures.Released > 0 && s.figures.Shows() == 0 }

// waveResults finds the wave and the view that are asked for, and their
// figures.
func (a *app) waveResults(c *gin.Context) (seen seenResults, err error) {
	ctx := c.Request.Context()
	wave, err := a.askedWave(c)
	if err != nil && c.Param("slug") == a.Survey.ID {
		return seen, a.namingWaves(ctx, err, anyWave)
	} else if err != nil {
		return seen, err
	}
	if seen, err = a.figures(ctx, wave, askedView(c.Request.URL.Query())); err != nil {
		return seen, viewProblem(err)
	}
	// Counted last, so that it is never less than what was released.
	live, err := a.Store.LiveTotal(ctx, wave.ID)
	wave.Released = max(wave.Released, seen.figures.Released) // they may be of a later release
	seen.released, seen.live = wave.ToldReleased().Number, wave.ToldTotal(live)
	return seen, err
}

// figures gives those of a wave in a view, with a *results.ViewError for a
// view that there is not.
func (a *app) figures(ctx context.Context, wave *store.Wave, view results.View) (seen seenResults, err error) {
	seen.wave, seen.view = wave, view
	if seen.asked, err = a.askedForms(ctx, wave); err != nil {
		return seen, err
	}
	if seen.published, err = a.published(ctx, wave); err != nil {
		return seen, err
	}
	if seen.figures, err = seen.published.Disclose(view); err == nil && wave.ByInvitation {
		seen.figures = seen.figures.WithIntervals()
	}
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

// namingWaves says which waves there are, of those that may be told, where err
// is that there is none of the name that was given.
func (a *app) namingWaves(ctx context.Context, err error, may func(store.Wave) bool) error {
	if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, errPageNotFound) {
		return err
	}
	waves, listErr := a.Store.Waves(ctx, a.Survey.ID)
	if listErr != nil {
		return listErr
	}
	var codes []string
	for _, w := range waves {
		if may(w) {
			codes = append(codes, w.Code)
		}
	}
	if len(codes) == 0 {
		return err
	}
	return &problem{status: http.StatusNotFound, title: "There is no such wave",
		words: "The survey has no wave of that name. Use one of these: " + strings.Join(codes, ", ") + "; or leave it out for the current one."}
}

func anyWave(store.Wave) bool { return true }

func publishedWave(w store.Wave) bool { return w.Published }

// mostCompared bounds how many waves stand side by side with the one shown.
const mostCompared = 3

var errTooManyWaves = &problem{status: http.StatusUnprocessableEntity, title: "Too many waves side by side",
	words: "Four waves fit beside each other: the one shown and three more. Go back and untick some."}

// comparedWave is another wave in the same view.
type comparedWave struct {
	code    string
	beside  bool // it was asked for, and stands beside the wave shown
	later   bool // it opened after that
	asked   askedForms
	figures map[string]results.Figures
}

// since names the wave that something is compared with.
func (w *comparedWave) since() string {
	if w.later {
		return "compared with " + w.code
	}
	return "since " + w.code
}

// alike tells whether both waves asked a question, and in the same way.
func (w *comparedWave) alike(form *forms.Form, question string) bool {
	before := w.asked.of(question)
	return before != nil && forms.AskedAlike(before, form, question)
}

// compared gives the waves that the address asks to compare with; if it names
// none, the one before, for what has changed since. One that has no such view,
// as its districts were others, has no figures.
func (a *app) compared(c *gin.Context, seen seenResults, waves []store.Wave) ([]comparedWave, error) {
	ctx := c.Request.Context()
	var with []comparedWave
	add := func(wave *store.Wave, beside bool) error {
		other := comparedWave{code: wave.Code, beside: beside, later: wave.OpensAt.After(seen.wave.OpensAt), figures: map[string]results.Figures{}}
		// Its rows are not shown.
		figures, err := a.figures(ctx, wave, results.View{Filters: seen.view.Filters})
		var unknown *results.ViewError
		if err != nil && !errors.As(err, &unknown) {
			return err
		}
		for _, q := range figures.figures.Questions {
			other.figures[q.ID] = q.Figures
		}
		other.asked = figures.asked
		with = append(with, other)
		return nil
	}
	for _, code := range c.QueryArray("with") {
		if code == "" || code == seen.wave.Code ||
			slices.ContainsFunc(with, func(w comparedWave) bool { return w.code == code }) {
			continue
		}
		if !readable(code) {
			return nil, a.namingWaves(ctx, errPageNotFound, anyWave)
		}
		wave, err := a.Store.WaveByCode(ctx, a.Survey.ID, code)
		if err != nil {
			return nil, a.namingWaves(ctx, err, anyWave)
		}
		if len(with) == mostCompared {
			return nil, errTooManyWaves
		}
		if err := add(wave, true); err != nil {
			return nil, err
		}
	}
	if len(with) > 0 {
		return with, nil
	}
	shown := slices.IndexFunc(waves, func(w store.Wave) bool { return w.ID == seen.wave.ID })
	for i := shown + 1; i < len(waves); i++ {
		// The one before it that tells anything.
		if before := &waves[i]; before.Released > 0 && before.Demo == seen.wave.Demo {
			return with, add(before, false)
		}
	}
	return nil, nil
}

// surveyResults shows a wave's figures. Whatever it shows came out of the
// disclosure door.
func (a *app) surveyResults(c *gin.Context) error {
	seen, err := a.waveResults(c)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return a.answerResults(c, seen)
	}
	waves, err := a.Store.Waves(c.Request.Context(), a.Survey.ID)
	if err != nil {
		return err
	}
	compared, err := a.compared(c, seen, waves)
	if err != nil {
		return err
	}
	page := resultsPage{
		base: a.base(c, a.Survey.Title.In("en")+": results"), Survey: a.Survey.Title.In("en"),
		Wave: seen.wave.Code, Live: seen.live, Released: seen.wave.ToldReleased(), Counted: min(seen.figures.Released, seen.released),
		View: a.viewForm(seen, waves, compared), Files: a.filesView(c, seen.wave),
	}
	page.Nav, page.Demo = "results", seen.wave.Demo
	if page.Honesty, err = a.honesty(c.Request.Context(), seen); err != nil {
		return err
	}
	if seen.nothing() {
		if page.Wider, err = a.widerView(seen); err != nil {
			return err
		}
	}
	if seen.figures.Released > 0 {
		districts, err := a.districtRows(seen)
		if err != nil {
			return err
		}
		page.fill(seen, compared, districts)
		if err := a.addTexts(c.Request.Context(), &page, seen); err != nil {
			return err
		}
		if page.Done, err = a.saidAndDone(c.Request.Context(), seen.wave, false, page.Lang); err != nil {
			return err
		}
		if page.StandsOut, err = a.standsOut(seen); err != nil {
			return err
		}
	}
	return a.render(c, http.StatusOK, "results", &page)
}

// addTexts puts what was released of what people wrote below its questions.
func (a *app) addTexts(ctx context.Context, page *resultsPage, seen seenResults) error {
	for i := range page.Sections {
		for j := range page.Sections[i].Questions {
			view := &page.Sections[i].Questions[j]
			if seen.asked.question(view.ID).Kind.Closed() {
				continue
			}
			at := slices.IndexFunc(seen.figures.Questions, func(q results.QuestionResult) bool { return q.ID == view.ID })
			texts, err := a.releasedTexts(ctx, seen.wave, seen.published, seen.view.Filters, seen.figures.Questions[at])
			if err != nil {
				return err
			}
			view.Texts = texts
		}
	}
	return nil
}
