package forms

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestProveFindsNothingInASoundForm(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"testdata/every-kind.yaml", "testdata/conditions.yaml"} {
		p := Prove(loadFile(t, path))
		for _, finding := range p.Findings {
			t.Errorf("%s: %+v", path, finding)
		}
		if p.Sent == 0 {
			t.Errorf("%s: nothing was sent", path)
		}
	}
}

// TestProveFinds seeds one defect in each form.
func TestProveFinds(t *testing.T) {
	t.Parallel()
	const applies = `applies: {en: For some.}`
	page := func(id, rest string) string {
		return "  - id: " + id + "\n    title: {en: Page}\n" + rest
	}
	for name, c := range map[string]struct {
		source, place, rule, message string
	}{
		"a question that two answers at once would show": {
			ask(t, colour, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {all: [{field: colour, eq: red}, {field: colour, eq: blue}]}}`),
			`question "a"`, FindingUnreachable, "No answers lead to the question.",
		},
		"a question shown when another that is always answered is not": {
			ask(t, `{id: c, kind: choice, required: true, label: {en: C}, `+colours+`}`, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {field: c, exists: false}}`),
			`question "a"`, FindingUnreachable, "",
		},
		"a question in a branch of the branch that excludes it": {
			ask(t, colour,
				`{id: b, kind: choice, label: {en: B}, `+applies+`, when: {field: colour, eq: red}, `+colours+`}`,
				`{id: a, kind: text, label: {en: A}, `+applies+`, when: {all: [{field: b, eq: red}, {not: {field: colour, eq: red}}]}}`),
			`question "a"`, FindingUnreachable, "",
		},
		"two answers at once, of several": {
			ask(t, `{id: c, kind: choices, max: 1, label: {en: C}, `+colours+`}`, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {all: [{field: c, eq: red}, {field: c, eq: blue}]}}`),
			`question "a"`, FindingUnreachable, "",
		},
		"a page nobody gets to": {
			define(t, Survey, "", page("one", "    questions:\n      - "+colour+"\n")+page("two", "    "+applies+"\n    when: {all: [{field: colour, eq: red}, {not: {field: colour, exists: true}}]}\n    questions:\n      - {id: a, kind: text, label: {en: A}}\n")),
			`page "two"`, FindingUnreachable, "No answers lead to the page.",
		},
		"a page after an ending for all": {
			define(t, Survey, "", page("one", "    questions:\n      - "+colour+"\n")+page("two", "    ends: true\n")+page("three", "    questions:\n      - {id: a, kind: text, label: {en: A}}\n")),
			`page "three"`, FindingUnreachable, "",
		},
		"a member's question that needs another member": {
			define(t, Survey, "", page("one", "    repeats: {group: g, min: 0, max: 3, item: {en: G}, add: {en: Add}}\n    questions:\n      - "+colour+"\n      - {id: a, kind: text, label: {en: A}, "+applies+", when: {all: [{field: colour, eq: red}, {field: colour, eq: blue}]}}\n")),
			`question "a"`, FindingUnreachable, "",
		},
		"a referral that tells something and then has nothing to ask": {
			define(t, Referral, "", page("one", "    questions:\n      - "+colour+"\n")+page("two", "    "+applies+"\n    when: {field: colour, eq: red}\n")),
			`page "two"`, FindingDeadEnd, `after the answers {"colour":["red"]}`,
		},
		"an answer that can never be right": {
			ask(t, `{id: a, kind: email, label: {en: A}, required: true, validate: endswith=@nowhere, messages: {endswith: {en: No}}}`),
			`question "a"`, FindingUnsendable, `no sample of the kind email passes the rule "endswith=@nowhere"`,
		},
		"an answer that can never be right, in a branch": {
			ask(t, colour, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {field: colour, eq: blue}, required: true, validate: "len=1,len=2", messages: {len: {en: No}}}`),
			`question "a"`, FindingUnsendable, `after the answers {"colour":["blue"]}`,
		},
		"an answer that can never be right and that a condition names": {
			ask(t, `{id: a, kind: text, label: {en: A}, required: {not: {field: b, exists: true}}, validate: "len=1,len=2", messages: {len: {en: No}}}`,
				`{id: b, kind: text, label: {en: B}, `+applies+`, when: {field: a, exists: true}}`),
			`question "a"`, FindingUnsendable, "",
		},
		"a branch without words": {
			ask(t, colour, `{id: a, kind: text, label: {en: A}, when: {field: colour, eq: red}}`),
			`question "a"`, FindingApplies, "",
		},
		"a page without words": {
			define(t, Survey, "", page("one", "    questions:\n      - "+colour+"\n")+page("two", "    when: {field: colour, eq: red}\n    questions:\n      - {id: a, kind: text, label: {en: A}}\n")),
			`page "two"`, FindingApplies, "",
		},
		"an option without a code": {
			ask(t, `{id: a, kind: choice, label: {en: A}, maps_to: sac_gender, options: [{code: x, label: {en: X}, maps_to: Male}, {code: y, label: {en: Y}}, {code: z, label: {en: Z}, aside: true}]}`),
			`question "a"`, FindingMapsTo, `The option "y" has no code (maps_to) in the list "sac_gender".`,
		},
		"words in one language only": {
			strings.Replace(ask(t, `{id: a, kind: text, label: {en: Name, pl: Imię}, hint: {en: In full}}`), "[en]", "[en, pl]", 1),
			`question "a"`, FindingTranslation, `"In full" has no words in the language "pl".`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := Prove(mustLoad(t, c.source)).Findings
			for _, f := range findings {
				if f.Form == "test" && f.Place == c.place && f.Rule == c.rule && strings.Contains(f.Message, c.message) {
					return
				}
			}
			t.Errorf("want %s at %s (%s), got %v", c.rule, c.place, c.message, findings)
		})
	}
}

