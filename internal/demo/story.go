package demo

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// story is one referral on its way. What is below the line is learnt as it is
// told.
type story struct {
	Deps
	rng      *rand.Rand
	matter   matter
	about    adult
	received time.Time
	ends     ends
	quiet    bool // no emails: the teams count as told
	teams    []store.Team

	key      uuid.UUID
	referral uuid.UUID
	ref      string
	actor    *store.User
	version  int // that the actor last read
}

// routingTakes is how long after its receipt a referral is routed.
const routingTakes = 2 * time.Second

// steps lists what happens, as if there were time for all of it.
func (s *story) steps() ([]step, error) {
	posted := s.matter.tell(s.rng, s.about, inventReporter(s.rng.IntN(600), s.matter.works), s.received)
	answers, err := answersTo(s.Referral, posted, s.received)
	if err != nil {
		return nil, err
	}
	s.key = uuid.New()
	steps := s.arrives(answers, s.received)
	if s.matter.later != nil {
		at := s.received.Add(s.between(18*time.Hour, 26*time.Hour))
		maps.Copy(posted, s.matter.later)
		amended, err := answersTo(s.Referral, posted, at)
		if err != nil {
			return nil, err
		}
		steps = append(steps, s.arrives(amended, at)...)
	}
	urgent := routing.FactsOf(answers, s.received, s.Calendar).Priority == routing.P1
	return append(steps, s.deskSteps(urgent)...), nil
}

// arrives submits the referral, or the second time an amendment, and does what
// the worker does with it.
func (s *story) arrives(answers forms.Answers, at time.Time) []step {
	routed := at.Add(routingTakes)
	return []step{
		{at, func(ctx context.Context) error {
			receipt, err := s.Store.Submit(ctx, store.Submission{
				Key: s.key, Form: s.Referral, Answers: answers, ReceivedAt: at, Demo: true,
				Facts: routing.FactsOf(answers, at, s.Calendar),
			})
			s.referral, s.ref = receipt.ReferralID, receipt.Reference
			return err
		}},
		{routed, func(ctx context.Context) error {
			_, err := s.Store.Route(ctx, s.referral, routed, func(facts routing.Facts) store.Routing {
				decision := s.Rules.Decide(facts, s.Calendar)
				return store.Routing{Decision: decision, Tell: []string{decision.Team}}
			})
			if err != nil {
				return fmt.Errorf("route demo referral: %w", err)
			}
			s.version++
			return s.hush(ctx, routed)
		}},
	}
}

// hush marks the emails that are owed as sent, unless they are to be.
func (s *story) hush(ctx context.Context, at time.Time) error {
	if !s.quiet {
		return nil
	}
	owed, err := s.Store.DueNotifications(ctx, s.referral, at, 100)
	if err != nil {
		return err
	}
	for _, id := range owed {
		if err := s.Store.Tell(ctx, id, at.Add(time.Second), func(context.Context, store.Notice) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// between draws a time of that length or a little more, in whole seconds.
func (s *story) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.rng.Int64N(int64((most-least)/time.Second)))*time.Second
}
