package store_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"intake/internal/store"
)

// world is what the ledger should hold, as simply as it can be said: two
// waves, the first by invitation, each with a closed collector.
type world struct {
	*ledger
	waves      [2]int64
	names      [2]string
	collectors [2]int64
	codes      [2][]string     // the current code of each invitation
	old        []string        // codes that were replaced
	owner      map[string]int  // the wave that a current code is of
	spent      map[string]bool // by current code
	seen       map[uuid.UUID]bool
	came       [2]int // responses accepted
	invited    [2]int // of them, by invitation
	// When they closed; zero while they are open.
	waveClosed, collectorClosed [2]time.Time
}

var worlds atomic.Int64

func newWorld(l *ledger) *world {
	w := &world{ledger: l, owner: map[string]int{}, spent: map[string]bool{}, seen: map[uuid.UUID]bool{}}
	for i := range w.waves {
		w.names[i] = fmt.Sprint("w", worlds.Add(1))
		if i == 0 {
			w.waves[i] = l.byInvitation(w.names[i])
		} else {
			w.waves[i] = l.wave(w.names[i])
		}
		var c *store.Collector
		c, w.codes[i] = l.closedCollector(w.waves[i], "Providers", 4)
		w.collectors[i] = c.ID
		for _, code := range w.codes[i] {
			w.owner[code] = i
		}
	}
	return w
}

// expected is what Append should answer.
func (w *world) expected(r store.Response, wave int, at time.Time) (duplicate bool, err error) {
	over := func(closed time.Time) bool { return !closed.IsZero() && !at.Before(closed.Add(store.LateFor)) }
	owner, known := w.owner[r.Invitation]
	switch {
	case w.seen[r.Key]:
		return true, nil
	case at.Before(tuesday.AddDate(0, 0, -7)) || over(w.waveClosed[wave]):
		return false, store.ErrWaveClosed
	case r.FormVersion != 1:
		return false, store.ErrVersion
	case r.Invitation == "" && wave == 0:
		return false, store.ErrInvitationNeeded
	case r.Invitation == "":
		return false, nil
	case !known || owner != wave:
		return false, store.ErrInvitationUnknown
	case over(w.collectorClosed[wave]):
		return false, store.ErrInvitationExpired
	case w.spent[r.Invitation]:
		return false, store.ErrInvitationSpent
	}
	return false, nil
}

func (w *world) answer(t *rapid.T, keys []uuid.UUID) {
	wave := rapid.IntRange(0, 1).Draw(t, "wave")
	at := rapid.SampledFrom([]time.Time{
		tuesday, tuesday, tuesday, tuesday.AddDate(0, 0, -8), tuesday.Add(time.Hour), tuesday.Add(store.LateFor), tuesday.Add(store.LateFor + time.Hour),
	}).Draw(t, "at")
	codes := append(append([]string{"", "", "000000000001"}, w.codes[0]...), append(w.codes[1], w.old...)...)
	r := invited(w.waves[wave], rapid.SampledFrom(keys).Draw(t, "key"), rapid.SampledFrom(codes).Draw(t, "invitation"))
	r.FormVersion = rapid.SampledFrom([]int{1, 1, 1, 1, 2}).Draw(t, "version")
	wantDuplicate, want := w.expected(r, wave, at)
	duplicate, err := w.Append(w.t.Context(), r, at)
	if duplicate != wantDuplicate || !errors.Is(err, want) || want == nil && err != nil {
		t.Fatalf("duplicate %v, %v, want %v, %v", duplicate, err, wantDuplicate, want)
	}
	if duplicate || err != nil {
		return
	}
	w.seen[r.Key] = true
	w.came[wave]++
	if r.Invitation != "" {
		w.spent[r.Invitation] = true
		w.invited[wave]++
	}
}

func (w *world) reissue(t *rapid.T) {
	wave, number := rapid.IntRange(0, 1).Draw(t, "wave"), rapid.IntRange(1, 4).Draw(t, "number")
	code, err := w.Reissue(w.t.Context(), byCommand, w.collectors[wave], number)
	if !w.collectorClosed[wave].IsZero() {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("re-issue of a closed collector: %v", err)
		}
		return
	}
	w.must(err)
	before := w.codes[wave][number-1]
	w.codes[wave][number-1], w.owner[code], w.spent[code] = code, wave, w.spent[before]
	delete(w.owner, before)
	w.old = append(w.old, before)
}

// close closes a wave or a collector, one in a few times.
func (w *world) close(t *rapid.T) {
	switch i := rapid.IntRange(0, 1).Draw(t, "which"); rapid.IntRange(0, 3).Draw(t, "what") {
	case 0:
		if w.waveClosed[i].IsZero() {
			w.closeWave(w.names[i], tuesday)
			w.waveClosed[i] = tuesday
		}
	case 1:
		if w.collectorClosed[i].IsZero() {
			w.must(w.CloseCollector(w.t.Context(), byCommand, w.collectors[i]))
			w.collectorClosed[i] = tuesday
		}
	}
}

// check compares what is kept with what should be.
func (w *world) check(t *rapid.T) {
	for i, wave := range w.waves {
		total, err := w.LiveTotal(w.t.Context(), wave)
		if err != nil || total != w.came[i] {
			t.Fatalf("live total %d, %v, want %d", total, err, w.came[i])
		}
		spent := w.count(`SELECT count(*) FROM invitations WHERE spent AND collector_id = $1`, w.collectors[i])
		counted := w.count(`SELECT returned + held_back + (SELECT count(*) FROM inbox WHERE collector_id = c.id) FROM collectors c WHERE id = $1`, w.collectors[i])
		if spent != w.invited[i] || counted != w.invited[i] {
			t.Fatalf("%d spent and %d counted invitations, want %d", spent, counted, w.invited[i])
		}
	}
}

// Whatever people, managers and workers do in whatever order, the ledger
// answers and keeps what the few lines above say.
func TestInvitationsFollowTheirModel(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(l)
		var keys []uuid.UUID
		for range 12 {
			keys = append(keys, uuid.New())
		}
		for range rapid.IntRange(5, 20).Draw(t, "acts") {
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			case 0:
				w.reissue(t)
			case 1:
				at := rapid.SampledFrom([]time.Time{tuesday, ended.Add(time.Hour)}).Draw(t, "at")
				_, err := l.Release(l.t.Context(), w.waves[rapid.IntRange(0, 1).Draw(t, "wave")], at)
				l.must(err)
			case 2:
				w.close(t)
			default:
				w.answer(t, keys)
			}
		}
		w.check(t)
	})
}
