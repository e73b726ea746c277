package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
	"intake/internal/testenv"
)

// closedCollector adds n invitations and gives their codes, number 1 first.
func (l *ledger) closedCollector(wave int64, name string, n int) (*store.Collector, []string) {
	l.t.Helper()
	c, err := l.AddClosedCollector(l.t.Context(), byCommand, wave, name, n)
	l.must(err)
	return c, l.codes(c.ID)
}

func (l *ledger) codes(collector int64) []string {
	l.t.Helper()
	var codes []string
	l.must(l.Invitations(l.t.Context(), collector, 1, 0, func(i store.Invitation) error {
		codes = append(codes, i.Code)
		if i.Number != len(codes) {
			return fmt.Errorf("number %d comes after %d", i.Number, len(codes)-1)
		}
		return nil
	}))
	return codes
}

// byInvitation opens a wave that only invitations may answer.
func (l *ledger) byInvitation(code string) int64 {
	l.t.Helper()
	l.must(l.OpenWave(l.t.Context(), byCommand, store.NewWave{
		Survey: "care-worker-survey", Code: code, Versions: []int64{1}, OpensAt: tuesday.AddDate(0, 0, -7), ByInvitation: true,
	}))
	wave, err := l.WaveByCode(l.t.Context(), "care-worker-survey", code)
	l.must(err)
	return wave.ID
}

func (l *ledger) append(r store.Response) {
	l.t.Helper()
	if duplicate, err := l.Append(l.t.Context(), r, tuesday); err != nil || duplicate {
		l.t.Fatalf("append: duplicate %v, %v", duplicate, err)
	}
}

func invited(wave int64, key uuid.UUID, code string) store.Response {
	r := response(wave, key, "x")
	r.Invitation = code
	return r
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	c, codes := l.closedCollector(wave, "Providers", 25)
	if c.Kind != store.ClosedCollector || c.Issued != 25 || len(codes) != 25 {
		t.Fatalf("added: %+v with %d codes", c, len(codes))
	}
	l.must(l.AddInvitations(t.Context(), byCommand, c.ID, 25, 5))
	more := l.codes(c.ID)
	if len(more) != 30 || !slices.Equal(more[:25], codes) || l.collector(wave, c.ID).Issued != 30 {
		t.Errorf("after adding five there are %d", len(more))
	}
	if slices.Sort(more); len(slices.Compact(more)) != 30 {
		t.Error("two invitations have the same code")
	}
	for _, code := range codes {
		if read, ok := store.ParseInvitation(store.FormatInvitation(code)); !ok || read != code {
			t.Errorf("%s is read as %q", code, read)
		}
		if found, w, err := l.FindInvitation(t.Context(), code); err != nil || found.ID != c.ID || w.ID != wave {
			t.Errorf("%s leads to %+v, %v", code, found, err)
		}
	}
	for _, code := range []string{"", "000000000001", strings.ToLower(codes[0]) + "!"} {
		if _, _, err := l.FindInvitation(t.Context(), code); !errors.Is(err, store.ErrInvitationUnknown) {
			t.Errorf("%q: %v", code, err)
		}
	}
	var page []int
	l.must(l.Invitations(t.Context(), c.ID, 24, 3, func(i store.Invitation) error {
		page = append(page, i.Number)
		return nil
	}))
	if !slices.Equal(page, []int{24, 25, 26}) {
		t.Errorf("three from 24: %v", page)
	}
	stop := errors.New("stop")
	if err := l.Invitations(t.Context(), c.ID, 1, 0, func(store.Invitation) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a visit that fails: %v", err)
	}

	for _, n := range []int{-1, 0, store.MaxInvitations + 1} {
		if err := l.AddInvitations(t.Context(), byCommand, c.ID, 30, n); err == nil {
			t.Errorf("%d invitations are added", n)
		}
	}
	if _, err := l.AddClosedCollector(t.Context(), byCommand, wave, "Providers", 1); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same name: %v", err)
	}
	if _, err := l.AddClosedCollector(t.Context(), byCommand, wave, "None", 0); err == nil {
		t.Error("a collector of no invitations is added")
	}
	l.expect("collectors", 1, `SELECT count(*) FROM collectors`)
	poster := l.openCollector(wave, "Poster")
	l.must(l.CloseCollector(t.Context(), byCommand, c.ID))
	for name, id := range map[string]int64{"open": poster.ID, "closed": c.ID, "missing": c.ID + 1000} {
		if err := l.AddInvitations(t.Context(), byCommand, id, 30, 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("more invitations for a collector that is %s: %v", name, err)
		}
		if _, err := l.Reissue(t.Context(), byCommand, id, 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("re-issuing one of a collector that is %s: %v", name, err)
		}
	}
	if _, _, err := l.CollectorByCode(t.Context(), c.Code); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a closed collector has a short link: %v", err)
	}
}

func TestManyInvitationsAtOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	start := time.Now()
	c, codes := l.closedCollector(l.wave("one"), "Everybody", 12_000)
	t.Logf("12,000 invitations made and read in %v", time.Since(start))
	if len(codes) != 12_000 {
		t.Fatalf("%d codes", len(codes))
	}
	// A button that is pressed more than once adds once.
	var stale atomic.Int32
	errs := together(4, func(int) error {
		err := l.AddInvitations(t.Context(), byCommand, c.ID, 12_000, 10)
		if errors.Is(err, store.ErrStale) {
			stale.Add(1)
			return nil
		}
		return err
	})
	l.must(errors.Join(errs...))
	if n := len(l.codes(c.ID)); n != 12_010 || stale.Load() != 3 {
		t.Errorf("%d codes, and %d refusals, after ten were added four times at once", n, stale.Load())
	}
}

func TestAnInvitationCountsOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, other := l.byInvitation("one"), l.byInvitation("two")
	c, codes := l.closedCollector(wave, "Providers", 4)
	_, otherCodes := l.closedCollector(other, "Others", 1)
	closing, closingCodes := l.closedCollector(wave, "Closing", 3)
	l.must(l.CloseCollector(t.Context(), byCommand, closing.ID))
	first := uuid.New()
	l.append(invited(wave, first, codes[0]))

	late := tuesday.Add(store.LateFor)
	wrongVersion := invited(wave, uuid.New(), codes[0])
	wrongVersion.FormVersion = 9
	known := invited(other, first, otherCodes[0])
	known.FormVersion = 9
	for _, c := range []struct {
		name      string
		r         store.Response
		at        time.Time
		duplicate bool
		want      error
	}{
		{"the same once more", invited(wave, first, codes[0]), tuesday, true, nil},
		{"a known key, whatever else", known, tuesday.AddDate(0, 0, -8), true, nil},
		{"a known key with a fresh invitation", invited(wave, first, codes[1]), tuesday, true, nil},
		{"a known key without its invitation", response(wave, first, "x"), tuesday, true, nil},
		{"before the wave opens", invited(wave, uuid.New(), codes[0]), tuesday.AddDate(0, 0, -8), false, store.ErrWaveClosed},
		{"another version", wrongVersion, tuesday, false, store.ErrVersion},
		{"no invitation", response(wave, uuid.New(), "x"), tuesday, false, store.ErrInvitationNeeded},
		{"no such invitation", invited(wave, uuid.New(), "000000000001"), tuesday, false, store.ErrInvitationUnknown},
		{"another wave's invitation", invited(wave, uuid.New(), otherCodes[0]), tuesday, false, store.ErrInvitationUnknown},
		{"a spent one", invited(wave, uuid.New(), codes[0]), tuesday, false, store.ErrInvitationSpent},
		{"of a collector that closed", invited(wave, uuid.New(), closingCodes[0]), late.Add(-time.Microsecond), false, nil},
		{"of one that closed too long ago", invited(wave, uuid.New(), closingCodes[1]), late, false, store.ErrInvitationExpired},
		{"a spent one of one that closed too long ago", invited(wave, uuid.New(), closingCodes[0]), late, false, store.ErrInvitationExpired},
	} {
		duplicate, err := l.Append(t.Context(), c.r, c.at)
		if duplicate != c.duplicate || !errors.Is(err, c.want) {
			t.Errorf("%s: duplicate %v, %v, want %v, %v", c.name, duplicate, err, c.duplicate, c.want)
		}
	}
	l.expect("responses", 2, `SELECT count(*) FROM inbox`)
	l.expect("spent keys", 2, `SELECT count(*) FROM submission_keys`)
	l.expect("spent invitations", 2, `SELECT count(*) FROM invitations WHERE spent`)
	l.expect("through the first collector", 1, `SELECT count(*) FROM inbox WHERE collector_id = $1`, c.ID)

	// In a wave for anyone, an invitation is still one person's.
	anyone := l.wave("three")
	_, codes = l.closedCollector(anyone, "Some", 1)
	l.append(invited(anyone, uuid.New(), codes[0]))
	l.append(response(anyone, uuid.New(), "x"))
	if _, err := l.Append(t.Context(), invited(anyone, uuid.New(), codes[0]), tuesday); !errors.Is(err, store.ErrInvitationSpent) {
		t.Errorf("a spent invitation to a wave for anyone: %v", err)
	}
}

