package store_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"intake/internal/store"
	"intake/internal/testenv"
)

// expectLedgerAgrees checks what holds after any number of releases: ordinals
// without a gap, sizes that add up, one transaction a release.
func (l *ledger) expectLedgerAgrees(wave int64) {
	l.t.Helper()
	l.expect("ordinals out of line", 0, `SELECT count(*) FROM (
		SELECT ordinal, row_number() OVER (ORDER BY ordinal) - 1 AS want FROM responses WHERE wave_id = $1) o WHERE ordinal <> want`, wave)
	l.expect("releases out of line", 0, `SELECT count(*) FROM (
		SELECT release, max(release) OVER (ORDER BY ordinal) AS so_far FROM responses WHERE wave_id = $1) o WHERE release <> so_far`, wave)
	l.expect("releases whose size is wrong", 0, `SELECT count(*) FROM releases r WHERE wave_id = $1
		AND size <> (SELECT count(*) FROM responses WHERE wave_id = $1 AND release = r.number)`, wave)
	l.expect("waves whose counts are wrong", 0, `SELECT count(*) FROM waves w WHERE id = $1
		AND (released, releases) <> ((SELECT count(*) FROM responses WHERE wave_id = $1), (SELECT count(*) FROM releases WHERE wave_id = $1))`, wave)
	l.expect("releases written by several transactions", 0, `SELECT count(*) FROM (SELECT release FROM responses
		WHERE wave_id = $1 GROUP BY release HAVING count(DISTINCT xmin::text) > 1) r`, wave)
}

// TestAStormIsReleasedBitByBit: no release keeps the server busy for long, and
// none is left too small.
func TestAStormIsReleasedBitByBit(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	inbox := func(n int) {
		_, err := l.raw.ExecContext(t.Context(), `INSERT INTO inbox (submission_key, wave_id, form_version, answers)
			SELECT gen_random_uuid(), $1, 1, '{"overall": ["good"]}' FROM generate_series(1, $2)`, wave, n)
		l.must(err)
	}
	inbox(2*store.MostReleased + store.MinRelease - 1)
	for i, want := range []int{store.MostReleased, store.MostReleased + store.MinRelease - 1, 0} {
		if moved := l.release(wave, tuesday); moved != want {
			t.Errorf("release %d: %d moved, want %d", i+1, moved, want)
		}
	}
	l.expectLedgerAgrees(wave)
	l.closeWave("one", tuesday)
	inbox(store.MostReleased + store.MinRelease)
	for i, want := range []int{store.MostReleased, store.MinRelease, 0} {
		if moved := l.release(wave, ended); moved != want {
			t.Errorf("release %d after closing: %d moved, want %d", i+1, moved, want)
		}
	}
	l.expectLedgerAgrees(wave)
}

func TestReleaseWaitsForTen(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	expectDue := func(want ...int64) {
		t.Helper()
		due, err := l.WavesToRelease(t.Context(), tuesday)
		if err != nil || !slices.Equal(due, want) {
			t.Errorf("waves to release: %v, %v, want %v", due, err, want)
		}
	}
	expectDue()
	l.fill(wave, 0, 9)
	expectDue()
	if moved := l.release(wave, tuesday); moved != 0 {
		t.Errorf("nine responses: %d moved", moved)
	}
	if at, err := l.LastRelease(t.Context(), wave); err != nil || at != nil {
		t.Errorf("there was a release at %v, %v", at, err)
	}
	l.fill(wave, 9, 3)
	expectDue(wave)
	if moved := l.release(wave, tuesday); moved != 12 {
		t.Errorf("twelve responses: %d moved, want all", moved)
	}
	if moved := l.release(wave, tuesday); moved != 0 {
		t.Errorf("an empty inbox: %d moved", moved)
	}
	l.fill(wave, 12, 10)
	l.release(wave, tuesday.Add(time.Hour))
	l.expect("releases", 2, `SELECT count(*) FROM releases`)
	l.expectLedgerAgrees(wave)
	if at, err := l.LastRelease(t.Context(), wave); err != nil || at == nil || !at.Equal(tuesday.Add(time.Hour)) {
		t.Errorf("last release: %v, %v", at, err)
	}

	var words []string
	for _, a := range testenv.Released(t, l.Store, wave) {
		words = append(words, a.Get("one_change"))
	}
	slices.Sort(words)
	if len(slices.Compact(words)) != 22 || words[0] != "0" {
		t.Errorf("released answers: %q", words)
	}
	if _, err := l.Release(t.Context(), wave+1000, tuesday); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("release of no wave: %v", err)
	}
}

