package forms

import (
	"slices"
	"strings"
	"testing"
)

// wireNames are the question ids and option codes that scripts, filters,
// exports and other people's tools rely on. They never change, so they stand
// here once more, apart from the definitions. What follows a colon are codes;
// a line without one is open questions. Kinds of several answers have a *.
var wireNames = map[string]string{
	"care-worker-survey": `
		care_role: paid_provider personal_assistant unpaid_carer no
		service: home_care care_home nursing_home supported_living day_community other
		job_role: care_worker senior nurse_therapist manager other
		district: basildon braintree brentwood castle_point chelmsford colchester epping_forest harlow maldon rochford tendring uttlesford several
		years_in_care: under_1 1_2 3_5 6_10 over_10
		found_job: friend_family online_advert jobcentre ambassador_school placement recruited_abroad other
		contract: permanent temporary bank agency other
		hours_guaranteed: yes no_suits_me no_want_them
		gets_travel_costs gets_sick_pay gets_phone_costs gets_training_days gets_induction gets_peer_contact: yes no unsure
		pay_rating manager_support overall: very_good good fair poor very_poor
		time_to_care: never rarely sometimes often always
		worn_out: never rarely sometimes often always prefer_not_to_say
		worked_while_ill: no yes_money yes_other prefer_not_to_say
		works_alone: never sometimes mostly always
		lone_protection*: check_ins alarm_app contact_24h risk_info none
		safe_alone: very fairly not_very not_at_all prefer_not_to_say
		abuse_at_work: no once_twice monthly weekly prefer_not_to_say
		abuse_reported: acted_on no_action not_reported prefer_not_to_say
		train_oliver_mcgowan train_dementia train_behaviours train_communication train_multiple_needs train_reablement train_care_certificate: done_confident done_not_confident want_it not_needed unsure
		training_barriers*: unpaid_time travel language online_only cost not_offered none
		can_progress: strongly_agree agree neither disagree strongly_disagree
		supervision: yes no
		can_raise_concerns: strongly_agree agree neither disagree strongly_disagree prefer_not_to_say
		knows_how_to_report: confident unsure no
		travel_mode: car employer_vehicle bus_train walk_cycle lift
		travel_paid: all some none
		travel_help*: fuel pool_car fares driving_lessons parking none
		home: own private_rent social family employer temporary prefer_not_to_say
		housing_effect: no a_bit a_lot
		home_share: yes maybe no
		in_12_months: same_job other_care nhs leaving retiring unsure
		leave_reasons*: pay hours workload management travel housing health progression other
		one_change
		age_band: 16_24 25_34 35_44 45_54 55_64 65_over prefer_not_to_say
		gender: woman man non_binary other prefer_not_to_say
		ethnicity: asian black mixed white other prefer_not_to_say
		recruited_abroad: yes no prefer_not_to_say`,
	"safeguarding-referral": `
		immediate_danger: yes no
		adult_age: adult child both
		referral_kind: safeguarding needs_assessment carer accommodation other
		referrer_role: self family_friend carer neighbour_public professional
		anonymous: yes no
		reporter_name reporter_phone reporter_email reporter_relationship reporter_organisation reporter_job_title reporter_reference
		reporter_organisation_type: health police council provider housing education voluntary other unknown
		reporter_manager_aware: unknown
		adult_name adult_description adult_dob adult_address adult_postcode adult_location_now adult_nhs_number
		adult_gender: woman man non_binary other unknown
		adult_district: basildon braintree brentwood castle_point chelmsford colchester epping_forest harlow maldon rochford tendring uttlesford southend thurrock elsewhere unknown
		adult_gp adult_next_of_kin adult_carer adult_funder adult_language adult_communication adult_died_on adult_needs
		adult_lives_alone adult_ethnicity adult_support_reason adult_interpreter adult_deceased: unknown
		types*: physical sexual psychological financial discriminatory organisational neglect domestic_abuse sexual_exploitation modern_slavery self_neglect unknown
		location: own_home community community_service care_home_nursing care_home_residential hospital_acute hospital_mental_health hospital_community other unknown
		place_district: unknown
		source: service_provider known unknown_person unknown
		what_happened when_happened injuries
		ongoing happened_before: unknown
		concern_flags*: hate_crime mate_crime domestic_abuse_risk radicalisation fgm_forced_marriage pressure_ulcer medication falls unknown
		whole_service: yes no unknown
		kind: person organisation unknown
		name relationship employer
		lives_with still_in_contact main_carer aware at_risk_too works_with_people: unknown
		adult_told adult_agrees capacity_concern capacity_assessed advocate: unknown
		no_consent_reason*: capacity public_interest others_at_risk coercion vital_interests unsafe_to_ask unknown
		desired_outcomes outcomes_not_asked_reason
		others_at_risk children_at_risk police_told regulator_notified: unknown
		police_reference police_told_on others_told action_taken evidence_kept
		reporter_contact_channels* adult_contact_channels*: call text email voicemail write none unknown
		reporter_contact_times reporter_contact_code_word reporter_contact_who_may_answer
		adult_contact_times adult_contact_code_word adult_contact_who_may_answer`,
}

