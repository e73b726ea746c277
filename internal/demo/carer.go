package demo

// job says where and as what they work, and draws the levels that follow.
func (p *person) job(districts []share) {
	district := draw(p.rng, districts)
	p.place = placeOf(district)
	service := draw(p.rng, []share{
		{"home_care", 34 + 20*p.place.rural}, {"care_home", 28}, {"nursing_home", 15 - 6*p.place.rural},
		{"supported_living", 14}, {"day_community", 6}, {"other", 3},
	})
	p.home = service == "home_care" || p.role == "personal_assistant"
	nurses := 3.0
	if service == "nursing_home" {
		nurses = 22
	}
	role := draw(p.rng, []share{{"care_worker", 68}, {"senior", 15}, {"nurse_therapist", nurses}, {"manager", 9}, {"other", 5}})
	p.levels(service, role)

	years := []share{{"under_1", 14}, {"1_2", 20}, {"3_5", 24}, {"6_10", 20}, {"over_10", 22}}
	switch {
	case role == "manager" || role == "senior":
		years = []share{{"1_2", 6}, {"3_5", 24}, {"6_10", 30}, {"over_10", 40}}
	case p.age == "16_24":
		years = []share{{"under_1", 40}, {"1_2", 40}, {"3_5", 20}}
	}
	inCare := draw(p.rng, years)
	p.newcomer = inCare == "under_1" || inCare == "1_2"
	abroad := 0.1
	if p.newcomer {
		abroad = 0.3
	}
	p.abroad = chance(p.rng, abroad)

	// Nobody asks about journeys between homes who is not told of them.
	if p.answer("service", service) == "" && p.role != "personal_assistant" {
		p.home = false
	}
	p.answer("job_role", role)
	p.answer("district", district)
	if p.answer("years_in_care", inCare) == "" || !p.newcomer {
		return
	}
	if p.abroad && chance(p.rng, 0.8) {
		p.set("found_job", "recruited_abroad")
		return
	}
	p.choose("found_job", share{"friend_family", 32}, share{"online_advert", 38}, share{"jobcentre", 10},
		share{"ambassador_school", 5}, share{"placement", 7}, share{"recruited_abroad", 1}, share{"other", 8})
}

// levels draws what no question asks for: it differs between districts,
// services and roles, and what is good in one way is mostly good in others.
func (p *person) levels(service, role string) {
	byService := servicesFeel[service]
	byRole := rolesFeel[role]
	draw := p.rng.NormFloat64
	p.employer = p.place.employer + byService.employer + byRole.employer + 0.9*draw()
	p.pay = p.place.pay + byRole.pay + 0.4*p.employer + 0.8*draw()
	p.ease = byService.ease + byRole.ease + 0.4*p.employer + 0.8*draw()
	p.health = 0.35*p.ease + 0.8*draw()
	if p.age == "55_64" || p.age == "65_over" {
		p.health -= 0.3
	}
	p.roads = byService.roads - 0.6*p.place.rural + 0.2*p.employer + 0.8*draw()
	p.skill = byRole.skill + 0.3*p.employer + 0.8*draw()
}

// feel is how a service or a role differs from the others.
type feel struct{ employer, pay, ease, roads, skill float64 }

var servicesFeel = map[string]feel{
	"home_care":        {ease: -0.2, roads: -0.5},
	"nursing_home":     {employer: -0.1, ease: -0.4, roads: 0.2},
	"care_home":        {ease: -0.1, roads: 0.2},
	"supported_living": {employer: 0.15, ease: 0.1},
	"day_community":    {employer: 0.1, ease: 0.5, roads: 0.1},
}

var rolesFeel = map[string]feel{
	"senior":          {employer: 0.2, pay: 0.1, ease: -0.1, skill: 0.4},
	"nurse_therapist": {pay: 0.6, ease: -0.1, skill: 0.7},
	"manager":         {employer: 0.5, pay: 0.6, ease: -0.4, skill: 0.6},
}

// conditions covers contract, benefits and pay.
func (p *person) conditions() {
	casual := 1.0
	if p.home {
		casual = 2
	}
	contract := p.choose("contract", share{"permanent", 74}, share{"temporary", 7 * casual}, share{"bank", 6 * casual}, share{"agency", 6}, share{"other", 2})
	if contract == "agency" || contract == "bank" {
		p.employer -= 0.3 // they belong to it less
	}
	p.choose("hours_guaranteed", share{"yes", max(10, 60+15*p.employer)}, share{"no_suits_me", 14 * casual}, share{"no_want_them", 13 * casual})
	for _, benefit := range benefits {
		if chance(p.rng, 0.07) {
			p.set(benefit.id, "unsure")
		} else {
			p.yesNo(benefit.id, benefit.usual+benefit.drift*p.drift+0.6*p.employer)
		}
	}
	p.answer("pay_rating", p.onScale(goodToPoor, p.pay-0.3-0.12*p.drift))
}

// benefits are how common each is, and how that changes by the half-year.
var benefits = []struct {
	id           string
	usual, drift float64
}{
	{"gets_travel_costs", -0.2, 0.08}, {"gets_sick_pay", -0.3, 0}, {"gets_phone_costs", -0.2, 0},
	{"gets_training_days", 0.1, 0.05}, {"gets_induction", 0.4, 0}, {"gets_peer_contact", 0, -0.05},
}
