package routing

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"intake/forms"
)

// source is the file as written.
type source struct {
	Version   int                             `yaml:"version"`
	Effective string                          `yaml:"effective"`
	Default   struct{ Queue string }          `yaml:"default"`
	Clocks    map[string]map[string]Allowance `yaml:"clocks"`
	Rules     []Rule                          `yaml:"rules"`
	Tests     []Case                          `yaml:"tests"`
}

// Load reads a rule set (YAML) and checks it against the table of facts and
// the organisation's names. Unknown keys are refused. The error joins every
// fault found, each a sentence that says where.
func Load(text []byte, names Names) (*RuleSet, error) {
	var src source
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&src); errors.Is(err, io.EOF) {
		return nil, errors.New("the rule set is empty")
	} else if err != nil {
		return nil, fmt.Errorf("read the rule set: %w", err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("a rule set is one YAML document, without anything after it")
	}

	c := checker{names: names}
	rs := &RuleSet{
		Version: src.Version, Default: src.Default.Queue, Rules: src.Rules, Cases: src.Tests,
		hash: hashOf(text), names: names, allowances: c.allowances(src.Clocks),
	}
	if src.Version < 1 {
		c.fault("version must be 1 or more")
	}
	var err error
	if rs.Effective, err = ParseDate(src.Effective); err != nil {
		c.fault("effective: %w", err)
	}
	if src.Default.Queue == "" {
		c.fault("default.queue is missing: a referral that no rule sends anywhere must still reach a team")
	} else {
		c.team("default.queue", src.Default.Queue)
	}
	seen := map[string]bool{DefaultStep: true}
	for i, rule := range src.Rules {
		c.rule(i, rule, rs.Default, seen)
	}
	for i, test := range src.Tests {
		c.test(i, test)
	}
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	// A conflict of interest counts whatever the priority of the rule that
	// finds it, so rules that exclude are evaluated first.
	slices.SortFunc(rs.Rules, func(a, b Rule) int {
		return cmp.Or(
			cmp.Compare(len(b.Then.Exclude), 0)-cmp.Compare(len(a.Then.Exclude), 0),
			cmp.Compare(a.Priority, b.Priority),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return rs, nil
}

type checker struct {
	names  Names
	faults []error
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

var priorities = []string{P1, P2, P3}

func (c *checker) allowances(written map[string]map[string]Allowance) map[string]Allowances {
	out := map[string]Allowances{}
	for _, priority := range priorities {
		a := defaultAllowances(priority)
		for step, allowed := range written[priority] {
			switch step {
			case "open":
				a.Open = allowed
			case "screen":
				a.Screen = allowed
			case "decide":
				a.Decide = allowed
			case "feedback":
				a.Feedback = allowed
			default:
				c.fault("clocks.%s.%s: the steps are open, screen, decide and feedback", priority, step)
			}
		}
		out[priority] = a
	}
	for priority := range written {
		if !slices.Contains(priorities, priority) {
			c.fault("clocks.%s: the priorities are P1, P2 and P3", priority)
		}
	}
	return out
}

var ruleID = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func (c *checker) rule(index int, rule Rule, defaultTeam string, seen map[string]bool) {
	place := fmt.Sprintf("rule %q", rule.ID)
	switch {
	case !ruleID.MatchString(rule.ID):
		place = fmt.Sprintf("rules[%d]", index)
		c.fault("%s: give it an id of small letters, digits and hyphens, not %q", place, rule.ID)
	case seen[rule.ID]:
		c.fault("%s: this id is taken; every rule needs one of its own", place)
	}
	seen[rule.ID] = true
	c.condition(place, rule.When)

	then := rule.Then
	if then.Queue == "" && len(then.CC) == 0 && then.SLA == "" && len(then.Exclude) == 0 {
		c.fault("%s: then must name a queue, cc, sla or exclude", place)
	}
	if then.Queue != "" {
		c.teamOrOpenCase(place+": queue", then.Queue)
	} else if rule.Stop {
		c.fault("%s: a rule that stops must name the queue", place)
	}
	for _, team := range then.CC {
		c.teamOrOpenCase(place+": cc", team)
	}
	if then.SLA != "" && !slices.Contains(priorities, then.SLA) {
		c.fault("%s: sla must be P1, P2 or P3, not %q", place, then.SLA)
	}
	for _, team := range then.Exclude {
		c.teamOrOpenCase(place+": exclude", team)
		if team == defaultTeam {
			c.fault("%s: the default queue %q cannot be excluded, or a referral could reach no one", place, team)
		}
	}
	if len(then.Exclude) > 0 && then.Queue != "" {
		c.fault("%s: a rule that excludes a team cannot name a queue too; write two rules", place)
	}
}

func (c *checker) team(place, slug string) {
	if !slices.Contains(c.names.Teams, slug) {
		c.fault("%s: %q is not one of the organisation's teams", place, slug)
	}
}

func (c *checker) teamOrOpenCase(place, slug string) {
	if slug != openCaseTeam {
		c.team(place, slug)
	}
}

func (c *checker) condition(place string, condition forms.Condition) {
	if names := namedConditions(condition); len(names) > 0 {
		c.fault("%s: a rule set has no named conditions, so it cannot use {is: %s}", place, names[0])
	}
	for _, leaf := range leaves(condition) {
		codes, ok := c.codes(place, leaf.Field)
		if !ok {
			continue
		}
		tested := slices.Clone(leaf.In)
		if leaf.Eq != "" {
			tested = append(tested, leaf.Eq)
		}
		for _, code := range tested {
			c.code(place, leaf.Field, code, codes)
		}
	}
}

func (c *checker) code(place, name, code string, codes []string) {
	if !slices.Contains(codes, code) {
		c.fault("%s: %q is not a code of %s, which has %s", place, code, name, strings.Join(codes, ", "))
	}
}

func (c *checker) codes(place, name string) (codes []string, ok bool) {
	if calendarName, isCalendar := strings.CutPrefix(name, calendarPrefix); isCalendar {
		if calendarName != Office && calendarName != EmergencyDuty {
			c.fault("%s: the calendars are office and edt, not %q", place, calendarName)
			return nil, false
		}
		return []string{"open", "closed"}, true
	}
	known := fieldNamed(name)
	if known == nil {
		c.fault("%s: %q is not a plain fact; a rule may name only %s", place, name, strings.Join(FieldNames(), ", "))
		return nil, false
	}
	return known.codes(c.names), true
}

func (c *checker) test(index int, test Case) {
	place := fmt.Sprintf("tests[%d]", index)
	for _, name := range slices.Sorted(maps.Keys(test.Given)) {
		if strings.HasPrefix(name, calendarPrefix) {
			c.fault("%s: say when the referral comes in (at), not %s", place, name)
			continue
		}
		codes, ok := c.codes(place, name)
		if !ok {
			continue
		}
		if values := test.Given[name]; len(values) != 1 && !fieldNamed(name).many {
			c.fault("%s: %s has exactly one value", place, name)
		}
		for _, code := range test.Given[name] {
			c.code(place, name, code, codes)
		}
	}
	if _, err := test.moment(); test.At != "" && err != nil {
		c.fault("%s: %w", place, err)
	}
	c.team(place+": expect", test.Expect.Queue)
	for _, team := range test.Expect.CC {
		c.team(place+": expect.cc", team)
	}
	if sla := test.Expect.SLA; sla != "" && !slices.Contains(priorities, sla) {
		c.fault("%s: expect.sla must be P1, P2 or P3, not %q", place, sla)
	}
}

func namedConditions(c forms.Condition) []string {
	var out []string
	if c.Is != "" {
		out = append(out, c.Is)
	}
	for _, sub := range slices.Concat(c.All, c.Any) {
		out = append(out, namedConditions(sub)...)
	}
	if c.Not != nil {
		out = append(out, namedConditions(*c.Not)...)
	}
	return out
}

// moment is when the case's referral comes in, London time.
func (t Case) moment() (time.Time, error) {
	at, err := time.ParseInLocation("2006-01-02 15:04", t.At, London)
	if err != nil {
		return time.Time{}, fmt.Errorf("write at like 2026-12-24 18:00, not %q", t.At)
	}
	return at, nil
}
