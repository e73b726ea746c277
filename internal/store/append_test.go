package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

func TestAppendKeepsTheFirstOfAKey(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, other, key := l.wave("one"), l.wave("two"), uuid.New()
	for i, r := range []store.Response{response(wave, key, "first"), response(wave, key, "first"), response(wave, key, "second"), response(other, key, "third")} {
		duplicate, err := l.Append(t.Context(), r, tuesday)
		if err != nil || duplicate != (i > 0) {
			t.Errorf("post %d: duplicate %v, error %v", i, duplicate, err)
		}
	}
	if got := l.texts(`SELECT answers->'one_change'->>0 FROM inbox`); !slices.Equal(got, []string{"first"}) {
		t.Errorf("the inbox holds %q, want the first answers only", got)
	}
	for _, id := range []int64{wave, other} {
		total, err := l.LiveTotal(t.Context(), id)
		if want := map[int64]int{wave: 1, other: 0}[id]; err != nil || total != want {
			t.Errorf("live total: %d, %v, want %d", total, err, want)
		}
	}
}

func TestAppendTakesOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, key := l.wave("one"), uuid.New()
	var fresh atomic.Int32
	errs := together(50, func(i int) error {
		duplicate, err := l.Append(t.Context(), response(wave, key, fmt.Sprint(i)), tuesday)
		if err == nil && !duplicate {
			fresh.Add(1)
		}
		return err
	})
	l.must(errors.Join(errs...))
	if fresh.Load() != 1 {
		t.Errorf("%d of 50 posts were told that they are the first", fresh.Load())
	}
	l.expect("responses in the inbox", 1, `SELECT count(*) FROM inbox`)
}

func TestAppendToAWaveThatIsNotOpen(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, known := l.wave("one"), uuid.New()
	if _, err := l.Append(t.Context(), response(wave, known, "x"), tuesday); err != nil {
		t.Fatal(err)
	}
	closes := tuesday.Add(time.Hour)
	l.closeWave("one", closes)
	for _, c := range []struct {
		name string
		wave int64
		at   time.Time
		want error
	}{
		{"before it opens", wave, tuesday.AddDate(0, 0, -8), store.ErrWaveClosed},
		{"at the moment it opens", wave, tuesday.AddDate(0, 0, -7), nil},
		{"at the moment it closes", wave, closes, nil},
		{"at the last moment for what phones had queued", wave, closes.Add(store.LateFor - time.Microsecond), nil},
		{"too late for that", wave, closes.Add(store.LateFor), store.ErrWaveClosed},
		{"no such wave", wave + 1000, tuesday, store.ErrWaveClosed},
	} {
		if _, err := l.Append(t.Context(), response(c.wave, uuid.New(), "x"), c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if w, err := l.WaveByCode(t.Context(), "care-worker-survey", "one"); c.wave == wave && (err != nil || w.Takes(c.at) != (c.want == nil)) {
			t.Errorf("%s: the wave says that it takes responses: %v, %v", c.name, w.Takes(c.at), err)
		}
	}
	duplicate, err := l.Append(t.Context(), response(wave, known, "late"), tuesday.AddDate(1, 0, 0))
	if err != nil || !duplicate {
		t.Errorf("a late retry of a known key: duplicate %v, error %v", duplicate, err)
	}
	l.expect("spent keys", 4, `SELECT count(*) FROM submission_keys`)
}

// A storm of responses and retries of them while releases run: at the end
// every key is there once, wherever it is.
func TestAppendsRetriesAndReleasesTogether(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	const keys, tries = 400, 3
	type post struct {
		key uuid.UUID
		n   int
	}
	var posts []post
	for n := range keys {
		key := uuid.New()
		for range tries {
			posts = append(posts, post{key, n})
		}
	}
	rand.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
	queue := make(chan post, len(posts))
	for _, p := range posts {
		queue <- p
	}
	close(queue)

	var fresh, moved atomic.Int64
	done := make(chan struct{})
	var releasing sync.WaitGroup
	for range 3 {
		releasing.Go(func() {
			for {
				n, err := l.Release(t.Context(), wave, tuesday)
				if err != nil {
					t.Errorf("release: %v", err)
				}
				moved.Add(int64(n))
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	errs := together(8, func(int) error {
		for p := range queue {
			duplicate, err := l.Append(t.Context(), response(wave, p.key, fmt.Sprint(p.n)), tuesday)
			if err != nil {
				return err
			}
			if !duplicate {
				fresh.Add(1)
			}
		}
		return nil
	})
	close(done)
	releasing.Wait()
	l.must(errors.Join(errs...))

	if fresh.Load() != keys {
		t.Errorf("%d posts were told that they are the first, want %d", fresh.Load(), keys)
	}
	l.expect("spent keys", keys, `SELECT count(*) FROM submission_keys`)
	l.expect("responses and inbox", keys, `SELECT (SELECT count(*) FROM responses) + (SELECT count(*) FROM inbox)`)
	l.expect("different responses and inbox", keys, `SELECT count(DISTINCT words) FROM (
		SELECT answers->'one_change'->>0 AS words FROM responses UNION ALL SELECT answers->'one_change'->>0 FROM inbox) both_tables`)
	l.expect("released by what Release said", int(moved.Load()), `SELECT count(*) FROM responses`)
	l.expect("releases that are too small", 0, `SELECT count(*) FROM releases WHERE size < 10`)
	l.expectLedgerAgrees(wave)

	l.closeWave("one", tuesday)
	l.release(wave, ended)
	l.expect("responses after closing", keys, `SELECT count(*) FROM responses`)
	l.expect("inbox after closing", 0, `SELECT count(*) FROM inbox`)
	l.expectLedgerAgrees(wave)
}
