package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

type waveCommand struct {
	Open      waveOpenCommand      `cmd:"" help:"Open a wave, now or on a later day."`
	Close     waveCloseCommand     `cmd:"" help:"Close a wave; what phones still hold is taken for 72 hours, then the last answers are released."`
	List      waveListCommand      `cmd:"" help:"List waves."`
	Publish   wavePublishCommand   `cmd:"" help:"Let anyone see a wave's results so far."`
	Unpublish waveUnpublishCommand `cmd:"" help:"Take a wave's results from the public page."`
	Accept    waveAcceptCommand    `cmd:"" help:"Let a wave count answers to a further published version, and give out the newest."`
}

// deed is what a command does now. The history names nobody for it: who may
// run commands may name themselves as they like.
func deed() store.Deed { return store.Deed{At: now()} }

type waveOpenCommand struct {
	database
	Code         string    `arg:"" help:"Its name in addresses, like 2026-11."`
	Survey       string    `default:"care-worker-survey" help:"Which survey."`
	From         time.Time `format:"2006-01-02" help:"The day at whose start it opens; now if not set."`
	Until        time.Time `format:"2006-01-02" help:"Its last day; it never closes if not set."`
	ByInvitation bool      `help:"Only invitations may answer."`
	Publish      bool      `help:"Let anyone see the results so far."`
	Demo         bool      `help:"Mark it as demo."`
}

// startOf is the first moment in London of the day that was typed.
func startOf(typed time.Time) time.Time {
	return routing.Date{Year: typed.Year(), Month: typed.Month(), Day: typed.Day()}.Start()
}

// spoken is a moment as people say it in London.
func spoken(at time.Time) string {
	return at.In(routing.London).Format("Monday 2 January 2006 at 15:04")
}

// Run opens the wave for the newest version of the survey.
func (w *waveOpenCommand) Run(ctx context.Context, t terminal) error {
	if !store.ValidWaveCode(w.Code) {
		return fmt.Errorf("a wave is named with small letters, digits and hyphens, 40 at most, like 2026-11, not %q", w.Code)
	}
	wave := store.NewWave{
		Survey: w.Survey, Code: w.Code, OpensAt: now(), Demo: w.Demo, ByInvitation: w.ByInvitation, Published: w.Publish,
	}
	if !w.From.IsZero() {
		wave.OpensAt = startOf(w.From)
	}
	if !w.Until.IsZero() {
		until := startOf(w.Until.AddDate(0, 0, 1)) // the end of its last day
		if !until.After(now()) {
			return fmt.Errorf("a wave whose last day is %s would be closed already", w.Until.Format(time.DateOnly))
		}
		if !until.After(wave.OpensAt) {
			return fmt.Errorf("a wave that opens on %s cannot close on %s: choose a later last day",
				w.From.Format(time.DateOnly), w.Until.Format(time.DateOnly))
		}
		wave.ClosesAt = &until
	}
	return w.withLedger(ctx, func(ledger *store.Store) error {
		version, err := ledger.NewestVersion(ctx, w.Survey)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no version of %s is published: start `portal web` once, which publishes it", w.Survey)
		} else if err != nil {
			return err
		}
		wave.Versions = []int64{int64(version)}
		if err := ledger.OpenWave(ctx, deed(), wave); errors.Is(err, store.ErrExists) {
			return fmt.Errorf("%s has a wave %s already: choose another code", w.Survey, w.Code)
		} else if err != nil {
			return err
		}
		if wave.OpensAt.After(now()) {
			t.say("Wave %s of %s opens on %s.", w.Code, w.Survey, spoken(wave.OpensAt))
		} else {
			t.say("Wave %s of %s is open.", w.Code, w.Survey)
		}
		if w.ByInvitation {
			t.say("Only invitations may answer it: make them with `portal collector invite %s NAME N`.", w.Code)
		}
		return nil
	})
}

// namedWave says which wave a command is about.
type namedWave struct {
	database
	Survey string `default:"care-worker-survey" help:"Of which survey."`
}

func (w namedWave) missing(code string) error {
	return fmt.Errorf("%s has no wave %s: `portal wave list` lists the waves", w.Survey, code)
}

type waveCloseCommand struct {
	namedWave
	Code string `arg:"" help:"Which wave."`
}

// Run closes the wave now.
func (w *waveCloseCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		closing := deed()
		if err := ledger.CloseWave(ctx, closing, w.Survey, w.Code); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s has no open wave %s", w.Survey, w.Code)
		} else if err != nil {
			return err
		}
		t.say("Wave %s of %s is closed. Answers that phones still hold are taken for 72 hours, until %s; the last ones are released then.",
			w.Code, w.Survey, spoken(closing.At.Add(store.LateFor)))
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
		rows := [][]string{{"SURVEY", "WAVE", "STATE", "OPENS", "VERSIONS", "RESULTS", "RESPONSES", "RELEASED"}}
		for _, wave := range waves {
			total, err := ledger.LiveTotal(ctx, wave.ID)
			if err != nil {
				return err
			}
			results := "for managers"
			if wave.Published {
				results = "public"
			}
			var versions []string
			for _, v := range wave.Versions {
				versions = append(versions, fmt.Sprint(v))
			}
			rows = append(rows, []string{wave.Survey, wave.Code, waveState(&wave, now()), wave.OpensAt.In(routing.London).Format(time.DateOnly),
				strings.Join(versions, ","), results, wave.ToldTotal(total).String(), wave.ToldReleased().String()})
		}
		return t.table(rows)
	})
}

func waveState(w *store.Wave, at time.Time) string {
	state := "closed"
	switch {
	case w.OpensAt.After(at):
		state = "not yet open"
	case w.Open(at):
		state = "open"
	case w.Takes(at):
		state = "closed, late answers taken"
	}
	if w.ByInvitation {
		state += ", by invitation"
	}
	if w.Demo {
		state += ", demo"
	}
	return state
}

type wavePublishCommand struct {
	namedWave
	Code string `arg:"" help:"Which wave."`
}

// Run publishes the results.
func (w *wavePublishCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.PublishResults(ctx, deed(), w.Survey, w.Code, true); errors.Is(err, store.ErrNotFound) {
			return w.missing(w.Code)
		} else if err != nil {
			return err
		}
		t.say("Anyone may see the results of wave %s of %s so far.", w.Code, w.Survey)
		return nil
	})
}

type waveUnpublishCommand struct {
	namedWave
	Code string `arg:"" help:"Which wave."`
}

// Run ends the publication. What people have seen they may keep.
func (w *waveUnpublishCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.PublishResults(ctx, deed(), w.Survey, w.Code, false); errors.Is(err, store.ErrNotFound) {
			return w.missing(w.Code)
		} else if err != nil {
			return err
		}
		t.say("Only managers may see the results of wave %s of %s.", w.Code, w.Survey)
		return nil
	})
}
