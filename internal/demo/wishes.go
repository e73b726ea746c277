package demo

import "math"

// wishes are what people would change, by what troubles the writer. None names
// anyone or anything that could be recognised.
var wishes = map[string][]string{
	"pay": {
		"Pay that goes up with experience. I train the new starters and earn the same as they do.",
		"Pay us from when we leave home, not only for the minutes inside the door.",
		"Proper sick pay, so that nobody comes in ill and passes it on.",
		"A bit more money at weekends and at Christmas.",
		"The mileage rate has not moved in years but petrol has.",
		"Pay that does not lose to stacking shelves.",
		"Being paid for training evenings instead of doing them for free.",
	},
	"energy": {
		"Fifteen minutes is not enough for anyone. Make every visit at least half an hour.",
		"One more person on nights.",
		"A rota that comes out earlier than Friday for the next Monday.",
		"Fewer double shifts. I am no use to anybody after fourteen hours.",
		"Time to sit down and talk with people, not just tasks.",
		"A real lunch break, away from the floor.",
		"No more changes to the rota by text late at night.",
		"Two days off together.",
	},
	"employer": {
		"A manager who has done the job and comes out with us now and then.",
		"That someone says thank you.",
		"Listen when we say that someone's needs have changed.",
		"An office that picks up the phone after six.",
		"One-to-one meetings that actually happen.",
		"Ask us before new software is bought. The app crashes in every village.",
		"Treat bank staff like part of the team.",
	},
	"skill": {
		"Face to face training again instead of clicking through slides.",
		"A way to become a senior without leaving for another company.",
		"More about dementia, and about what to do when someone becomes upset.",
		"Let me shadow a nurse for a week.",
		"Training in the daytime. The last bus goes at half past six.",
	},
	"content": {
		"Nothing really. I love my job and the people I look after.",
		"More colleagues like the ones I have.",
		"That people outside knew how skilled this work is.",
		"A bigger car park!",
	},
}

// wish draws from what troubles the person most, or from the last list if
// they are well off.
func (p *person) wish() string {
	about, worst := "content", math.Inf(1)
	for _, level := range []struct {
		about string
		level float64
	}{{"pay", p.pay - 0.2}, {"energy", p.energy}, {"employer", p.employer}, {"skill", p.skill + 0.4}} {
		if level.level < worst && level.level < 0.6 {
			about, worst = level.about, level.level
		}
	}
	list := wishes[about]
	return list[p.rng.IntN(len(list))]
}
