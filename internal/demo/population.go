package demo

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"intake/forms"
	"intake/internal/store"
)

// population is everyone who might answer a wave. People are drawn
// independently of each other, each with randomness of their own: it does not
// matter who is made first, or how many are.
type population struct {
	seed      uint64
	drift     float64
	districts []share
}

// newPopulation is that of the wave; the same wave always has the same people.
func newPopulation(wave store.Wave, districts []string) *population {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(wave.Code)) // a hash never fails
	p := &population{seed: hash.Sum64(), drift: driftAt(wave.OpensAt)}
	for _, district := range append(districts[:len(districts):len(districts)], several) {
		p.districts = append(p.districts, share{district, placeOf(district).size})
	}
	return p
}

// driftAt is how many half-years the world has moved on since mid-2026: some
// things get better with it and others worse. It does not go on for ever.
func driftAt(at time.Time) float64 {
	const halfYear = 365.25 / 2 * 24 * float64(time.Hour)
	since := at.Sub(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	return max(-3, min(3, float64(since)/halfYear))
}

// person is one invented care worker. What they answer follows from a few
// things about them that no question asks for, so that answers hang together:
// a good employer shows in pay, supervision, safety and staying alike. Levels
// are in standard deviations, 0 being usual and more being better.
type person struct {
	rng     *rand.Rand
	answers forms.Answers
	// room is where the answers' values lie, so that each does not need a
	// piece of memory of its own.
	room  []string
	drift float64 // of the wave's time

	skips   float64 // how often they leave a question out
	guarded float64 // how often they prefer not to say

	role     string
	place    place
	home     bool // works in people's own homes
	newcomer bool // less than 3 years in care
	abroad   bool // hired from outside the UK
	age      string

	employer float64 // how good the employer is to work for
	pay      float64 // how far the pay goes
	ease     float64 // how manageable the work is
	health   float64
	roads    float64 // how easy it is to get about
	skill    float64
}

// answersOf makes the i-th person's answers: canonical ones to the questions
// that the form asks of them, as forms would have parsed and stripped them.
func (pop *population) answersOf(i int) forms.Answers {
	p := &person{
		rng:     rand.New(rand.NewPCG(pop.seed, uint64(i))),
		answers: make(forms.Answers, 50), room: make([]string, 0, 80), drift: pop.drift,
		skips: 0.01, guarded: 0.02,
	}
	if chance(p.rng, 0.15) {
		p.skips = 0.12
	}
	if chance(p.rng, 0.15) {
		p.guarded = 0.25
	}
	p.role = draw(p.rng, []share{{"paid_provider", 86}, {"personal_assistant", 5}, {"unpaid_carer", 7}, {"no", 2}})
	p.set("care_role", p.role)
	p.age = draw(p.rng, []share{{"16_24", 10}, {"25_34", 22}, {"35_44", 22}, {"45_54", 23}, {"55_64", 19}, {"65_over", 4}})
	switch p.role {
	case "no":
	case "unpaid_carer":
		p.health, p.skill = p.rng.NormFloat64(), p.rng.NormFloat64()-0.5
		p.courses()
		p.barriers()
		p.about()
	default:
		p.job(pop.districts)
		p.conditions()
		p.wellbeing()
		p.safety()
		p.courses()
		p.barriers()
		p.management()
		p.travel()
		p.housing()
		p.staying()
		p.about()
		p.hired()
	}
	return p.answers
}

// set answers a question with one code or text.
func (p *person) set(id, value string) {
	p.room = append(p.room, value)
	p.answers[id] = p.room[len(p.room)-1 : len(p.room) : len(p.room)]
}

// answer answers a question and gives the answer; now and then it is left out,
// which gives "".
func (p *person) answer(id, code string) string {
	if chance(p.rng, p.skips) {
		return ""
	}
	p.set(id, code)
	return code
}

// choose is answer with a code that is drawn.
func (p *person) choose(id string, shares ...share) string {
	return p.answer(id, draw(p.rng, shares))
}

// confide answers a sensitive question; who prefers not to say gives "".
func (p *person) confide(id, code string) string {
	if chance(p.rng, p.guarded) {
		p.set(id, "prefer_not_to_say")
		return ""
	}
	return p.answer(id, code)
}

// confideOneOf is confide with a code that is drawn.
func (p *person) confideOneOf(id string, shares ...share) string {
	return p.confide(id, draw(p.rng, shares))
}

// yesNo is yes for half of the people at level 0.
func (p *person) yesNo(id string, level float64) {
	code := "no"
	if level+p.rng.NormFloat64() > 0 {
		code = "yes"
	}
	p.answer(id, code)
}

// ticks answers a question with several answers, listed in the form's order
// with how likely each is; none stands for no tick.
func (p *person) ticks(id, none string, limit int, options ...share) {
	if chance(p.rng, p.skips) {
		return
	}
	from := len(p.room)
	for _, option := range options {
		if chance(p.rng, option.weight) {
			p.room = append(p.room, option.code)
		}
	}
	for len(p.room)-from > limit {
		drop := from + p.rng.IntN(len(p.room)-from)
		p.room = append(p.room[:drop], p.room[drop+1:]...)
	}
	if len(p.room) == from {
		p.room = append(p.room, none)
	}
	p.answers[id] = p.room[from:len(p.room):len(p.room)]
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

// The levels down to which each code of a scale goes, by its length.
var (
	stepsOf4 = []float64{0.8, -0.5, -1.5}
	stepsOf5 = []float64{1.2, 0.2, -0.6, -1.4}
)

// onScale is where someone of that level ticks, give or take their mood.
func (p *person) onScale(scale []string, level float64) string {
	steps := stepsOf5
	if len(scale) == 4 {
		steps = stepsOf4
	}
	level += 0.7 * p.rng.NormFloat64()
	for i, down := range steps {
		if level >= down {
			return scale[i]
		}
	}
	return scale[len(scale)-1]
}
