package store_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

func (l *ledger) due(referral uuid.UUID, at time.Time) []uuid.UUID {
	l.t.Helper()
	ids, err := l.DueNotifications(l.t.Context(), referral, at, 20)
	l.must(err)
	return ids
}

func TestTellSendsOnceAndRecordsIt(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	receipt := l.refer(danger)
	due := l.due(receipt.ReferralID, tuesday)
	if len(due) != 1 {
		t.Fatalf("due: %v", due)
	}
	var sent []store.Notice
	for range 3 {
		l.must(l.Tell(t.Context(), due[0], tuesday, func(_ context.Context, n store.Notice) error {
			sent = append(sent, n)
			return nil
		}))
	}
	if len(sent) != 1 {
		t.Fatalf("sent %d times", len(sent))
	}
	n := sent[0]
	if n.Reference != receipt.Reference || n.Reason != "routed" || n.Priority != "P1" || n.Team != "mid" || n.TeamEmail != "mid@example.org" ||
		n.OpenBy == nil || !n.OpenBy.Equal(tuesday.Add(30*time.Minute)) || n.ScreenBy == nil || n.Demo {
		t.Errorf("notice: %+v", n)
	}
	if left := l.due(receipt.ReferralID, tuesday.AddDate(1, 0, 0)); len(left) != 0 {
		t.Errorf("still due: %v", left)
	}
	if got := l.texts(`SELECT detail::text FROM events WHERE kind = 'team_told'`); !slices.Equal(got, []string{`{"team": "mid", "reason": "routed"}`}) {
		t.Errorf("events: %q", got)
	}
	l.must(l.Tell(t.Context(), uuid.New(), tuesday, func(context.Context, store.Notice) error {
		t.Error("an email that nobody owes was sent")
		return nil
	}))
}

func TestTellTriesAgainWithGrowingPauses(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	receipt := l.refer(nil)
	id := l.due(receipt.ReferralID, tuesday)[0]
	away := errors.New("the mail server is away")
	at, last := tuesday, time.Duration(0)
	for try := range 12 {
		if err := l.Tell(t.Context(), id, at, func(_ context.Context, n store.Notice) error {
			if n.Attempts != try+1 {
				t.Errorf("try %d: counted as %d", try, n.Attempts)
			}
			return away
		}); !errors.Is(err, away) {
			t.Errorf("try %d: %v", try, err)
		}
		var next time.Time
		l.scan(&next, `SELECT due_at FROM notifications`)
		pause := next.Sub(at)
		if try == 0 && pause > 30*time.Second || pause < last || pause == last && pause < 15*time.Minute || pause > 15*time.Minute {
			t.Errorf("try %d: the pause is %v after one of %v", try, pause, last)
		}
		if early := l.due(receipt.ReferralID, next.Add(-time.Millisecond)); len(early) != 0 {
			t.Errorf("try %d: due before its time", try)
		}
		if owed, err := l.ReferralsOwedNews(t.Context(), next, 10); err != nil || !slices.Equal(owed, []uuid.UUID{receipt.ReferralID}) {
			t.Errorf("try %d: owed news: %v, %v", try, owed, err)
		}
		at, last = next, pause
	}
	if due, err := l.Due(t.Context()); err != nil || due.FailedEmails != 1 {
		t.Errorf("due: %+v, %v", due, err)
	}
	l.must(l.Tell(t.Context(), id, at, func(context.Context, store.Notice) error { return nil }))
	l.expect("events of a team told", 1, `SELECT count(*) FROM events WHERE kind = 'team_told'`)
}

func TestTellLeavesAnEmailThatAnotherWorkerSends(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	id := l.due(l.refer(nil).ReferralID, tuesday)[0]
	sending, sent := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	var times atomic.Int32
	go func() {
		first <- l.Tell(t.Context(), id, tuesday, func(context.Context, store.Notice) error {
			close(sending)
			<-sent
			times.Add(1)
			return nil
		})
	}()
	<-sending
	// They neither wait nor send.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	l.must(errors.Join(together(5, func(int) error {
		return l.Tell(ctx, id, tuesday, func(context.Context, store.Notice) error {
			times.Add(1)
			return nil
		})
	})...))
	close(sent)
	l.must(<-first)
	if times.Load() != 1 {
		t.Errorf("sent %d times", times.Load())
	}
}

// The team is told at least once: what was sent but not recorded is sent again.
func TestTellAgainAfterACrash(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	id := l.due(l.refer(nil).ReferralID, tuesday)[0]
	// Whoever holds the row keeps the worker from recording what it sent.
	holding, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	if err := l.Tell(t.Context(), id, tuesday, func(context.Context, store.Notice) error {
		_, err := holding.ExecContext(t.Context(), `SELECT FROM notifications WHERE id = $1 FOR UPDATE`, id)
		return err
	}); err == nil {
		t.Error("an email is recorded whose worker could not")
	}
	l.must(holding.Rollback())
	sent := 0
	again := func(at time.Time) {
		l.must(l.Tell(t.Context(), id, at, func(context.Context, store.Notice) error {
			sent++
			return nil
		}))
	}
	if again(tuesday.Add(time.Second)); sent != 0 {
		t.Error("the email was sent again without a pause")
	}
	if again(tuesday.Add(time.Minute)); sent != 1 {
		t.Error("the email is lost")
	}
	l.expect("events of a team told", 1, `SELECT count(*) FROM events WHERE kind = 'team_told'`)
}

// An email that is out is recorded, though its connection breaks just then.
func TestTellIsRecordedAcrossABrokenConnection(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	referral := l.refer(nil).ReferralID
	id := l.due(referral, tuesday)[0]
	holding, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	told := make(chan error, 1)
	go func() {
		told <- l.Tell(t.Context(), id, tuesday, func(context.Context, store.Notice) error {
			_, err := holding.ExecContext(t.Context(), `SELECT FROM notifications WHERE id = $1 FOR UPDATE`, id)
			return err
		})
	}()
	l.awaitLock()
	l.expect("connections cut", 1, `SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock') cut`)
	l.must(holding.Rollback())
	l.must(<-told)
	if left := l.due(referral, tuesday.AddDate(1, 0, 0)); len(left) != 0 {
		t.Errorf("still due: %v", left)
	}
	l.expect("events of a team told", 1, `SELECT count(*) FROM events WHERE kind = 'team_told'`)
}
