package routing

import (
	"slices"
	"strings"

	"intake/forms"
)

// Whether some facts make a rule hold is decided by search. Facts are made of
// variables: one for a fact with one value, one per code for a fact with
// several. Conditions are evaluated with part of the variables given, in
// three-valued logic, so that a branch is cut as soon as it cannot succeed.

type reachability int

const (
	unreachable reachability = iota
	reachable
	undecided
)

// searchLimit bounds the search; the built-in rules take a few thousand steps at most.
const searchLimit = 100_000

type variable struct {
	field, code string // code only where the field may have several values
}

type truth int

const (
	no truth = iota
	maybe
	yes
)

type search struct {
	names     Names
	wanted    forms.Condition
	before    []forms.Condition // of earlier rules that stop, none of which may hold
	variables []variable
	given     map[variable]string
	steps     int
}

// reach decides whether rule number index can be asked and hold.
func reach(rs *RuleSet, index int) reachability {
	s := &search{names: rs.names, wanted: rs.Rules[index].When, given: map[variable]string{}}
	for _, rule := range rs.Rules[:index] {
		if rule.Stop {
			s.before = append(s.before, rs.stops(rule))
		}
	}
	for _, condition := range append([]forms.Condition{s.wanted}, s.before...) {
		for _, leaf := range leaves(condition) {
			for _, v := range s.variablesOf(leaf) {
				if !slices.Contains(s.variables, v) {
					s.variables = append(s.variables, v)
				}
			}
		}
	}
	return s.try(0)
}

// stops is the condition under which a rule that stops really does: it holds,
// its queue is a team, and no rule excludes that team.
func (rs *RuleSet) stops(rule Rule) forms.Condition {
	exists := true
	needed := []forms.Condition{rule.When}
	if rule.Then.Queue == openCaseTeam {
		needed = append(needed, forms.Condition{Field: openCaseTeam, Exists: &exists})
	}
	for _, other := range rs.Rules {
		for _, team := range other.Then.Exclude {
			excluded := []forms.Condition{other.When}
			switch {
			case team == rule.Then.Queue:
			case team == openCaseTeam:
				excluded = append(excluded, forms.Condition{Field: openCaseTeam, Eq: rule.Then.Queue})
			case rule.Then.Queue == openCaseTeam:
				excluded = append(excluded, forms.Condition{Field: openCaseTeam, Eq: team})
			default:
				continue
			}
			needed = append(needed, forms.Condition{Not: &forms.Condition{All: excluded}})
		}
	}
	return forms.Condition{All: needed}
}

func (s *search) try(next int) reachability {
	if s.steps++; s.steps > searchLimit {
		return undecided
	}
	outcome := s.eval(s.wanted)
	for _, condition := range s.before {
		outcome = min(outcome, yes-s.eval(condition))
	}
	switch {
	case outcome == no:
		return unreachable
	case outcome == yes:
		return reachable
	}
	v := s.variables[next]
	defer delete(s.given, v)
	for _, value := range s.domain(v) {
		s.given[v] = value
		if found := s.try(next + 1); found != unreachable {
			return found
		}
	}
	return unreachable
}

// plainFact replaces a question about a calendar by the fact that answers it:
// the office and the emergency duty team are never open together.
func plainFact(leaf forms.Condition) forms.Condition {
	calendarName, ok := strings.CutPrefix(leaf.Field, calendarPrefix)
	if !ok {
		return leaf
	}
	codes := leaf.In
	if leaf.Eq != "" {
		codes = []string{leaf.Eq}
	}
	out := forms.Condition{Field: "out_of_hours", Exists: leaf.Exists}
	for _, state := range codes {
		out.In = append(out.In, yesNo((state == "open") == (calendarName == EmergencyDuty)))
	}
	return out
}

func (s *search) variablesOf(leaf forms.Condition) []variable {
	leaf = plainFact(leaf)
	f := fieldNamed(leaf.Field)
	if !f.many {
		return []variable{{field: f.name}}
	}
	codes := leaf.In
	switch {
	case leaf.Eq != "":
		codes = []string{leaf.Eq}
	case leaf.Exists != nil:
		codes = f.codes(s.names)
	}
	var out []variable
	for _, code := range codes {
		out = append(out, variable{f.name, code})
	}
	return out
}

// domain lists a variable's values, "" for absent: first, since what earlier
// rules ask for is then soonest ruled out.
func (s *search) domain(v variable) []string {
	f := fieldNamed(v.field)
	switch {
	case f.many:
		return []string{"", v.code}
	case f.always:
		return f.codes(s.names)
	}
	return append([]string{""}, f.codes(s.names)...)
}

func (s *search) eval(c forms.Condition) truth {
	switch {
	case c.Field != "":
		return s.evalLeaf(c)
	case c.All != nil:
		out := yes
		for _, sub := range c.All {
			out = min(out, s.eval(sub))
		}
		return out
	case c.Any != nil:
		out := no
		for _, sub := range c.Any {
			out = max(out, s.eval(sub))
		}
		return out
	case c.Not != nil:
		return yes - s.eval(*c.Not)
	}
	return yes
}

func (s *search) evalLeaf(leaf forms.Condition) truth {
	plain := plainFact(leaf)
	found := no
	for _, v := range s.variablesOf(leaf) {
		value, given := s.given[v]
		switch {
		case !given:
			found = max(found, maybe)
		case value != "" && (plain.Exists != nil || value == plain.Eq || slices.Contains(plain.In, value)):
			found = yes
		}
	}
	if plain.Exists != nil && !*plain.Exists {
		return yes - found
	}
	return found
}
