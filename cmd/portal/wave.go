package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

type waveCommand struct {
	Open  waveOpenCommand  `cmd:"" help:"Open a wave."`
	Close waveCloseCommand `cmd:"" help:"Close a wave; what waits in its inbox is then released."`
	List  waveListCommand  `cmd:"" help:"List waves."`
}

type waveOpenCommand struct {
	database
	Code   string    `arg:"" help:"Its name in addresses, like 2026-11."`
	Survey string    `default:"care-worker-survey" help:"Which survey."`
	Until  time.Time `format:"2006-01-02" help:"The day at whose start it closes; never if not set."`
	Demo   bool      `help:"Mark it as demo."`
}

// waveCode is what the ledger takes as a wave's name.
var waveCode = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Run opens the wave now, for the newest version of the survey.
func (w *waveOpenCommand) Run(ctx context.Context, t terminal) error {
	if !waveCode.MatchString(w.Code) {
		return fmt.Errorf("a wave is named with small letters, digits and hyphens, 40 at most, like 2026-11, not %q", w.Code)
	}
	var closes *time.Time
	if !w.Until.IsZero() {
		until := time.Date(w.Until.Year(), w.Until.Month(), w.Until.Day(), 0, 0, 0, 0, routing.London)
		if !until.After(now()) {
			return fmt.Errorf("a wave that closes on %s would be closed already", w.Until.Format(time.DateOnly))
		}
		closes = &until
	}
	return w.withLedger(ctx, func(ledger *store.Store) error {
		version, err := ledger.NewestVersion(ctx, w.Survey)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no version of %s is published: start `portal web` once, which publishes it", w.Survey)
		} else if err != nil {
			return err
		}
		err = ledger.OpenWave(ctx, store.NewWave{
			Survey: w.Survey, Code: w.Code, Versions: []int64{int64(version)}, OpensAt: now(), ClosesAt: closes, Demo: w.Demo,
		})
		if errors.Is(err, store.ErrExists) {
			return fmt.Errorf("%s has a wave %s already: choose another code", w.Survey, w.Code)
		} else if err != nil {
			return err
		}
		t.say("Wave %s of %s is open.", w.Code, w.Survey)
		return nil
	})
}

type waveCloseCommand struct {
	database
	Code   string `arg:"" help:"Which wave."`
	Survey string `default:"care-worker-survey" help:"Of which survey."`
}

// Run closes the wave now.
func (w *waveCloseCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.CloseWave(ctx, w.Survey, w.Code, now()); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s has no open wave %s", w.Survey, w.Code)
		} else if err != nil {
			return err
		}
		t.say("Wave %s of %s is closed.", w.Code, w.Survey)
		return nil
	})
}

type waveListCommand struct{ database }

// Run lists the waves.
func (w *waveListCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		waves, err := ledger.Waves(ctx, "")
		if err != nil {
			return err
		}
		rows := [][]string{{"SURVEY", "WAVE", "STATE", "OPENED", "RESPONSES", "RELEASED"}}
		for _, wave := range waves {
			total, err := ledger.LiveTotal(ctx, wave.ID)
			if err != nil {
				return err
			}
			state := "closed"
			if wave.Open(now()) {
				state = "open"
			} else if wave.OpensAt.After(now()) {
				state = "not yet open"
			}
			if wave.Demo {
				state += ", demo"
			}
			rows = append(rows, []string{wave.Survey, wave.Code, state, wave.OpensAt.In(routing.London).Format(time.DateOnly),
				fmt.Sprint(total), fmt.Sprint(wave.Released)})
		}
		return t.table(rows)
	})
}
