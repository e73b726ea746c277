package worker

import (
	"context"
	"errors"
	"time"

	"intake/internal/store"
)

// release moves a wave's responses out of the inbox when enough of them can
// leave together, and then sees to it that the database's files forget them
// too.
func (w *Worker) release(ctx context.Context, p payload) error {
	left, joined := 0, false
	for more := true; more; {
		moved, err := w.Store.Release(ctx, p.Wave, w.Now())
		if err != nil {
			return err
		}
		left += moved
		// The rest of a wave joins the release before it.
		joined = joined || moved > 0 && moved < store.MinRelease
		more = moved >= store.MostReleased
	}
	if left == 0 {
		return nil
	}
	if joined {
		if err := w.Store.VacuumResponses(ctx); err != nil {
			return err
		}
	}
	if left >= stormRelease {
		w.vacuumOwed.Store(true)
		return nil
	}
	return errors.Join(w.Store.VacuumInvitations(ctx), w.vacuumInbox(ctx))
}

// stormRelease is how many leave together in a storm. Then there are several
// releases a second, and the files are seen to once for all that came between two
// sweeps.
const stormRelease = 200

// stormVacuum is how long a storm goes on before the inbox is written anew again:
// whoever answers waits for that, for the twentieth part of a second.
const stormVacuum = 10 * time.Second

// vacuumAfterStorm does what releases in a storm have left to the sweep.
func (w *Worker) vacuumAfterStorm(ctx context.Context) error {
	if time.Since(w.vacuumed) < stormVacuum || !w.vacuumOwed.CompareAndSwap(true, false) {
		return nil
	}
	done, err := w.Store.VacuumInbox(ctx)
	if done {
		w.vacuumed = time.Now()
	} else {
		w.vacuumOwed.Store(true) // somebody was using it: at the next sweep
	}
	return errors.Join(err, w.Store.VacuumInvitations(ctx))
}

const (
	vacuumTries = 5
	vacuumPause = 100 * time.Millisecond
)

// vacuumInbox tries for a moment. In a storm of responses it may find none in
// which nobody uses the inbox; then the next release or the sweep tries again.
func (w *Worker) vacuumInbox(ctx context.Context) error {
	for range vacuumTries {
		if done, err := w.Store.VacuumInbox(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(vacuumPause):
		}
	}
	return nil
}
