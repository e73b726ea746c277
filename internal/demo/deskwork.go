package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

// deskSteps lists what people do with the referral. An urgent one is seen to
// at any hour and never left behind; others wait for the office to open.
func (s *story) deskSteps(urgent bool) []step {
	if urgent {
		s.ends = endsDecided
	}
	at := s.received.Add(routingTakes)
	wait := func(least, most time.Duration) time.Time {
		if at = at.Add(s.between(least, most)); !urgent {
			at = s.Calendar.NextOpening(routing.Office, at)
		}
		return at
	}
	var steps []step
	acts := func(does func(context.Context, store.Action) error) {
		steps = append(steps, s.acts(at, does))
	}
	opens := func() { steps = append(steps, step{at, s.opens(at)}) }

	if s.ends == endsReceived && chance(s.rng, 0.5) {
		return nil
	}
	if urgent {
		wait(8*time.Minute, 28*time.Minute)
	} else {
		wait(10*time.Minute, 3*time.Hour)
	}
	opens()
	if move := s.matter.moveTo; move != "" && s.isTeam(move) {
		wait(10*time.Minute, 40*time.Minute)
		acts(func(ctx context.Context, a store.Action) error {
			if err := s.Store.Reroute(ctx, a, move, s.matter.moveFor, false); err != nil {
				return err
			}
			return s.hush(ctx, a.At)
		})
		wait(30*time.Minute, 2*time.Hour)
		opens()
	}
	if chance(s.rng, 0.7) {
		wait(time.Minute, 10*time.Minute)
		acts(s.Store.Own)
	}
	if s.ends == endsReceived {
		return steps
	}
	wait(20*time.Minute, 2*time.Hour)
	acts(s.Store.StartScreening)
	if s.matter.note != "" {
		wait(15*time.Minute, time.Hour)
		steps = append(steps, s.notes(at))
	}
	if s.ends == endsScreening {
		return steps
	}
	wait(5*time.Hour, 40*time.Hour)
	acts(func(ctx context.Context, a store.Action) error { return s.Store.Decide(ctx, a, s.matter.decision) })
	return steps
}

// opens reads the referral as somebody who may work on it: the demo triage
// worker if it is with one of their teams, else the safeguarding lead.
func (s *story) opens(at time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, role := range []store.Role{store.Triage, store.SafeguardingLead} {
			if s.actor = s.Users[role]; s.actor == nil {
				continue
			}
			opened, err := s.Store.OpenReferral(ctx, s.actor, s.ref, at)
			if errors.Is(err, store.ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
			s.version = opened.Version
			if opened.Workable {
				return nil
			}
		}
		return fmt.Errorf("nobody may read the demo referral: %w", store.ErrNotFound)
	}
}

// acts does something that changes the referral.
func (s *story) acts(at time.Time, does func(context.Context, store.Action) error) step {
	return step{at, func(ctx context.Context) error {
		if err := does(ctx, s.action(at)); err != nil {
			return err
		}
		s.version++
		return nil
	}}
}

func (s *story) notes(at time.Time) step {
	return step{at, func(ctx context.Context) error { return s.Store.AddNote(ctx, s.action(at), s.matter.note) }}
}

func (s *story) action(at time.Time) store.Action {
	return store.Action{Actor: s.actor, Reference: s.ref, Version: s.version, At: at}
}

func (s *story) isTeam(slug string) bool {
	return slices.ContainsFunc(s.teams, func(t store.Team) bool { return t.Slug == slug })
}
