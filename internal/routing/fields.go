package routing

import (
	"slices"
	"strings"
)

// field is one plain fact as rules see it: its name, the codes that it may
// have, and how to read and write it.
type field struct {
	name    string
	allowed []string // nil where the organisation says: places, teams
	from    string   // the question of the built-in referral whose codes these are
	always  bool     // every referral has it
	many    bool     // may have several values at once
	one     func(*Facts) *string
	list    func(*Facts) *[]string
}

var yesNoUnknown = []string{"yes", "no", "unknown"}

// fields is the table of facts that a rule may name. The time of the referral
// is not among them: rules ask calendars about it.
var fields = []field{
	{name: "kind", from: "referral_kind", always: true, allowed: []string{KindSafeguarding, "needs_assessment", "carer", "accommodation", "other", "unknown"}, one: func(f *Facts) *string { return &f.Kind }},
	{name: "path", always: true, allowed: []string{"I", "A", "P"}, one: func(f *Facts) *string { return &f.Path }},
	{name: "immediate_danger", from: "immediate_danger", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.ImmediateDanger }},
	{name: "priority", always: true, allowed: []string{P1, P2, P3}, one: func(f *Facts) *string { return &f.Priority }},
	{name: "adult_age_band", always: true, allowed: []string{"18_64", "65_74", "75_84", "85_94", "95_over", "unknown"}, one: func(f *Facts) *string { return &f.AdultAgeBand }},
	{name: "adult_district", from: "adult_district", one: func(f *Facts) *string { return &f.AdultDistrict }},
	{name: "place_district", from: "place_district", many: true, list: func(f *Facts) *[]string { return &f.PlaceDistrict }},
	{name: "types", from: "types", many: true, allowed: []string{"physical", "sexual", "psychological", "financial", "discriminatory", "organisational", "neglect", "domestic_abuse", "sexual_exploitation", "modern_slavery", "self_neglect", "unknown"}, list: func(f *Facts) *[]string { return &f.Types }},
	{name: "sources", from: "source", many: true, allowed: []string{"service_provider", "known", "unknown_person", "unknown"}, list: func(f *Facts) *[]string { return &f.Sources }},
	{name: "locations", from: "location", many: true, allowed: []string{"own_home", "community", "community_service", "care_home_nursing", "care_home_residential", "hospital_acute", "hospital_mental_health", "hospital_community", "other", "unknown"}, list: func(f *Facts) *[]string { return &f.Locations }},
	{name: "support_reason", from: "adult_support_reason", allowed: []string{"physical", "sensory", "memory_cognition", "learning_disability", "mental_health", "social", "none", "unknown"}, one: func(f *Facts) *string { return &f.SupportReason }},
	{name: "adult_ethnicity_group", from: "adult_ethnicity", allowed: []string{"white", "mixed", "asian", "black", "other", "refused", "unknown"}, one: func(f *Facts) *string { return &f.AdultEthnicityGroup }},
	{name: "adult_gender", from: "adult_gender", allowed: []string{"woman", "man", "non_binary", "other", "unknown"}, one: func(f *Facts) *string { return &f.AdultGender }},
	{name: "concern_flags", from: "concern_flags", many: true, allowed: []string{"hate_crime", "mate_crime", "domestic_abuse_risk", "radicalisation", "fgm_forced_marriage", "pressure_ulcer", "medication", "falls", "unknown"}, list: func(f *Facts) *[]string { return &f.ConcernFlags }},
	{name: "whole_service", from: "whole_service", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.WholeService }},
	{name: "position_of_trust", from: "works_with_people", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.PositionOfTrust }},
	{name: "deceased", from: "adult_deceased", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.Deceased }},
	{name: "still_in_contact", from: "still_in_contact", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.StillInContact }},
	{name: "children_at_risk", from: "children_at_risk", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.ChildrenAtRisk }},
	{name: "police_told", from: "police_told", allowed: yesNoUnknown, one: func(f *Facts) *string { return &f.PoliceTold }},
	{name: "out_of_hours", always: true, allowed: []string{"yes", "no"}, one: func(f *Facts) *string { return &f.OutOfHours }},
	{name: openCaseTeam, one: func(f *Facts) *string { return &f.OpenCaseTeam }},
}

// openCaseTeam is both a fact and, in a rule's effect, the team it names.
const openCaseTeam = "open_case_team"

func fieldNamed(name string) *field {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &fields[i]
}

// FieldNames lists the facts that a rule may name.
func FieldNames() []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// codes lists what the field may hold in an organisation with those names.
func (f *field) codes(names Names) []string {
	switch {
	case f.allowed != nil:
		return f.allowed
	case f.name == openCaseTeam:
		return names.Teams
	}
	return append(slices.Clone(names.Places), "unknown")
}

func (f *field) values(facts *Facts) []string {
	if f.many {
		return *f.list(facts)
	}
	if value := *f.one(facts); value != "" {
		return []string{value}
	}
	return nil
}

func (f *field) set(facts *Facts, values []string) {
	if f.many {
		*f.list(facts) = distinct(values)
		return
	}
	*f.one(facts) = values[0]
}

// Values returns what a rule sees under that name: a fact's codes, or for
// calendar.NAME whether that calendar was open or closed when the referral was
// received. It returns nothing for a name that rules may not use.
func (f Facts) Values(name string, calendar *Calendar) []string {
	if calendarName, ok := strings.CutPrefix(name, calendarPrefix); ok {
		if calendar.Open(calendarName, f.ReceivedAt) {
			return []string{"open"}
		}
		return []string{"closed"}
	}
	if known := fieldNamed(name); known != nil {
		return known.values(&f)
	}
	return nil
}

const calendarPrefix = "calendar."
