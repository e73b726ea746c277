package routing

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"intake/forms"
)

func demoRules(t testing.TB) *RuleSet {
	t.Helper()
	rs, err := Load(BuiltIn(), demoNames())
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func load(t testing.TB, source string) *RuleSet {
	t.Helper()
	rs, err := Load([]byte(source), demoNames())
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestBuiltInRulesAreProved(t *testing.T) {
	t.Parallel()
	rs := demoRules(t)
	for _, finding := range Prove(rs, testCalendar(t)) {
		t.Errorf("%s: %s", finding.Place, finding.Message)
	}
	if len(rs.Cases) < 25 {
		t.Errorf("only %d cases", len(rs.Cases))
	}
	// Each rule is seen to hold by a case of its own file.
	held := map[string]bool{}
	for _, test := range rs.Cases {
		for _, step := range rs.Decide(rs.factsOf(test, testCalendar(t)), testCalendar(t)).Trace {
			held[step.Rule] = held[step.Rule] || step.Held
		}
	}
	for _, rule := range rs.Rules {
		if !held[rule.ID] {
			t.Errorf("no case makes the rule %s hold", rule.ID)
		}
	}
}

func TestFactCodesAreTheFormsCodes(t *testing.T) {
	t.Parallel()
	source, ok := forms.BuiltIn("safeguarding-referral")
	if !ok {
		t.Fatal("no built-in referral form")
	}
	var districts []forms.Option
	for _, place := range demoNames().Places[:12] {
		districts = append(districts, forms.Option{Code: place, Label: forms.Text{"en": place}})
	}
	form, err := forms.Load(source, forms.Lists{"districts": districts})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		if f.from == "" {
			continue
		}
		question := form.Question(f.from)
		if question == nil {
			t.Errorf("%s: the form has no question %s", f.name, f.from)
			continue
		}
		for _, option := range question.Options {
			if !slices.Contains(f.codes(demoNames()), option.Code) {
				t.Errorf("%s: the form's %s may be %q, which no rule could name", f.name, f.from, option.Code)
			}
		}
		for _, code := range f.codes(demoNames()) {
			if question.Option(code) == nil && code != "unknown" {
				t.Errorf("%s: rules may name %q, which the form's %s never is", f.name, code, f.from)
			}
		}
	}
}

const header = "version: 3\neffective: 2026-04-01\ndefault: {queue: triage-central}\n"

// TestRealCases are those that the rules of a council with more teams than
// the demo's must be able to express.
func TestRealCases(t *testing.T) {
	t.Parallel()
	names := demoNames()
	names.Teams = append(names.Teams, "hospital", "mental-health-trust")
	rs, err := Load([]byte(header+`
rules:
- {id: conflict, priority: 99, when: {field: sources, eq: service_provider}, then: {exclude: [hospital]}}
- {id: open-case, priority: 10, stop: true, when: {field: open_case_team, exists: true}, then: {queue: open_case_team}}
- {id: whole-service, priority: 20, stop: true, when: {field: whole_service, eq: "yes"}, then: {queue: org-safeguarding}}
- {id: in-patient, priority: 30, stop: true, when: {field: locations, in: [hospital_acute, hospital_community]}, then: {queue: hospital, cc: [mid]}}
- {id: mental-health, priority: 40, stop: true, when: {any: [{field: support_reason, eq: mental_health}, {field: locations, eq: hospital_mental_health}]}, then: {queue: mental-health-trust}}
- {id: placed-elsewhere, priority: 50, stop: true, when: {field: place_district, eq: elsewhere}, then: {queue: transfer}}
- {id: stranger, priority: 60, when: {all: [{field: sources, eq: unknown_person}, {not: {field: sources, in: [known, service_provider]}}]}, then: {cc: [triage-central], sla: P2}}
- {id: deceased, priority: 60, when: {field: deceased, eq: "yes"}, then: {cc: [org-safeguarding]}}
- {id: mid, priority: 90, when: {field: adult_district, eq: maldon}, then: {queue: mid}}
- {id: west, priority: 91, when: {field: adult_district, in: [maldon, harlow]}, then: {queue: west, cc: [carers]}}
`), names)
	if err != nil {
		t.Fatal(err)
	}
	calendar := testCalendar(t)
	for _, c := range []struct {
		name  string
		facts Facts
		team  string
		cc    []string
		sla   string
	}{
		{"open case", Facts{OpenCaseTeam: "west", WholeService: "yes"}, "west", nil, P3},
		{"open case with a team that has gone", Facts{OpenCaseTeam: "north", WholeService: "yes"}, "org-safeguarding", nil, P3},
		{"in-patient", Facts{Locations: []string{"hospital_acute", "own_home"}, Priority: P1}, "hospital", []string{"mid"}, P1},
		{"conflict found by a rule of low priority", Facts{Locations: []string{"hospital_acute"}, Sources: []string{"service_provider"}, SupportReason: "mental_health"}, "mental-health-trust", []string{"mid"}, P3},
		{"mental health", Facts{SupportReason: "mental_health"}, "mental-health-trust", nil, P3},
		{"placed by another authority", Facts{PlaceDistrict: []string{"elsewhere"}}, "transfer", nil, P3},
		{"stranger", Facts{Sources: []string{"unknown_person"}, AdultDistrict: "harlow"}, "west", []string{"carers", "triage-central"}, P2},
		{"stranger and someone known", Facts{Sources: []string{"known", "unknown_person"}, AdultDistrict: "harlow"}, "west", []string{"carers"}, P3},
		{"the first queue stands, later copies still count", Facts{AdultDistrict: "maldon"}, "mid", []string{"carers"}, P3},
		{"deceased", Facts{Deceased: "yes"}, "triage-central", []string{"org-safeguarding"}, P3},
		{"the default team is not its own copy", Facts{Sources: []string{"unknown_person"}}, "triage-central", nil, P2},
	} {
		c.facts.ReceivedAt = london(t, "2026-06-10 12:00")
		d := rs.Decide(c.facts, calendar)
		if d.Team != c.team || !slices.Equal(d.CC, c.cc) || d.SLA != c.sla {
			t.Errorf("%s: %s cc %v %s, want %s cc %v %s\n%+v", c.name, d.Team, d.CC, d.SLA, c.team, c.cc, c.sla, d.Trace)
		}
		if d.RuleSet != rs.Hash() || d.Version != 3 {
			t.Errorf("%s: decided by %q version %d", c.name, d.RuleSet, d.Version)
		}
	}
}

func TestTraceSaysWhatWasSeen(t *testing.T) {
	t.Parallel()
	rs := load(t, header+`
rules:
- {id: urgent, priority: 1, stop: true, when: {all: [{field: priority, in: [P1]}, {calendar: edt, is: open}]}, then: {queue: edt}}
- {id: note, priority: 2, when: true, then: {cc: [carers], sla: P2}}
`)
	d := rs.Decide(Facts{Priority: P1, ReceivedAt: london(t, "2026-06-10 12:00")}, testCalendar(t))
	want := []Step{
		{Rule: "urgent", Why: "priority: P1; calendar.edt: closed"},
		{Rule: "note", Held: true, Why: "always", CC: []string{"carers"}, SLA: P2},
		{Rule: DefaultStep, Held: true, Why: "no rule set a queue", Queue: "triage-central"},
	}
	if !reflect.DeepEqual(d.Trace, want) {
		t.Errorf("trace %+v\nwant  %+v", d.Trace, want)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	standard := load(t, header)
	faster := load(t, header+"clocks: {P3: {open: 24 hours, feedback: 1 working day}}\n")
	for _, c := range []struct {
		rs                             *RuleSet
		priority, received             string
		open, screen, decide, feedback string
	}{
		{standard, P1, "2026-06-10 12:00", "2026-06-10 12:30", "2026-06-10 17:30", "2026-06-12 16:30", "2026-06-17 17:30"},
		{standard, P3, "2026-06-10 12:00", "2026-06-10 17:30", "2026-06-10 17:30", "2026-06-12 16:30", "2026-06-17 17:30"},
		// Danger on Christmas Eve's night: opened in half an hour all the same.
		{standard, P1, "2026-12-24 23:45", "2026-12-25 00:15", "2026-12-29 17:30", "2026-12-31 17:30", "2027-01-06 17:30"},
		{standard, P2, "2026-06-12 18:00", "2026-06-15 17:30", "2026-06-15 17:30", "2026-06-17 17:30", "2026-06-22 17:30"},
		// Half an hour over the start of summer time is half an hour.
		{standard, P1, "2026-03-29 00:45", "2026-03-29 02:15", "2026-03-30 17:30", "2026-04-01 17:30", "2026-04-08 17:30"},
		{faster, P3, "2026-06-12 12:00", "2026-06-13 12:00", "2026-06-12 16:30", "2026-06-16 17:30", "2026-06-15 17:30"},
	} {
		got := c.rs.Decide(Facts{Priority: c.priority, ReceivedAt: london(t, c.received)}, calendar).Clocks
		want := Clocks{london(t, c.open), london(t, c.screen), london(t, c.decide), london(t, c.feedback)}
		if !got.OpenBy.Equal(want.OpenBy) || !got.ScreenBy.Equal(want.ScreenBy) || !got.DecideBy.Equal(want.DecideBy) || !got.FeedbackBy.Equal(want.FeedbackBy) {
			t.Errorf("%s at %s:\ngot  %v\nwant %v", c.priority, c.received, got, want)
		}
	}
}

func TestInForceFromMidnightInLondon(t *testing.T) {
	t.Parallel()
	rs := load(t, header)
	if rs.InForce(utc(t, "2026-03-31 22:59")) || !rs.InForce(utc(t, "2026-03-31 23:00")) {
		t.Error("rules effective on 1 April start at midnight of London's summer time")
	}
}

func drawFacts(t *rapid.T, names Names) Facts {
	facts := Facts{ReceivedAt: time.Unix(rapid.Int64Range(1767225600, 1900000000).Draw(t, "received"), 0)}
	for _, f := range fields {
		codes := f.codes(names)
		if f.many {
			f.set(&facts, rapid.SliceOfN(rapid.SampledFrom(codes), 0, 3).Draw(t, f.name))
		} else if f.always || rapid.Bool().Draw(t, "has "+f.name) {
			f.set(&facts, []string{rapid.SampledFrom(codes).Draw(t, f.name)})
		}
	}
	return facts
}

// TestDecideLaws holds for any facts: a known team, the same decision twice,
// and a trace from which the decision can be had again.
func TestDecideLaws(t *testing.T) {
	t.Parallel()
	rs, calendar := demoRules(t), testCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t, demoNames())
		d := rs.Decide(facts, calendar)
		if !slices.Contains(demoNames().Teams, d.Team) {
			t.Fatalf("no such team: %q", d.Team)
		}
		if again := rs.Decide(facts, calendar); !reflect.DeepEqual(d, again) {
			t.Fatalf("decided %+v, then %+v", d, again)
		}
		var team, sla string
		var cc, excluded []string
		for i, step := range d.Trace {
			if team == "" {
				team = step.Queue
			}
			if sla == "" {
				sla = step.SLA
			}
			cc, excluded = append(cc, step.CC...), append(excluded, step.Exclude...)
			if step.Stopped && i != len(d.Trace)-1 {
				t.Fatalf("the trace goes on after %s stopped it", step.Rule)
			}
			if !step.Held && !reflect.DeepEqual(step, Step{Rule: step.Rule, Why: step.Why}) {
				t.Fatalf("%s had an effect without holding", step.Rule)
			}
		}
		if sla == "" {
			sla = facts.Priority
		}
		cc = slices.DeleteFunc(distinct(cc), func(s string) bool { return s == team })
		if team != d.Team || sla != d.SLA || !slices.Equal(cc, d.CC) {
			t.Fatalf("the trace gives %s cc %v %s, the decision %s cc %v %s", team, cc, sla, d.Team, d.CC, d.SLA)
		}
		if slices.Contains(excluded, d.Team) || slices.ContainsFunc(d.CC, func(s string) bool { return slices.Contains(excluded, s) }) {
			if d.Team != rs.Default {
				t.Fatalf("an excluded team (%v) has it: %s cc %v", excluded, d.Team, d.CC)
			}
		}
		if c := d.Clocks; c.OpenBy.Before(facts.ReceivedAt) || c.ScreenBy.Before(facts.ReceivedAt) || c.DecideBy.Before(c.ScreenBy) || c.FeedbackBy.Before(c.DecideBy) {
			t.Fatalf("clocks out of order: %+v", c)
		}
	})
}
