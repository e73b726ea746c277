package demo

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

// matter is one invented thing to refer, and what the desk makes of it. Its
// words fit whichever adult it is told about.
type matter struct {
	kind      string // of referral; "" is safeguarding
	role      string // of the referrer
	anonymous bool
	works     string // a professional's kind of organisation
	night     bool   // received while the office is shut
	urgent    bool   // told in danger: only what must be said
	// says is what this referral says in place of what every one does; an
	// empty list leaves the question out.
	says url.Values
	// later is what the same referrer adds the day after.
	later url.Values

	note     string
	moveTo   string // the team that the desk gives it to, with the reason
	moveFor  string
	decision store.NewDecision
}

func (m matter) professional() bool { return m.role == "professional" }

// tell fills in the whole form about the adult: what every referral says,
// then what this one does. Questions that its path does not ask are left for
// the form to strip.
func (m matter) tell(rng *rand.Rand, about adult, by reporter, received time.Time) url.Values {
	told := url.Values{}
	say := func(id string, codes ...string) { told[id] = codes }
	m.gates(say)
	m.people(say, rng, about, by)
	m.circumstances(say, about)
	if !m.professional() {
		// Nobody but a professional fills in everything.
		for _, id := range []string{
			"reporter_relationship", "adult_gender", "adult_dob.day", "adult_deceased", "adult_location_now", "adult_lives_alone",
			"adult_needs", "adult_support_reason", "adult_language", "adult_interpreter", "adult_communication", "adult_ethnicity",
			"when_happened", "ongoing", "happened_before", "injuries", "adult_told", "adult_agrees", "police_told", "others_told", "action_taken",
		} {
			if !m.short() && chance(rng, 0.4) {
				told.Del(id)
			}
		}
		if !told.Has("adult_dob.day") {
			told.Del("adult_dob.month")
			told.Del("adult_dob.year")
		}
		told.Del("adult_nhs_number")
	}
	if m.urgent {
		maps.DeleteFunc(told, func(id string, _ []string) bool { return !slices.Contains(saidInDanger, id) })
	}
	maps.Copy(told, m.says)
	if told.Get("police_told") == "yes" {
		say("police_reference", fmt.Sprintf("DEMO/%04d", rng.IntN(10000)))
		day := routing.DateOf(received)
		say("police_told_on.day", strconv.Itoa(day.Day))
		say("police_told_on.month", strconv.Itoa(int(day.Month)))
		say("police_told_on.year", strconv.Itoa(day.Year))
	}
	return told
}

// saidInDanger is what people stop for while someone is in danger.
var saidInDanger = []string{
	"immediate_danger", "adult_age", "referral_kind", "referrer_role", "anonymous", "reporter_name", "reporter_phone",
	"adult_name", "adult_address", "adult_district", "what_happened", "sources.0.kind", "sources.0.relationship", "sources.0.still_in_contact",
	"reporter_contact_channels", "adult_contact_channels",
}

// short reports whether it takes the short path of the form.
func (m matter) short() bool { return m.kind != "" && m.kind != routing.KindSafeguarding }

func (m matter) gates(say func(string, ...string)) {
	kind, anonymous := m.kind, "no"
	if kind == "" {
		kind = routing.KindSafeguarding
	}
	if m.anonymous {
		anonymous = "yes"
	}
	say("immediate_danger", "no")
	say("adult_age", "adult")
	say("referral_kind", kind)
	say("referrer_role", m.role)
	say("anonymous", anonymous)
}

// people says who reports, who the adult is and how to contact both.
func (m matter) people(say func(string, ...string), rng *rand.Rand, about adult, by reporter) {
	if m.role == "self" {
		by.name, by.phone = about.name, about.phone
	}
	say("reporter_name", by.name)
	say("reporter_phone", by.phone)
	say("reporter_email", by.email)
	say("reporter_relationship", map[string]string{
		"professional": "I meet them through my work", "family_friend": "A relative", "carer": "I care for them", "neighbour_public": "I live nearby",
	}[m.role])
	say("reporter_organisation", by.organisation)
	say("reporter_job_title", by.job)
	say("reporter_organisation_type", by.typ)
	say("reporter_reference", fmt.Sprintf("DEMO-%03d", rng.IntN(1000)))
	say("reporter_manager_aware", "yes")
	say("reporter_contact_channels", "call", "email")
	say("reporter_contact_times", draw(rng, []share{{"Weekdays until 5pm", 3}, {"Evenings", 1}, {"Any time", 2}}))

	say("adult_name", about.name)
	say("adult_dob.day", strconv.Itoa(about.born.Day()))
	say("adult_dob.month", strconv.Itoa(int(about.born.Month())))
	say("adult_dob.year", strconv.Itoa(about.born.Year()))
	say("adult_gender", about.gender)
	say("adult_ethnicity", about.ethnicity)
	say("adult_address", about.address)
	say("adult_postcode", about.postcode)
	say("adult_district", about.district)
	say("adult_nhs_number", about.nhsNumber)
	say("adult_gp", "Dr Placeholder, Sampleton Surgery")
	say("adult_next_of_kin", "A niece, through the surgery")
	say("adult_contact_channels", draw(rng, []share{{"call", 5}, {"write", 2}, {"none", 1}, {"unknown", 2}}))
}

// circumstances says what is so in most referrals.
func (m matter) circumstances(say func(string, ...string), about adult) {
	for id, answer := range map[string]string{
		"adult_deceased": "no", "adult_location_now": "At home", "adult_lives_alone": "yes",
		"adult_needs": "Help with washing, meals and getting about.", "adult_support_reason": "physical",
		"adult_language": "English", "adult_interpreter": "no", "adult_communication": "Nothing special",
		"allegations.0.types": "neglect", "allegations.0.location": "own_home", "allegations.0.place_district": about.district, "allegations.0.source": "known",
		"when_happened": "In the last few days", "ongoing": "no", "happened_before": "unknown", "injuries": "none", "whole_service": "no",
		"sources.0.kind": "person", "sources.0.relationship": "Someone they know", "sources.0.employer": "none", "sources.0.lives_with": "no",
		"sources.0.still_in_contact": "no", "sources.0.main_carer": "no", "sources.0.aware": "no", "sources.0.at_risk_too": "no", "sources.0.works_with_people": "no",
		"adult_told": "yes", "adult_agrees": "yes", "desired_outcomes": "To feel safe at home, and for this to stop.",
		"capacity_concern": "no", "capacity_assessed": "no", "advocate": "no",
		"others_at_risk": "no", "children_at_risk": "no", "police_told": "no", "regulator_notified": "no", "others_told": "nobody",
		"action_taken": "We agreed with them whom to call if it happens again.",
	} {
		say(id, answer)
	}
}
