package routing

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"intake/forms"
)

func TestProveFinds(t *testing.T) {
	t.Parallel()
	cases := "tests:\n- {given: {}, expect: triage-central}\n"
	for _, c := range []struct{ name, source, place, says string }{
		{"after a rule that always stops", `
- {id: all, priority: 1, stop: true, when: true, then: {queue: mid}}
- {id: late, priority: 2, when: {field: kind, eq: carer}, then: {queue: carers}}
`, `rule "late"`, "No referral"},
		{"a contradiction", "\n- {id: a, when: {all: [{field: priority, eq: P1}, {field: priority, eq: P2}]}, then: {queue: mid}}\n", `rule "a"`, "No referral"},
		{"a fact that is always there", "\n- {id: a, when: {field: kind, exists: false}, then: {queue: mid}}\n", `rule "a"`, "No referral"},
		{"a calendar that contradicts a fact", "\n- {id: a, when: {all: [{calendar: office, is: open}, {field: out_of_hours, eq: \"yes\"}]}, then: {queue: mid}}\n", `rule "a"`, "No referral"},
		{"covered by several earlier rules", `
- {id: p1, priority: 1, stop: true, when: {field: priority, in: [P1, P2]}, then: {queue: mid}}
- {id: p3, priority: 2, stop: true, when: {field: priority, in: [P3]}, then: {queue: west}}
- {id: late, priority: 3, when: {field: types, eq: sexual}, then: {queue: carers}}
`, `rule "late"`, "No referral"},
		{"a narrower rule after a wider one", `
- {id: wide, priority: 1, stop: true, when: {field: types, in: [sexual, physical]}, then: {queue: mid}}
- {id: narrow, priority: 2, when: {all: [{field: types, eq: sexual}, {field: kind, eq: safeguarding}]}, then: {queue: west}}
`, `rule "narrow"`, "No referral"},
		{"a team without a rule", "\n- {id: a, when: true, then: {queue: mid}}\n", `team "west"`, "No rule sends"},
	} {
		findings := Prove(load(t, header+"rules:"+c.source+cases), testCalendar(t))
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Place == c.place && strings.Contains(f.Message, c.says) }) {
			t.Errorf("%s: not found among %v", c.name, findings)
		}
	}

	for _, c := range []struct{ name, source string }{
		{"several values at once", `
- {id: a, priority: 1, when: {all: [{field: types, eq: sexual}, {field: types, eq: neglect}, {not: {field: types, eq: physical}}]}, then: {queue: mid}}
`},
		{"after a stop whose team a conflict may exclude", `
- {id: conflict, priority: 9, when: {field: sources, eq: known}, then: {exclude: [mid]}}
- {id: all, priority: 1, stop: true, when: true, then: {queue: mid}}
- {id: a, priority: 2, when: {field: sources, eq: known}, then: {queue: west}}
`},
		{"after a stop at the open case's team", `
- {id: open, priority: 1, stop: true, when: true, then: {queue: open_case_team}}
- {id: a, priority: 2, when: {not: {field: open_case_team, exists: true}}, then: {queue: west}}
`},
	} {
		for _, finding := range Prove(load(t, header+"rules:"+c.source+cases), testCalendar(t)) {
			if finding.Place == `rule "a"` {
				t.Errorf("%s: %s", c.name, finding.Message)
			}
		}
	}
	for _, finding := range []string{"It goes to triage-central, not to mid", "The copies go to [], not to [west]", "The clocks are those of P3, not of P1"} {
		rs := load(t, header+"tests:\n- {name: wrong, given: {}, expect: {queue: mid, cc: [west], sla: P1}}\n")
		if got := rs.Test(testCalendar(t)); !slices.ContainsFunc(got, func(f Finding) bool { return f.Place == "tests[0] wrong" && strings.Contains(f.Message, finding) }) {
			t.Errorf("%q not found among %v", finding, got)
		}
	}
	if got := Prove(load(t, header), testCalendar(t)); !slices.ContainsFunc(got, func(f Finding) bool { return f.Place == "tests" }) {
		t.Errorf("a rule set without cases: %v", got)
	}
}

// TestProverAgreesWithBruteForce compares the prover with trying out facts.
func TestProverAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	condition := func() *rapid.Generator[forms.Condition] {
		leaf := rapid.SampledFrom([]forms.Condition{
			{Field: "priority", Eq: P1}, {Field: "priority", In: []string{P1, P2}}, {Field: "deceased", Eq: "yes"},
			{Field: "types", Eq: "sexual"}, {Field: "types", In: []string{"sexual", "neglect"}},
			{Field: "calendar.edt", Eq: "open"}, {Field: "out_of_hours", Eq: "no"},
		})
		return rapid.Custom(func(t *rapid.T) forms.Condition {
			parts := rapid.SliceOfN(leaf, 1, 3).Draw(t, "parts")
			c := forms.Condition{All: parts}
			if rapid.Bool().Draw(t, "any") {
				c = forms.Condition{Any: parts}
			}
			if rapid.Bool().Draw(t, "not") {
				return forms.Condition{Not: &forms.Condition{Any: []forms.Condition{c}}}
			}
			return c
		})
	}
	var world []Facts
	for _, priority := range priorities {
		for _, deceased := range []string{"", "yes"} {
			for _, types := range [][]string{nil, {"sexual"}, {"neglect"}, {"neglect", "sexual"}} {
				for _, at := range []string{"2026-06-10 12:00", "2026-06-10 22:00"} {
					world = append(world, Facts{
						Priority: priority, Deceased: deceased, Types: types,
						ReceivedAt: london(t, at), OutOfHours: yesNo(strings.HasSuffix(at, "22:00")),
					})
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rs := &RuleSet{Default: "mid", names: demoNames()}
		for i, stop := range []bool{true, true, false} {
			rs.Rules = append(rs.Rules, Rule{ID: string(rune('a' + i)), Priority: i, Stop: stop, When: condition().Draw(t, "when"), Then: Effect{Queue: "west"}})
		}
		for i, rule := range rs.Rules {
			found := slices.ContainsFunc(world, func(facts Facts) bool {
				trace := rs.Decide(facts, calendar).Trace
				return i < len(trace) && trace[i].Rule == rule.ID && trace[i].Held
			})
			if got := reach(rs, i); (got == reachable) != found || got == undecided {
				t.Fatalf("rule %d: the prover says %v, trying out says %v: %+v", i, got, found, rs.Rules)
			}
		}
	})
}
