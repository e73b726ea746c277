package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

func (l *ledger) openCollector(wave int64, name string) *store.Collector {
	l.t.Helper()
	c, err := l.AddOpenCollector(l.t.Context(), byCommand, wave, name)
	l.must(err)
	return c
}

// collector reads what managers see of it now.
func (l *ledger) collector(wave, id int64) store.Collector {
	l.t.Helper()
	collectors, err := l.Collectors(l.t.Context(), wave)
	l.must(err)
	for _, c := range collectors {
		if c.ID == id {
			return c
		}
	}
	l.t.Fatalf("wave %d has no collector %d", wave, id)
	return store.Collector{}
}

func TestOpenCollectors(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, other := l.wave("one"), l.wave("two")
	poster := l.openCollector(wave, "Poster")
	elsewhere := l.openCollector(other, "Poster")
	if poster.Kind != store.OpenCollector || len(poster.Code) != 6 || poster.WaveID != wave || poster.Issued != 0 {
		t.Errorf("added: %+v", poster)
	}
	if _, err := l.AddOpenCollector(t.Context(), byCommand, wave, "Poster"); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
	for _, name := range []string{"", strings.Repeat("x", 101)} {
		if _, err := l.AddOpenCollector(t.Context(), byCommand, wave, name); err == nil {
			t.Errorf("a name of %d characters is taken", len(name))
		}
	}
	for _, typed := range []string{poster.Code, " " + strings.ToLower(poster.Code), poster.Code[:3] + "-" + poster.Code[3:], strings.ReplaceAll(poster.Code, "0", "o")} {
		if c, w, err := l.CollectorByCode(t.Context(), typed); err != nil || c.ID != poster.ID || w.ID != wave {
			t.Errorf("%q leads to %+v, %+v, %v", typed, c, w, err)
		}
	}
	swapped := poster.Code[:5] + string(referenceLetters[(strings.IndexByte(referenceLetters, poster.Code[5])+1)%32])
	for _, typed := range []string{"", "x", swapped, strings.Repeat(poster.Code, 2), "%%%%%%"} {
		if _, _, err := l.CollectorByCode(t.Context(), typed); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", typed, err)
		}
	}

	// Whatever the link was, the answers count.
	for _, through := range []string{poster.Code, strings.ToLower(poster.Code), elsewhere.Code, swapped, "", "\xff\x00"} {
		r := response(wave, uuid.New(), "x")
		r.Collector = through
		if _, err := l.Append(t.Context(), r, tuesday); err != nil {
			t.Errorf("through %q: %v", through, err)
		}
	}
	l.expect("through the poster", 2, `SELECT count(*) FROM inbox WHERE collector_id = $1`, poster.ID)
	l.expect("through nothing", 4, `SELECT count(*) FROM inbox WHERE collector_id IS NULL`)

	l.must(l.CloseCollector(t.Context(), byCommand, poster.ID))
	if err := l.CloseCollector(t.Context(), store.Deed{At: tuesday.Add(time.Hour)}, poster.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("closing a closed collector: %v", err)
	}
	c, _, err := l.CollectorByCode(t.Context(), poster.Code)
	l.must(err)
	if c.Open(tuesday) || !c.Open(tuesday.Add(-time.Second)) || !elsewhere.Open(ended) {
		t.Errorf("a collector that closed at %v says otherwise", c.ClosedAt)
	}
	for _, late := range []time.Duration{store.LateFor - time.Microsecond, store.LateFor} {
		r := response(wave, uuid.New(), "x")
		r.Collector = poster.Code
		_, err := l.Append(t.Context(), r, tuesday.Add(late))
		l.must(err)
	}
	l.expect("through the poster until late", 3, `SELECT count(*) FROM inbox WHERE collector_id = $1`, poster.ID)
}

// told is the number that came back, -1 where it is not told.
func told(c store.Collector) int {
	if c.Returned == nil {
		return -1
	}
	return *c.Returned
}

