package worker

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"

	"intake/internal/results"
	"intake/internal/store"
)

const (
	sweepEvery = 3 * time.Second
	// leadFor is how long a worker sweeps before it asks for the lead anew. Nobody
	// else comes in between but by chance, and no transaction lasts for long.
	leadFor = 2 * sweepEvery
	// sweepAfter leaves fresh work to its own nudge.
	sweepAfter = 2 * time.Second
	sweepBatch = 500
	houseEvery = 10 * time.Minute
	// sweepTells bounds the emails that one sweep nudges for, and tellAgain
	// keeps it from nudging for the same ones at once: a mail server that is
	// away must not fill the queue.
	sweepTells = 50
	tellAgain  = 20 * time.Second
	// workOffFor bounds what one sweep does itself, so that a mail server that
	// hangs does not keep it from new referrals.
	workOffFor = 5 * time.Second
)

// sweepUntil looks for due work in the ledger until ctx is done. One worker
// leads and does it; the others stand by, and ask as often as it sweeps.
func (w *Worker) sweepUntil(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	defer sweepLeads.Set(0)
	seen := sightings{told: map[uuid.UUID]time.Time{}, ready: map[int64]ready{}}
	for {
		led, err := w.Referrals.IfLeader(ctx, "sweep", func(ctx context.Context) error { return w.lead(ctx, ticker.C, &seen) })
		if led && err == nil {
			continue // before anybody else takes the lead
		}
		sweepLeads.Set(0)
		if !led {
			inboxWait.Set(0) // whoever sweeps tells
		}
		if err = errors.Join(err, w.forgetLater(ctx)); err != nil && ctx.Err() == nil {
			w.Log.Error("sweep failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// sightings are what a worker keeps from one sweep for the next.
type sightings struct {
	told      map[uuid.UUID]time.Time // when it last nudged for whose emails
	ready     map[int64]ready         // waves with enough for a release
	housekept time.Time
}

// lead sweeps at each tick, for leadFor or until a sweep fails: then another
// worker may fare better.
func (w *Worker) lead(ctx context.Context, ticks <-chan time.Time, seen *sightings) error {
	for until := time.Now().Add(leadFor); time.Now().Before(until); {
		sweepLeads.Set(1)
		begun := time.Now()
		err := w.sweep(ctx, seen)
		if w.Now().Sub(seen.housekept) >= houseEvery {
			seen.housekept = w.Now()
			w.forgetting.owe(store.Inboxes...)
			err = errors.Join(err, w.Store.Housekeep(ctx, w.Now()))
		}
		sweepSeconds.Observe(time.Since(begun).Seconds())
		if err = errors.Join(err, w.forgetLater(ctx)); err != nil {
			return err
		}
		sweepDone.SetToCurrentTime()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
		}
	}
	return nil
}

// sweep nudges again for all that is due. Where the queue takes no nudge the
// work is done here and now: a referral does not wait for Redis.
func (w *Worker) sweep(ctx context.Context, seen *sightings) error {
	now := w.Now()
	var due []nudge
	referrals, err := w.Referrals.UnroutedReferrals(ctx, now.Add(-sweepAfter), sweepBatch)
	for _, id := range referrals {
		due = append(due, nudge{jobRoute.name, payload{Referral: id}})
	}
	waves, wavesErr := w.Store.WavesToRelease(ctx, now)
	for _, id := range waves {
		due = append(due, nudge{jobRelease.name, payload{Wave: id}})
	}
	if waited, err := w.inboxWaited(ctx, waves, seen.ready, now); err == nil && wavesErr == nil {
		inboxWait.Set(waited.Seconds())
	}
	unindexed, indexErr := w.Store.WavesToIndex(ctx, results.ChunkSize, now)
	for _, id := range unindexed {
		due = append(due, nudge{jobIndex.name, payload{Wave: id}})
	}
	maps.DeleteFunc(seen.told, func(_ uuid.UUID, at time.Time) bool { return now.Sub(at) >= tellAgain })
	owed, owedErr := w.Referrals.ReferralsOwedNews(ctx, now, sweepTells+len(seen.told))
	for _, id := range owed {
		if _, lately := seen.told[id]; !lately {
			seen.told[id] = now
			due = append(due, nudge{jobTell.name, payload{Referral: id}})
		}
	}
	if err := errors.Join(err, owedErr, wavesErr, indexErr); err != nil {
		return err
	}
	for _, n := range due {
		sweepFound.WithLabelValues(n.name).Inc()
	}
	for i, n := range due {
		if err := w.Queue.enqueue(ctx, n); err != nil {
			w.Log.Warn("queue not reachable; the sweep does the work itself", "due", len(due)-i, "error", err)
			return w.workOff(ctx, due[i:])
		}
	}
	return w.sweepExports(ctx, now)
}

// sweepExports nudges for the files that are to be made. They take too long for
// the sweep to make them itself: where the queue takes no nudge, they wait.
func (w *Worker) sweepExports(ctx context.Context, now time.Time) error {
	exports, err := w.Store.ExportsDue(ctx, now)
	if err != nil {
		return err
	}
	sweepFound.WithLabelValues(jobExport.name).Add(float64(len(exports)))
	for _, id := range exports {
		if err := w.Queue.enqueue(ctx, nudge{jobExport.name, payload{Export: id}}); err != nil {
			w.Log.Warn("queue not reachable; files wait to be made", "due", len(exports), "error", err)
			return nil
		}
	}
	return nil
}

// workOff does the jobs of nudges that the queue did not take. One that fails
// does not keep the others waiting.
func (w *Worker) workOff(ctx context.Context, due []nudge) error {
	var faults []error
	until := time.Now().Add(workOffFor)
	for _, n := range due {
		if time.Now().After(until) || ctx.Err() != nil {
			break // the next sweep begins with the most urgent again
		}
		faults = append(faults, w.runBriefly(ctx, n.job(), n.payload))
	}
	return errors.Join(faults...)
}

// runBriefly runs a job with a time limit of its own.
func (w *Worker) runBriefly(ctx context.Context, j job, p payload) error {
	ctx, cancel := context.WithTimeout(ctx, workOffFor)
	defer cancel()
	return w.runJob(ctx, j, p)
}
