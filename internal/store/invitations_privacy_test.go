package store_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// After a release neither place nor transaction of an invitation tells when it
// was used, nor which answers it brought.
func TestReleaseForgetsTheOrderOfInvitations(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	const rounds, size = 8, 60
	places := 0.0
	for round := range rounds {
		wave := l.byInvitation(fmt.Sprint("w", round))
		c, codes := l.closedCollector(wave, "Providers", 200)
		// The order of use is not that of the numbers.
		for n, number := range rand.Perm(len(codes))[:size] {
			r := invited(wave, uuid.New(), codes[number])
			r.Answers.(forms.Answers)["one_change"] = []string{fmt.Sprint(n)}
			l.append(r)
		}
		used := l.texts(`SELECT i.number::text FROM inbox b JOIN invitations i ON i.xmin::text = b.xmin::text
			WHERE b.wave_id = $1 ORDER BY (b.answers->'one_change'->>0)::int`, wave)
		if len(used) != size {
			t.Fatalf("in the inbox %d of %d are tied to their invitation", len(used), size)
		}
		turn := map[string]int{}
		for n, number := range used {
			turn[number] = n
		}
		order := func(by string) float64 {
			var turns []int
			for _, number := range l.texts(`SELECT number::text FROM invitations WHERE collector_id = $1 AND spent ORDER BY `+by, c.ID) {
				turns = append(turns, turn[number])
			}
			return rankCorrelation(turns)
		}
		if got := order("xmin::text::bigint"); got != 1 {
			t.Fatalf("before the release transactions have rank correlation %.2f with the order of use: this test would find nothing", got)
		}
		l.release(wave, tuesday)
		places += order("ctid")
		l.expect("transactions that wrote used invitations", 1, `SELECT count(DISTINCT xmin::text) FROM invitations WHERE collector_id = $1 AND spent`, c.ID)
		l.expect("invitations that a transaction ties to a key", 0, `SELECT count(*) FROM invitations i
			JOIN submission_keys k ON k.xmin::text = i.xmin::text WHERE i.collector_id = $1`, c.ID)
	}
	// Of one shuffle of 60 the deviation is 0.13, of the mean of eight 0.046.
	if mean := places / rounds; math.Abs(mean) > 0.23 {
		t.Errorf("after the release places follow the order of use: mean rank correlation %.2f", mean)
	}
}

func TestCodesAreNotLegibleInTheDatabase(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	_, codes := l.closedCollector(wave, "Providers", 20)
	l.append(invited(wave, uuid.New(), codes[0]))
	text, bytes := l.dump()
	for _, code := range codes {
		for _, form := range []string{code, store.FormatInvitation(code)} {
			if strings.Contains(text, form) || strings.Contains(string(bytes), form) {
				t.Errorf("%s is legible", form)
			}
		}
	}
}
