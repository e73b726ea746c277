package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

func TestEditionDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes   []int
		counted int
		last    bool
		want    bool
	}{
		{nil, 0, false, false},
		{nil, 3, false, true},
		{[]int{10}, 19, false, false},
		{[]int{10}, 20, false, true},
		{[]int{10, 500}, 549, false, false},
		{[]int{10, 500}, 550, false, true},
		{[]int{10, 500}, 510, true, true},
		{[]int{10, 500}, 509, true, false},
	} {
		if got := store.EditionDue(c.sizes, c.counted, c.last); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// looked makes an edition of what has been released, if it is one.
func (l *ledger) looked(code string, now time.Time) []int {
	l.t.Helper()
	w, err := l.WaveByCode(l.t.Context(), "care-worker-survey", code)
	l.must(err)
	sizes, err := l.Editions(l.t.Context(), w, w.Released, now)
	l.must(err)
	return sizes
}

// Ten stay behind of all tables of the inbox together.
func TestAfterALookTenStayBehindOfAllTables(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 25)
	l.release(wave, tuesday)
	l.looked("one", tuesday)
	for i := range 24 {
		l.putInto(store.Inboxes[i%len(store.Inboxes)], wave, uuid.New(), "")
	}
	if n := l.release(wave, tuesday); n != 14 {
		t.Errorf("%d of 24 left", n)
	}
	l.expect("waiting", 10, `SELECT count(*) FROM inbox`)
}

// TestAfterALookTenStayBehind: then the last release has ten, and its figures
// can be shown beside those that were seen.
func TestAfterALookTenStayBehind(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	waiting := func(want int) {
		t.Helper()
		l.expect("waiting", want, `SELECT count(*) FROM inbox WHERE wave_id = $1`, wave)
	}
	l.fill(wave, 0, 25)
	l.release(wave, tuesday)
	waiting(0)
	for range 2 {
		if got := l.looked("one", tuesday); !slices.Equal(got, []int{25}) {
			t.Errorf("editions %v", got)
		}
	}
	l.fill(wave, 25, 19)
	if due, err := l.WavesToRelease(t.Context(), tuesday); err != nil || len(due) > 0 {
		t.Errorf("with 19 waiting a release of %v is due: %v", due, err)
	}
	l.release(wave, tuesday)
	waiting(19)
	l.fill(wave, 44, 1)
	if due, err := l.WavesToRelease(t.Context(), tuesday); err != nil || !slices.Equal(due, []int64{wave}) {
		t.Errorf("with 20 waiting a release of %v is due: %v", due, err)
	}
	if moved := l.release(wave, tuesday); moved != 10 {
		t.Errorf("%d moved", moved)
	}
	waiting(10)
	if got := l.looked("one", tuesday); !slices.Equal(got, []int{25, 35}) {
		t.Errorf("editions %v", got)
	}
	l.closeWave("one", tuesday)
	if moved := l.release(wave, ended); moved != 10 {
		t.Errorf("%d moved at the end", moved)
	}
	if got := l.looked("one", ended); !slices.Equal(got, []int{25, 35, 45}) {
		t.Errorf("editions %v", got)
	}
	l.expectLedgerAgrees(wave)
}

// TestARestOfFewLeavesWhatWasSeen: it does not join a release whose figures
// have been seen, and is no edition.
func TestARestOfFewLeavesWhatWasSeen(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 12)
	l.release(wave, tuesday)
	before := l.arrivals(`SELECT answers->'one_change'->>0 FROM responses WHERE wave_id = $1 ORDER BY ordinal`, wave)
	l.looked("one", tuesday)
	l.fill(wave, 12, 5)
	l.closeWave("one", tuesday)
	if moved := l.release(wave, ended); moved != 5 {
		t.Errorf("%d moved at the end", moved)
	}
	l.expect("releases", 2, `SELECT count(*) FROM releases WHERE wave_id = $1`, wave)
	after := l.arrivals(`SELECT answers->'one_change'->>0 FROM responses WHERE wave_id = $1 ORDER BY ordinal`, wave)
	if !slices.Equal(after[:12], before) {
		t.Errorf("what was seen has become something else: %v, then %v", before, after)
	}
	if got := l.looked("one", ended); !slices.Equal(got, []int{12}) {
		t.Errorf("editions %v", got)
	}
	l.expectLedgerAgrees(wave)
}
