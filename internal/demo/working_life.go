package demo

// wellbeing covers workload, tiredness and work while ill.
func (p *person) wellbeing() {
	p.answer("time_to_care", p.onScale(often, p.ease+0.2-0.12*p.drift))
	p.confide("worn_out", p.onScale(seldom, 0.6*p.ease+0.5*p.health-0.5-0.08*p.drift))
	p.confideOneOf("worked_while_ill", share{"no", max(10, 55+14*p.health+8*p.ease)}, share{"yes_money", max(4, 24-12*p.pay)}, share{"yes_other", 14})
}

// safety covers lone work and abuse.
func (p *person) safety() {
	alone := []share{{"never", 30}, {"sometimes", 40}, {"mostly", 18}, {"always", 6}}
	if p.home {
		alone = []share{{"never", 4}, {"sometimes", 20}, {"mostly", 44}, {"always", 32}}
	}
	if worksAlone := p.choose("works_alone", alone...); worksAlone != "" && worksAlone != "never" {
		help := 0.12 * p.employer
		p.ticks("lone_protection", "none", 4, share{"check_ins", 0.4 + help}, share{"alarm_app", 0.25 + help},
			share{"contact_24h", 0.5 + help}, share{"risk_info", 0.45 + help})
		p.confide("safe_alone", p.onScale(safe, 0.2+0.6*p.employer))
	}
	abuse := p.confideOneOf("abuse_at_work", share{"no", 62}, share{"once_twice", 24}, share{"monthly", 9}, share{"weekly", max(1, 5-2*p.employer)})
	if abuse != "" && abuse != "no" {
		p.confideOneOf("abuse_reported", share{"acted_on", max(5, 40+20*p.employer)}, share{"no_action", max(5, 30-15*p.employer)}, share{"not_reported", 28})
	}
}

// trainings are the courses: how much more of the workforce than half has done
// each, how that changes by the half-year, and of those who have not, how many
// say that they need it.
var trainings = []struct {
	id                 string
	common, drift, due float64
}{
	{"train_oliver_mcgowan", 0.3, 0.2, 0.7}, {"train_dementia", 0.7, 0, 0.8}, {"train_behaviours", -0.1, 0, 0.7},
	{"train_communication", -0.4, 0, 0.6}, {"train_multiple_needs", -0.5, 0.06, 0.7}, {"train_reablement", -0.7, 0, 0.5},
	{"train_care_certificate", 0.9, 0, 0.6},
}

func (p *person) courses() {
	for _, course := range trainings {
		level := course.common + course.drift*p.drift + p.skill + 0.6*p.rng.NormFloat64()
		switch {
		case chance(p.rng, 0.04):
			p.set(course.id, "unsure")
		case level > 0.5:
			p.answer(course.id, "done_confident")
		case level > 0:
			p.answer(course.id, "done_not_confident")
		default:
			p.choose(course.id, share{"want_it", course.due}, share{"not_needed", 1 - course.due})
		}
	}
}

// barriers are what is in the way of training.
func (p *person) barriers() {
	language := 0.03
	if p.abroad {
		language = 0.22
	}
	p.ticks("training_barriers", "none", 6, share{"unpaid_time", 0.38 - 0.1*p.employer}, share{"travel", 0.15 - 0.1*p.roads},
		share{"language", language}, share{"online_only", 0.22}, share{"cost", 0.12}, share{"not_offered", 0.2 - 0.1*p.employer})
}

// management covers moving up, the manager and speaking up.
func (p *person) management() {
	p.answer("can_progress", p.onScale(agreement, 0.4*p.employer+0.3*p.skill))
	p.answer("manager_support", p.onScale(goodToPoor, 0.2+0.8*p.employer+0.08*p.drift))
	p.yesNo("supervision", 0.4+0.7*p.employer+0.18*p.drift)
	p.confide("can_raise_concerns", p.onScale(agreement, 0.3+0.7*p.employer+0.06*p.drift))
	p.choose("knows_how_to_report", share{"confident", max(20, 66+14*p.skill)}, share{"unsure", 24}, share{"no", 8})
}

