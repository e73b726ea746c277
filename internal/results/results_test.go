package results

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"intake/forms"
)

const smallSurvey = `
id: small
version: 1
kind: survey
title: {en: Small}
languages: [en]
pages:
  - id: all
    title: {en: All}
    questions:
      - id: paid
        kind: choice
        label: {en: "Are you paid?"}
        options: [{code: "yes", label: {en: "Yes"}}, {code: "no", label: {en: "No"}}]
      - id: pay_rating
        kind: choice
        label: {en: "Your pay?"}
        headline: true
        positive: [very_good, good]
        when: {field: paid, eq: "yes"}
        options:
          - {code: very_good, label: {en: Very good}}
          - {code: good, label: {en: Good}}
          - {code: fair, label: {en: Fair}}
          - {code: poor, label: {en: Poor}}
          - {code: very_poor, label: {en: Very poor}}
          - {code: unsure, label: {en: Unsure}, aside: true}
      - id: worn_out
        kind: choice
        label: {en: "Worn out?"}
        sensitive: true
        reverse: true
        positive: [never]
        options: [{code: never, label: {en: Never}}, {code: often, label: {en: Often}}]
      - id: barriers
        kind: choices
        label: {en: "Barriers?"}
        options: [{code: cost, label: {en: Cost}}, {code: travel, label: {en: Travel}}, {code: none, label: {en: None}, excludes: true}]
      - id: one_change
        kind: long_text
        max: 500
        label: {en: "One change?"}
`

