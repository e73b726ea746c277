package routing

import (
	"slices"
	"strings"
	"testing"
)

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	rule := func(text string) string { return header + "rules:\n- " + text + "\n" }
	for _, c := range []struct{ name, source, says string }{
		{"nothing", "", "empty"},
		{"a second document", header + "---\nversion: 1\n", "one YAML document"},
		{"an unknown key", header + "fallback: {queue: mid}\n", "fallback"},
		{"no default", "version: 1\neffective: 2026-04-01\n", "default.queue is missing"},
		{"no version", "effective: 2026-04-01\ndefault: {queue: mid}\n", "version must be"},
		{"no date", "version: 1\ndefault: {queue: mid}\n", "effective: write the date like"},
		{"a default that is no team", "version: 1\neffective: 2026-04-01\ndefault: {queue: north}\n", `"north" is not one`},
		{"a queue that is no team", rule("{id: a, when: true, then: {queue: north}}"), `rule "a": queue: "north"`},
		{"a copy to no team", rule("{id: a, when: true, then: {cc: [north]}}"), `cc: "north"`},
		{"an exclusion of no team", rule("{id: a, when: true, then: {exclude: [north]}}"), `exclude: "north"`},
		{"an exclusion of the default", rule("{id: a, when: true, then: {exclude: [triage-central]}}"), "could reach no one"},
		{"an exclusion with a queue", rule("{id: a, when: true, then: {queue: mid, exclude: [west]}}"), "write two rules"},
		{"a sealed field", rule("{id: a, when: {field: adult_name, exists: true}, then: {queue: mid}}"), `"adult_name" is not a plain fact`},
		{"the time", rule("{id: a, when: {field: received_at, exists: true}, then: {queue: mid}}"), "not a plain fact"},
		{"a misspelt code", rule("{id: a, when: {field: adult_district, in: [maldon, chelmsfrod]}, then: {queue: mid}}"), `"chelmsfrod" is not a code of adult_district`},
		{"a misspelt code deep down", rule("{id: a, when: {not: {any: [{all: [{field: types, eq: phisical}]}]}}, then: {queue: mid}}"), `"phisical"`},
		{"an unknown calendar", rule("{id: a, when: {calendar: moon, is: open}, then: {queue: mid}}"), "the calendars are office and edt"},
		{"an unknown state", rule("{id: a, when: {calendar: edt, is: ajar}, then: {queue: mid}}"), `"ajar"`},
		{"a named condition", rule("{id: a, when: {is: danger}, then: {queue: mid}}"), "no named conditions"},
		{"no effect", rule("{id: a, when: true, then: {}}"), "then must name"},
		{"a stop without a queue", rule("{id: a, stop: true, when: true, then: {cc: [mid]}}"), "must name the queue"},
		{"no id", rule("{when: true, then: {queue: mid}}"), "rules[0]: give it an id"},
		{"the default's id", rule("{id: default, when: true, then: {queue: mid}}"), "is taken"},
		{"an id twice", rule("{id: a, when: true, then: {queue: mid}}") + "- {id: a, when: true, then: {queue: mid}}\n", "is taken"},
		{"an sla", rule("{id: a, when: true, then: {sla: P4}}"), "P1, P2 or P3"},
		{"a clock's words", header + "clocks: {P1: {open: soon}}\n", "write a time allowed like"},
		{"a clock of nothing", header + "clocks: {P1: {open: 0 minutes}}\n", "at least 1"},
		{"a clock's step", header + "clocks: {P1: {close: 1 hour}}\n", "the steps are"},
		{"a clock's priority", header + "clocks: {P9: {open: 1 hour}}\n", "the priorities are"},
		{"a case of a fact that is none", header + "tests:\n- {given: {adult_name: x}, expect: mid}\n", "not a plain fact"},
		{"a case of a code that is none", header + "tests:\n- {given: {adult_district: moldan}, expect: mid}\n", `"moldan"`},
		{"a case with two values of one", header + "tests:\n- {given: {adult_district: [maldon, harlow]}, expect: mid}\n", "exactly one value"},
		{"a case that sets the calendar", header + "tests:\n- {given: {calendar.edt: open}, expect: mid}\n", "say when"},
		{"a case at no time", header + "tests:\n- {given: {}, at: noon, expect: mid}\n", "write at like"},
		{"a case without expectation", header + "tests:\n- {given: {}}\n", "is not one of the organisation's teams"},
		{"a case that expects more than there is", header + "tests:\n- {given: {}, expect: {queue: mid, bcc: [west]}}\n", "not \"bcc\""},
	} {
		if _, err := Load([]byte(c.source), demoNames()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: err = %v, want it to say %q", c.name, err, c.says)
		}
	}
	_, err := Load([]byte(rule("{id: a, stop: true, when: {field: adult_name, exists: true}, then: {cc: [north]}}")), demoNames())
	if err == nil || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Errorf("want the three faults at once, got: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(BuiltIn())
	f.Add([]byte(header + "rules:\n- {id: a, when: {not: {all: [{field: types, in: [sexual]}]}}, then: {queue: mid}}\n"))
	f.Add([]byte("version: [1"))
	f.Add([]byte("clocks: {P1: {open: [1]}}"))
	f.Add([]byte("tests: [{given: {adult_district: {}}, expect: [x]}]"))
	names, calendar := demoNames(), testCalendar(f)
	f.Fuzz(func(t *testing.T, source []byte) {
		rs, err := Load(source, names)
		if err != nil {
			return
		}
		if d := rs.Decide(Facts{ReceivedAt: rs.Effective.at(0)}, calendar); !slices.Contains(names.Teams, d.Team) {
			t.Fatalf("no such team: %q", d.Team)
		}
		if len(rs.Rules) < 6 { // the search is bounded, but not fast enough for a fuzzer
			Prove(rs, calendar)
		}
	})
}
