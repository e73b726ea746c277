package routing

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Case is a test that the rule set brings along: given these facts, at that
// time, expect that decision.
type Case struct {
	Name  string            `yaml:"name"`
	Given map[string]Values `yaml:"given"`
	// At is London's date and time, like 2026-12-24 18:00. Without it the
	// referral comes in as the office opens for the first time under the rules.
	At     string      `yaml:"at"`
	Expect Expectation `yaml:"expect"`
}

// Values are one or several codes of a fact.
type Values []string

// UnmarshalYAML reads one code or a list of codes.
func (v *Values) UnmarshalYAML(node *yaml.Node) error {
	codes := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		codes = node.Content
	}
	*v = nil
	for _, code := range codes {
		if code.Kind != yaml.ScalarNode || code.Value == "" {
			return fmt.Errorf("line %d: expected a code or a list of codes", node.Line)
		}
		*v = append(*v, code.Value)
	}
	if len(*v) == 0 {
		return fmt.Errorf("line %d: leave a fact out rather than giving it an empty list", node.Line)
	}
	return nil
}

// Expectation is what a case expects of the decision; CC and SLA only where
// they are given.
type Expectation struct {
	Queue string   `yaml:"queue"`
	CC    []string `yaml:"cc"`
	SLA   string   `yaml:"sla"`
}

// UnmarshalYAML reads a team, or a mapping of queue, cc and sla.
func (e *Expectation) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*e = Expectation{Queue: node.Value}
		return nil
	}
	for i := 0; node.Kind == yaml.MappingNode && i < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains([]string{"queue", "cc", "sla"}, key.Value) {
			return fmt.Errorf("line %d: expect has queue, cc and sla, not %q", key.Line, key.Value)
		}
	}
	type plain Expectation
	return node.Decode((*plain)(e))
}

// Test runs the rule set's own cases and returns one finding for each that
// fails.
func (rs *RuleSet) Test(calendar *Calendar) []Finding {
	var out []Finding
	for i, test := range rs.Cases {
		place := fmt.Sprintf("tests[%d]", i)
		if test.Name != "" {
			place += " " + test.Name
		}
		d := rs.Decide(rs.factsOf(test, calendar), calendar)
		want := test.Expect
		if d.Team != want.Queue {
			out = append(out, Finding{place, fmt.Sprintf("It goes to %s, not to %s: %s.", d.Team, want.Queue, heldIn(d.Trace))})
		}
		if want.CC != nil && !slices.Equal(d.CC, distinct(want.CC)) {
			out = append(out, Finding{place, fmt.Sprintf("The copies go to [%s], not to [%s].", strings.Join(d.CC, " "), strings.Join(distinct(want.CC), " "))})
		}
		if want.SLA != "" && d.SLA != want.SLA {
			out = append(out, Finding{place, fmt.Sprintf("The clocks are those of %s, not of %s.", d.SLA, want.SLA)})
		}
	}
	return out
}

// factsOf fills in what every referral has and the case does not care about.
func (rs *RuleSet) factsOf(test Case, calendar *Calendar) Facts {
	at := calendar.NextOpening(Office, rs.Effective.at(0))
	if test.At != "" {
		at, _ = test.moment() // Load has read it once already
	}
	facts := Facts{
		Kind: KindSafeguarding, Path: "I", Priority: P3, AdultAgeBand: "unknown",
		OutOfHours: yesNo(calendar.Open(EmergencyDuty, at)), ReceivedAt: at,
	}
	for name, values := range test.Given {
		fieldNamed(name).set(&facts, values)
	}
	return facts
}

func heldIn(trace []Step) string {
	var held []string
	for _, step := range trace {
		if step.Held {
			held = append(held, step.Rule)
		}
	}
	return "what held was " + strings.Join(held, ", ")
}
