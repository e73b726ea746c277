package e2e

import (
	"maps"
	"strings"
)

// answersOf writes answers as pairs of name and values; several values are
// parted by bars.
func answersOf(pairs ...string) map[string][]string {
	a := map[string][]string{}
	for i := 0; i < len(pairs); i += 2 {
		a[pairs[i]] = strings.Split(pairs[i+1], "|")
	}
	return a
}

// with adds answers to others, or replaces them.
func with(base map[string][]string, pairs ...string) map[string][]string {
	a := maps.Clone(base)
	maps.Copy(a, answersOf(pairs...))
	return a
}

// responses are survey answers of people on different branches.
var responses = []map[string][]string{
	answersOf("care_role", "paid_provider", "service", "home_care", "job_role", "care_worker", "district", "maldon",
		"years_in_care", "under_1", "found_job", "friend_family", "contract", "permanent", "pay_rating", "fair",
		"works_alone", "mostly", "lone_protection", "check_ins|alarm_app", "safe_alone", "fairly",
		"travel_paid", "some", "in_12_months", "nhs", "leave_reasons", "pay|hours", "overall", "good",
		"one_change", "More time for each visit.\nAnd fewer forms."),
	answersOf("care_role", "personal_assistant", "service", "home_care", "travel_help", "fuel|parking", "overall", "very_good"),
	answersOf("care_role", "unpaid_carer", "train_dementia", "want_it", "training_barriers", "none", "age_band", "65_over"),
	answersOf("care_role", "no"),
	answersOf("care_role", "paid_provider", "abuse_at_work", "monthly", "abuse_reported", "no_action", "overall", "poor"),
	answersOf("care_role", "paid_provider", "housing_effect", "a_lot", "home_share", "maybe", "recruited_abroad", "yes"),
}

// byProfessional is a complete concern of a professional in the Mid locality,
// not so urgent that it goes to the duty team.
var byProfessional = answersOf(
	"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding", "referrer_role", "professional",
	"reporter_name", "Rosa Ferris", "reporter_phone", "01632 960123", "reporter_relationship", "District nurse",
	"reporter_organisation", "Demo Health", "reporter_job_title", "Nurse", "reporter_organisation_type", "health",
	"adult_name", "Ada Marsh", "adult_dob.day", "3", "adult_dob.month", "4", "adult_dob.year", "1941",
	"adult_gender", "woman", "adult_deceased", "no", "adult_address", "1 Mill Lane", "adult_postcode", "ZZ99 3VZ",
	"adult_location_now.unknown", "yes", "adult_district", "maldon",
	"adult_needs", "Help with washing and with money", "adult_support_reason", "memory_cognition",
	"adult_language", "English", "adult_interpreter", "no", "adult_communication.unknown", "yes", "adult_ethnicity", "white",
	"allegations.0.types", "neglect|financial", "allegations.0.location", "own_home",
	"allegations.0.place_district", "maldon", "allegations.0.source", "known",
	"what_happened", "Her money is gone and there is no food in the house.", "when_happened.unknown", "yes",
	"ongoing", "yes", "happened_before", "unknown", "injuries", "none",
	"sources.0.kind", "person", "sources.0.relationship", "Neighbour", "sources.0.employer.unknown", "yes",
	"sources.0.lives_with", "no", "sources.0.still_in_contact", "no", "sources.0.main_carer", "no",
	"sources.0.aware", "no", "sources.0.at_risk_too", "no", "sources.0.works_with_people", "no",
	"adult_told", "yes", "adult_agrees", "yes", "desired_outcomes", "To feel safe at home",
	"capacity_concern", "no", "capacity_assessed", "no", "advocate", "unknown",
	"others_at_risk", "no", "children_at_risk", "no", "police_told", "no",
	"others_told", "nobody", "action_taken", "Food was brought",
	"reporter_contact_channels", "call", "adult_contact_channels", "none",
)

// byNobody is the least that an anonymous person may send. No district is
// known, so it goes to central triage.
var byNobody = answersOf(
	"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding",
	"referrer_role", "neighbour_public", "anonymous", "yes",
	"adult_description", "A man of about 80 at number 4", "adult_address.unknown", "yes",
	"what_happened", "Shouting each night, and he looks thin.",
)
