package demo

import (
	"hash/fnv"
	"math/rand/v2"
)

// place is how a district differs from the others. Feelings are in standard
// deviations of the people who live there, 0 being usual.
type place struct {
	size     float64 // care workers, compared with the other districts
	rural    float64 // 0 town to 1 countryside: more home care, more driving
	employer float64 // how good its employers are to work for
	pay      float64 // how far the pay goes
	housing  float64 // how easy it is to live there
}

// places has the districts of the demo organisation. The figures are invented.
// The largest has six times as many people as the smallest, of which little can
// be shown in a wave of some hundreds.
var places = map[string]place{
	"basildon":      {size: 2.2, rural: 0.1, employer: -0.3, pay: -0.2, housing: -0.1},
	"braintree":     {size: 1.1, rural: 0.5, employer: 0.1, pay: 0, housing: 0.1},
	"brentwood":     {size: 0.6, rural: 0.2, employer: 0.3, pay: -0.3, housing: -0.7},
	"castle_point":  {size: 0.7, rural: 0.1, employer: -0.1, pay: 0.1, housing: 0.2},
	"chelmsford":    {size: 2.0, rural: 0.2, employer: 0.3, pay: 0.1, housing: -0.3},
	"colchester":    {size: 2.5, rural: 0.3, employer: 0.2, pay: 0, housing: 0},
	"epping_forest": {size: 0.9, rural: 0.4, employer: -0.2, pay: -0.4, housing: -0.8},
	"harlow":        {size: 0.8, rural: 0, employer: -0.5, pay: -0.3, housing: -0.4},
	"maldon":        {size: 0.4, rural: 0.8, employer: 0.5, pay: 0.2, housing: 0.2},
	"rochford":      {size: 0.5, rural: 0.5, employer: 0.2, pay: 0.1, housing: 0.1},
	"tendring":      {size: 1.9, rural: 0.5, employer: -0.4, pay: 0.2, housing: 0.3},
	"uttlesford":    {size: 0.4, rural: 0.8, employer: 0.4, pay: -0.1, housing: -0.5},
	several:         {size: 0.7, rural: 0.4, employer: -0.1, pay: -0.1, housing: -0.1},
}

// several is the survey's own option beside the districts.
const several = "several"

// placeOf also makes up what to think of a district that the demo organisation
// does not have, the same each time.
func placeOf(district string) place {
	if known, ok := places[district]; ok {
		return known
	}
	name := fnv.New64a()
	_, _ = name.Write([]byte(district)) // a hash never fails
	rng := rand.New(rand.NewPCG(name.Sum64(), 0))
	return place{
		size: 0.4 + 2.2*rng.Float64()*rng.Float64(), rural: 0.8 * rng.Float64(),
		employer: 0.3 * rng.NormFloat64(), pay: 0.2 * rng.NormFloat64(), housing: 0.3 * rng.NormFloat64(),
	}
}
