package demo

import (
	"slices"

	"intake/internal/store"
)

// test is one of the three tests of a section 42 decision, with its reason.
type test struct {
	met bool
	why string
}

func met(why string) test   { return test{true, why} }
func unmet(why string) test { return test{false, why} }

func decide(outcome, why string, hasNeeds, atRisk, cannotProtect test) store.NewDecision {
	return store.NewDecision{
		HasNeeds: hasNeeds.met, AtRisk: atRisk.met, CannotProtect: cannotProtect.met, Outcome: outcome,
		Reasons: store.Reasons{HasNeeds: hasNeeds.why, AtRisk: atRisk.why, CannotProtect: cannotProtect.why, Outcome: why},
	}
}

// The outcomes of a decision, by the codes that the desk offers.
const (
	section42           = "s42_enquiry"
	otherEnquiry        = "other_enquiry"
	noAction            = "no_action"
	advice              = "advice"
	careActAssessment   = "care_act_assessment"
	caseManagement      = "case_management"
	review              = "review"
	otherCouncilService = "other_council_service"
	externalAgency      = "external_agency"
	otherAuthority      = "other_authority"
)

// Kinds of referral that are no safeguarding concern, and roles of referrers.
const (
	needsAssessment = "needs_assessment"
	forCarer        = "carer"
	accommodation   = "accommodation"
	somethingElse   = "other"

	professional = "professional"
	relative     = "family_friend"
	unpaidCarer  = "carer"
	neighbour    = "neighbour_public"
	themselves   = "self"
)

// matters is everything that is referred, in turn: first the ones of
// everyday, then the ones that go an unusual way.
var matters = slices.Concat(everydayMatters, unusualMatters)
