package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"intake/forms"
	"intake/internal/organisation"
)

// pageCase is a condition to evaluate in the page.
type pageCase struct {
	Name      string          `json:"name"`
	Condition forms.Condition `json:"condition"`
	Answers   forms.Answers   `json:"answers"`
	Member    *pageMember     `json:"member"`
	Holds     bool            `json:"holds"`
}

type pageMember struct {
	Group string `json:"group"`
	Index int    `json:"index"`
}

// conditionsInPage evaluates cases with the page's own evaluator.
func conditionsInPage(b *tab, cases []pageCase) []bool {
	b.t.Helper()
	list, err := json.Marshal(cases)
	must(b.t, err)
	return ask[[]bool](b, `(`+string(list)+`).map((c) => window.portalConditions.holds(c.condition, c.answers, c.member))`)
}

// TestConditionsAgree runs the cases that package forms runs too, and random
// ones, in the page and on the server.
func TestConditionsAgree(t *testing.T) {
	t.Parallel()
	b := newTab(t, theDev(t).base, sizes[1]).open("/refer")
	raw, err := os.ReadFile("../../forms/testdata/conditions.json")
	must(t, err)
	var cases []pageCase
	must(t, json.Unmarshal(raw, &cases))
	for i, got := range conditionsInPage(b, cases) {
		if got != cases[i].Holds {
			t.Errorf("%s: the page says %v, want %v", cases[i].Name, got, cases[i].Holds)
		}
	}

	// One question of the page to the server for many random cases: the way
	// there takes longer than the evaluation.
	source, err := os.ReadFile("../../forms/testdata/conditions.yaml")
	must(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		random := rapid.SliceOfN(randomCase(), 1, 60).Draw(rt, "cases")
		for i := range random {
			random[i].Holds = serverHolds(rt, source, random[i])
		}
		for i, got := range conditionsInPage(b, random) {
			if got != random[i].Holds {
				rt.Fatalf("the page says %v and the server %v for %s with %v, member %+v",
					got, random[i].Holds, random[i].Condition.JSON(), random[i].Answers, random[i].Member)
			}
		}
	})
}

// serverHolds evaluates a case as the server does for a question that is asked
// under the condition: by a form that has one more such question.
func serverHolds(t *rapid.T, source []byte, c pageCase) bool {
	probe := fmt.Sprintf("      - {id: probe, kind: text, label: {en: Probe}, applies: {en: Probe}, when: %s}\n", c.Condition.JSON())
	text, name := string(source)+"  - id: last\n    title: {en: Last}\n    questions:\n"+probe, "probe"
	if c.Member != nil {
		// The group's own page takes the question: the last of its questions.
		before, after, _ := strings.Cut(string(source), "  - id: trips\n")
		text = before + probe + "  - id: trips\n" + after
		if c.Member.Group == "trips" {
			text = string(source) + probe
		}
		name = fmt.Sprintf("%s.%d.probe", c.Member.Group, c.Member.Index)
	}
	form, err := forms.Load([]byte(text), nil)
	if err != nil {
		t.Fatalf("load the form with the condition %s: %v", c.Condition.JSON(), err)
	}
	for _, step := range form.Visible(c.Answers) {
		for _, asked := range step.Asked {
			if asked.Name == name {
				return true
			}
		}
	}
	return false
}

// randomCase draws a condition over the fields of testdata/conditions.yaml,
// and answers, which are those that a form could have: canonical.
func randomCase() *rapid.Generator[pageCase] {
	codes := map[string][]string{
		"colour": {"red", "green", "blue"}, "size": {"small", "large"}, "tools": {"saw", "axe", "plane", "none"},
		"species": {"cat", "dog", "fish"}, "tricks": {"sit", "roll"}, "vehicle": {"bus", "car"},
	}
	groups := map[string][]string{"pets": {"species", "tricks", "pet_name"}, "trips": {"left_on", "vehicle"}}
	return rapid.Custom(func(t *rapid.T) pageCase {
		c := pageCase{Answers: forms.Answers{}}
		one := func(name, label string) {
			switch {
			case !rapid.Bool().Draw(t, label):
			case codes[name] != nil:
				c.Answers[label] = []string{rapid.SampledFrom(codes[name]).Draw(t, label)}
				if name == "tools" || name == "tricks" {
					c.Answers[label] = rapid.SliceOfNDistinct(rapid.SampledFrom(codes[name]), 1, 2, rapid.ID).Draw(t, label)
				}
			case name == "born" || name == "left_on":
				c.Answers[label+"."+rapid.SampledFrom([]string{"day", "month", "year", "estimated"}).Draw(t, label)] = []string{"1"}
			default:
				c.Answers[label] = []string{"words"}
			}
			if (name == "note" || name == "born" || name == "pet_name") && rapid.IntRange(0, 3).Draw(t, label) == 0 {
				c.Answers[label+".unknown"] = []string{"yes"}
			}
		}
		fields := []string{"colour", "size", "tools", "note", "born"}
		for _, name := range fields {
			one(name, name)
		}
		for _, group := range slices.Sorted(maps.Keys(groups)) {
			for member := range rapid.IntRange(0, 3).Draw(t, group) {
				for _, name := range groups[group] {
					one(name, fmt.Sprintf("%s.%d.%s", group, member, name))
				}
				// Members are numbered without gaps.
				if c.Answers.Members(group) <= member {
					first := groups[group][len(groups[group])-1]
					if codes[first] == nil {
						first = groups[group][0]
					}
					c.Answers[fmt.Sprintf("%s.%d.%s", group, member, first)] = codes[first][:1]
				}
			}
		}
		asks := slices.Concat(fields, groups["pets"], groups["trips"])
		if group := rapid.SampledFrom([]string{"", "pets", "trips"}).Draw(t, "group"); group != "" && c.Answers.Members(group) > 0 {
			c.Member = &pageMember{group, rapid.IntRange(0, c.Answers.Members(group)-1).Draw(t, "member")}
			// A condition may only look back.
			if group == "pets" {
				asks = slices.Concat(fields, groups["pets"])
			}
		}
		c.Condition = randomCondition(t, asks, codes, 3)
		return c
	})
}

