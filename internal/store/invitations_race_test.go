package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// Fifty requests race for one invitation, in groups of the same key: one is
// accepted, its twins are duplicates, and all others find it spent.
func TestManyRaceForOneInvitation(t *testing.T) {
	t.Parallel()
	for _, keys := range []int{1, 5, 50} {
		t.Run(fmt.Sprint(keys, " keys"), func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			wave := l.byInvitation("one")
			_, codes := l.closedCollector(wave, "Providers", 20)
			for _, code := range codes {
				var key []uuid.UUID
				for range keys {
					key = append(key, uuid.New())
				}
				var accepted, duplicates, spent atomic.Int32
				errs := together(50, func(i int) error {
					duplicate, err := l.Append(t.Context(), invited(wave, key[i%keys], code), tuesday)
					switch {
					case errors.Is(err, store.ErrInvitationSpent):
						spent.Add(1)
						return nil
					case err == nil && duplicate:
						duplicates.Add(1)
					case err == nil:
						accepted.Add(1)
					}
					return err
				})
				l.must(errors.Join(errs...))
				group := int32(50 / keys)
				if accepted.Load() != 1 || duplicates.Load() != group-1 || spent.Load() != 50-group {
					t.Fatalf("%d accepted, %d duplicates, %d told that it is spent", accepted.Load(), duplicates.Load(), spent.Load())
				}
			}
			l.expect("responses", len(codes), `SELECT count(*) FROM inbox`)
			l.expect("spent keys", len(codes), `SELECT count(*) FROM submission_keys`)
		})
	}
}

// One key at the same moment with many invitations spends one of them.
func TestOneKeySpendsOneInvitation(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.byInvitation("one")
	_, codes := l.closedCollector(wave, "Providers", 200)
	for round := range 10 {
		key := uuid.New()
		errs := together(20, func(i int) error {
			_, err := l.Append(t.Context(), invited(wave, key, codes[round*20+i]), tuesday)
			return err
		})
		l.must(errors.Join(errs...))
	}
	l.expect("responses", 10, `SELECT count(*) FROM inbox`)
	l.expect("spent invitations", 10, `SELECT count(*) FROM invitations WHERE spent`)
}

// A request that fails half-way leaves the invitation to the one that waited.
func TestAFailedRequestSpendsNothing(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.byInvitation("one")
	_, codes := l.closedCollector(wave, "Providers", 2)
	broken := invited(wave, uuid.New(), codes[0])
	broken.Answers.(forms.Answers)["one_change"] = []string{"\x00"} // jsonb refuses it
	if _, err := l.Append(t.Context(), broken, tuesday); err == nil {
		t.Error("answers that the ledger cannot hold are taken")
	}
	l.expect("spent invitations", 0, `SELECT count(*) FROM invitations WHERE spent`)
	l.expect("spent keys", 0, `SELECT count(*) FROM submission_keys`)

	tx, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	_, err = tx.ExecContext(t.Context(), `UPDATE invitations SET spent = true WHERE number = 1`)
	l.must(err)
	done := make(chan error, 1)
	go func() {
		_, err := l.Append(t.Context(), invited(wave, uuid.New(), codes[0]), tuesday)
		done <- err
	}()
	l.awaitLock()
	l.must(tx.Rollback())
	l.must(<-done)
	l.expect("spent invitations", 1, `SELECT count(*) FROM invitations WHERE spent`)
}

// awaitLock waits until a statement waits for another's row.
func (l *ledger) awaitLock() {
	l.t.Helper()
	for start := time.Now(); l.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0; {
		if time.Since(start) > 10*time.Second {
			l.t.Fatal("nobody waits")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Appends, retries, re-issues, releases and housekeeping at once: at the end
// each invitation that was used has brought one response, and no more.
func TestInvitationsUnderEverythingAtOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.byInvitation("one")
	c, codes := l.closedCollector(wave, "Providers", 300)
	var accepted, unknown atomic.Int32
	queue := make(chan string, 2*len(codes))
	for _, code := range append(slices.Clone(codes), codes...) {
		queue <- code
	}
	close(queue)
	keys := map[string]uuid.UUID{}
	for _, code := range codes {
		keys[code] = uuid.New()
	}
	issued := len(codes)
	work := []func() error{
		func() error { _, err := l.Release(t.Context(), wave, tuesday); return err },
		func() error { _, err := l.Reissue(t.Context(), byCommand, c.ID, 1+rand.IntN(300)); return err },
		func() error { return l.Housekeep(t.Context(), tuesday) },
		func() error {
			issued++
			return l.AddInvitations(t.Context(), byCommand, c.ID, issued-1, 1)
		},
	}
	done := make(chan struct{})
	background := make(chan error, len(work))
	for _, do := range work {
		go func() {
			for {
				select {
				case <-done:
					background <- nil
					return
				default:
				}
				if err := do(); err != nil {
					background <- err
					return
				}
			}
		}()
	}
	errs := together(6, func(int) error {
		for code := range queue {
			duplicate, err := l.Append(t.Context(), invited(wave, keys[code], code), tuesday)
			switch {
			case errors.Is(err, store.ErrInvitationUnknown): // re-issued meanwhile
				unknown.Add(1)
			case err != nil:
				return err
			case !duplicate:
				accepted.Add(1)
			}
		}
		return nil
	})
	close(done)
	for range work {
		errs = append(errs, <-background)
	}
	l.must(errors.Join(errs...))
	n := int(accepted.Load())
	if n == 0 {
		t.Error("nothing was accepted")
	}
	t.Logf("%d accepted, %d had been re-issued", n, unknown.Load())
	l.expect("spent invitations", n, `SELECT count(*) FROM invitations WHERE spent`)
	l.expect("spent keys", n, `SELECT count(*) FROM submission_keys`)
	l.expect("responses and inbox", n, `SELECT (SELECT count(*) FROM responses) + (SELECT count(*) FROM inbox)`)
	l.closeWave("one", tuesday)
	l.release(wave, ended)
	if got := told(l.collector(wave, c.ID)); got != n {
		t.Errorf("%d returned, %d were accepted", got, n)
	}
	l.expect("invitations whose order is kept", 0, `SELECT count(*) FROM invitations WHERE spent AND NOT shuffled`)
	l.expectLedgerAgrees(wave)
}
