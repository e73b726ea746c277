package forms

import "slices"

// sacLists are the lists of the Safeguarding Adults Collection that questions
// name by maps_to. Each concern is counted under one of their words, so a list
// of options needs one for each.
var sacLists = map[string][]string{
	"sac_abuse_type": {
		"Physical", "Sexual", "Psychological", "Financial or Material", "Discriminatory", "Organisational",
		"Neglect and Acts of Omission", "Domestic Abuse", "Sexual Exploitation", "Modern Slavery", "Self-Neglect",
	},
	"sac_source": {"Service Provider", "Other - Known to Individual", "Other - Unknown to Individual"},
	"sac_location": {
		"Own Home", "In the Community", "In a Community Service", "Care Home - Nursing", "Care Home - Residential",
		"Hospital - Acute", "Hospital - Mental Health", "Hospital - Community", "Other",
	},
	"sac_support_reason": {
		"Physical", "Sensory", "Memory and Cognition", "Learning Disability", "Mental Health", "Social",
		"No Support Reason", "Not Known",
	},
	"sac_ethnicity": {
		"White", "Mixed/Multiple", "Asian/Asian British", "Black/African/Caribbean/Black British", "Other",
		"Refused", "Undeclared/Not Known",
	},
	"sac_gender": {"Male", "Female", "Not Known"},
}

// checkMapsTo asks that each option has a word of the list, and each word of
// the list an option, so that everybody finds what applies.
func (p *prover) checkMapsTo(q *Question) {
	if q.MapsTo == "" {
		return
	}
	list, ok := sacLists[q.MapsTo]
	if !ok {
		p.find(placeOf(q), FindingMapsTo, "There is no list %q of the Safeguarding Adults Collection.", q.MapsTo)
		return
	}
	for _, option := range q.Options {
		switch {
		case option.MapsTo == "" && !option.Aside:
			p.find(placeOf(q), FindingMapsTo, "The option %q has no code (maps_to) in the list %q.", option.Code, q.MapsTo)
		case option.MapsTo != "" && !slices.Contains(list, option.MapsTo):
			p.find(placeOf(q), FindingMapsTo, "The option %q maps to %q, which the list %q does not have.", option.Code, option.MapsTo, q.MapsTo)
		}
	}
	for _, word := range list {
		if !slices.ContainsFunc(q.Options, func(o Option) bool { return o.MapsTo == word }) {
			p.find(placeOf(q), FindingMapsTo, "No option maps to %q of the list %q.", word, q.MapsTo)
		}
	}
}
