package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// holdUp keeps every response from being committed until it is let go.
func (l *ledger) holdUp() (letGo func()) {
	l.t.Helper()
	tx, err := l.raw.BeginTx(context.Background(), nil)
	l.must(err)
	_, err = tx.ExecContext(context.Background(), `LOCK TABLE submission_keys IN SHARE ROW EXCLUSIVE MODE`)
	l.must(err)
	return func() { l.must(tx.Rollback()) }
}

// roundsWait waits until so many statements stand still.
func (l *ledger) roundsWait(n int) {
	l.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if l.count(`SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) >= n {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("no %d statements wait", n)
		}
	}
}

// busyWithTwo has two responses on their way or waiting, none of them committed
// until it is let go, which waits for both.
func (l *ledger) busyWithTwo(wave int64) (letGo func()) {
	l.t.Helper()
	release := l.holdUp()
	first := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := l.Append(l.t.Context(), response(wave, uuid.New(), "first"), tuesday)
			first <- err
		}()
	}
	l.roundsWait(1)
	return func() {
		l.t.Helper()
		release()
		l.must(errors.Join(<-first, <-first))
	}
}

// TestResponsesShareRounds: those that come while others are being committed
// share one transaction, and one that the database cannot take fails alone.
func TestResponsesShareRounds(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	letGo := l.holdUp()
	const n, bad = 100, 37
	began := make(chan struct{})
	ended := make(chan []error)
	go func() {
		ended <- together(n, func(i int) error {
			words := fmt.Sprint(i)
			if i == bad {
				words = "\x00" // Parse refuses it; jsonb does as well
			}
			if i == n-1 {
				close(began)
			}
			_, err := l.Append(t.Context(), response(wave, uuid.New(), words), tuesday)
			return err
		})
	}()
	<-began
	l.roundsWait(1)
	time.Sleep(100 * time.Millisecond) // for the others to line up
	letGo()
	for i, err := range <-ended {
		if (err != nil) != (i == bad) {
			t.Errorf("response %d: %v", i, err)
		}
		if i == bad && store.IsUnavailable(err) {
			t.Errorf("what can never be taken is asked for again: %v", err)
		}
	}
	l.expect("responses in the inbox", n-1, `SELECT count(*) FROM inbox`)
	l.expect("spent keys", n-1, `SELECT count(*) FROM submission_keys`)
	// Alone each would have been a transaction; divided, the bad one costs a few.
	if rounds := l.count(`SELECT count(DISTINCT xmin::text) FROM inbox`); rounds > 20 {
		t.Errorf("%d transactions for %d responses", rounds, n-1)
	}
}

// TestTooManyResponses: what is beyond the bounds is refused at once, and what
// was taken on is committed.
func TestTooManyResponses(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	letGo := l.busyWithTwo(wave)
	long := response(wave, uuid.New(), "")
	long.Answers = forms.Encoded(forms.Answers{"one_change": {strings.Repeat("x", 1<<20)}}.Encode()) // once: a round waits for some seconds only
	const sent = 40
	ended := make(chan []error)
	go func() {
		ended <- together(sent, func(int) error {
			long := long
			long.Key = uuid.New()
			_, err := l.Append(t.Context(), long, tuesday)
			return err
		})
	}()
	for deadline := time.Now().Add(10 * time.Second); !l.Overloaded(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("forty responses of a megabyte are not too much")
		}
	}
	if _, err := l.Append(t.Context(), response(wave, uuid.New(), "one more"), tuesday); !errors.Is(err, store.ErrOverloaded) || !store.IsUnavailable(err) {
		t.Errorf("beyond the bound: %v", err)
	}
	letGo()
	taken := 2
	for _, err := range <-ended {
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, store.ErrOverloaded):
			t.Error(err)
		}
	}
	if taken < 30 || taken == 2+sent {
		t.Errorf("%d of %d were taken", taken, 2+sent)
	}
	l.expect("responses in the inbox", taken, `SELECT count(*) FROM inbox`)
	if l.Overloaded() {
		t.Error("it is overloaded with nothing left to do")
	}
}

// TestNobodyWaits: a response whose sender has gone before its turn is not
// committed; the sender knows nothing, and a retry is the first.
func TestNobodyWaits(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, key := l.wave("one"), uuid.New()
	letGo := l.busyWithTwo(wave)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, response(wave, key, "gone"), tuesday); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("out of time: %v", err)
	}
	letGo()
	if duplicate, err := l.Append(t.Context(), response(wave, key, "again"), tuesday); err != nil || duplicate {
		t.Errorf("the retry: duplicate %v, error %v", duplicate, err)
	}
	l.expect("responses in the inbox", 3, `SELECT count(*) FROM inbox`)
}

// TestTheSameKeysFromTwoProcesses: neither waits for the other for ever, and
// each key is kept once.
func TestTheSameKeysFromTwoProcesses(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	other, err := store.Open(t.Context(), l.dsn, store.Options{})
	l.must(err)
	defer func() { l.must(other.Close()) }()
	wave := l.wave("one")
	keys := make([]uuid.UUID, 200)
	for i := range keys {
		keys[i] = uuid.New()
	}
	fresh := make([]bool, 3*len(keys))
	l.must(errors.Join(together(len(fresh), func(i int) error {
		process := []*store.Store{l.Store, other}[i%2]
		duplicate, err := process.Append(t.Context(), response(wave, keys[i%len(keys)], "x"), tuesday)
		fresh[i] = err == nil && !duplicate
		return err
	})...))
	first := 0
	for _, is := range fresh {
		if is {
			first++
		}
	}
	if first != len(keys) {
		t.Errorf("%d were told that they are the first, want %d", first, len(keys))
	}
	l.expect("responses in the inbox", len(keys), `SELECT count(*) FROM inbox`)
}
