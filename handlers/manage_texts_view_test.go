package handlers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

// behind is the app that a test app serves, for what it shows on no page yet.
func (test *testApp) behind() *app {
	return &app{Config: test.cfg, versions: test.cfg.Store.Versions(test.cfg.Lists, test.cfg.Survey)}
}

// releaseAllTexts releases what waits, as it was written.
func (app *testApp) releaseAllTexts(wave *store.Wave, below int) {
	app.t.Helper()
	ctx := app.t.Context()
	_, err := app.store.QueueTexts(ctx, wave.ID, "one_change", below)
	app.must(err)
	counts, err := app.store.TextCounts(ctx, wave.ID)
	app.must(err)
	for range counts[store.TextWaiting] {
		text, err := app.store.NextText(ctx, wave.ID, uuid.Nil)
		app.must(err)
		ref := store.TextRef{WaveID: wave.ID, ID: text.ID, Version: text.Version}
		app.must(app.store.ReleaseText(ctx, app.deed(), ref, text.Original, []string{"pay"}))
	}
}

// shownUnder are the words that are shown under filters.
func (app *testApp) shownUnder(a *app, wave *store.Wave, filters []results.Filter) map[string]bool {
	app.t.Helper()
	published, err := a.published(app.t.Context(), wave)
	app.must(err)
	figures, err := published.Disclose(results.View{Filters: filters})
	app.must(err)
	shown := map[string]bool{}
	for _, q := range figures.Questions {
		texts, err := a.releasedTexts(app.t.Context(), wave, published, filters, q)
		app.must(err)
		if texts == nil {
			continue
		}
		for _, text := range texts.Texts {
			shown[text.Words] = true
		}
	}
	return shown
}

// TestTextsUnderFiltersNarrowNobody looks at all views with up to two filters
// of a wave, and lays together under which of them each text is shown: those
// who meet all of these filters must be as many as the threshold.
func TestTextsUnderFiltersNarrowNobody(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	random := rand.New(rand.NewPCG(3, 4))
	options := map[string][]string{ // uneven: some groups are small
		"service":  {"home_care", "home_care", "home_care", "home_care", "care_home", "care_home", "nursing_home", "day_community"},
		"district": {"maldon", "maldon", "maldon", "maldon", "harlow", "harlow", "tendring", "rochford", ""},
		"job_role": {"care_worker", "care_worker", "care_worker", "senior", "manager", ""},
	}
	writers := map[string]forms.Answers{}
	for i := range 300 {
		answers := forms.Answers{"care_role": {"paid_provider"}, "one_change": {fmt.Sprint("Wish ", i)}}
		for _, dimension := range []string{"service", "district", "job_role"} {
			if code := options[dimension][random.IntN(len(options[dimension]))]; code != "" {
				answers[dimension] = []string{code}
			}
		}
		answers = app.cfg.Survey.Strip(answers)
		writers[answers.Get("one_change")] = answers
		app.respond(answers)
	}
	wave = app.release(wave)
	a := app.behind()
	if all := app.shownUnder(a, wave, nil); len(all) != 0 {
		t.Errorf("%d texts are shown that nobody released", len(all))
	}
	app.releaseAllTexts(wave, 300)

	var views [][]results.Filter
	for i, one := range results.Dimensions {
		for _, option := range app.cfg.Survey.Question(one).Options {
			filter := results.Filter{Question: one, Option: option.Code}
			views = append(views, []results.Filter{filter})
			for _, other := range results.Dimensions[i+1:] {
				if options[one] == nil || options[other] == nil {
					continue
				}
				for _, second := range app.cfg.Survey.Question(other).Options {
					views = append(views, []results.Filter{filter, {Question: other, Option: second.Code}})
				}
			}
		}
	}
	meets := func(answers forms.Answers, filters []results.Filter) bool {
		return !slices.ContainsFunc(filters, func(f results.Filter) bool { return answers.Get(f.Question) != f.Option })
	}
	size := func(filters []results.Filter) int {
		n := 0
		for _, answers := range writers {
			if meets(answers, filters) {
				n++
			}
		}
		return n
	}
	known := map[string][]results.Filter{} // of whoever wrote it
	naive := map[string][]results.Filter{} // if it were shown under each filter that may be used
	published, err := a.published(t.Context(), wave)
	app.must(err)
	for _, view := range views {
		shown := app.shownUnder(a, wave, view)
		for words := range shown {
			if !meets(writers[words], view) {
				t.Fatalf("%q is shown under %v, by %v", words, view, writers[words])
			}
			known[words] = append(known[words], view...)
		}
		below, err := published.Writers("one_change", view)
		app.must(err)
		for words, answers := range writers {
			if below == 300 && meets(answers, view) {
				naive[words] = append(naive[words], view...)
			}
		}
		if n := size(view); len(shown) > 0 && n < 20 {
			t.Errorf("texts are shown under %v, whom %d meet", view, n)
		}
	}
	few := 0
	for words := range writers {
		if n := size(known[words]); n < 20 {
			t.Errorf("%q is by one of %d people, who meet %v", words, n, known[words])
		}
		if size(naive[words]) < 20 {
			few++
		}
	}
	if len(known) < 100 || few == 0 {
		t.Errorf("%d texts are shown under some filter; %d would tell of few people if nothing kept them", len(known), few)
	}
	if got := len(app.shownUnder(a, wave, nil)); got != shownTexts {
		t.Errorf("%d texts are shown of everybody", got)
	}
}

// TestReleasedTextsComponent has the words that stand beside the figures.
func TestReleasedTextsComponent(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.writeTexts(60, func(i int) string { return fmt.Sprintf("<b>Wish %d</b>", i) })
	a := app.behind()
	app.releaseAllTexts(wave, 60)
	published, err := a.published(t.Context(), wave)
	app.must(err)
	figures, err := published.Disclose(results.View{})
	app.must(err)
	var view *releasedTexts
	for _, q := range figures.Questions {
		texts, err := a.releasedTexts(t.Context(), wave, published, nil, q)
		app.must(err)
		if (texts != nil) != (q.ID == "one_change") {
			t.Errorf("%s has texts: %v", q.ID, texts)
		}
		if texts != nil {
			view = texts
		}
	}
	pages, err := parseTemplates()
	app.must(err)
	var html bytes.Buffer
	app.must(pages.pages["results"].ExecuteTemplate(&html, "released-texts", view))
	for _, words := range []string{"60 of 60 people’s words, each read and released by a person.", "Pay <span class=\"themes__count\">60</span>", "&lt;b&gt;Wish ", "10 more are released and not shown here."} {
		if !strings.Contains(html.String(), words) {
			t.Errorf("it does not say %q: %s", words, html.String()[:500])
		}
	}
}
