package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/embedded"
	"intake/internal/store"
	"intake/internal/testenv"
	"intake/migrations"
)

func TestOneLeadsAtATime(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	var inside, most, led atomic.Int32
	errs := together(12, func(int) error {
		did, err := l.IfLeader(t.Context(), "sweep", func(context.Context) error {
			most.Store(max(most.Load(), inside.Add(1)))
			time.Sleep(20 * time.Millisecond)
			inside.Add(-1)
			return nil
		})
		if did {
			led.Add(1)
		}
		return err
	})
	l.must(errors.Join(errs...))
	if most.Load() != 1 || led.Load() == 0 {
		t.Errorf("%d led at once, %d in all", most.Load(), led.Load())
	}
	// Another name is another lead; a failure and a panic give it up.
	fault := errors.New("a fault")
	did, err := l.IfLeader(t.Context(), "sweep", func(ctx context.Context) error {
		if did, err := l.IfLeader(ctx, "sweep", func(context.Context) error { return nil }); did || err != nil {
			t.Errorf("led twice: %v, %v", did, err)
		}
		if did, err := l.IfLeader(ctx, "other", func(context.Context) error { return nil }); !did || err != nil {
			t.Errorf("another name: %v, %v", did, err)
		}
		return fault
	})
	if !did || !errors.Is(err, fault) {
		t.Errorf("a leader that fails: %v, %v", did, err)
	}
	func() {
		defer func() { _ = recover() }()
		_, err := l.IfLeader(t.Context(), "sweep", func(context.Context) error { panic("a fault") })
		t.Errorf("no panic, but %v", err)
	}()
	if did, err := l.IfLeader(t.Context(), "sweep", func(context.Context) error { return nil }); !did || err != nil {
		t.Errorf("after the faults: %v, %v", did, err)
	}
}

func TestUnavailableIsToldFromOtherFaults(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")

	// A query that takes longer than its caller waits, here for a lock.
	tx, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	_, err = tx.ExecContext(t.Context(), `LOCK TABLE submission_keys`)
	l.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, response(wave, uuid.New(), "x"), tuesday); !store.IsUnavailable(err) {
		t.Errorf("out of time: %v", err)
	}
	if _, err := l.Append(ctx, response(wave, uuid.New(), "x"), tuesday); !store.IsUnavailable(err) {
		t.Errorf("out of time before it began: %v", err)
	}
	l.must(tx.Rollback())

	// The connection is cut in the middle of a transaction.
	_, err = l.IfLeader(t.Context(), "x", func(context.Context) error {
		l.expect("connections cut", 1, `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND state = 'idle in transaction') cut`)
		return nil
	})
	if !store.IsUnavailable(err) {
		t.Errorf("cut off: %v", err)
	}
	if _, err := l.Append(t.Context(), response(wave, uuid.New(), "x"), tuesday); err != nil {
		t.Errorf("afterwards: %v", err)
	}

	for _, err := range []error{nil, store.ErrNotFound, store.ErrStale, store.ErrWaveClosed, context.Canceled, errors.New("other")} {
		if store.IsUnavailable(err) {
			t.Errorf("%v counts as unavailable", err)
		}
	}
	if err := l.PutTeam(t.Context(), store.Team{Slug: "bad\x00slug"}); err == nil || store.IsUnavailable(err) {
		t.Errorf("a statement that is wrong: %v", err)
	}
}

// openOwnServer opens a ledger on a server of its own, to be harmed.
func openOwnServer(t *testing.T) (*embedded.Postgres, *store.Store) {
	t.Helper()
	server, err := embedded.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "pg"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := migrations.Up(t.Context(), server.DSN()); err != nil {
		t.Error(err)
	}
	ledger, err := store.Open(t.Context(), server.DSN(), store.Options{Keys: testenv.Keyset(t)})
	if err != nil {
		t.Fatal(err)
	}
	return server, ledger
}

func TestAServerThatStopsIsUnavailable(t *testing.T) {
	t.Parallel()
	server, ledger := openOwnServer(t)
	if err := ledger.Ping(t.Context()); err != nil {
		t.Errorf("a server that runs: %v", err)
	}
	// Its end comes in the middle of a transaction, too.
	_, midway := ledger.IfLeader(t.Context(), "x", func(context.Context) error { return server.Stop(t.Context()) })
	_, appending := ledger.Append(t.Context(), response(1, uuid.New(), "x"), tuesday)
	_, submitting := ledger.Submit(t.Context(), submission(uuid.New(), concern(nil), tuesday))
	for name, err := range map[string]error{"midway": midway, "append": appending, "submit": submitting, "ping": ledger.Ping(t.Context())} {
		if !store.IsUnavailable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := ledger.Close(); err != nil {
		t.Error(err)
	}
	if _, err := store.Open(t.Context(), server.DSN(), store.Options{}); !store.IsUnavailable(err) {
		t.Errorf("open: %v", err)
	}
}
