package results

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"intake/forms"
)

var (
	attackedWaves = flag.Int("waves", 150, "how many random waves the attacker sees")
	attackSeed    = flag.Uint64("attackseed", 1, "the seed of the first of them")
)

const attackedSurvey = `
id: attacked
version: 1
kind: survey
title: {en: Attacked}
languages: [en]
pages:
  - id: all
    title: {en: All}
    questions:
      - id: care_role
        kind: choice
        label: {en: "Paid?"}
        options: [{code: "paid", label: {en: "Yes"}}, {code: "no", label: {en: "No"}}]
      - id: district
        kind: choice
        label: {en: "Where?"}
        options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}, {code: d, label: {en: D}}, {code: e, label: {en: E}}]
      - id: service
        kind: choice
        label: {en: "What?"}
        options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}]
      - id: contract
        kind: choice
        label: {en: "How?"}
        when: {field: care_role, eq: "paid"}
        options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}]
      - id: pay
        kind: choice
        label: {en: "Pay?"}
        when: {field: care_role, eq: "paid"}
        positive: [good]
        options: [{code: good, label: {en: Good}}, {code: fair, label: {en: Fair}}, {code: poor, label: {en: Poor}}, {code: unsure, label: {en: Unsure}, aside: true}]
      - id: worn_out
        kind: choice
        label: {en: "Worn out?"}
        sensitive: true
        options: [{code: never, label: {en: Never}}, {code: often, label: {en: Often}}, {code: always, label: {en: Always}}]
`

// attack is a wave of known people and what an attacker has seen of it.
type attack struct {
	t      *testing.T
	random *rand.Rand
	form   *forms.Form
	rules  rules
	people []forms.Answers
	index  *Index
	ends   []int                 // of releases, as numbers of people
	seen   map[string][]shownSet // by question
	found  string                // the first leak
}

// shownSet is a figure that was shown: about whom, one bit each.
type shownSet struct {
	who  []uint64
	size int
	what string
}

// newAttack makes up a wave. Options are chosen unevenly, so that there are
// large and small groups.
func newAttack(t *testing.T, form *forms.Form, rules rules, seed uint64) *attack {
	a := &attack{t: t, random: rand.New(rand.NewPCG(seed, 0)), form: form, rules: rules, seen: map[string][]shownSet{}} //nolint:gosec // a test's own waves
	size := 30 + a.random.IntN(471)
	skips := a.random.Float64() * 0.2
	for range size {
		answers := forms.Answers{}
		for _, q := range form.Pages[0].Questions {
			if a.random.Float64() < skips {
				continue
			}
			at := int(float64(len(q.Options)) * a.random.Float64() * a.random.Float64())
			answers[q.ID] = []string{q.Options[at].Code}
		}
		a.people = append(a.people, form.Strip(answers))
	}
	for at := 0; at < size; {
		step := 1 + a.random.IntN(9) // what the rule forbids
		if rules.growth {
			step = 10 + a.random.IntN(100)
		}
		if at += step; size-at < 10 && rules.growth {
			at = size
		}
		a.ends = append(a.ends, min(at, size))
	}
	a.index = indexOf(t, form, a.people)
	return a
}

// look sees random views of the editions up to one.
func (a *attack) look(editions []int, views int) {
	p, err := a.index.Publish(editions)
	if err != nil {
		a.t.Fatal(err)
	}
	p.rules = a.rules
	dims := a.index.layout.dimensions()
	for range views {
		var v View
		order := a.random.Perm(len(dims))
		for _, d := range order[:a.random.IntN(4)] {
			q := dims[d].question
			v.Filters = append(v.Filters, Filter{q.ID, q.Options[a.random.IntN(len(q.Options))].Code})
		}
		if len(v.Filters) < len(dims) && a.random.IntN(2) == 0 {
			v.By = dims[order[len(v.Filters)]].question.ID
		}
		for _, q := range see(a.t, p, v).Questions {
			a.note(q.ID, q.Figures, v.Filters, editions)
			for _, row := range q.Rows {
				a.note(q.ID, row.Figures, append(slices.Clone(v.Filters), Filter{v.By, row.Value}), editions)
			}
		}
	}
}

// note remembers about whom a figure is, if it is shown.
func (a *attack) note(question string, f Figures, filters []Filter, editions []int) {
	if f.Withheld != "" {
		return
	}
	of := editions[len(editions)-1]
	if f.AsOf != nil {
		of = *f.AsOf
	}
	q := a.form.Question(question)
	set := shownSet{who: make([]uint64, (len(a.people)+63)/64), what: fmt.Sprintf("%v of %d", filters, of)}
	counted := map[string]int{}
	for i, answers := range a.people[:of] {
		said := answers[question]
		in := len(said) > 0 && !q.Option(said[0]).Aside
		for _, filter := range filters {
			in = in && slices.Contains(answers[filter.Question], filter.Option)
		}
		if in {
			set.who[i/64] |= 1 << (i % 64)
			set.size++
			counted[said[0]]++
		}
	}
	for _, cell := range f.Options {
		if n := counted[cell.Value]; cell.Count != nil && isSmall(n) {
			a.found = fmt.Sprintf("%s, %s: a cell of %d is shown", question, set.what, n)
		}
	}
	a.remember(question, set)
	// Who is not in the base is counted among everybody.
	if slices.ContainsFunc(f.Aside, func(o OptionResult) bool { return o.Count != nil }) {
		all := shownSet{who: make([]uint64, len(set.who)), what: set.what + " and who is beside them"}
		for i, answers := range a.people[:of] {
			in := true
			for _, filter := range filters {
				in = in && slices.Contains(answers[filter.Question], filter.Option)
			}
			if in {
				all.who[i/64] |= 1 << (i % 64)
				all.size++
			}
		}
		a.remember(question+beside, all)
	}
}

