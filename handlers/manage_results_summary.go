package handlers

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

// headline is the one figure that stands for the survey.
type headline struct {
	Question string
	Percent  *int
	Interval string
	Base     string
	Change   string // since the wave before
	Why      string // it is not shown
}

func headlineOf(form *forms.Form, q *forms.Question, figures results.Figures, compared []comparedWave) *headline {
	view := viewFigures(q, figures)
	h := &headline{Question: q.Label.In("en"), Percent: figures.Positive, Interval: view.Interval, Base: view.Base, Why: view.Withheld}
	if h.Percent == nil && h.Why == "" {
		h.Why = "The figure would tell what few people answered, so it is not shown."
	}
	if len(compared) > 0 && compared[0].alike(form, q.ID) {
		if points := results.Change(compared[0].figures[q.ID], figures); points != nil {
			h.Change = pointsWords(*points) + " " + compared[0].since()
		}
	}
	return h
}

// planItems are the items of the delivery plan by which results are read, and
// their names.
var planItems = []option{
	{"4", "Charter and wellbeing"}, {"7", "Transport"}, {"10", "Men, and people over 55"}, {"13", "Housing"},
	{"14", "Working alone"}, {"15", "Training for complex needs"}, {"16", "Unpaid carers and personal assistants"},
}

// themeTable holds scores that are read together.
type themeTable struct {
	Title, First string
	Before       string // the wave that changes are since, "" for none
	Medians      bool
	Themes       []themeView
}

type themeView struct {
	Label  string
	Score  *int
	Bar    *bar
	Of     string // how many questions it is the mean of
	Change string
	Median string // of districts
	Links  []link
}

type link struct{ Href, Text string }

// scores collects the figures of questions by section and by item of the
// delivery plan.
type scores struct {
	before          string
	sections, items []*theme
}

type theme struct {
	key, label string
	now        []results.Figures
	then       []results.Figures // of those that were asked alike
	alike      []results.Figures // now, of the same
	districts  [][]results.Row
	questions  []link
}

func newScores() *scores {
	t := &scores{}
	for _, item := range planItems {
		t.items = append(t.items, &theme{key: item.code, label: item.label})
	}
	return t
}

func (t *scores) add(form *forms.Form, page *forms.Page, q *forms.Question, now results.Figures, compared []comparedWave, districts []results.Row) {
	i := slices.IndexFunc(t.sections, func(s *theme) bool { return s.key == page.ID })
	if i < 0 {
		i = len(t.sections)
		t.sections = append(t.sections, &theme{key: page.ID, label: page.Title.In("en")})
	}
	in := []*theme{t.sections[i]}
	for _, item := range t.items {
		if slices.Contains(q.Informs, item.key) {
			in = append(in, item)
		}
	}
	for _, each := range in {
		each.questions = append(each.questions, link{"#" + q.ID, shortLabel(q)})
		if len(q.Positive) == 0 {
			continue
		}
		each.now = append(each.now, now)
		if districts != nil {
			each.districts = append(each.districts, districts)
		}
		if len(compared) == 0 || !compared[0].alike(form, q.ID) {
			continue
		}
		t.before = capital(compared[0].since())
		if before := compared[0].figures[q.ID]; results.Change(before, now) != nil {
			each.then, each.alike = append(each.then, before), append(each.alike, now)
		}
	}
}

// tables words the scores: of sections that have one, and of all items.
func (t *scores) tables() []themeTable {
	sections := themeTable{Title: "By part of the survey", First: "Part", Before: t.before}
	items := themeTable{Title: "By item of the delivery plan", First: "Item", Before: t.before}
	for _, each := range t.sections {
		if len(each.now) > 0 {
			sections.add(each)
		}
	}
	for _, each := range t.items {
		if len(each.questions) > 0 {
			items.add(each)
		}
	}
	return []themeTable{sections, items}
}

