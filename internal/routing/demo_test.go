package routing

// demoNames are the demo organisation's; that package imports this one, so
// its own test checks that the built-in rules fit it.
func demoNames() Names {
	return Names{
		Teams: []string{
			"triage-central", "north-east", "mid", "west", "south-west", "south-east", "edt",
			"org-safeguarding", "transfer", "childrens-liaison", "needs-assessment", "carers", "accommodation",
		},
		Places: []string{
			"basildon", "braintree", "brentwood", "castle_point", "chelmsford", "colchester", "epping_forest",
			"harlow", "maldon", "rochford", "tendring", "uttlesford", "southend", "thurrock", "elsewhere",
		},
	}
}
