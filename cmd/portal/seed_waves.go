package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"intake/internal/demo"
	"intake/internal/store"
)

var errTooFewWaves = errors.New("demo data goes into one wave at least: use `--waves 1` or more")

const (
	// monthly is how demo waves are named.
	monthly = "2006-01"
	// demoInvitations is how many letters each wave of the demo has sent.
	demoInvitations = 48
	// demoDays is how long an earlier wave of the demo was open.
	demoDays = 56
)

// earlierWave is the demo wave so many half-years before the current one,
// which is itself for 0.
func earlierWave(current store.NewWave, halfYears int) store.NewWave {
	if halfYears == 0 {
		return current
	}
	month, err := time.Parse(monthly, current.Code)
	if err != nil { // somebody has named it in another way
		month = time.Date(current.OpensAt.Year(), current.OpensAt.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	earlier := current
	earlier.Code = month.AddDate(0, -6*halfYears, 0).Format(monthly)
	earlier.OpensAt = current.OpensAt.AddDate(0, -6*halfYears, 0)
	closes := earlier.OpensAt.AddDate(0, 0, demoDays)
	earlier.ClosesAt = &closes
	return earlier
}

// openDemoWave adds a demo wave with a poster and with letters to answer by,
// which end with it.
func (c *config) openDemoWave(ctx context.Context, ledger *store.Store, wave store.NewWave) (*store.Wave, error) {
	made := deed()
	if err := ledger.OpenWave(ctx, made, wave); err != nil {
		return nil, err
	}
	opened, err := ledger.WaveByCode(ctx, wave.Survey, wave.Code)
	if err != nil {
		return nil, err
	}
	poster, err := ledger.AddOpenCollector(ctx, made, opened.ID, demoPoster)
	if err != nil {
		return nil, err
	}
	letters, err := ledger.AddClosedCollector(ctx, made, opened.ID, "Letters to home care workers", demoInvitations)
	if err != nil || wave.ClosesAt == nil {
		return opened, err
	}
	ended := store.Deed{At: *wave.ClosesAt}
	return opened, errors.Join(ledger.CloseCollector(ctx, ended, poster.ID), ledger.CloseCollector(ctx, ended, letters.ID))
}

// demoWaves are the current wave and the half-yearly ones before it, n in all,
// the oldest first. All of them must be demo waves; what is missing is made.
func (c *config) demoWaves(ctx context.Context, ledger *store.Store, n int) ([]*store.Wave, error) {
	current, err := c.currentDemoWave(ctx, ledger)
	if err != nil {
		return nil, err
	}
	like := store.NewWave{
		Survey: current.Survey, Code: current.Code, Versions: []int64{int64(c.survey.Version)},
		OpensAt: current.OpensAt, Demo: true, Published: current.Published,
	}
	// All are looked at before one is made.
	var missing []store.NewWave
	waves := []*store.Wave{current}
	for ago := 1; ago < n; ago++ {
		earlier := earlierWave(like, ago)
		wave, err := ledger.WaveByCode(ctx, earlier.Survey, earlier.Code)
		switch {
		case errors.Is(err, store.ErrNotFound):
			missing = append(missing, earlier)
		case err != nil:
			return nil, err
		case !wave.Demo:
			return nil, realWave(wave)
		default:
			waves = append(waves, wave)
		}
	}
	for _, earlier := range missing {
		wave, err := c.openDemoWave(ctx, ledger, earlier)
		if err != nil {
			return nil, err
		}
		waves = append(waves, wave)
	}
	slices.SortFunc(waves, func(a, b *store.Wave) int { return a.OpensAt.Compare(b.OpensAt) })
	return waves, nil
}

// currentDemoWave is the current wave, which must be a demo wave that is open.
func (c *config) currentDemoWave(ctx context.Context, ledger *store.Store) (*store.Wave, error) {
	wave, err := ledger.CurrentWave(ctx, c.survey.ID, now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errors.New("there is no wave to seed: open one with `portal wave open CODE --demo`")
	case err != nil:
		return nil, err
	case !wave.Demo:
		return nil, realWave(wave)
	case wave.ByInvitation:
		return nil, fmt.Errorf("wave %s takes answers by invitation only, and demo responses have none: open another with `portal wave open CODE --demo`", wave.Code)
	case !wave.Open(now()):
		return nil, fmt.Errorf("wave %s has closed: open another with `portal wave open CODE --demo`", wave.Code)
	}
	return wave, nil
}

func realWave(wave *store.Wave) error {
	return fmt.Errorf("wave %s is real: demo data goes into demo waves only", wave.Code)
}

// seedResponses adds n demo responses to a demo wave.
func (c *config) seedResponses(ctx context.Context, t terminal, ledger *store.Store, wave *store.Wave, n int) error {
	deps := c.demoDeps(t, ledger)
	var err error
	if deps.Invitations, err = demoAnswered(ctx, ledger, wave); err != nil {
		return err
	}
	if err := demo.Responses(ctx, deps, *wave, n); err != nil {
		return fmt.Errorf("seed responses: %w", err)
	}
	return nil
}

// demoAnswered are the codes of two thirds of the letters: those that were
// answered.
func demoAnswered(ctx context.Context, ledger *store.Store, wave *store.Wave) ([]string, error) {
	collectors, err := ledger.Collectors(ctx, wave.ID)
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, collector := range collectors {
		// A wave that has ended is answered before it did.
		if collector.Kind != store.ClosedCollector || !collector.Open(now()) && wave.Open(now()) {
			continue
		}
		err := ledger.Invitations(ctx, collector.ID, 1, demoInvitations*2/3, func(i store.Invitation) error {
			codes = append(codes, i.Code)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return codes, nil
}
