package handlers

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// TestMoreThanTheLedgerTakes: while too much waits for the ledger, a program is
// told to come again, somebody with a plain form gets the answers back, and a
// referral is taken as ever.
func TestMoreThanTheLedgerTakes(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.browser()
	form := b.fill(b.get(surveyPath)).setAll(homeCarer)
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	defer func() { app.must(db.Close()) }()
	tx, err := db.BeginTx(context.Background(), nil)
	app.must(err)
	_, err = tx.ExecContext(t.Context(), `LOCK TABLE submission_keys IN SHARE ROW EXCLUSIVE MODE`)
	app.must(err)

	var waiting sync.WaitGroup
	add := func(answers forms.Encoded) {
		waiting.Go(func() {
			_, err := app.store.Append(t.Context(), store.Response{Key: uuid.New(), WaveID: wave.ID, FormVersion: 1, Answers: answers}, app.clock())
			if err != nil && !store.IsUnavailable(err) {
				t.Error(err)
			}
		})
	}
	within := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	// One is on its way before the others line up behind it.
	add(forms.Encoded(`{}`))
	within("nothing waits for the lock", func() bool {
		var n int
		app.must(db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks WHERE NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&n))
		return n > 0
	})
	long := forms.Answers{"one_change": {strings.Repeat("x", 1<<20)}}.Encode() // once: a round waits for some seconds only
	for range 40 {                                                             // where 32 are too much
		add(long)
	}
	within("nothing is too much", app.store.Overloaded)
	// Its body is never read: nothing would come of it.
	endless := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	for name, p := range map[string]*page{
		"phone":   b.send(http.MethodPost, surveyPath, strings.NewReader("%%%"), endless),
		"program": app.api(responsesPath, "no JSON"),
	} {
		if p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d, to try again after %q: %s", name, p.Status, p.Header.Get("Retry-After"), p.Body)
		}
	}
	p := form.press("send").want(http.StatusServiceUnavailable)
	p.filledIn(b, homeCarer)
	b.sendReferral(individualAnswers)

	app.must(tx.Rollback())
	waiting.Wait()
	b.get(form.press("send").redirects()).says("Thank you")
	if n := len(app.jobs.referrals); n != 1 {
		t.Errorf("%d referrals were told of", n)
	}
}

// TestTurns: no more take one than there are, and whoever gives up leaves none
// taken.
func TestTurns(t *testing.T) {
	t.Parallel()
	turns := make(turns, 2)
	first, err := turns.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := turns.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := turns.take(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third turn: %v", err)
	}
	first()
	first() // twice is once
	third, err := turns.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second()
	third()
	if len(turns) != 0 {
		t.Errorf("%d turns are taken in the end", len(turns))
	}
}