// travel covers how they get about and what would help.
func (p *person) travel() {
	car := 45 + 35*p.place.rural
	if p.home {
		car += 20
	}
	p.choose("travel_mode", share{"car", car}, share{"employer_vehicle", 6}, share{"bus_train", 24 - 18*p.place.rural},
		share{"walk_cycle", 18 - 10*p.place.rural}, share{"lift", 6})
	if p.home {
		p.choose("travel_paid", share{"all", max(8, 26+16*p.employer+6*p.drift)}, share{"some", 24}, share{"none", max(8, 50-16*p.employer-6*p.drift)})
	}
	p.ticks("travel_help", "none", 5, share{"fuel", 0.45 + 0.1*p.place.rural - 0.1*p.roads}, share{"pool_car", 0.14 - 0.04*p.roads},
		share{"fares", 0.2 - 0.1*p.place.rural}, share{"driving_lessons", 0.18 - 0.06*p.roads}, share{"parking", 0.25 - 0.15*p.place.rural})
}

// housing covers the home and what it does to staying in care.
func (p *person) housing() {
	tied := 2.0
	if p.abroad {
		tied = 14
	}
	p.confideOneOf("home", share{"own", max(8, 34+8*p.pay)}, share{"private_rent", 30}, share{"social", 17}, share{"family", 14},
		share{"employer", tied}, share{"temporary", 2})
	hard := max(6, 20-16*p.place.housing-5*p.pay+3*p.drift)
	effect := p.choose("housing_effect", share{"no", max(10, 60+20*p.place.housing)}, share{"a_bit", hard}, share{"a_lot", hard * 0.7})
	if effect != "" && effect != "no" {
		p.choose("home_share", share{"yes", 16}, share{"maybe", 30}, share{"no", 54})
	}
}

// staying covers the year ahead, reasons to leave, the headline and the one
// thing to change.
func (p *person) staying() {
	stay := 0.4*p.employer + 0.25*p.pay + 0.2*p.ease + 0.15*p.health
	retiring := 1.0
	if p.age == "55_64" || p.age == "65_over" {
		retiring = 15
	}
	switch p.choose("in_12_months", share{"same_job", max(12, 56+26*stay)}, share{"other_care", max(4, 13-6*stay)}, share{"nhs", 7},
		share{"leaving", max(2, 10-8*stay)}, share{"retiring", retiring}, share{"unsure", 14}) {
	case "other_care", "nhs", "leaving", "unsure":
		p.ticks("leave_reasons", "other", 3, share{"pay", 0.55 - 0.2*p.pay}, share{"hours", 0.3}, share{"workload", 0.35 - 0.2*p.ease},
			share{"management", 0.25 - 0.15*p.employer}, share{"travel", 0.12 - 0.1*p.roads}, share{"housing", 0.08 - 0.1*p.place.housing},
			share{"health", 0.14 - 0.1*p.health}, share{"progression", 0.18}, share{"other", 0.05})
	}
	p.answer("overall", p.onScale(goodToPoor, 0.35+0.5*p.employer+0.25*p.pay+0.2*p.ease+0.1*p.health+0.04*p.drift))
	if chance(p.rng, writes) {
		p.set("one_change", p.wish())
	}
}

// writes is how many write something in their own words.
const writes = 0.34

// about covers the person.
func (p *person) about() {
	p.confide("age_band", p.age)
	p.confideOneOf("gender", share{"woman", 80}, share{"man", 18}, share{"non_binary", 1}, share{"other", 0.5})
	groups := []share{{"white", 78}, {"asian", 7}, {"black", 10}, {"mixed", 3}, {"other", 2}}
	if p.abroad {
		groups = []share{{"white", 22}, {"asian", 32}, {"black", 38}, {"mixed", 3}, {"other", 5}}
	}
	p.confideOneOf("ethnicity", groups...)
}

// hired is whether they came from abroad for the job.
func (p *person) hired() {
	code := "no"
	if p.abroad {
		code = "yes"
	}
	p.confide("recruited_abroad", code)
}