var groupsOf = map[string]map[string]string{
	"care-worker-survey": {},
	"safeguarding-referral": {
		"types": "allegations", "location": "allegations", "place_district": "allegations", "source": "allegations",
		"kind": "sources", "name": "sources", "relationship": "sources", "employer": "sources", "lives_with": "sources",
		"still_in_contact": "sources", "main_carer": "sources", "aware": "sources", "at_risk_too": "sources", "works_with_people": "sources",
	},
}

func TestWireNames(t *testing.T) {
	t.Parallel()
	for id, table := range wireNames {
		f := loadBuiltIn(t, id)
		known := map[string]bool{}
		for line := range strings.Lines(table) {
			ids, codes, closed := strings.Cut(strings.TrimSpace(line), ":")
			for _, name := range strings.Fields(ids) {
				name, several := strings.CutSuffix(name, "*")
				known[name] = true
				checkWireName(t, f, name, strings.Fields(codes), closed, several)
			}
		}
		for name := range f.plan.byID {
			if !known[name] {
				t.Errorf("%s: the question %s is not among the wire names", id, name)
			}
		}
	}
}

func checkWireName(t *testing.T, f *Form, id string, codes []string, closed, several bool) {
	t.Helper()
	q := f.Question(id)
	if q == nil {
		t.Errorf("%s: there is no question %s", f.ID, id)
		return
	}
	if q.Kind.Closed() != closed || q.Kind.Several() != several {
		t.Errorf("%s: %s is of the kind %s", f.ID, id, q.Kind)
	}
	for _, code := range codes {
		if q.Option(code) == nil {
			t.Errorf("%s: %s has no option %s", f.ID, id, code)
		}
	}
	// Where only "unknown" stands in the table, the other codes are the
	// definition's to choose.
	for _, option := range q.Options {
		if len(codes) > 1 && !slices.Contains(codes, option.Code) && (q.NoUnknown || option.Code != "unknown") {
			t.Errorf("%s: the option %s of %s is not among the wire names", f.ID, option.Code, id)
		}
	}
	group := ""
	if r := f.PageOf(id).Repeats; r != nil {
		group = r.Group
	}
	if want := groupsOf[f.ID][id]; group != want {
		t.Errorf("%s: %s is in the group %q, not %q", f.ID, id, group, want)
	}
}

// TestReferralPaths sends the least that each path of the referral demands.
func TestReferralPaths(t *testing.T) {
	t.Parallel()
	f := loadBuiltIn(t, "safeguarding-referral")
	gate := func(danger, kind, role, anonymous string) Answers {
		a := Answers{"immediate_danger": {danger}, "adult_age": {"adult"}, "referral_kind": {kind}, "referrer_role": {role}}
		if anonymous != "" {
			a["anonymous"] = []string{anonymous}
		}
		return a
	}
	for name, c := range map[string]struct {
		gate           Answers
		least, most    int // questions demanded besides the gate
		asked, without string
	}{
		"anonymous":               {gate("no", "safeguarding", "neighbour_public", "yes"), 2, 5, "what_happened adult_name", "reporter_name reporter_contact_channels adult_contact_channels capacity_concern"},
		"individual":              {gate("no", "safeguarding", "family_friend", "no"), 8, 16, "what_happened reporter_name reporter_contact_channels", "reporter_organisation capacity_concern no_consent_reason"},
		"professional":            {gate("no", "safeguarding", "professional", ""), 25, 60, "reporter_organisation capacity_concern regulator_notified", "anonymous"},
		"professional, danger":    {gate("yes", "safeguarding", "professional", ""), 5, 9, "what_happened", ""},
		"individual, danger":      {gate("yes", "safeguarding", "carer", "no"), 5, 9, "what_happened", ""},
		"needs assessment":        {gate("no", "needs_assessment", "family_friend", "no"), 4, 9, "adult_needs adult_contact_channels", "what_happened allegations.0.types sources.0.kind others_at_risk"},
		"accommodation, for work": {gate("no", "accommodation", "professional", ""), 4, 12, "adult_needs", "what_happened others_at_risk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := Answers{}
			for field, values := range c.gate {
				a[field] = values
			}
			asked := map[string]bool{}
			for _, step := range f.Visible(a) {
				for _, q := range step.Asked {
					asked[q.Name] = true
				}
			}
			for _, name := range strings.Fields(c.asked) {
				if !asked[name] {
					t.Errorf("%s is not asked", name)
				}
			}
			for _, name := range strings.Fields(c.without) {
				if asked[name] {
					t.Errorf("%s is asked", name)
				}
			}
			// Answer only what is demanded, as a person in a hurry would.
			p, demanded := newProver(f), 0
			for {
				errs := f.Validate(a, "en", validateDay)
				if len(errs) == 0 {
					break
				}
				e := errs[0]
				if !p.answerAnyhow(a, f.plan.byID[e.Question], 0) {
					t.Fatalf("no answer helps against %+v", e)
				}
				demanded++
			}
			if demanded < c.least || demanded > c.most {
				t.Errorf("%d answers are demanded, want %d to %d: %v", demanded, c.least, c.most, a)
			}
		})
	}
}
