package demo

import "net/url"

var everydayMatters = []matter{
	{
		role: professional, works: "health",
		says: url.Values{
			"what_happened":        {"At my visit I found a pressure ulcer on the left heel that had not been there a week ago. The care record shows four missed evening calls."},
			"ongoing":              {"yes"},
			"injuries":             {"Pressure ulcer, grade 2, dressed today and photographed for the record."},
			"concern_flags":        {"pressure_ulcer"},
			"allegations.0.source": {"service_provider"},
			"sources.0.kind":       {"organisation"}, "sources.0.name": {"Placeholder Home Care"}, "sources.0.relationship": {"Home care company"},
			"sources.0.employer": {"Placeholder Home Care"}, "sources.0.still_in_contact": {"yes"}, "sources.0.main_carer": {"yes"}, "sources.0.works_with_people": {"yes"},
			"action_taken": {"Dressing changed, daily visits until Friday, company told to attend every call."},
		},
		note: "Spoke to the district nurse. The company says that its rota failed for one week.",
		decision: decide(section42, "Missed care led to harm that needs treatment; an enquiry will look at the calls and at the rota.",
			met("Needs help with all personal care."), met("A new pressure ulcer after missed calls."), met("Cannot turn or reach the phone alone.")),
	},
	{
		role: relative,
		says: url.Values{
			"what_happened":       {"Money keeps going from the kitchen tin and the bank card has been used at a machine in town. Only one visitor had the card."},
			"allegations.0.types": {"financial"}, "ongoing": {"yes"},
			"sources.0.relationship": {"Grandchild"}, "sources.0.still_in_contact": {"yes"},
			"desired_outcomes": {"They want the card back and do not want to fall out."},
		},
		later: url.Values{
			"what_happened":       {"Money keeps going from the kitchen tin and the bank card has been used at a machine in town. Only one visitor had the card. Today there was an argument about it and they were pushed against the door."},
			"allegations.0.types": {"financial", "physical"}, "injuries": {"A bruise on the arm."},
		},
		note: "Called the referrer at a safe time. The bank has been asked to stop the card.",
		decision: decide(section42, "Loss of money and now force by someone who still visits.",
			met("Needs help with meals and shopping."), met("Money taken, and pushed."), met("Depends on the visits for company and shopping.")),
	},
	{
		kind: needsAssessment, role: relative,
		says: url.Values{"adult_needs": {"They manage less and less since a fall in the autumn: stairs, bath and hot meals are a struggle, and nobody comes in."}},
		decision: decide(careActAssessment, "No harm by anybody; support needs to be looked at.",
			met("Struggles with washing, stairs and meals."), unmet("Nothing points to abuse or neglect."), unmet("Asked for help in good time.")),
	},
	{
		role: professional, works: "police", night: true,
		says: url.Values{
			"what_happened":       {"Officers were called to shouting. The adult had a cut lip and said that their partner hits them when drunk, then asked us to forget it. The partner came back while we were there."},
			"allegations.0.types": {"physical", "psychological", "domestic_abuse"}, "ongoing": {"yes"}, "happened_before": {"yes"},
			"injuries": {"Cut lip, old bruises on both arms."}, "concern_flags": {"domestic_abuse_risk"},
			"sources.0.relationship": {"Partner"}, "sources.0.lives_with": {"yes"}, "sources.0.still_in_contact": {"yes"}, "sources.0.main_carer": {"yes"},
			"adult_lives_alone": {"no"}, "adult_agrees": {"no"}, "no_consent_reason": {"coercion", "vital_interests"}, "police_told": {"yes"},
			"adult_contact_channels": {"none"}, "action_taken": {"Partner taken away for the night. Neighbour has agreed to be called."},
		},
		note: "Duty worker visited with the police. A safe word was agreed.",
		decision: decide(section42, "Repeated violence by the partner on whom the adult depends.",
			met("Needs daily help after a stroke."), met("Injuries seen by officers."), met("Relies on the partner for all care.")),
	},
	{
		role: neighbour, anonymous: true,
		says: url.Values{
			"adult_name": nil, "adult_description": {"A very thin person of about eighty who lives next door and used to sit at the window."},
			"what_happened":       {"We have heard shouting and crying through the wall most evenings since the summer, and the curtains are always shut now."},
			"allegations.0.types": {"psychological"}, "allegations.0.source": {"unknown"}, "sources.0.kind": {"unknown"}, "sources.0.still_in_contact": {"unknown"},
		},
		decision: decide(otherEnquiry, "Too little is known for a duty to enquire; a visit will find out more.",
			unmet("Not known yet."), met("Shouting and crying on most evenings."), unmet("Not known yet.")),
	},
	{
		role: professional, works: "health",
		says: url.Values{
			"adult_location_now": {"In hospital, care of the elderly ward"}, "adult_lives_alone": {"no"}, "adult_support_reason": {"memory_cognition"},
			"what_happened":          {"Admitted from a care home very dehydrated and with sores in the mouth. The charts that came along are blank for three days."},
			"allegations.0.location": {"care_home_residential"}, "allegations.0.source": {"service_provider"}, "injuries": {"Dehydration, sore mouth. On a drip, improving."},
			"sources.0.kind": {"organisation"}, "sources.0.relationship": {"Care home"}, "sources.0.employer": {"Storybook House"}, "sources.0.main_carer": {"yes"}, "sources.0.works_with_people": {"yes"},
			"capacity_concern": {"yes"}, "capacity_assessed": {"yes"}, "advocate": {"yes"}, "regulator_notified": {"yes"}, "others_at_risk": {"yes"},
			"desired_outcomes": nil, "outcomes_not_asked_reason": {"Too unwell to be asked today."},
		},
		moveTo: "org-safeguarding", moveFor: "Third concern about this home since the summer; it is better seen as a whole.",
		decision: decide(section42, "Neglect of basic care in a home where others may be at risk.",
			met("Lives with dementia and needs all care."), met("Dehydration, blank charts."), met("Cannot ask for drinks.")),
	},
	{
		kind: forCarer, role: unpaidCarer,
		says: url.Values{"adult_needs": {"I look after my partner day and night and have not slept through in months. I need a break before I become ill myself."}},
		decision: decide(otherCouncilService, "The carers' service will offer a carer's assessment and short breaks.",
			met("The person cared for needs day and night care."), unmet("Nothing points to abuse or neglect."), unmet("Both ask for help themselves.")),
	},
	{
		role: professional, works: "housing",
		says: url.Values{
			"what_happened":       {"The flat is full to the ceiling in two rooms. There is no way to the cooker or the back door, and food has gone off. The tenant says that all is well."},
			"allegations.0.types": {"self_neglect"}, "allegations.0.source": {"unknown"}, "ongoing": {"yes"}, "happened_before": {"yes"},
			"sources.0.kind": {"unknown"}, "sources.0.relationship": {"Nobody else is involved"}, "adult_support_reason": {"social"},
			"adult_agrees": {"no"}, "no_consent_reason": {"vital_interests"}, "desired_outcomes": {"To be left alone, but would let the fire service in."},
		},
		note: "The fire service has a visit on Thursday and takes us along.",
		decision: decide(caseManagement, "Long-term work by a worker whom they know, together with housing and the fire service.",
			met("Poor mobility and poor sight."), met("Fire risk and spoilt food."), unmet("Understands the risk and lets people help in part.")),
	},
	{
		role: relative, night: true, urgent: true,
		says: url.Values{
			"immediate_danger":    {"yes"},
			"what_happened":       {"My brother is in the house with our parent, he has been drinking and he has thrown a chair. They have locked themselves in the bathroom. I have called 999."},
			"allegations.0.types": {"physical"}, "sources.0.relationship": {"Son"}, "sources.0.still_in_contact": {"yes"}, "sources.0.lives_with": {"yes"},
			"others_at_risk": {"unknown"}, "children_at_risk": {"no"},
		},
		note: "Police attended and the son has left. Called the referrer back by mobile.",
		decision: decide(section42, "Violence at home by someone with a key.",
			met("Frail and walks with a frame."), met("Attacked tonight."), met("Could not get out of the house.")),
	},
	{
		kind: accommodation, role: professional, works: "housing",
		says: url.Values{
			"adult_needs":    {"Sleeps on friends' sofas since leaving hospital. Needs a ground floor place with someone on call at night."},
			"adult_postcode": {"ZZ99 3VZ"}, "adult_address": nil, "adult_address.unknown": {"yes"},
		},
		decision: decide(otherCouncilService, "Passed to housing with care; a place is being looked for.",
			met("Epilepsy, with falls at night."), unmet("Nothing points to abuse or neglect."), unmet("Can ask for help.")),
	},
	{
		role: relative,
		says: url.Values{
			"what_happened":        {"The carer gave the evening tablets twice on Sunday. They rang the surgery at once and nothing came of it. I only want to be sure that it does not happen again."},
			"allegations.0.source": {"service_provider"}, "sources.0.relationship": {"Care worker"}, "sources.0.employer": {"Placeholder Home Care"}, "sources.0.works_with_people": {"yes"},
		},
		later: url.Values{"others_told": {"The manager of the company, who has rung me and was very open about it."}},
		decision: decide(advice, "A single mistake, reported and put right at once. The family has been told how to complain.",
			met("Needs help with medicine."), unmet("No harm, and no sign that it goes on."), unmet("The family looks out for them.")),
	},
	{
		role: professional, works: "other",
		says: url.Values{
			"what_happened":       {"The customer came to draw out a large sum for roof repairs, with a man waiting outside whom they had met the day before. They were to bring the rest tomorrow."},
			"allegations.0.types": {"financial"}, "allegations.0.location": {"community"}, "allegations.0.source": {"unknown_person"}, "ongoing": {"yes"},
			"reporter_organisation_type.other": {"Bank"}, "sources.0.relationship": {"Stranger at the door"}, "sources.0.still_in_contact": {"yes"}, "police_told": {"yes"},
			"action_taken": {"Payment held, customer taken home by a colleague."},
		},
		decision: decide(externalAgency, "Police and trading standards are dealing with the callers; we have put the adult in touch with them.",
			unmet("Manages without support."), met("Nearly lost their savings."), unmet("Stopped the payment with the help of the bank.")),
	},
	{
		role: themselves,
		says: url.Values{
			"what_happened":       {"My sister reads my letters and tells me that nobody else would put up with me. I am not allowed to use the phone when she is in."},
			"allegations.0.types": {"psychological"}, "sources.0.relationship": {"Sister"}, "sources.0.lives_with": {"yes"}, "sources.0.still_in_contact": {"yes"},
			"reporter_contact_channels": {"text"}, "reporter_contact_times": {"Tuesday mornings only"}, "reporter_contact_code_word": {"Marigold"},
			"reporter_contact_who_may_answer": {"Only me. Please hang up if it is anyone else."},
		},
		note: "Sent a text in the safe hours with the code word. Meeting at the library next week.",
		decision: decide(otherEnquiry, "Wants to talk before anything is done; a worker meets them away from home.",
			met("Needs help to get out and with letters."), met("Kept from phone and post."), unmet("Found a safe way to reach us.")),
	},
	{
		role: professional, works: "provider",
		says: url.Values{
			"what_happened":       {"Two people who share a supported flat argued about the television. One slapped the other and called them names for being in a wheelchair. Staff parted them."},
			"allegations.0.types": {"physical", "discriminatory"}, "concern_flags": {"hate_crime"}, "adult_lives_alone": {"no"}, "adult_support_reason": {"learning_disability"},
			"sources.0.relationship": {"Flatmate"}, "sources.0.lives_with": {"yes"}, "sources.0.at_risk_too": {"yes"}, "sources.0.aware": {"yes"}, "regulator_notified": {"yes"},
			"action_taken": {"Flatmate stays with family this week. Staffing doubled in the evenings."},
		},
		decision: decide(review, "Both care plans are reviewed together, and who shares with whom.",
			met("Lives with a learning disability."), met("Hit and insulted."), unmet("Told staff at once and is kept apart.")),
	},
}
