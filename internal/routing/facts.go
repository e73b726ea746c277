package routing

import (
	"slices"
	"time"

	"intake/forms"
)

// Facts is everything about a referral that routing, clocks and statistics may
// know; all else is sealed. The struct is closed on purpose: a field more is a
// decision about privacy. An absent answer is "" or an empty list.
type Facts struct {
	Kind                string    `json:"kind"`
	Path                string    `json:"path"` // I individual, A anonymous, P professional
	ImmediateDanger     string    `json:"immediate_danger"`
	Priority            string    `json:"priority"` // P1, P2 or P3
	AdultAgeBand        string    `json:"adult_age_band"`
	AdultDistrict       string    `json:"adult_district"`
	PlaceDistrict       []string  `json:"place_district"`
	Types               []string  `json:"types"`
	Sources             []string  `json:"sources"`
	Locations           []string  `json:"locations"`
	SupportReason       string    `json:"support_reason"`
	AdultEthnicityGroup string    `json:"adult_ethnicity_group"`
	AdultGender         string    `json:"adult_gender"`
	ConcernFlags        []string  `json:"concern_flags"`
	WholeService        string    `json:"whole_service"`
	PositionOfTrust     string    `json:"position_of_trust"`
	Deceased            string    `json:"deceased"`
	StillInContact      string    `json:"still_in_contact"`
	ChildrenAtRisk      string    `json:"children_at_risk"`
	PoliceTold          string    `json:"police_told"`
	OutOfHours          string    `json:"out_of_hours"` // yes or no, when it was received
	OpenCaseTeam        string    `json:"open_case_team"`
	ReceivedAt          time.Time `json:"received_at"`
}

// KindSafeguarding is the kind of referral that is a safeguarding concern; the
// others ask for an assessment, a carer's support or a place to live.
const KindSafeguarding = "safeguarding"

// Priorities, most urgent first.
const (
	P1 = "P1"
	P2 = "P2"
	P3 = "P3"
)

// urgentTypes are the kinds of abuse that make continued contact a danger now.
var urgentTypes = []string{"physical", "sexual", "domestic_abuse", "modern_slavery", "sexual_exploitation"}

// FactsOf takes the plain facts from stripped answers to the built-in
// referral form. OpenCaseTeam stays empty: only a look-up by NHS number, which
// is sealed, can fill it in.
func FactsOf(a forms.Answers, received time.Time, calendar *Calendar) Facts {
	f := Facts{
		Kind:                a.Get("referral_kind"),
		Path:                pathOf(a),
		ImmediateDanger:     a.Get("immediate_danger"),
		AdultAgeBand:        ageBandOf(a, received),
		AdultDistrict:       a.Get("adult_district"),
		PlaceDistrict:       distinct(a.All("place_district")),
		Types:               distinct(a.All("types")),
		Sources:             distinct(a.All("source")),
		Locations:           distinct(a.All("location")),
		SupportReason:       a.Get("adult_support_reason"),
		AdultEthnicityGroup: a.Get("adult_ethnicity"),
		AdultGender:         a.Get("adult_gender"),
		ConcernFlags:        distinct(a.All("concern_flags")),
		WholeService:        a.Get("whole_service"),
		PositionOfTrust:     anyMember(a.All("works_with_people")),
		Deceased:            a.Get("adult_deceased"),
		StillInContact:      anyMember(a.All("still_in_contact")),
		ChildrenAtRisk:      childrenAtRisk(a),
		PoliceTold:          a.Get("police_told"),
		OutOfHours:          yesNo(calendar.Open(EmergencyDuty, received)),
		ReceivedAt:          received,
	}
	f.Priority = priorityOf(f, a)
	return f
}

func pathOf(a forms.Answers) string {
	switch {
	case a.Get("referrer_role") == "professional":
		return "P"
	case a.Get("anonymous") == "yes":
		return "A"
	}
	return "I"
}

func priorityOf(f Facts, a forms.Answers) string {
	inContact := f.StillInContact == "yes"
	unsure := f.ImmediateDanger == "unknown" || f.StillInContact == "unknown"
	urgent := slices.ContainsFunc(f.Types, func(t string) bool { return slices.Contains(urgentTypes, t) })
	switch {
	case f.ImmediateDanger == "yes", inContact && urgent:
		return P1
	// Whoever cannot rule danger or contact out is not told that it can wait.
	case inContact, unsure, a.Get("ongoing") == "yes", f.ChildrenAtRisk == "yes", a.Get("others_at_risk") == "yes":
		return P2
	}
	return P3
}

// childrenAtRisk also holds for a referral about an adult and a child: the
// gate asks that, and no other plain fact carries it.
func childrenAtRisk(a forms.Answers) string {
	if a.Get("adult_age") == "both" {
		return "yes"
	}
	return a.Get("children_at_risk")
}

// anyMember sums up one question over the members of a group: yes if any
// member's answer is yes, else unknown if any is, else no.
func anyMember(answers []string) string {
	for _, answer := range []string{"yes", "unknown", "no"} {
		if slices.Contains(answers, answer) {
			return answer
		}
	}
	return ""
}

// ageBandOf is the Safeguarding Adults Collection's band of the adult's age on
// the day of the referral in London. A date that would make them a child, or
// not yet born, is a slip or an estimate, so the band is not known.
func ageBandOf(a forms.Answers, received time.Time) string {
	born, ok := a.Date("adult_dob")
	if !ok {
		return "unknown"
	}
	today := DateOf(received)
	age := today.Year - born.Year()
	if today.Month < born.Month() || today.Month == born.Month() && today.Day < born.Day() {
		age--
	}
	switch {
	case age < 18 || age > 130:
		return "unknown"
	case age < 65:
		return "18_64"
	case age < 75:
		return "65_74"
	case age < 85:
		return "75_84"
	case age < 95:
		return "85_94"
	}
	return "95_over"
}

// distinct sorts and drops repeats, so that facts do not tell how many members
// a group had or in which order they were written.
func distinct(values []string) []string {
	out := append([]string{}, values...) // never nil: an array column would read that as NULL
	slices.Sort(out)
	return slices.Compact(out)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