const beside = " aside"

func (a *attack) remember(question string, set shownSet) {
	if !slices.ContainsFunc(a.seen[question], func(s shownSet) bool { return slices.Equal(s.who, set.who) }) {
		a.seen[question] = append(a.seen[question], set)
	}
}

// pinsDown looks for two or three figures from which one about fewer people
// than the threshold follows: as sets, each person in it counts once more in
// some than in the others, and nobody else does.
func (a *attack) pinsDown() string {
	if a.found != "" {
		return a.found
	}
	for id, sets := range a.seen {
		few := least(a.form.Question(strings.TrimSuffix(id, beside)))
		slices.SortFunc(sets, func(x, y shownSet) int { return y.size - x.size })
		for i, x := range sets {
			if x.size < few {
				return fmt.Sprintf("%s: %s is about %d people", id, x.what, x.size)
			}
			for j, y := range sets[i+1:] {
				if left := x.size - y.size; left > 0 && left < few && isSet(x.who, y.who, nil) {
					return fmt.Sprintf("%s: %s without %s leaves %d people", id, x.what, y.what, left)
				}
				for _, z := range sets[i+1+j+1:] {
					if left := x.size - y.size - z.size; left > 0 && left < few && isSet(x.who, y.who, z.who) {
						return fmt.Sprintf("%s: %s without %s and %s leaves %d people", id, x.what, y.what, z.what, left)
					}
				}
			}
			// The other way round: two together without a third.
			for j, y := range sets {
				for _, z := range sets[j+1:] {
					if left := y.size + z.size - x.size; left > 0 && left < few && isSetOfTwo(y.who, z.who, x.who) {
						return fmt.Sprintf("%s: %s and %s without %s leave %d people", id, y.what, z.what, x.what, left)
					}
				}
			}
		}
	}
	return ""
}

// isSet tells whether x less y less z has everybody once or not at all.
func isSet(x, y, z []uint64) bool {
	for i := range x {
		out := y[i]
		if z != nil {
			if y[i]&z[i] != 0 {
				return false
			}
			out |= z[i]
		}
		if out&^x[i] != 0 {
			return false
		}
	}
	return true
}

// isSetOfTwo tells so of x and y less z.
func isSetOfTwo(x, y, z []uint64) bool {
	for i := range x {
		if (x[i]&y[i])&^z[i] != 0 || z[i]&^(x[i]|y[i]) != 0 {
			return false
		}
	}
	return true
}

// run lets the attacker look at every edition and returns what was found.
func (a *attack) run() string {
	var editions []int
	for _, end := range a.ends {
		// Not everybody looks after every release.
		if end == len(a.people) || a.random.IntN(3) > 0 {
			editions = append(editions, end)
			a.look(editions, 6)
		}
	}
	return a.pinsDown()
}

func attackedForm(t testing.TB) *forms.Form {
	t.Helper()
	form, err := forms.Load([]byte(attackedSurvey), nil)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// TestNobodyIsPinnedDown lets an attacker who knows everybody's place, service
// and moment look at random views of random waves, release by release.
func TestNobodyIsPinnedDown(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	sets := 0
	for i := range *attackedWaves {
		a := newAttack(t, form, allRules, *attackSeed+uint64(i)) //nolint:gosec // not negative
		if found := a.run(); found != "" {
			t.Fatalf("wave %d: %s", i, found)
		}
		for _, seen := range a.seen {
			sets += len(seen)
		}
	}
	t.Logf("%d waves, %.1f different sets of people seen in each", *attackedWaves, float64(sets)/float64(*attackedWaves))
	if sets < 10**attackedWaves {
		t.Error("the attacker hardly saw anything: this proves little")
	}
}

// TestEachRuleIsNeeded switches rules off one by one.
func TestEachRuleIsNeeded(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	for name, off := range map[string]rules{
		"1, releases":      {false, true, true, true},
		"4, threshold":     {true, false, true, true},
		"5, complementary": {true, true, false, true},
		"6, cells":         {true, true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 100 {
				if found := newAttack(t, form, off, *attackSeed+uint64(i)).run(); found != "" { //nolint:gosec // not negative
					t.Logf("wave %d: %s", i, found)
					return
				}
			}
			t.Error("nothing found in 100 waves: the attacker is too weak, or the rule is not needed")
		})
	}
}