// The number that came back never moves by fewer than ten people, but for the
// rest when the wave has ended.
func TestReturnsAreToldByTheRuleOfTen(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	closed, codes := l.closedCollector(wave, "Providers", 30)
	poster := l.openCollector(wave, "Poster")
	next := 0
	send := func(invited, through, neither int) {
		t.Helper()
		for i := range invited + through + neither {
			r := response(wave, uuid.New(), fmt.Sprint(next))
			if i < invited {
				r.Invitation = codes[next]
				next++
			} else if i < invited+through {
				r.Collector = poster.Code
			}
			l.append(r)
		}
		l.release(wave, tuesday)
	}
	expect := func(when string, wantClosed, wantPoster int) {
		t.Helper()
		c, p := l.collector(wave, closed.ID), l.collector(wave, poster.ID)
		if told(c) != wantClosed || told(p) != wantPoster {
			t.Errorf("%s: %d invitations returned and %d through the poster, want %d and %d", when, told(c), told(p), wantClosed, wantPoster)
		}
		if percent, ok := c.Rate(); ok != (wantClosed >= 10) || ok && percent != (wantClosed*100+15)/30 {
			t.Errorf("%s: rate %d %%, %v", when, percent, ok)
		}
		if _, ok := p.Rate(); ok {
			t.Errorf("%s: an open collector has a rate", when)
		}
	}
	send(9, 0, 0)
	expect("nine in the inbox", -1, -1)
	send(0, 3, 0)
	expect("nine and three released", -1, -1)
	send(1, 0, 9)
	expect("the tenth", 10, -1)
	send(9, 7, 0)
	expect("nine more, and ten through the poster", 10, 10)
	send(0, 1, 9)
	expect("one more through the poster", 10, 10)
	l.closeWave("one", tuesday)
	l.release(wave, tuesday.Add(store.LateFor))
	expect("while phones may still send", 10, 10)
	// Nothing is left in the inbox, and yet there is something to tell.
	due, err := l.WavesToRelease(t.Context(), ended)
	if err != nil || len(due) != 1 {
		t.Errorf("waves to release: %v, %v", due, err)
	}
	l.release(wave, ended)
	expect("at the end", 19, 11)
	if due, err := l.WavesToRelease(t.Context(), ended); err != nil || len(due) != 0 {
		t.Errorf("waves to release afterwards: %v, %v", due, err)
	}
	l.expectLedgerAgrees(wave)
}

// The wave's total and a collector's number do not give away another's.
func TestNoCollectorIsLeftOver(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.byInvitation("one")
	large, codes := l.closedCollector(wave, "Large", 16)
	small, few := l.closedCollector(wave, "Small", 12)
	use := func(codes []string) {
		for _, code := range codes {
			l.append(invited(wave, uuid.New(), code))
		}
	}
	expect := func(when string, wantLarge, wantSmall int) {
		t.Helper()
		a, b := l.collector(wave, large.ID), l.collector(wave, small.ID)
		if told(a) != wantLarge || told(b) != wantSmall {
			t.Errorf("%s: told are %d and %d, want %d and %d", when, told(a), told(b), wantLarge, wantSmall)
		}
	}
	use(slices.Concat(codes[:10], few[:9]))
	l.release(wave, tuesday)
	expect("ten and nine", -1, -1)
	use(codes[10:14])
	l.closeWave("one", tuesday)
	l.release(wave, ended)
	expect("the wave has ended", -1, -1)
	l.expect("fourteen of twenty-three", 14, `SELECT returned FROM collectors WHERE id = $1`, large.ID)
}

func TestRateIsRoundedToWholePerCent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ returned, issued, want int }{{10, 80, 13}, {10, 81, 12}, {10, 10, 100}, {11, 16, 69}, {199, 200, 100}} {
		c := store.Collector{Kind: store.ClosedCollector, Issued: test.issued, Returned: &test.returned}
		if got, ok := c.Rate(); got != test.want || !ok {
			t.Errorf("%d of %d are %d %%, %v, want %d", test.returned, test.issued, got, ok, test.want)
		}
	}
}
