package worker

import (
	"context"
	"errors"
	"sync"
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
		if moved > 0 {
			w.forgetting.owe(store.Inboxes...)
		}
		if more { // one release follows the other: nobody else gets between them
			if _, err := w.forget(ctx, true); err != nil {
				return err
			}
		}
	}
	if left == 0 {
		return nil
	}
	if joined {
		if err := w.Store.VacuumResponses(ctx); err != nil {
			return err
		}
	}
	if w.forgetting.busy(left >= stormRelease) {
		return nil
	}
	return errors.Join(w.Store.VacuumInvitations(ctx), w.forgetSoon(ctx, false))
}

const (
	// stormRelease is how many leave together in a storm.
	stormRelease = 200
	// quietFor is how long none must have left the inbox before for a release to
	// have it written anew at once. Else the sweep does so, table by table, as each
	// rests: whoever answers would wait, time and again.
	quietFor = 20 * time.Second
)

// forgetting is what has left the inbox, but not its files yet.
type forgetting struct {
	mu       sync.Mutex
	tables   map[string]bool // that hold it
	released time.Time       // when it left last
}

// owe notes that tables have to be written anew.
func (f *forgetting) owe(tables ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tables == nil {
		f.tables = map[string]bool{}
	}
	for _, table := range tables {
		f.tables[table] = true
	}
}

// take gives the tables that are owed, or those of them that rest, and owes them
// no more. Whoever takes one owes it again if it could not be written anew.
func (f *forgetting) take(resting bool) (tables []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for table := range f.tables {
		if !resting || store.InboxRests(table, time.Now()) {
			tables = append(tables, table)
			delete(f.tables, table)
		}
	}
	return tables
}

// owes reports whether tables are owed.
func (f *forgetting) owes() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.tables) > 0
}

// busy notes a release, and reports whether it was of many, or there was another
// shortly before.
func (f *forgetting) busy(many bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.released
	f.released = time.Now()
	return many || f.released.Sub(before) < quietFor
}

// forgetLater does what releases have left to the sweep.
func (w *Worker) forgetLater(ctx context.Context) error {
	if !w.forgetting.owes() {
		return nil
	}
	return errors.Join(w.forgetSoon(ctx, true), w.Store.VacuumInvitations(ctx))
}

const (
	forgetTries = 5
	forgetPause = 100 * time.Millisecond
)

// forgetSoon is forget, tried a few times: in a storm of responses a table may be
// in use just then. What is not done then the next sweep does.
func (w *Worker) forgetSoon(ctx context.Context, resting bool) error {
	for try := range forgetTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(forgetPause):
			}
		}
		if done, err := w.forget(ctx, resting); done || err != nil {
			return err
		}
	}
	return nil
}

// forget writes the tables of the inbox that are owed anew, or those of them that
// rest, and reports whether nobody was in the way.
func (w *Worker) forget(ctx context.Context, resting bool) (done bool, err error) {
	done = true
	var faults []error
	for _, table := range w.forgetting.take(resting) {
		anew, err := w.Store.VacuumInbox(ctx, table)
		if !anew {
			w.forgetting.owe(table)
			done = false
		}
		faults = append(faults, err)
	}
	return done, errors.Join(faults...)
}
