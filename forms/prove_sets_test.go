package forms

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestProveCountsSets: the sets of visible questions that the prover sends are
// those that all answers lead to, each tried.
func TestProveCountsSets(t *testing.T) {
	t.Parallel()
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		if compareSets(t, drawForm(t), 1_000) {
			tried++
		}
	})
	if tried < 20 {
		t.Errorf("only %d forms were small enough to try all answers", tried)
	}
}

// TestProveCountsSetsWhere has what random forms seldom or never have.
func TestProveCountsSetsWhere(t *testing.T) {
	t.Parallel()
	const (
		maybe = `kind: text, label: {en: A}, applies: {en: For some.}`
		three = `options: [{code: red, label: {en: Red}}, {code: blue, label: {en: Blue}}, {code: green, label: {en: Green}}]`
	)
	group := func(least, most int, questions ...string) string {
		return fmt.Sprintf("  - id: one\n    title: {en: One}\n    repeats: {group: g, min: %d, max: %d, item: {en: G}, add: {en: Add}}\n    questions:\n", least, most) + list(questions)
	}
	plain := func(id string, questions ...string) string {
		return "  - id: " + id + "\n    title: {en: Two}\n    questions:\n" + list(questions)
	}
	for name, source := range map[string]string{
		"an answer is required for want of a later one": ask(t,
			`{id: a, kind: choice, label: {en: A}, required: {not: {field: b, exists: true}}, `+colours+`}`,
			`{id: b, `+maybe+`, when: {field: a, eq: red}}`,
			`{id: c, `+maybe+`, when: {field: a, exists: false}}`),
		"two answers are required for want of each other": ask(t,
			`{id: a, kind: choice, label: {en: A}, required: {not: {field: b, exists: true}}, `+colours+`}`,
			`{id: b, kind: choice, label: {en: B}, required: {not: {field: a, exists: true}}, `+colours+`}`,
			`{id: c, `+maybe+`, when: {field: a, exists: false}}`,
			`{id: d, `+maybe+`, when: {field: b, exists: false}}`),
		"a member's answer is required for want of its later one": define(t, Survey, "", group(1, 2,
			`{id: a, kind: choice, label: {en: A}, required: {not: {field: b, exists: true}}, `+colours+`}`,
			`{id: b, kind: text, label: {en: B}}`,
			`{id: c, `+maybe+`, when: {field: a, exists: false}}`)),
		"a member's answer is required for want of one on a later page": define(t, Survey, "", group(1, 2,
			`{id: a, kind: choice, label: {en: A}, required: {all: [{field: b, eq: red}, {not: {field: d, exists: true}}]}, `+colours+`}`,
			`{id: b, kind: choice, label: {en: B}, `+colours+`}`,
			`{id: c, `+maybe+`, when: {field: a, exists: false}}`)+plain("two", `{id: d, `+maybe+`, when: {field: b, exists: true}}`)),
		"members need an answer to be there": define(t, Survey, "", group(0, 2,
			`{id: a, kind: choice, label: {en: A}, `+colours+`}`,
			`{id: b, `+maybe+`, when: {field: a, eq: red}}`)+plain("two", `{id: c, `+maybe+`, when: {field: a, exists: false}}`)),
		"two members are there without an answer": define(t, Survey, "", group(2, 3,
			`{id: a, kind: choice, label: {en: A}, `+colours+`}`,
			`{id: b, `+maybe+`, when: {field: a, eq: red}}`)),
		"options that exclude others": ask(t,
			`{id: a, kind: choices, max: 2, label: {en: A}, options: [{code: none, label: {en: None}, excludes: true}, {code: red, label: {en: Red}}, {code: blue, label: {en: Blue}}, {code: green, label: {en: Green}}]}`,
			`{id: b, `+maybe+`, when: {field: a, in: [none, red]}}`,
			`{id: c, `+maybe+`, when: {field: a, eq: blue}}`,
			`{id: d, `+maybe+`, when: {all: [{field: a, eq: green}, {not: {field: a, eq: none}}]}}`),
		"several answers without a bound": ask(t,
			`{id: a, kind: choices, label: {en: A}, `+three+`}`,
			`{id: b, `+maybe+`, when: {field: a, eq: red}}`,
			`{id: c, `+maybe+`, when: {field: a, eq: blue}}`,
			`{id: d, `+maybe+`, when: {field: a, in: [green, red]}}`),
		"not known is an answer that leads nowhere": ask(t,
			`{id: a, kind: text, label: {en: A}, not_known: true, required: true}`,
			`{id: b, `+maybe+`, when: {field: a, exists: true}}`,
			`{id: c, `+maybe+`, when: {field: b, exists: false}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !compareSets(t, mustLoad(t, source), 20_000) {
				t.Error("the form is too large")
			}
		})
	}
}

func list(questions []string) string {
	var out string
	for _, q := range questions {
		out += "      - " + q + "\n"
	}
	return out
}

// compareSets reports whether the form has few enough answers to try all.
func compareSets(t interface{ Errorf(string, ...any) }, f *Form, budget int) bool {
	all := everyAnswer{form: f, budget: budget, sets: map[string]Answers{}}
	all.countMembers(slices.Sorted(maps.Keys(f.plan.groups)), map[string]int{})
	if all.budget < 0 {
		return false
	}
	p := newProver(f)
	p.prove()
	if !p.proof.Every || p.proof.Sets != len(all.sets) {
		t.Errorf("the prover sent %d sets of visible questions, but answers lead to %d", p.proof.Sets, len(all.sets))
	}
	for _, finding := range p.proof.Findings {
		if !ofDefinition(finding) {
			t.Errorf("%+v", finding)
		}
	}
	sent := map[string]bool{}
	for key := range p.sets {
		sent[p.namesOf(key)] = true
	}
	for names, a := range all.sets {
		if !sent[names] {
			t.Errorf("the prover missed the set %s, which comes after %s", names, a.Encode())
		}
	}
	for names := range sent {
		if all.sets[names] == nil {
			t.Errorf("no answers lead to the set %s", names)
		}
	}
	return true
}

// ofDefinition reports whether a random definition may have such a defect; all
// others would be the engine's, or the prover's own.
func ofDefinition(f Finding) bool {
	return slices.Contains([]string{FindingUnreachable, FindingNeverRequired, FindingDeadEnd, FindingWrongStage}, f.Rule) ||
		f.Rule == FindingUnsendable && strings.HasPrefix(f.Message, "No answers can be sent")
}

// namesOf names the questions of a set that was sent.
func (p *prover) namesOf(key string) string {
	var names []string
	for _, n := range p.walk.nodes {
		for member := range p.walk.most(n.group) {
			if slot := p.walk.slot(n, member); key[slot/8]&(1<<(slot%8)) != 0 {
				names = append(names, n.name(member, partMain))
			}
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestProveAnything: no engine fault shows on any form, and answers that can
// be sent contradict nothing that the prover says.
func TestProveAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForm(t)
		unreachable, optional := map[string]bool{}, map[string]bool{}
		for _, finding := range Prove(f).Findings {
			switch {
			case !ofDefinition(finding):
				t.Errorf("%+v", finding)
			case finding.Rule == FindingNeverRequired:
				optional[finding.Place] = true
			case finding.Rule != FindingDeadEnd:
				unreachable[finding.Place] = true
			}
		}
		a := f.Strip(mustParse(t, f, drawPost(t, f)))
		if f.Ending(a) != nil {
			return
		}
		errs := f.Validate(a, "en", provingDay)
		unfounded := func(e FieldError) bool {
			return optional[fmt.Sprintf("question %q", e.Question)] && !answered(a, e.Name)
		}
		if errs != nil && !slices.ContainsFunc(errs, func(e FieldError) bool { return !unfounded(e) }) {
			t.Errorf("it is called never required, but only for want of it %v is refused: %+v", a, errs)
		}
		if errs != nil {
			return
		}
		if unreachable["form"] {
			t.Errorf("nothing can be sent, it says, but %v can", a)
		}
		for _, step := range f.Visible(a) {
			for _, asked := range step.Asked {
				if unreachable[placeOf(asked.Question)] {
					t.Errorf("%s is called unreachable, but is asked after %v", asked.ID, a)
				}
			}
		}
	})
}

func TestBuiltInsProve(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]Proof{
		// 64 for those who are paid to care: six questions each may lead to
		// another. One for unpaid carers, one for everybody else.
		"care-worker-survey": {Sets: 66, Every: true},
		// For safeguarding, 24 ways to tell of one or two allegations, of one
		// or two sources of risk that are organisations or not, and of the
		// police; times five for professionals, four for those who give their
		// name and three for those who do not. Four short paths.
		"safeguarding-referral": {Sets: 24*(5+4+3) + 4, Every: true, Endings: 1},
	} {
		f := loadBuiltIn(t, id)
		var got Proof
		took := processorTime(t, func() { got = Prove(f) })
		if took > 5*time.Second {
			t.Errorf("%s took %v to prove, more than 5 s", id, took)
		}
		for _, finding := range got.Findings {
			t.Errorf("%s: %s: %s: %s", finding.Form, finding.Place, finding.Rule, finding.Message)
		}
		if got.Sets != want.Sets || got.Every != want.Every || got.Endings != want.Endings || got.Sent < got.Sets {
			t.Errorf("%s: got %+v, want %+v", id, got, want)
		}
		t.Logf("%s: %d answers sent for %d sets in %v", id, got.Sent, got.Sets, took)
	}
}

func answered(a Answers, name string) bool {
	for got := range a {
		if got == name || strings.HasPrefix(got, name+".") {
			return true
		}
	}
	return false
}