func TestReleaseOfTheRestOfAClosedWave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, rest, releases int }{
		{0, 4, 1},   // nothing to join
		{15, 3, 1},  // joins the one before
		{15, 10, 2}, // enough to stand alone
		{15, 0, 1},
	} {
		t.Run(fmt.Sprintf("%d then %d", c.before, c.rest), func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			wave := l.wave("one")
			l.fill(wave, 0, 12)
			l.release(wave, tuesday) // never touched again
			l.fill(wave, 12, c.before)
			l.release(wave, tuesday)
			l.fill(wave, 12+c.before, c.rest)
			first := l.texts(`SELECT ordinal::text || xmin::text || ctid::text FROM responses WHERE release = 1 ORDER BY ordinal`)
			l.closeWave("one", tuesday)
			for _, at := range []time.Time{tuesday.Add(time.Minute), tuesday.Add(store.LateFor), tuesday.Add(store.LateFor + time.Second)} {
				if moved := l.release(wave, at); c.rest < store.MinRelease && moved != 0 {
					t.Errorf("%d moved while a post may still be on its way", moved)
				}
			}
			l.release(wave, ended)
			if c.before == 0 {
				// The rest joined the first release.
				l.expect("size of the only release", 12+c.rest, `SELECT size FROM releases`)
			} else if !slices.Equal(first, l.texts(`SELECT ordinal::text || xmin::text || ctid::text FROM responses WHERE release = 1 ORDER BY ordinal`)) {
				t.Error("a release before the last was written again")
			}
			l.expect("releases", c.releases+min(1, c.before), `SELECT count(*) FROM releases`)
			l.expect("responses", 12+c.before+c.rest, `SELECT count(*) FROM responses`)
			l.expect("inbox", 0, `SELECT count(*) FROM inbox`)
			l.expectLedgerAgrees(wave)
		})
	}
}

// What comes late to a closed wave leaves with at least nine others, too.
func TestLateAnswersFollowTheRuleOfTen(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 10)
	l.closeWave("one", tuesday)
	l.fillAt(wave, 10, 9, tuesday.Add(time.Hour))
	if moved := l.release(wave, tuesday.Add(time.Hour)); moved != 19 {
		t.Errorf("nineteen responses: %d moved", moved)
	}
	l.fillAt(wave, 19, 9, tuesday.Add(2*time.Hour))
	if moved := l.release(wave, tuesday.Add(2*time.Hour)); moved != 0 {
		t.Errorf("nine responses: %d moved", moved)
	}
	l.fillAt(wave, 28, 1, tuesday.Add(store.LateFor-time.Microsecond))
	if moved := l.release(wave, tuesday.Add(store.LateFor)); moved != 10 {
		t.Errorf("ten responses: %d moved", moved)
	}
	l.expect("releases", 2, `SELECT count(*) FROM releases`)
	l.expectLedgerAgrees(wave)
}

func TestFewAnswersInAWaveThatClosesAreReleased(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 3)
	l.closeWave("one", tuesday)
	for at, want := range map[time.Time][]int64{tuesday.Add(store.LateFor): nil, ended: {wave}} {
		due, err := l.WavesToRelease(t.Context(), at)
		if err != nil || !slices.Equal(due, want) {
			t.Errorf("waves to release at %v: %v, %v", at, due, err)
		}
	}
	if moved := l.release(wave, ended); moved != 3 {
		t.Errorf("%d moved, want 3", moved)
	}
	l.expectLedgerAgrees(wave)
}

func TestReleasesAtOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 37)
	var moved, worked atomic.Int64
	errs := together(10, func(int) error {
		n, err := l.Release(t.Context(), wave, tuesday)
		moved.Add(int64(n))
		if n > 0 {
			worked.Add(1)
		}
		return err
	})
	l.must(errors.Join(errs...))
	if moved.Load() != 37 || worked.Load() != 1 {
		t.Errorf("%d moved by %d calls, want 37 by one", moved.Load(), worked.Load())
	}
	l.expectLedgerAgrees(wave)
}

// Neither the number of a response nor its place on the disk tells when it
// came or who came before it, not even in a release that the rest of a wave
// joined.
func TestReleaseShuffles(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	const waves, early, rest = 40, 30, 9
	byNumber := `SELECT answers->'one_change'->>0 FROM responses WHERE wave_id = $1 ORDER BY ordinal`
	byPlace := `SELECT answers->'one_change'->>0 FROM responses WHERE wave_id = $1 ORDER BY ctid`
	correlation, neighbours := map[string]float64{}, map[string]int{}
	look := func(when string, wave int64) {
		for order, query := range map[string]string{"ordinals": byNumber, "places on the disk": byPlace} {
			arrivals := l.arrivals(query, wave)
			correlation[order+when] += rankCorrelation(arrivals)
			neighbours[order+when] += successions(arrivals)
		}
		l.expectLedgerAgrees(wave)
	}
	lateAtTheEnd := 0
	for w := range waves {
		code := fmt.Sprint("w", w)
		wave := l.wave(code)
		l.fill(wave, 0, early)
		l.release(wave, tuesday)
		look(" of a release", wave)
		l.fill(wave, early, rest)
		l.closeWave(code, tuesday)
		l.release(wave, ended)
		look(" after the rest joined", wave)
		for _, arrival := range l.arrivals(byNumber, wave)[early:] {
			if arrival >= early {
				lateAtTheEnd++
			}
		}
	}
	for what, sum := range correlation {
		// Of one shuffle of 30 it has a deviation of 0.19, of the mean of 40
		// shuffles 0.03: 0.15 is five of them.
		if mean := sum / waves; math.Abs(mean) > 0.15 {
			t.Errorf("%s follow arrivals: mean rank correlation %.2f", what, mean)
		}
		// A shuffle keeps about one pair together: 40 in all, give or take 6.
		if neighbours[what] > 40+5*7 {
			t.Errorf("%s keep %d neighbours together", what, neighbours[what])
		}
	}
	// Of 360 last places the 9 of 39 that came last have 83, give or take 8.
	if lateAtTheEnd > 83+5*8 {
		t.Errorf("%d of %d last places are held by those who came last", lateAtTheEnd, waves*rest)
	}
}

// successions counts neighbours that came one right after the other.
func successions(arrivals []int) int {
	n := 0
	for i := range len(arrivals) - 1 {
		if arrivals[i+1] == arrivals[i]+1 {
			n++
		}
	}
	return n
}

func (l *ledger) arrivals(query string, wave int64) []int {
	l.t.Helper()
	var out []int
	for _, text := range l.texts(query, wave) {
		n, err := strconv.Atoi(text)
		l.must(err)
		out = append(out, n)
	}
	return out
}

// rankCorrelation is Spearman's, between a permutation of 0, 1, 2, … and order.
func rankCorrelation(ranks []int) float64 {
	n, sum := float64(len(ranks)), 0.0
	for i, rank := range ranks {
		sum += float64((rank - i) * (rank - i))
	}
	return 1 - 6*sum/(n*(n*n-1))
}

func TestRankCorrelationFindsAnOrder(t *testing.T) {
	t.Parallel()
	if got := rankCorrelation([]int{0, 1, 2, 3, 4}); got != 1 {
		t.Errorf("in order: %v", got)
	}
	if got := rankCorrelation([]int{4, 3, 2, 1, 0}); got != -1 {
		t.Errorf("in reverse: %v", got)
	}
}