func smallForm(t testing.TB) *forms.Form {
	t.Helper()
	form, err := forms.Load([]byte(smallSurvey), nil)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// indexOf indexes responses in this order.
func indexOf(t fataler, form *forms.Form, responses []forms.Answers) *Index {
	t.Helper()
	indexer := NewIndexer(NewLayout(form))
	for _, answers := range responses {
		if err := indexer.Add(form.Version, form.Strip(answers)); err != nil {
			t.Fatal(err)
		}
	}
	return indexer.Index()
}

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// published shows responses in one edition.
func published(t fataler, form *forms.Form, responses []forms.Answers) *Published {
	t.Helper()
	editions := []int{len(responses)}
	if len(responses) == 0 {
		editions = nil
	}
	p, err := indexOf(t, form, responses).Publish(editions)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// see discloses a view that there is.
func see(t fataler, p *Published, v View) Results {
	t.Helper()
	out, err := p.Disclose(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// disclosed shows each group of answers that many times.
func disclosed(t fataler, form *forms.Form, people []group) Results {
	t.Helper()
	var responses []forms.Answers
	for _, p := range people {
		for range p.count {
			responses = append(responses, p.answers)
		}
	}
	return see(t, published(t, form, responses), View{})
}

type group struct {
	count   int
	answers forms.Answers
}

func pay(code string) forms.Answers {
	return forms.Answers{"paid": {"yes"}, "pay_rating": {code}}
}

func (r Results) question(id string) QuestionResult {
	return r.Questions[slices.IndexFunc(r.Questions, func(q QuestionResult) bool { return q.ID == id })]
}

func asJSON(t testing.TB, value any) string {
	t.Helper()
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestWorkedExample is that of the rules, as a whole wave without filters.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	r := disclosed(t, smallForm(t), []group{
		{3, pay("good")}, {4, pay("fair")}, {5, pay("poor")}, {1, pay("unsure")},
		{1, forms.Answers{"paid": {"yes"}}}, {20, forms.Answers{"paid": {"no"}}},
	})
	if r.Released != 34 {
		t.Errorf("released %d", r.Released)
	}
	want := `{"id":"pay_rating","base":12,"positive":null,"options":[` +
		`{"value":"very_good","count":0,"percent":0},` +
		`{"value":"good","count":null,"percent":null,"withheld":"fewer_than_5"},` +
		`{"value":"fair","count":null,"percent":null,"withheld":"fewer_than_5"},` +
		`{"value":"poor","count":5,"percent":42},` +
		`{"value":"very_poor","count":0,"percent":0}],"aside":[` +
		`{"value":"unsure","count":null,"percent":null,"withheld":"fewer_than_5"},` +
		`{"value":"skipped","count":null,"percent":null,"withheld":"fewer_than_5"},` +
		`{"value":"not_asked","count":20,"percent":null}],"caution":"base_under_30","headline":true}`
	if got := asJSON(t, r.question("pay_rating")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := r.question("one_change"); got.Withheld != BaseUnder10 || got.Base != nil {
		t.Errorf("free text that nobody wrote: %+v", got)
	}
	seven := disclosed(t, smallForm(t), []group{{7, pay("poor")}, {100, forms.Answers{"paid": {"no"}}}})
	if got := asJSON(t, seven.question("pay_rating")); got != `{"id":"pay_rating","base":null,"withheld":"base_under_10","positive":null,"options":[],"aside":[],"headline":true}` {
		t.Errorf("a base of 7: %s", got)
	}
}

func TestSuppression(t *testing.T) {
	t.Parallel()
	const s, f, c = shown, few, complementary
	for _, test := range []struct {
		cells []int
		want  []verdict
		why   string
	}{
		{[]int{10, 0, 5, 7}, []verdict{s, s, s, s}, "nothing is small"},
		{[]int{3, 4, 9, 0}, []verdict{f, f, s, s}, "two hide each other"},
		{[]int{3, 12, 0, 0}, []verdict{f, s, f, f}, "one hides among the empty ones"},
		{[]int{3, 12, 7, 9}, []verdict{c, s, c, s}, "one hides with the next smallest"},
		{[]int{3, 12, 7, 7}, []verdict{c, s, c, c}, "and with its ties"},
		{[]int{4, 4, 12, 6}, []verdict{c, c, s, c}, "two fours can only add up to eight"},
		{[]int{4, 4, 12, 0}, []verdict{f, f, s, f}, "but not with an empty one beside them"},
		{[]int{1, 1, 12, 9}, []verdict{f, f, s, s}, "two ones look like a two and a hidden nothing"},
		{[]int{1, 1, 12, 0}, []verdict{f, f, s, f}, "but not where nothings are shown"},
		{[]int{2, 2, 12, 0}, []verdict{f, f, s, s}, "a sum of four can be had in three ways"},
	} {
		if got := judgeOne(test.cells); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v: %s", test.cells, got, test.want, test.why)
		}
	}
}

func TestSensitive(t *testing.T) {
	t.Parallel()
	form := smallForm(t)
	worn := func(never, often, prefer int) QuestionResult {
		return disclosed(t, form, []group{
			{never, forms.Answers{"worn_out": {"never"}}}, {often, forms.Answers{"worn_out": {"often"}}},
			{prefer, forms.Answers{"worn_out": {"prefer_not_to_say"}}},
		}).question("worn_out")
	}
	if got := worn(10, 9, 30); got.Withheld != BaseUnder20 || len(got.Aside) != 0 {
		t.Errorf("a base of 19: %s", asJSON(t, got))
	}
	got := worn(12, 8, 30)
	if got.Base == nil || *got.Base != 20 || *got.Positive != 60 || !got.Reverse || !got.Sensitive {
		t.Errorf("a base of 20: %s", asJSON(t, got))
	}
	if aside := got.Aside[0]; aside.Value != "prefer_not_to_say" || *aside.Count != 30 {
		t.Errorf("aside: %+v", got.Aside)
	}
	// Unanimous, and all but one to four, look the same.
	unanimous := asJSON(t, worn(25, 0, 6))
	if !strings.Contains(unanimous, `"value":"never","count":null,"percent":null,"nearly_all":true`) || !strings.Contains(unanimous, `"positive":null`) {
		t.Errorf("unanimous: %s", unanimous)
	}
	for often := 1; often <= 4; often++ {
		if near := asJSON(t, worn(25-often, often, 6)); near != unanimous {
			t.Errorf("with %d who differ: %s", often, near)
		}
	}
	if got := worn(20, 5, 6); got.Options[0].Count == nil || *got.Options[0].Count != 20 {
		t.Errorf("five who differ: %s", asJSON(t, got))
	}
}

func TestSeveralAnswers(t *testing.T) {
	t.Parallel()
	tick := func(codes ...string) forms.Answers { return forms.Answers{"barriers": codes} }
	got := disclosed(t, smallForm(t), []group{
		{10, tick("cost", "travel")}, {8, tick("cost")}, {2, tick("none")}, {7, nil},
	}).question("barriers")
	want := `{"id":"barriers","base":20,"positive":null,"options":[` +
		`{"value":"cost","count":null,"percent":null,"withheld":"complementary"},` +
		`{"value":"travel","count":10,"percent":50},` +
		`{"value":"none","count":null,"percent":null,"withheld":"fewer_than_5"}],"aside":[{"value":"skipped","count":5,"percent":null}],"caution":"base_under_30","several":true}`
	if got := asJSON(t, got); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Without overlap, four alone follow from the rest.
	got = disclosed(t, smallForm(t), []group{{10, tick("cost")}, {6, tick("travel")}, {4, tick("none")}}).question("barriers")
	if got.Options[1].Withheld != Complementary || got.Options[2].Withheld != Complementary || got.Options[0].Count == nil {
		t.Errorf("no overlap: %s", asJSON(t, got))
	}
}

func TestNothingReleased(t *testing.T) {
	t.Parallel()
	for _, q := range disclosed(t, smallForm(t), nil).Questions {
		if q.Base != nil || q.Withheld == "" || q.Positive != nil || len(q.Options) != 0 {
			t.Errorf("an empty wave shows %s", asJSON(t, q))
		}
	}
}