func (t *themeTable) add(each *theme) {
	score, of := results.Mean(each.now)
	view := themeView{Label: each.label, Score: score, Of: "none is shown"}
	switch {
	case len(each.now) == 0:
		view.Of, view.Links = "no good or bad answers: see", each.questions
	case of > 0:
		view.Of = plural(of, "question")
		view.Bar = barOf(results.OptionResult{Percent: score}, true)
	}
	if points := results.ChangeOfMeans(each.then, each.alike); points != nil {
		view.Change = pointsWords(*points)
	}
	if median := results.MedianOfMeans(each.districts); median != nil {
		view.Median, t.Medians = strconv.Itoa(*median)+"%", true
	}
	t.Themes = append(t.Themes, view)
}

const byDistrict = "district"

// districtRows are the figures of all districts by question, where the view is
// of one district, or broken down by them.
func (a *app) districtRows(seen seenResults) (map[string][]results.Row, error) {
	all := results.View{By: byDistrict}
	ofOne := seen.view.By == byDistrict
	for _, f := range seen.view.Filters {
		if ofOne = ofOne || f.Question == byDistrict; f.Question != byDistrict {
			all.Filters = append(all.Filters, f)
		}
	}
	if !ofOne {
		return nil, nil
	}
	figures, err := seen.published.Disclose(all)
	if err != nil {
		return nil, err
	}
	rows := map[string][]results.Row{}
	for _, q := range figures.Questions {
		rows[q.ID] = q.Rows
	}
	return rows, nil
}

// standsOut is a difference in words.
type standsOut struct {
	Href, Question, Group string
	Positive, Rest        string
	Points                string
	Above                 bool
}

// mostStandOut is how many differences are listed.
const mostStandOut = 10

func (a *app) standsOut(seen seenResults) ([]standsOut, error) {
	differences, err := seen.published.StandsOut(seen.view, mostStandOut)
	if err != nil {
		return nil, err
	}
	var out []standsOut
	for _, d := range differences {
		q := seen.asked.question(d.Question)
		if q == nil {
			continue
		}
		group := d.Group
		if seen.view.By != "" { // what all groups have in common is said above
			group = group[len(group)-1:]
		}
		above := "above"
		if d.Points < 0 {
			above = "below"
		}
		out = append(out, standsOut{
			Href: "#" + d.Question, Question: shortLabel(q), Group: groupWords(seen.asked, group),
			Positive: strconv.Itoa(d.Positive) + "%", Rest: strconv.Itoa(d.Rest) + "%",
			Points: plural(max(d.Points, -d.Points), "point") + " " + above, Above: d.Points > 0,
		})
	}
	return out, nil
}

// widerView leads to the nearest view that shows something.
type widerView struct{ Href, Text string }

func (a *app) widerView(seen seenResults) (*widerView, error) {
	if len(seen.view.Filters) == 0 {
		return nil, nil
	}
	wider, found, err := seen.published.Wider(seen.view)
	if err != nil || !found {
		return nil, err
	}
	text := groupWords(seen.asked, wider.Filters)
	if text == "" {
		text = "everyone"
	}
	return &widerView{Href: a.resultsPath() + "?" + addressOf(seen.wave.Code, wider), Text: text}, nil
}

// addressOf is the query that asks for a view.
func addressOf(wave string, view results.View) string {
	query := url.Values{"wave": {wave}}
	for _, f := range view.Filters {
		query.Set(filterPrefix+f.Question, f.Option)
	}
	if view.By != "" {
		query.Set("by", view.By)
	}
	return query.Encode()
}