func TestReissue(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.byInvitation("one")
	c, codes := l.closedCollector(wave, "Providers", 3)
	key := uuid.New()
	l.append(invited(wave, key, codes[0]))
	unused, err := l.Reissue(t.Context(), byCommand, c.ID, 2)
	l.must(err)
	used, err := l.Reissue(t.Context(), byCommand, c.ID, 1)
	l.must(err)
	if got := l.codes(c.ID); !slices.Equal(got, []string{used, unused, codes[2]}) || l.collector(wave, c.ID).Reissued != 2 || l.collector(wave, c.ID).Issued != 3 {
		t.Errorf("codes %q, %+v", got, l.collector(wave, c.ID))
	}
	if _, _, err := l.FindInvitation(t.Context(), codes[1]); !errors.Is(err, store.ErrInvitationUnknown) {
		t.Errorf("the old code: %v", err)
	}
	for name, try := range map[string]struct {
		code string
		want error
	}{
		"the old code of an unused one": {codes[1], store.ErrInvitationUnknown},
		"the old code of a used one":    {codes[0], store.ErrInvitationUnknown},
		"the new code of a used one":    {used, store.ErrInvitationSpent},
		"the new code of an unused one": {unused, nil},
	} {
		if _, err := l.Append(t.Context(), invited(wave, uuid.New(), try.code), tuesday); !errors.Is(err, try.want) {
			t.Errorf("%s: %v, want %v", name, err, try.want)
		}
	}
	if duplicate, err := l.Append(t.Context(), invited(wave, key, codes[0]), tuesday); !duplicate || err != nil {
		t.Errorf("a retry with the old code: %v, %v", duplicate, err)
	}
	for _, number := range []int{0, 4, -1} {
		if _, err := l.Reissue(t.Context(), byCommand, c.ID, number); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("number %d: %v", number, err)
		}
	}
	if got := l.collector(wave, c.ID).Reissued; got != 2 {
		t.Errorf("%d are counted as re-issued", got)
	}
}

func TestInvitationsAfterAChangeOfKeys(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	l := openLedgerOn(t, db)
	wave := l.byInvitation("one")
	c, codes := l.closedCollector(wave, "Providers", 2)
	rotated, err := db.Keys.Rotate()
	l.must(err)
	l.Store, err = store.Open(t.Context(), db.DSN, store.Options{Keys: rotated})
	l.must(err)
	defer func() { l.must(l.Close()) }()
	l.append(invited(wave, uuid.New(), codes[0]))
	l.must(l.AddInvitations(t.Context(), byCommand, c.ID, 2, 1))
	if got := l.codes(c.ID); len(got) != 3 || !slices.Equal(got[:2], codes) {
		t.Errorf("the sheet printed again holds %q, was %q", got, codes)
	}
	l.append(invited(wave, uuid.New(), l.codes(c.ID)[2]))
}

func TestCodesOfEndedInvitationsAreDropped(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	closedWave, closedCollector, open := l.wave("one"), l.wave("two"), l.wave("three")
	a, codes := l.closedCollector(closedWave, "A", 3)
	b, _ := l.closedCollector(closedCollector, "B", 3)
	c, _ := l.closedCollector(open, "C", 3)
	l.closeWave("one", tuesday)
	l.must(l.CloseCollector(t.Context(), byCommand, b.ID))
	l.must(l.Housekeep(t.Context(), tuesday.Add(store.LateFor-time.Second)))
	l.expect("codes that are kept while phones may still send", 9, `SELECT count(*) FROM invitations WHERE code_sealed IS NOT NULL`)
	l.must(l.Housekeep(t.Context(), tuesday.Add(store.LateFor)))
	l.expect("codes that are kept afterwards", 3, `SELECT count(*) FROM invitations WHERE code_sealed IS NOT NULL`)
	if got := l.codes(a.ID); len(got) != 0 {
		t.Errorf("dropped codes are read as %q", got)
	}
	if got := l.codes(c.ID); len(got) != 3 {
		t.Errorf("of an open collector %d codes are left", len(got))
	}
	if found, _, err := l.FindInvitation(t.Context(), codes[0]); err != nil || found.ID != a.ID {
		t.Errorf("a link that is followed late: %v", err)
	}
}
