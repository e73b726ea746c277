package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// demoWave opens a demo wave a week before tuesday and gives its id.
func (l *ledger) demoWave(code string, change func(*store.NewWave)) int64 {
	l.t.Helper()
	w := store.NewWave{
		Survey: "care-worker-survey", Code: code, Versions: []int64{1}, OpensAt: tuesday.AddDate(0, 0, -7), Demo: true,
	}
	if change != nil {
		change(&w)
	}
	l.must(l.OpenWave(l.t.Context(), byCommand, w))
	wave, err := l.WaveByCode(l.t.Context(), w.Survey, code)
	l.must(err)
	return wave.ID
}

// hardToWrite are answers that a careless COPY would break.
func hardToWrite(i int) forms.Answers {
	return forms.Answers{
		"overall":         {"good"},
		"lone_protection": {"check_ins", "alarm_app"},
		"one_change":      {fmt.Sprintf("%d \\. \\N tab\there\nnew line, \"quotes\", 'more', {braces}, é, 😀, <b>&</b>", i)},
	}
}

func demoRelease(wave int64, size int) store.DemoRelease {
	return store.DemoRelease{WaveID: wave, FormVersion: 1, Size: size, At: tuesday, Next: hardToWrite}
}

// What is loaded is the same, to the byte, as what took the way of real
// responses, and holds as little beside the answers.
func TestLoadedResponsesAreLikeReleasedOnes(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	const n = 40
	real, loaded := l.wave("real"), l.demoWave("loaded", nil)
	for i := range n {
		_, err := l.Append(t.Context(), store.Response{Key: uuid.New(), WaveID: real, FormVersion: 1, Answers: hardToWrite(i)}, tuesday)
		l.must(err)
	}
	l.release(real, tuesday)
	keys := l.count(`SELECT count(*) FROM submission_keys`)
	l.must(l.LoadReleased(t.Context(), demoRelease(loaded, n)))

	const answersOf = `SELECT encode(jsonb_send(answers), 'hex') || ' ' || form_version FROM responses WHERE wave_id = $1 ORDER BY 1`
	if want, got := l.texts(answersOf, real), l.texts(answersOf, loaded); !slices.Equal(got, want) {
		t.Errorf("loaded answers differ: %q, want %q", got[0], want[0])
	}
	l.expectLedgerAgrees(loaded)
	l.expect("keys of loaded responses", keys, `SELECT count(*) FROM submission_keys`)
	l.expect("inbox", 0, `SELECT count(*) FROM inbox`)
	if at, err := l.LastRelease(t.Context(), loaded); err != nil || at == nil || !at.Equal(tuesday) {
		t.Errorf("released at %v, %v", at, err)
	}
	if live, err := l.LiveTotal(t.Context(), loaded); err != nil || live != n {
		t.Errorf("the live total is %d, %v", live, err)
	}
}

// A wave may have releases before and after, of more rows than one COPY takes.
func TestLoadingStandsBetweenReleases(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.demoWave("one", nil)
	l.fill(wave, 0, 12)
	l.release(wave, tuesday)
	l.fill(wave, 12, 11)
	const n = 10_003
	l.must(l.LoadReleased(t.Context(), demoRelease(wave, n)))
	l.release(wave, tuesday)
	l.expect("releases", 3, `SELECT count(*) FROM releases`)
	l.expect("responses", 12+n+11, `SELECT count(*) FROM responses`)
	l.expect("loaded in order", n, `SELECT count(*) FROM responses WHERE release = 2 AND ordinal = 12 + split_part(answers->'one_change'->>0, ' ', 1)::int`)
	l.expectLedgerAgrees(wave)
}

func TestLoadingIsRefused(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	real, demo := l.wave("real"), l.demoWave("demo", nil)
	invited := l.demoWave("letters", func(w *store.NewWave) { w.ByInvitation = true })
	change := func(r store.DemoRelease, do func(*store.DemoRelease)) store.DemoRelease { do(&r); return r }
	for what, c := range map[string]struct {
		release store.DemoRelease
		want    error
	}{
		"a real wave":           {demoRelease(real, 20), store.ErrRealWave},
		"a wave by invitation":  {demoRelease(invited, 20), store.ErrInvitationNeeded},
		"another version":       {change(demoRelease(demo, 20), func(r *store.DemoRelease) { r.FormVersion = 2 }), store.ErrVersion},
		"no wave":               {demoRelease(demo+1000, 20), store.ErrNotFound},
		"less than a release":   {demoRelease(demo, store.MinRelease-1), nil},
		"less than no response": {demoRelease(demo, -1), nil},
	} {
		err := l.LoadReleased(t.Context(), c.release)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	l.expect("responses", 0, `SELECT count(*) FROM responses`)
	l.expect("releases", 0, `SELECT count(*) FROM releases`)
}

// All or nothing, whoever is the reason; and the connection works on.
func TestLoadingThatIsStoppedLeavesNothing(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.demoWave("one", nil)
	ctx, stop := context.WithCancel(t.Context())
	release := demoRelease(wave, 30_000)
	release.Next = func(i int) forms.Answers {
		if i == 25_000 {
			stop()
		}
		return hardToWrite(i)
	}
	if err := l.LoadReleased(ctx, release); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	release = demoRelease(wave, 1000)
	release.Next = func(i int) forms.Answers {
		if i == 700 {
			return forms.Answers{"one_change": {"\x00"}} // which the database refuses
		}
		return hardToWrite(i)
	}
	if err := l.LoadReleased(t.Context(), release); err == nil {
		t.Error("what cannot be stored is said to be")
	}
	l.expect("responses", 0, `SELECT count(*) FROM responses`)
	l.expect("releases", 0, `SELECT count(*) FROM releases`)
	l.must(l.LoadReleased(t.Context(), demoRelease(wave, 10)))
	l.expectLedgerAgrees(wave)
}

// Two that load, and one that releases, wait for each other.
func TestLoadingWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.demoWave("one", nil)
	l.fill(wave, 0, 20)
	done := make(chan error, 3)
	go func() { done <- l.LoadReleased(t.Context(), demoRelease(wave, 500)) }()
	go func() { done <- l.LoadReleased(t.Context(), demoRelease(wave, 700)) }()
	go func() { _, err := l.Release(t.Context(), wave, tuesday.Add(time.Minute)); done <- err }()
	for range 3 {
		l.must(<-done)
	}
	l.expect("responses", 1220, `SELECT count(*) FROM responses`)
	l.expect("releases", 3, `SELECT count(*) FROM releases`)
	l.expectLedgerAgrees(wave)
}