// withheldSummary says how many questions are not shown, and why.
func withheldSummary(figures results.Results) []string {
	counts := map[results.Reason]int{}
	hidden := 0
	for _, q := range figures.Questions {
		if q.Withheld != "" && q.Withheld != results.FreeText {
			counts[q.Withheld]++
		} else if slices.ContainsFunc(q.Options, func(o results.OptionResult) bool { return o.Withheld != "" }) {
			hidden++
		}
	}
	var out []string
	for _, reason := range []results.Reason{results.BaseUnder10, results.BaseUnder20, results.Complementary} {
		if n := counts[reason]; n > 0 {
			out = append(out, fmt.Sprintf("%s: %s", plural(n, "question"), lower(withheldWords[reason])))
		}
	}
	if hidden > 0 {
		out = append(out, fmt.Sprintf("%s with some figures left out: %s", plural(hidden, "question"), lower(hiddenWords)))
	}
	return out
}

// lower goes on with a sentence.
func lower(sentence string) string { return strings.ToLower(sentence[:1]) + sentence[1:] }

// honesty says how far the figures can be trusted.
type honesty struct {
	People     string // in the view
	Responses  string
	Releases   string
	ReleasedAt string
	Rate       string // response rate, or coverage
	Says       []string
	Cannot     []string
}

func (a *app) honesty(ctx context.Context, seen seenResults) (h honesty, err error) {
	wave := seen.wave
	h.People = "fewer people than may be told"
	if people := seen.figures.People; people != nil {
		h.People = plural(*people, "person")
		if *people != 1 {
			h.People = strconv.Itoa(*people) + " people"
		}
		if len(seen.view.Filters) > 0 {
			h.People = "about " + h.People
		}
	}
	h.Responses = wave.ToldReleased().String()
	h.Releases = plural(wave.Releases, "release")
	released, err := a.Store.LastRelease(ctx, wave.ID)
	if err != nil {
		return h, err
	}
	if released != nil {
		h.ReleasedAt = moment(*released)
	}
	if wave.ByInvitation {
		if h.Rate, err = a.responseRate(ctx, wave); err != nil {
			return h, err
		}
		h.Says = append(h.Says, "Only people with an invitation could answer, once each. The intervals say where a share would lie 95 times of 100 if those who answered had been drawn by lot.")
	} else {
		if workforce := a.Organisation.Survey.Workforce; workforce > 0 && wave.ToldReleased().Exact {
			h.Rate = fmt.Sprintf("about %s of the %s people who could have answered", share(wave.Released, workforce), thousands(workforce))
		}
		h.Says = append(h.Says, "Anyone with the link could answer, so the figures are indicative: no margin of error can be given for them.")
	}
	h.Says = append(h.Says,
		"A figure of fewer than 50 answers calls for caution; of fewer than 30 it is grey.",
		"To protect those who answered, results change only when 10 or more new responses, and a tenth of what is counted, can be added together; numbers of people in a group are rounded to the nearest 5, and small figures are not shown.")
	h.Cannot = []string{"what those think who did not answer, who may differ from those who did", "why people answered as they did"}
	if !wave.ByInvitation {
		h.Cannot = append(h.Cannot, "whether somebody answered more than once")
	}
	return h, nil
}

// responseRate is how many of the wave's invitations came back, as far as it
// may be told.
func (a *app) responseRate(ctx context.Context, wave *store.Wave) (string, error) {
	collectors, err := a.Store.Collectors(ctx, wave.ID)
	if err != nil {
		return "", err
	}
	issued, returned := 0, 0
	for _, c := range collectors {
		if c.Kind != store.ClosedCollector {
			continue
		}
		if c.Returned == nil {
			return "not told: so few came back by one of the collectors that it would say who", nil
		}
		issued, returned = issued+c.Issued, returned+*c.Returned
	}
	if issued == 0 {
		return "no invitations yet", nil
	}
	return fmt.Sprintf("%s: %s of %s invitations came back", share(returned, issued), thousands(returned), thousands(issued)), nil
}

// share is a part of a whole in per cent, with one place where it is small.
func share(part, whole int) string {
	percent := 100 * float64(part) / float64(whole)
	if percent < 10 {
		return strconv.FormatFloat(percent, 'f', 1, 64) + "%"
	}
	return strconv.Itoa(int(math.Round(percent))) + "%"
}

// thousands writes a large number as people read it.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
