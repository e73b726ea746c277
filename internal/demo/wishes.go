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
		"Pay that does not lose to stacking shelves.",
		"Being paid for training evenings instead of doing them for free.",
		"Hours that I can count on. Some months I do not know if I can pay the rent.",
		"A pension that is worth the name.",
		"Sleep-in shifts paid by the hour. We do not sleep.",
		"The same rate for everybody who does the same work, agency or not.",
	},
	"ease": {
		"Fifteen minutes is not enough for anyone. Make every visit at least half an hour.",
		"One more person on nights.",
		"A rota that comes out earlier than Friday for the next Monday.",
		"Fewer double shifts. I am no use to anybody after fourteen hours.",
		"Time to sit down and talk with people, not just tasks.",
		"A real lunch break, away from the floor.",
		"No more changes to the rota by text late at night.",
		"Two days off together.",
		"Less paper. I write the same thing in three places.",
		"Somebody to cover when a colleague is ill, instead of sharing her visits out.",
		"Let us finish the shift when the shift ends.",
	},
	"employer": {
		"A manager who has done the job and comes out with us now and then.",
		"That someone says thank you.",
		"Listen when we say that someone's needs have changed.",
		"An office that picks up the phone after six.",
		"One-to-one meetings that actually happen.",
		"Ask us before new software is bought. The app crashes in every village.",
		"Treat bank staff like part of the team.",
		"Tell us what came of it when we have reported something.",
		"The same rules for everyone and not only for those who speak up.",
		"Managers who stay longer than half a year.",
		"Trust us. We know the people we look after.",
	},
	"skill": {
		"Face to face training again instead of clicking through slides.",
		"A way to become a senior without leaving for another company.",
		"More about dementia, and about what to do when someone becomes upset.",
		"Let me shadow a nurse for a week.",
		"Training in the daytime. The last bus goes at half past six.",
		"Help with English for those of us who learnt it late.",
		"A qualification that counts everywhere, so that I need not start again with each employer.",
		"Somebody to show new people round for more than one morning.",
	},
	"health": {
		"Hoists that work. My back is not what it was.",
		"Someone to talk to after a death. We go straight to the next visit.",
		"Gloves and aprons that do not run out.",
		"Lighter work for those of us who are over sixty and want to stay.",
		"Being allowed to stay at home when I am ill without being rung three times.",
		"Help for my nerves after last winter. I have not slept well since.",
		"A chair in the staff room that does not hurt.",
	},
	"roads": {
		"The mileage rate has not moved in years but petrol has.",
		"Visits that are near each other. I drove ninety miles on Sunday for six people.",
		"A pool car for the villages. Mine will not last another year.",
		"Parking that does not cost me an hour's pay.",
		"Somewhere to wash my hands and use a toilet between visits.",
		"A bus that runs before seven.",
		"Travel time in the rota. The app thinks that I can fly.",
	},
	"housing": {
		"Rooms that carers can afford. I share one with two others.",
		"Somewhere to live that does not end when the job ends.",
		"Rents have gone up twice since I came here. I would stay if they had not.",
		"Help with a deposit, so that I can live where I work.",
	},
	"content": {
		"Nothing really. I love my job and the people I look after.",
		"More colleagues like the ones I have.",
		"That people outside knew how skilled this work is.",
		"A bigger car park!",
		"Keep the team as it is, please.",
		"More time for outings in the summer.",
		"That families could see what a good day looks like.",
	},
}

// indiscreet are the texts that say too much, so that whoever reads texts
// before they are released has something to take out. The people, numbers,
// addresses and postcodes do not exist.
var indiscreet = []string{
	"Ask Gwendoline Sample about the rota. She has not answered me since March.",
	"Mrs Specimen in the office should be told that shouting does not help.",
	"I would like to talk about this. Call me on 01632 960417 after four.",
	"My number is 01632 960 882, nobody ever rings back.",
	"Please write to tired.carer@example.com if anything comes of this.",
	"They told me to send complaints to office@example.com and it came back.",
	"The flats at CM97 3ZA need a second carer at night, we all say so.",
	"I do the round from SS97 8ZD to the coast alone and it is too far.",
	"Desmond Madeup is the only manager who listens. Make more like him.",
	"Since Kamala Invented left there is nobody who knows the medicines. Her number was 01632 960155.",
}

// blurts is how many of those who write say too much.
const blurts = 0.04

// wish draws from what troubles the person most, or from the list of those who
// are content if nothing does.
func (p *person) wish() string {
	list := wishes["content"]
	worst := math.Inf(1)
	for _, trouble := range []struct {
		about string
		level float64
	}{
		{"pay", p.pay - 0.2}, {"ease", p.ease}, {"employer", p.employer}, {"skill", p.skill + 0.5},
		{"health", p.health + 0.5}, {"roads", p.roads + 0.6}, {"housing", p.place.housing + 1 + 0.8*p.rng.NormFloat64()},
	} {
		if trouble.level < worst && trouble.level < 0.4 {
			list, worst = wishes[trouble.about], trouble.level
		}
	}
	if chance(p.rng, blurts) {
		list = indiscreet
	}
	return list[p.rng.IntN(len(list))]
}
