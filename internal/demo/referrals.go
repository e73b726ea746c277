package demo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

const (
	// span is how far back the oldest referral goes.
	span = 21 * 24 * time.Hour
	// referralSeed makes the same referrals each time.
	referralSeed = 42
	// newsOwed is of how many of the newest referrals the teams are still to
	// be told: enough to see the emails come, too few to flood anyone.
	newsOwed = 3
)

// step is something that happened at a time, however long ago.
type step struct {
	at time.Time
	do func(context.Context) error
}

// Referrals tells the story of n invented referrals: each comes in, is routed
// by the rules in force, and is worked on as far as it would have got by now,
// all in the order of time, so that the history reads like one. Call it before
// workers start, or they send the emails of the older ones as well.
func Referrals(ctx context.Context, d Deps, n int) error {
	lead := d.Users[store.SafeguardingLead]
	if lead == nil {
		return errors.New("demo referrals need a demo safeguarding lead, who may work on them all")
	}
	teams, err := d.Store.Teams(ctx)
	if err != nil {
		return fmt.Errorf("list teams for the demo referrals: %w", err)
	}
	var steps []step
	for i := range n {
		s := newStory(d, i, n)
		s.teams = teams
		told, err := s.steps()
		if err != nil {
			return fmt.Errorf("demo referral %d: %w", i, err)
		}
		steps = append(steps, told...)
	}
	steps = slices.DeleteFunc(steps, func(s step) bool { return s.at.After(d.Now) })
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	for i, s := range steps {
		if err := s.do(ctx); err != nil {
			return err
		}
		if i%25 == 0 {
			d.progress(i*n/len(steps), n, "referrals")
		}
	}
	d.progress(n, n, "referrals")
	return nil
}

// newStory invents the i-th of n referrals, the oldest first.
func newStory(d Deps, i, n int) *story {
	s := &story{
		Deps: d, rng: rand.New(rand.NewPCG(referralSeed, uint64(i))), matter: matters[i%len(matters)],
		quiet: i < n-newsOwed, ends: endOf(i, n),
	}
	who := i
	if i%9 == 8 {
		who = i - 4 // another referral about the same adult
	}
	s.about = inventAdult(who, d.Districts[who%len(d.Districts)])
	s.received = receivedAt(d, s.rng, s.matter.night, i, n)
	return s
}

// ends says how far a story goes even if there would be time for more.
type ends int

const (
	endsDecided ends = iota
	endsReceived
	endsScreening
)

// endOf leaves some of the newer referrals behind, so that every status is
// there at whatever hour this runs, and some clocks have run out.
func endOf(i, n int) ends {
	switch {
	case i >= n*13/20 && i%4 == 0:
		return endsReceived
	case i >= n/2 && i%4 == 1:
		return endsScreening
	}
	return endsDecided
}

// receivedAt is when the i-th of n referrals came in: the nearer to now the
// more of them, so that the desk has work; by night or mostly by day.
func receivedAt(d Deps, rng *rand.Rand, night bool, i, n int) time.Time {
	part := (float64(n-i) - 0.5) / float64(n)
	at := d.Now.Add(-time.Duration(math.Pow(part, 1.7) * float64(span)))
	if !night && chance(rng, 0.2) {
		return at
	}
	calendar := routing.Office
	if night {
		calendar = routing.EmergencyDuty
	}
	// A shut office opens within days; a calendar that never does is not ours
	// to mend.
	for range 600 {
		if d.Calendar.Open(calendar, at) {
			break
		}
		at = at.Add(-time.Duration(20+rng.IntN(25)) * time.Minute)
	}
	return at
}