func randomCondition(t *rapid.T, asks []string, codes map[string][]string, depth int) forms.Condition {
	several := func() (subs []forms.Condition) {
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			subs = append(subs, randomCondition(t, asks, codes, depth-1))
		}
		return subs
	}
	shapes := 3
	if depth > 0 {
		shapes = 6
	}
	field := rapid.SampledFrom(asks).Draw(t, "field")
	shape := rapid.IntRange(0, shapes-1).Draw(t, "shape")
	if shape < 2 && codes[field] == nil {
		shape = 2 // open questions can only exist
	}
	switch shape {
	case 0:
		return forms.Condition{Field: field, Eq: rapid.SampledFrom(codes[field]).Draw(t, "eq")}
	case 1:
		return forms.Condition{Field: field, In: rapid.SliceOfNDistinct(rapid.SampledFrom(codes[field]), 1, 2, rapid.ID).Draw(t, "in")}
	case 2:
		exists := rapid.Bool().Draw(t, "exists")
		return forms.Condition{Field: field, Exists: &exists}
	case 3:
		return forms.Condition{All: several()}
	case 4:
		return forms.Condition{Any: several()}
	}
	sub := randomCondition(t, asks, codes, depth-1)
	return forms.Condition{Not: &sub}
}

// TestPagesAskWhatTheServerAsks gives random answers to both forms as they are
// served, and compares what the page then asks with what the server would.
func TestPagesAskWhatTheServerAsks(t *testing.T) {
	t.Parallel()
	for id, path := range map[string]string{"care-worker-survey": surveyPath, "safeguarding-referral": "/refer"} {
		t.Run(id, func(t *testing.T) {
			source, _ := forms.BuiltIn(id)
			form, err := forms.Load(source, demoLists())
			must(t, err)
			b := newTab(t, theDev(t).base, sizes[1]).open(path)
			rapid.Check(t, func(rt *rapid.T) {
				answers := randomAnswers(rt, form)
				var want []string
				for _, step := range form.Visible(answers) {
					for _, asked := range step.Asked {
						want = append(want, asked.Name)
					}
				}
				got := b.askedAfter(answers)
				if !slices.Equal(got, want) {
					rt.Fatalf("with %s\nthe page asks   %v\nthe server asks %v", answers.Encode(), got, want)
				}
			})
		})
	}
}

// demoLists are the options that the demo organisation gives to definitions.
func demoLists() forms.Lists {
	lists := forms.Lists{}
	for _, d := range organisation.Demo().Districts {
		lists["districts"] = append(lists["districts"], forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	return lists
}

// randomAnswers answers some of the questions, closed ones with their options.
func randomAnswers(t *rapid.T, form *forms.Form) forms.Answers {
	answers := forms.Answers{}
	for _, page := range form.Pages {
		for _, q := range page.Questions {
			name := q.ID
			if page.Repeats != nil {
				name = page.Repeats.Group + ".0." + q.ID
			}
			// Gates are mostly passed, so that what is behind them is seen.
			if rapid.IntRange(0, 9).Draw(t, name) < 3 {
				continue
			}
			switch {
			case len(q.Options) > 0:
				code := rapid.SampledFrom(q.Options).Draw(t, name).Code
				if q.ID == "adult_age" && code == "child" && rapid.IntRange(0, 3).Draw(t, name) > 0 {
					code = "adult"
				}
				answers[name] = []string{code}
			case q.Kind == forms.KindDate:
				answers[name+".year"] = []string{"1950"}
			default:
				answers[name] = []string{"words"}
			}
			if q.NotKnown && rapid.IntRange(0, 4).Draw(t, name) == 0 {
				answers[name+".unknown"] = []string{"yes"}
			}
		}
	}
	return answers
}

// askedAfter sets exactly these answers and lists what the page then asks.
func (b *tab) askedAfter(answers forms.Answers) []string {
	b.t.Helper()
	list, err := json.Marshal(answers)
	must(b.t, err)
	return ask[[]string](b, `((answers) => {
		const form = document.querySelector("form[data-form]");
		for (const el of form.querySelectorAll("input:not([type=hidden]), textarea")) {
			const values = answers[el.name] || [];
			if (/^(radio|checkbox)$/.test(el.type)) el.checked = values.includes(el.value);
			else el.value = values[0] || "";
		}
		form.dispatchEvent(new Event("change"));
		return [...form.querySelectorAll("[data-page]:not([data-of-page]) [data-field]")].filter((el) => !el.hidden).map((el) => el.dataset.field);
	})(`+string(list)+`)`)
}
