package routing

import (
	"fmt"
	"slices"
)

// Finding is one thing wrong with a rule set, as a sentence, and where.
type Finding struct {
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Prove looks for what is wrong with a rule set that Load accepts: rules that
// no referral can reach, teams that nothing is ever sent to, cases that fail,
// and rules without cases.
func Prove(rs *RuleSet, calendar *Calendar) []Finding {
	var out []Finding
	for i, rule := range rs.Rules {
		place := fmt.Sprintf("rule %q", rule.ID)
		switch reach(rs, i) {
		case unreachable:
			out = append(out, Finding{place, "No referral can make this rule hold: its condition contradicts itself, or an earlier rule that stops always holds too."})
		case undecided:
			out = append(out, Finding{place, "The condition is too involved to prove that this rule can hold: write it as several rules."})
		}
	}
	for _, team := range rs.names.Teams {
		if !rs.sendsTo(team) {
			out = append(out, Finding{fmt.Sprintf("team %q", team), "No rule sends this team anything, as its queue or as a copy."})
		}
	}
	if len(rs.Cases) == 0 {
		out = append(out, Finding{"tests", "The rule set has no test cases of its own: say what you expect of a few referrals."})
	}
	return append(out, rs.Test(calendar)...)
}

func (rs *RuleSet) sendsTo(team string) bool {
	return team == rs.Default || slices.ContainsFunc(rs.Rules, func(r Rule) bool {
		return r.Then.Queue == team || slices.Contains(r.Then.CC, team)
	})
}
