package handlers

import (
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// How much may be written, in characters.
const (
	maxNote   = 5000
	maxReason = 2000
)

var yesNoOptions = []option{{"yes", "Yes"}, {"no", "No"}}

// tests are those of section 42(1) of the Care Act 2014.
var tests = []struct{ name, label, unanswered string }{
	{"has_needs", "Does the adult have needs for care and support?", "Say whether the adult has needs for care and support"},
	{"at_risk", "Are they experiencing abuse or neglect, or at risk of it?", "Say whether they are experiencing abuse or neglect, or at risk of it"},
	{"cannot_protect", "Because of their needs, are they unable to protect themselves?", "Say whether they are unable to protect themselves because of their needs"},
}

// versionOf is the version of the referral that the reader acted on; a form
// that says none matches none.
func versionOf(posted url.Values) int {
	version, err := strconv.Atoi(posted.Get("version"))
	if err != nil {
		return 0
	}
	return version
}

// What becomes of the team that has a referral when it is re-routed.
const (
	readsAlong = "reads"
	keptOut    = "kept_out"
)

var presentTeamOptions = []option{
	{readsAlong, "It may still read the referral"},
	{keptOut, "It may not: somebody in it may be involved"},
}

// checkLength says that a text is missing or too long.
func (p *problems) checkLength(name, text string, most int, missing string) {
	switch length := utf8.RuneCountInString(text); {
	case length == 0:
		p.add(name, missing)
	case length > most:
		p.add(name, "Shorten this by "+plural(length-most, "character")+": up to "+strconv.Itoa(most)+" fit")
	}
}

func (a *app) referralOwn(c *gin.Context) error {
	return a.desk(c, "own", nil, nil, func(act store.Action, _ map[string]string) error {
		return a.Referrals.Own(c.Request.Context(), act)
	})
}

func (a *app) referralScreen(c *gin.Context) error {
	return a.desk(c, "screen", nil, nil, func(act store.Action, _ map[string]string) error {
		return a.Referrals.StartScreening(c.Request.Context(), act)
	})
}

func (a *app) referralNote(c *gin.Context) error {
	return a.desk(c, "note", []string{"note"}, func(typed map[string]string, faults *problems) error {
		faults.checkLength("note", typed["note"], maxNote, "Write the note")
		return nil
	}, func(act store.Action, typed map[string]string) error {
		return a.Referrals.AddNote(c.Request.Context(), act, typed["note"])
	})
}

func (a *app) referralReroute(c *gin.Context) error {
	ctx := c.Request.Context()
	return a.desk(c, "reroute", []string{"team", "reason", "present_team"}, func(typed map[string]string, faults *problems) error {
		teams, err := a.Store.Teams(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(teams, func(t store.Team) bool { return t.Slug == typed["team"] }) {
			faults.add("team", "Choose the team that should have it")
		}
		faults.checkLength("reason", typed["reason"], maxReason, "Say why this team should have it")
		return nil
	}, func(act store.Action, typed map[string]string) error {
		id, team, err := a.Referrals.LocateReferral(ctx, act.Actor, act.Reference)
		if err != nil {
			return err
		}
		if team == typed["team"] {
			// The page offers it not: somebody else sent it there meanwhile.
			return store.ErrStale
		}
		if err := a.Referrals.Reroute(ctx, act, typed["team"], typed["reason"], typed["present_team"] == keptOut); err != nil {
			return err
		}
		a.Jobs.TeamOwedNews(id)
		return nil
	})
}

func (a *app) referralDecide(c *gin.Context) error {
	fields := []string{"outcome", "outcome_reason"}
	for _, test := range tests {
		fields = append(fields, test.name, test.name+"_reason")
	}
	return a.desk(c, "decide", fields, checkDecision, func(act store.Action, typed map[string]string) error {
		return a.Referrals.Decide(c.Request.Context(), act, store.NewDecision{
			HasNeeds: typed["has_needs"] == "yes", AtRisk: typed["at_risk"] == "yes",
			CannotProtect: typed["cannot_protect"] == "yes", Outcome: typed["outcome"],
			Reasons: store.Reasons{
				HasNeeds: typed["has_needs_reason"], AtRisk: typed["at_risk_reason"],
				CannotProtect: typed["cannot_protect_reason"], Outcome: typed["outcome_reason"],
			},
		})
	})
}

func checkDecision(typed map[string]string, faults *problems) error {
	met := true
	for _, test := range tests {
		answer := typed[test.name]
		if answer != "yes" && answer != "no" {
			faults.add(test.name, test.unanswered)
		}
		met = met && answer != "no"
		faults.checkLength(test.name+"_reason", typed[test.name+"_reason"], maxReason, "Give the reason for your answer: "+test.label)
	}
	switch outcome := typed["outcome"]; {
	case labelOf(outcomes, outcome) == outcome:
		faults.add("outcome", "Choose what happens now")
	case outcome == outcomeEnquiry && !met:
		faults.add("outcome", "A section 42 enquiry needs all three tests to be met: choose another outcome, or look at your answers again")
	}
	faults.checkLength("outcome_reason", typed["outcome_reason"], maxReason, "Give the reason for this outcome")
	return nil
}
