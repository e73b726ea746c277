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
		w.stormed.Store(true)
		return nil
	}
	_, err := w.vacuumInbox(ctx, w.Store.VacuumInbox)
	return errors.Join(w.Store.VacuumInvitations(ctx), err)
}

// stormRelease is how many leave together in a storm. Then there are several
// releases a second, and the files are seen to once for all that came between two
// sweeps.
const stormRelease = 200

// vacuumAfterStorm does what releases in a storm have left to the sweep: while
// it goes on, for the part of the inbox that rests, and then for all of it.
func (w *Worker) vacuumAfterStorm(ctx context.Context) error {
	goesOn := w.stormed.Swap(false)
	if !goesOn && !w.vacuumOwed {
		return nil
	}
	vacuum := w.Store.VacuumInbox
	if goesOn {
		vacuum = w.Store.VacuumRestingInbox
	}
	done, err := w.vacuumInbox(ctx, vacuum)
	w.vacuumOwed = goesOn || !done // if somebody was using it: at the next sweep
	return errors.Join(err, w.Store.VacuumInvitations(ctx))
}

const (
	vacuumTries = 5
	vacuumPause = 100 * time.Millisecond
)

// vacuumInbox tries for a moment, and reports whether that did it. In a storm of
// responses it may find none in which nobody uses the inbox; then the next
// release or the sweep tries again.
func (w *Worker) vacuumInbox(ctx context.Context, vacuum func(context.Context) (bool, error)) (done bool, err error) {
	for range vacuumTries {
		if done, err := vacuum(ctx); done || err != nil {
			return done, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(vacuumPause):
		}
	}
	return false, nil
}