// TestProveReaches: what needs two members, two ticks or a gap is found to be
// reachable.
func TestProveReaches(t *testing.T) {
	t.Parallel()
	const applies = `applies: {en: For some.}`
	group := "  - id: one\n    title: {en: One}\n    repeats: {group: g, min: 0, max: 3, item: {en: G}, add: {en: Add}}\n    questions:\n      - " + colour + "\n"
	after := func(when string) string {
		return "  - id: two\n    title: {en: Two}\n    " + applies + "\n    when: " + when + "\n    questions:\n      - {id: a, kind: text, label: {en: A}}\n"
	}
	for name, source := range map[string]string{
		"two members":       define(t, Survey, "", group+after(`{all: [{field: colour, eq: red}, {field: colour, eq: blue}]}`)),
		"no member":         define(t, Survey, "", group+after(`{field: colour, exists: false}`)),
		"two ticks":         ask(t, `{id: c, kind: choices, label: {en: C}, `+colours+`}`, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {all: [{field: c, eq: red}, {field: c, eq: blue}]}}`),
		"an empty answer":   ask(t, colour, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {field: colour, exists: false}}`),
		"not known":         ask(t, `{id: c, kind: text, label: {en: C}, required: true, not_known: true}`, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {field: c, exists: false}}`),
		"a question hidden": ask(t, colour, `{id: c, kind: text, label: {en: C}, `+applies+`, when: {field: colour, eq: red}, required: true}`, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {field: c, exists: false}}`),
		"the last option":   ask(t, `{id: c, kind: choice, required: true, label: {en: C}, options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}]}`, `{id: a, kind: text, label: {en: A}, `+applies+`, when: {field: c, eq: c}}`),
	} {
		if findings := Prove(mustLoad(t, source)).Findings; findings != nil {
			t.Errorf("%s: %v", name, findings)
		}
	}
}

// TestProveSendsEachBranch: the number of ways sent grows with what must be
// remembered, and what is remembered is not merged away.
func TestProveSendsEachBranch(t *testing.T) {
	t.Parallel()
	const branches = 40
	independent := make([]string, 0, 2*branches)
	for i := range branches {
		independent = append(independent,
			fmt.Sprintf(`{id: c%d, kind: choice, label: {en: C}, %s}`, i, colours),
			fmt.Sprintf(`{id: t%d, kind: text, label: {en: T}, applies: {en: For some.}, required: true, when: {field: c%d, eq: red}}`, i, i))
	}
	f := mustLoad(t, ask(t, independent...))
	var p Proof
	took := processorTime(t, func() { p = Prove(f) })
	if p.Findings != nil || p.Every || p.Sent < 2*branches || p.Sent > 10*branches {
		t.Errorf("%d independent branches: %+v", branches, p)
	}
	if took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestProveGivesUp(t *testing.T) {
	t.Parallel()
	var questions []string
	var all []string
	for i := range 30 {
		questions = append(questions, fmt.Sprintf(`{id: c%d, kind: choice, label: {en: C}, %s}`, i, colours))
		all = append(all, fmt.Sprintf("{field: c%d, eq: red}", i))
	}
	questions = append(questions, `{id: a, kind: text, label: {en: A}, applies: {en: For some.}, when: {all: [`+strings.Join(all, ",")+`]}}`)
	f := mustLoad(t, ask(t, questions...))
	var findings []Finding
	took := processorTime(t, func() { findings = Prove(f).Findings })
	if len(findings) != 1 || findings[0].Rule != FindingTooComplex {
		t.Errorf("got %v", findings)
	}
	if took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
