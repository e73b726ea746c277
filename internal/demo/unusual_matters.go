package demo

import "net/url"

var unusualMatters = []matter{
	{
		role: professional, works: "council",
		says: url.Values{
			"what_happened":       {"At a contract visit two of us found one worker for nineteen people at tea time, call bells out of reach, and four people in wet clothes. The manager has left and nobody is in charge."},
			"allegations.0.types": {"organisational", "neglect"}, "allegations.0.location": {"care_home_nursing"}, "allegations.0.source": {"service_provider"},
			"whole_service": {"yes"}, "ongoing": {"yes"}, "others_at_risk": {"yes"}, "regulator_notified": {"yes"}, "adult_lives_alone": {"no"}, "adult_location_now": {"In the nursing home"},
			"sources.0.kind": {"organisation"}, "sources.0.name": {"Storybook Grange"}, "sources.0.relationship": {"Nursing home"}, "sources.0.employer": {"Storybook Grange"},
			"sources.0.still_in_contact": {"yes"}, "sources.0.main_carer": {"yes"}, "sources.0.works_with_people": {"yes"},
			"capacity_concern": {"yes"}, "advocate": {"no"}, "desired_outcomes": nil, "outcomes_not_asked_reason": {"Many people are concerned; families are being called."},
		},
		note: "Joint visit with the regulator arranged. Placements are on hold.",
		decision: decide(section42, "Organisational enquiry into the whole home.",
			met("All residents need nursing care."), met("Too few staff to keep people safe."), met("Residents depend on the staff.")),
	},
	{
		role: neighbour, anonymous: true,
		says: url.Values{
			"what_happened":       {"Young people whom nobody knows have moved into the flat below and come and go all night. The tenant sleeps in a chair in the hall and says that they are friends."},
			"allegations.0.types": {"financial", "psychological"}, "allegations.0.source": {"unknown_person"}, "ongoing": {"yes"}, "sources.0.relationship": {"Say that they are friends"},
			"sources.0.lives_with": {"yes"}, "sources.0.still_in_contact": {"yes"}, "others_at_risk": {"unknown"},
		},
		decision: decide(externalAgency, "Home taken over by strangers; the police lead, we stay in touch.",
			unmet("Not known to need care."), met("Pushed out of their own home."), unmet("To be found out by the police.")),
	},
	{
		role: professional, works: "health",
		says: url.Values{
			"what_happened":                {"During a stay with relatives in Southend they were left alone for two days without food. They are back home and told me at today's appointment."},
			"allegations.0.place_district": {"southend"}, "allegations.0.location": {"community"}, "sources.0.relationship": {"Cousin"},
		},
		decision: decide(otherAuthority, "It happened in Southend; their duty worker has accepted the transfer.",
			met("Needs help with meals."), met("Left without food."), met("Could not leave the house alone.")),
	},
	{
		kind: somethingElse, role: relative,
		says: url.Values{"adult_needs": {"They get bills for a garden waste bin that they never ordered and worry about it every day. Whom do I ask?"}},
		decision: decide(noAction, "About a bill. The right office has been named to the referrer.",
			unmet("None told of."), unmet("None."), unmet("None.")),
	},
	{
		role: professional, works: "education",
		says: url.Values{
			"what_happened":       {"A student told me that someone who used to drive the minibus had touched them on the way home last spring. They drew where they sat."},
			"allegations.0.types": {"sexual"}, "allegations.0.location": {"community_service"}, "when_happened": {"Last spring"}, "adult_support_reason": {"learning_disability"},
			"adult_communication": {"Pictures and short sentences"}, "sources.0.relationship": {"Former driver"}, "sources.0.works_with_people": {"unknown"},
			"others_at_risk": {"yes"}, "police_told": {"yes"}, "evidence_kept": {"The drawing and my note of their words, in the safe."},
		},
		note: "Strategy talk with the police today at four.",
		decision: decide(section42, "Sexual abuse disclosed; police enquiry first, ours alongside.",
			met("Lives with a learning disability."), met("Told in their own words."), met("Did not know whom to tell.")),
	},
	{
		role: professional, works: "provider",
		says: url.Values{
			"what_happened":          {"Fourth fall in five weeks, always at night on the way to the bathroom. The alarm mat was under the bed."},
			"allegations.0.location": {"care_home_residential"}, "allegations.0.source": {"service_provider"}, "concern_flags": {"falls"}, "happened_before": {"yes"}, "injuries": {"Bruised hip, seen by a doctor."},
			"sources.0.kind": {"organisation"}, "sources.0.relationship": {"Care home"}, "sources.0.employer": {"Imaginary Lodge"}, "sources.0.main_carer": {"yes"}, "sources.0.works_with_people": {"yes"},
			"adult_lives_alone": {"no"}, "regulator_notified": {"yes"},
		},
		decision: decide(review, "The care plan and the night checks are reviewed with the falls service.",
			met("Unsteady, gets up at night."), met("Four falls."), unmet("The home has already put the mat back and added checks.")),
	},
	{
		role: relative,
		says: url.Values{
			"adult_age": {"both"}, "what_happened": {"My friend cares for a parent and two small children alone. The parent sat in wet clothes at noon and the little one was hungry. My friend cried and said that it cannot go on."},
			"sources.0.relationship": {"Their child"}, "sources.0.lives_with": {"yes"}, "sources.0.still_in_contact": {"yes"}, "sources.0.main_carer": {"yes"}, "children_at_risk": {"yes"},
		},
		later: url.Values{"action_taken": {"I am taking the children to school this week and have told my friend that I wrote to you."}},
		decision: decide(careActAssessment, "A carer at the end of their strength: assessments for both, with children's services.",
			met("Needs help all day."), met("Left wet and hungry."), unmet("The family wants and accepts help.")),
	},
	{
		role: professional, works: "health",
		says: url.Values{
			"what_happened":  {"The patient died on the ward of an infection that began in a wound. The dressing had not been changed for nine days before admission."},
			"adult_deceased": {"yes"}, "adult_died_on.unknown": {"yes"}, "adult_location_now": {"Died in hospital"},
			"allegations.0.location": {"hospital_acute"}, "allegations.0.source": {"service_provider"}, "concern_flags": {"pressure_ulcer"}, "injuries": {"Wound infection."},
			"sources.0.kind": {"organisation"}, "sources.0.relationship": {"Service that changed the dressings"}, "sources.0.employer": {"Not sure which"}, "sources.0.works_with_people": {"yes"}, "regulator_notified": {"unknown"},
		},
		note: "Board's review group told; the coroner's officer knows.",
		decision: decide(review, "No enquiry after a death; sent to the group that decides on reviews.",
			met("Needed wound care at home."), met("Care was missed before admission."), met("Could not change the dressing.")),
	},
	{
		kind: needsAssessment, role: professional, works: "health",
		says: url.Values{"adult_district": {"thurrock"}, "adult_needs": {"Ready to leave hospital on Friday and will need two visits a day for the first weeks."}},
		decision: decide(otherAuthority, "Lives in Thurrock; passed to the hospital team there.",
			met("Needs help after surgery."), unmet("None."), unmet("Not in question.")),
	},
	{
		role: professional, works: "voluntary", night: true,
		says: url.Values{
			"what_happened":       {"Came to the night kitchen and asked for a coat. Works at a car wash for no pay, sleeps there, and said that the owner keeps the passport and sends workers to sleep with visitors."},
			"allegations.0.types": {"modern_slavery", "sexual_exploitation"}, "allegations.0.location": {"other"}, "allegations.0.location.other": {"At a place of work"}, "ongoing": {"yes"},
			"adult_postcode": {"ZZ99 3VZ"}, "adult_location_now": {"With us until the morning"}, "adult_language": {"Romanian"}, "adult_interpreter": {"yes"},
			"adult_support_reason": {"none"}, "sources.0.relationship": {"Employer"}, "sources.0.employer": {"A car wash"}, "sources.0.still_in_contact": {"yes"}, "others_at_risk": {"yes"}, "police_told": {"yes"},
		},
		note: "Taken to a safe address with the police. Interpreter booked.",
		decision: decide(section42, "Held and exploited; police lead, a place of safety has been found.",
			met("Untreated injury, needs support to live independently."), met("Forced to work and worse."), met("No papers, no money, watched.")),
	},
	{
		role: neighbour, anonymous: true,
		says: url.Values{
			"adult_name": nil, "adult_description": {"Several residents of the home, mostly those upstairs."},
			"what_happened":       {"I work there and dare not say who I am. People upstairs are put to bed at half past four so that one of us can manage the floor."},
			"allegations.0.types": {"organisational"}, "allegations.0.location": {"care_home_residential"}, "allegations.0.source": {"service_provider"},
			"whole_service": {"yes"}, "ongoing": {"yes"}, "sources.0.kind": {"organisation"}, "sources.0.still_in_contact": {"yes"}, "others_at_risk": {"yes"},
		},
		note: "Unannounced visit planned with the contracts office.",
		decision: decide(otherEnquiry, "Looked into as a concern about the service, without naming who told us.",
			met("Residents need care by definition."), met("Care follows the rota, not people."), unmet("To be asked at the visit.")),
	},
	{
		role: professional, works: "health",
		says: url.Values{
			"what_happened":       {"A patient says that a worker held them down by the neck during a night shift. There are marks. The worker has been moved to another ward."},
			"allegations.0.types": {"physical"}, "allegations.0.location": {"hospital_mental_health"}, "allegations.0.source": {"service_provider"}, "adult_support_reason": {"mental_health"},
			"adult_location_now": {"On the ward"}, "injuries": {"Red marks on the neck, photographed."}, "sources.0.relationship": {"Health care assistant"},
			"sources.0.employer": {"Fictional Mental Health Trust"}, "sources.0.works_with_people": {"yes"}, "sources.0.aware": {"yes"}, "police_told": {"yes"}, "regulator_notified": {"yes"}, "advocate": {"yes"},
		},
		decision: decide(section42, "Allegation against a person in a position of trust.",
			met("In-patient with a severe illness."), met("Marks on the neck."), met("Detained, and could not get away.")),
	},
	{
		role: relative,
		says: url.Values{
			"adult_district": nil, "adult_postcode": nil, "allegations.0.place_district": nil, "adult_location_now": {"I am not sure, we lost touch"},
			"what_happened":       {"They told me on the phone that a friend manages their pension now. They sounded happy with it, but I thought that I should tell someone."},
			"allegations.0.types": {"financial"}, "sources.0.relationship": {"Friend"},
		},
		moveTo: "mid", moveFor: "The address turned out to be in the Mid area.",
		decision: decide(noAction, "Visited: a formal arrangement that they chose and understand.",
			unmet("Lives independently."), unmet("None found."), unmet("Manages their own affairs.")),
	},
	{
		kind: forCarer, role: professional, works: "voluntary",
		says: url.Values{"adult_needs": {"A regular at our lunch club looks after a relative with brain injury and has given up work for it. They would like to know what support there is."}},
		decision: decide(advice, "Information sent, and a carer's assessment offered.",
			met("The relative needs constant care."), unmet("None."), unmet("Asks for help.")),
	},
}
