package routing

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"intake/forms"
)

//go:embed rules.yaml
var builtInRules []byte

// BuiltIn is the source of the rule set for the demo organisation's teams. Its
// opening comment explains the language to whoever writes rules.
func BuiltIn() []byte { return slices.Clone(builtInRules) }

// Names are the organisation's own names, which a rule set may use.
type Names struct {
	Teams  []string // slugs of teams
	Places []string // slugs of districts and of neighbouring authorities
}

// RuleSet is one version of the routing rules, checked and in the order of
// evaluation. It is never changed after Load, so goroutines may share it.
type RuleSet struct {
	Version int
	// Effective is the first day, in London, on which the rules may be used.
	Effective Date
	Default   string
	Rules     []Rule
	Cases     []Case

	hash       string
	names      Names
	allowances map[string]Allowances
}

// Rule says what follows if its condition holds.
type Rule struct {
	ID       string          `yaml:"id"`
	Priority int             `yaml:"priority"` // the lower, the earlier
	Stop     bool            `yaml:"stop"`     // no rule after this one is asked
	When     forms.Condition `yaml:"when"`
	Then     Effect          `yaml:"then"`
}

// Effect is what a rule does. Where a team's slug is expected, open_case_team
// stands for the team that already works on the adult's open case.
type Effect struct {
	Queue   string   `yaml:"queue"`
	CC      []string `yaml:"cc"`
	SLA     string   `yaml:"sla"`
	Exclude []string `yaml:"exclude"`
}

// Decision is where a referral goes, by when, and why. RuleSet and Version
// say which rules decided.
type Decision struct {
	Team    string   `json:"team"`
	CC      []string `json:"cc"` // teams that may read it too, sorted
	SLA     string   `json:"sla"`
	Clocks  Clocks   `json:"clocks"`
	Trace   []Step   `json:"trace"`
	RuleSet string   `json:"rule_set"`
	Version int      `json:"version"`
}

// Step is one rule as it was evaluated. Queue, CC, SLA and Exclude are what
// the rule changed, not merely what it says: of several rules that name a
// queue only the first sets it.
type Step struct {
	Rule    string   `json:"rule"`
	Held    bool     `json:"held"`
	Why     string   `json:"why"` // the facts that the rule's condition names
	Queue   string   `json:"queue,omitempty"`
	CC      []string `json:"cc,omitempty"`
	SLA     string   `json:"sla,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
	Stopped bool     `json:"stopped,omitempty"`
}

// DefaultStep is the name of the trace's last step where no rule set a queue.
const DefaultStep = "default"

// Hash identifies the rule set's source to the byte (hex SHA-256).
func (rs *RuleSet) Hash() string { return rs.hash }

// InForce reports whether the rules may be used at that moment.
func (rs *RuleSet) InForce(at time.Time) bool {
	return !at.Before(rs.Effective.at(0))
}

// Decide evaluates the rules in order. The same facts and calendar always give
// the same decision, and always one of the organisation's teams.
func (rs *RuleSet) Decide(facts Facts, calendar *Calendar) Decision {
	d := Decision{RuleSet: rs.hash, Version: rs.Version}
	var excluded []string
	values := func(name string) []string { return facts.Values(name, calendar) }
	for _, rule := range rs.Rules {
		step := Step{Rule: rule.ID, Held: rule.When.Holds(values), Why: explain(rule.When, values)}
		if step.Held {
			step.Exclude = rs.teams(rule.Then.Exclude, facts)
			excluded = append(excluded, step.Exclude...)
			allowed := func(slugs ...string) []string {
				return slices.DeleteFunc(rs.teams(slugs, facts), func(team string) bool { return slices.Contains(excluded, team) })
			}
			step.CC = allowed(rule.Then.CC...)
			d.CC = append(d.CC, step.CC...)
			if d.SLA == "" {
				d.SLA, step.SLA = rule.Then.SLA, rule.Then.SLA
			}
			queue := allowed(rule.Then.Queue)
			if d.Team == "" && len(queue) > 0 {
				d.Team, step.Queue = queue[0], queue[0]
			}
			// A rule whose team may not have the referral does not end the
			// search for one that may.
			step.Stopped = rule.Stop && len(queue) > 0
		}
		d.Trace = append(d.Trace, step)
		if step.Stopped {
			break
		}
	}
	if d.Team == "" {
		d.Team = rs.Default
		d.Trace = append(d.Trace, Step{Rule: DefaultStep, Held: true, Why: "no rule set a queue", Queue: rs.Default})
	}
	if d.SLA == "" {
		d.SLA = facts.Priority
	}
	if _, known := rs.allowances[d.SLA]; !known {
		d.SLA = P3
	}
	d.Clocks = rs.allowances[d.SLA].Start(facts.ReceivedAt, calendar)
	d.CC = slices.DeleteFunc(distinct(d.CC), func(team string) bool { return team == d.Team })
	return d
}

// teams replaces open_case_team by the team it stands for and drops what is
// not a team: a case may be open with a team that has gone since.
func (rs *RuleSet) teams(slugs []string, facts Facts) []string {
	var out []string
	for _, slug := range slugs {
		if slug == openCaseTeam {
			slug = facts.OpenCaseTeam
		}
		if slices.Contains(rs.names.Teams, slug) {
			out = append(out, slug)
		}
	}
	return out
}

// explain lists the facts that a condition names, each once, with what they
// were.
func explain(c forms.Condition, values func(string) []string) string {
	if c.Always() {
		return "always"
	}
	var told []string
	for _, leaf := range leaves(c) {
		got := "none"
		if found := values(leaf.Field); len(found) > 0 {
			got = strings.Join(found, ", ")
		}
		if part := leaf.Field + ": " + got; !slices.Contains(told, part) {
			told = append(told, part)
		}
	}
	return strings.Join(told, "; ")
}

// leaves lists the parts of a condition that test a field.
func leaves(c forms.Condition) []forms.Condition {
	if c.Field != "" {
		return []forms.Condition{c}
	}
	var out []forms.Condition
	for _, sub := range slices.Concat(c.All, c.Any) {
		out = append(out, leaves(sub)...)
	}
	if c.Not != nil {
		out = append(out, leaves(*c.Not)...)
	}
	return out
}

func hashOf(source []byte) string {
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:])
}

// ParseDate reads a day written as 2026-04-01.
func ParseDate(text string) (Date, error) {
	at, err := time.ParseInLocation(time.DateOnly, text, London)
	if err != nil {
		return Date{}, fmt.Errorf("write the date like 2026-04-01, not %q", text)
	}
	return DateOf(at), nil
}
