package demo

import (
	"math/rand/v2"
	"net/url"
)

// person is one invented care worker. What they answer follows from a few
// things about them that no question asks for, so that answers hang together:
// a good employer shows in pay, supervision, safety and staying alike. Levels
// are in standard deviations, 0 being usual and more being better.
type person struct {
	rng      *rand.Rand
	answers  url.Values
	place    place
	home     bool // works in people's own homes
	newcomer bool // less than 3 years in care
	abroad   bool // hired from outside the UK
	employer float64
	pay      float64
	energy   float64
	skill    float64
}

// carer invents one response. Answers to questions that turn out not to be
// asked are left for the form to strip.
func carer(rng *rand.Rand, districts []string) url.Values {
	p := &person{rng: rng, answers: url.Values{}}
	role := draw(rng, []share{{"paid_provider", 86}, {"personal_assistant", 5}, {"unpaid_carer", 7}, {"no", 2}})
	p.answers.Set("care_role", role)
	p.job(districts, role)
	p.conditions()
	p.wellbeing()
	p.safety()
	p.training()
	p.management()
	p.travel()
	p.housing()
	p.staying()
	p.about()
	return p.answers
}

// pick answers a question by drawing a code; now and then it is skipped.
func (p *person) pick(id string, shares ...share) string {
	if chance(p.rng, 0.03) {
		return ""
	}
	code := draw(p.rng, shares)
	p.answers.Set(id, code)
	return code
}

// private answers a sensitive question, which some people prefer not to.
func (p *person) private(id string, shares ...share) string {
	if chance(p.rng, 0.05) {
		p.answers.Set(id, "prefer_not_to_say")
		return ""
	}
	return p.pick(id, shares...)
}

// Scales run from the good end to the bad one, so a higher level is an
// earlier code.
var (
	goodToPoor = []string{"very_good", "good", "fair", "poor", "very_poor"}
	agreement  = []string{"strongly_agree", "agree", "neither", "disagree", "strongly_disagree"}
	often      = []string{"always", "often", "sometimes", "rarely", "never"}
	seldom     = []string{"never", "rarely", "sometimes", "often", "always"}
	safe       = []string{"very", "fairly", "not_very", "not_at_all"}
)

// steps are the levels down to which each code of a scale of that length goes.
var steps = map[int][]float64{
	4: {0.8, -0.5, -1.5},
	5: {1.2, 0.2, -0.6, -1.4},
}

// onScale is where someone of that level ticks, give or take their mood.
func (p *person) onScale(scale []string, level float64) share {
	level += 0.7 * p.rng.NormFloat64()
	for i, down := range steps[len(scale)] {
		if level >= down {
			return share{scale[i], 1}
		}
	}
	return share{scale[len(scale)-1], 1}
}

// yesNo is yes for half of the people at level 0.
func (p *person) yesNo(id string, level float64) {
	if level+p.rng.NormFloat64() > 0 {
		p.pick(id, share{"yes", 1})
	} else {
		p.pick(id, share{"no", 1})
	}
}

// ticks answers a question with several answers; none stands for no tick.
func (p *person) ticks(id, none string, limit int, shares ...share) {
	if chance(p.rng, 0.04) {
		return
	}
	for _, s := range shares {
		if len(p.answers[id]) < limit && chance(p.rng, s.weight) {
			p.answers.Add(id, s.code)
		}
	}
	if len(p.answers[id]) == 0 && none != "" {
		p.answers.Set(id, none)
	}
}

// job says where and as what they work, and draws the levels that follow.
func (p *person) job(districts []string, role string) {
	var sizes []share
	for _, district := range append(districts[:len(districts):len(districts)], several) {
		sizes = append(sizes, share{district, placeOf(district).size})
	}
	p.place = placeOf(p.pick("district", sizes...))
	service := p.pick("service",
		share{"home_care", 34 + 20*p.place.rural}, share{"care_home", 28}, share{"nursing_home", 15 - 6*p.place.rural},
		share{"supported_living", 14}, share{"day_community", 6}, share{"other", 3})
	p.home = service == "home_care" || role == "personal_assistant"
	nurses := 3.0
	if service == "nursing_home" {
		nurses = 22
	}
	job := p.pick("job_role", share{"care_worker", 68}, share{"senior", 15}, share{"nurse_therapist", nurses}, share{"manager", 9}, share{"other", 5})

	p.employer = p.place.employer + 0.9*p.rng.NormFloat64() + map[string]float64{"manager": 0.5, "senior": 0.2}[job]
	p.pay = p.place.pay + 0.4*p.employer + 0.8*p.rng.NormFloat64() + map[string]float64{"manager": 0.6, "nurse_therapist": 0.6}[job]
	p.energy = 0.4*p.employer + 0.8*p.rng.NormFloat64() + map[string]float64{"nursing_home": -0.4, "day_community": 0.5, "home_care": -0.2}[service]
	p.skill = 0.3*p.employer + 0.8*p.rng.NormFloat64() + map[string]float64{"senior": 0.4, "manager": 0.6, "nurse_therapist": 0.7}[job]

	years := []share{{"under_1", 14}, {"1_2", 20}, {"3_5", 24}, {"6_10", 20}, {"over_10", 22}}
	if job == "manager" || job == "senior" {
		years = []share{{"1_2", 6}, {"3_5", 24}, {"6_10", 30}, {"over_10", 40}}
	}
	inCare := p.pick("years_in_care", years...)
	p.newcomer = inCare == "under_1" || inCare == "1_2"
	abroad := 0.1
	if p.newcomer {
		abroad = 0.3
	}
	p.abroad = chance(p.rng, abroad)
	if p.abroad && chance(p.rng, 0.8) {
		p.answers.Set("found_job", "recruited_abroad")
	} else {
		p.pick("found_job", share{"friend_family", 32}, share{"online_advert", 38}, share{"jobcentre", 10},
			share{"ambassador_school", 5}, share{"placement", 7}, share{"other", 8})
	}
}

// conditions covers contract, benefits and pay.
func (p *person) conditions() {
	casual := 1.0
	if p.home {
		casual = 2
	}
	p.pick("contract", share{"permanent", 74}, share{"temporary", 7 * casual}, share{"bank", 6 * casual}, share{"agency", 6}, share{"other", 2})
	p.pick("hours_guaranteed", share{"yes", max(10, 60+15*p.employer)}, share{"no_suits_me", 14 * casual}, share{"no_want_them", 13 * casual})
	for _, benefit := range []struct {
		id    string
		usual float64
	}{
		{"gets_travel_costs", -0.2}, {"gets_sick_pay", -0.3}, {"gets_phone_costs", -0.2},
		{"gets_training_days", 0.1}, {"gets_induction", 0.4}, {"gets_peer_contact", 0},
	} {
		if chance(p.rng, 0.07) {
			p.answers.Set(benefit.id, "unsure")
		} else {
			p.yesNo(benefit.id, benefit.usual+0.6*p.employer)
		}
	}
	p.pick("pay_rating", p.onScale(goodToPoor, p.pay-0.3))
}
