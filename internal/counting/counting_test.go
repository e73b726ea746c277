package counting_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/counting"
	"intake/internal/results"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

var tuesday = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

const definition = `
id: counted
version: 1
kind: survey
title: {en: Counted}
languages: [en]
pages:
  - id: all
    title: {en: All}
    questions:
      - id: district
        kind: choice
        label: {en: "Where?"}
        options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}]
      - id: pay
        kind: choice
        label: {en: "Pay?"}
        options: [{code: good, label: {en: Good}}, {code: poor, label: {en: Poor}}]
`

// bench is a ledger with a wave of a small survey.
type bench struct {
	counting.Counter
	t         *testing.T
	raw       *sql.DB
	wave      int64
	recounted *results.Index // nil when the responses are others
}

func newBench(t *testing.T) *bench {
	t.Helper()
	db := testenv.Open(t)
	b := &bench{t: t, Counter: counting.Counter{Store: db.Store, Versions: db.Store.Versions(nil)}}
	form, err := forms.Load([]byte(definition), nil)
	b.must(err)
	b.must(db.Store.PublishForm(t.Context(), form, []byte(definition)))
	b.must(db.Store.OpenWave(t.Context(), store.Deed{At: tuesday},
		store.NewWave{Survey: "counted", Code: "one", Versions: []int64{1}, OpensAt: tuesday}))
	wave, err := db.Store.WaveByCode(t.Context(), "counted", "one")
	b.must(err)
	b.wave = wave.ID
	b.raw, err = sql.Open("postgres", db.DSN)
	b.must(err)
	t.Cleanup(func() { b.must(b.raw.Close()) })
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) exec(statement string, args ...any) {
	b.t.Helper()
	if !strings.Contains(statement, "result_chunks") {
		b.recounted = nil
	}
	_, err := b.raw.ExecContext(context.Background(), statement, args...)
	b.must(err)
}

// release adds so many responses to what has been released, all at once.
func (b *bench) release(n int) {
	b.t.Helper()
	b.exec(`WITH w AS (SELECT id, released FROM waves WHERE id = $1),
		added AS (INSERT INTO responses (wave_id, ordinal, release, form_version, answers)
			SELECT w.id, w.released + i, 1, 1, jsonb_build_object('district', jsonb_build_array(substr('abc', 1 + ((w.released + i)::bigint * 7919 % 3)::int, 1)),
				'pay', jsonb_build_array(CASE WHEN (w.released + i)::bigint * 104729 % 7 < 3 THEN 'good' ELSE 'poor' END))
			FROM w, generate_series(0, $2 - 1) i)
		UPDATE waves SET released = released + $2, releases = 1 WHERE id = $1`, b.wave, n)
	b.exec(`INSERT INTO releases (wave_id, number, size, released_at) VALUES ($1, 1, $2, $3)
		ON CONFLICT (wave_id, number) DO UPDATE SET size = releases.size + EXCLUDED.size`, b.wave, n, tuesday)
}

// recount counts every released response by itself.
func (b *bench) recount() *results.Index {
	b.t.Helper()
	if b.recounted != nil {
		return b.recounted
	}
	form, err := b.Versions.Get(b.t.Context(), "counted", 1)
	b.must(err)
	indexer := results.NewIndexer(results.NewLayout(form))
	for _, answers := range testenv.Released(b.t, b.Store, b.wave) {
		b.must(indexer.Add(1, answers))
	}
	b.recounted = indexer.Index()
	return b.recounted
}

// loads loads the index, from nothing and from what there was, and compares it
// with a recount.
func (b *bench) loads(when string, have *counting.Index, corrupt ...int) *counting.Index {
	b.t.Helper()
	want := b.recount()
	fresh, err := b.Load(b.t.Context(), b.wave, nil)
	b.must(err)
	if !fresh.Equal(want) {
		b.t.Fatalf("%s: the index of %d responses is not the recount of %d", when, fresh.Released(), want.Released())
	}
	if fmt.Sprint(fresh.Corrupt) != fmt.Sprint(corrupt) {
		b.t.Errorf("%s: chunks %v were corrupt, want %v", when, fresh.Corrupt, corrupt)
	}
	gone, err := b.Load(b.t.Context(), b.wave, have)
	b.must(err)
	if !gone.Equal(want) {
		b.t.Fatalf("%s: going on from an older index gives another one than the recount", when)
	}
	return gone
}

func (b *bench) save(when string, want int) {
	b.t.Helper()
	if saved, err := b.Save(b.t.Context(), b.wave); err != nil || saved != want {
		b.t.Fatalf("%s: %d chunks were stored (%v), want %d", when, saved, err, want)
	}
}

// check gives what a check finds, by chunk.
func (b *bench) check(rebuild bool) map[int]error {
	b.t.Helper()
	found := map[int]error{}
	b.must(b.Check(b.t.Context(), b.wave, rebuild, func(f counting.Finding) { found[f.Chunk] = f.Fault }))
	return found
}

func (b *bench) due() bool {
	b.t.Helper()
	waves, err := b.Store.WavesToIndex(b.t.Context(), results.ChunkSize, tuesday)
	b.must(err)
	return len(waves) == 1
}

// TestTheIndexIsTheRecount lets a wave grow past the end of a chunk, and
// damages what is stored in every way.
func TestTheIndexIsTheRecount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	index := b.loads("nothing released", nil)
	b.release(400)
	index = b.loads("nothing stored", index)
	if b.due() {
		t.Error("a chunk of 400 is due to be stored")
	}
	b.release(1100)
	if !b.due() {
		t.Error("a chunk of 1,500 is not due to be stored")
	}
	b.save("first", 1)
	b.save("nothing new", 0)
	b.release(50)
	index = b.loads("the stored chunk lags", index)

	b.release(results.ChunkSize)
	index = b.loads("past the end of a chunk", index)
	b.save("both", 2)
	if b.due() {
		t.Error("all is stored, and still something is due")
	}
	if found := b.check(false); len(found) != 2 || found[0] != nil || found[1] != nil {
		t.Errorf("the check finds %v", found)
	}

	b.exec(`UPDATE result_chunks SET bits = set_byte(bits, 5000, 255 - get_byte(bits, 5000)) WHERE number = 0`)
	if found := b.check(false); !errors.Is(found[0], counting.ErrCorrupt) || found[1] != nil {
		t.Errorf("a byte is another one, and the check finds %v", found)
	}
	b.loads("a corrupt chunk", index, 0)
	if !b.due() {
		t.Error("the corrupt chunk was dropped, and is not due to be stored")
	}
	if found := b.check(false); !errors.Is(found[0], counting.ErrMissing) {
		t.Errorf("a chunk is missing, and the check finds %v", found)
	}
	b.save("again", 1)

	// What was stored by somebody who counts wrongly.
	b.exec(`UPDATE responses SET answers = '{"district": ["a"]}' WHERE wave_id = $1 AND ordinal = 70`, b.wave)
	if found := b.check(true); !errors.Is(found[0], counting.ErrDiffers) || found[1] != nil {
		t.Errorf("a response differs, and the check finds %v", found)
	}
	if found := b.check(false); len(found) != 2 || found[0] != nil || found[1] != nil {
		t.Errorf("after a rebuild the check finds %v", found)
	}
	b.loads("rebuilt", nil)

	b.exec(`UPDATE result_chunks SET size = size + 1 WHERE number = 1`)
	b.loads("a size that is not the chunk's", nil, 1)
	b.save("the size again", 1)

	b.exec(`INSERT INTO result_chunks SELECT wave_id, 2, size, bits FROM result_chunks WHERE number = 1`)
	if found := b.check(true); !errors.Is(found[2], counting.ErrCorrupt) {
		t.Errorf("there is a chunk of nobody, and the check finds %v", found)
	}
	if found := b.check(false); len(found) != 2 {
		t.Errorf("after a rebuild the check finds %v", found)
	}
}

// TestAnotherOrder lets the last few responses join the release before them,
// which changes the order, while an index is kept and a chunk is stored.
func TestAnotherOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(1200)
	b.save("before", 1)
	wave := b.loads("before", nil)
	b.exec(`INSERT INTO inbox (submission_key, wave_id, form_version, answers)
		SELECT gen_random_uuid(), $1, 1, '{"district": ["b"], "pay": ["poor"]}' FROM generate_series(1, 4)`, b.wave)
	b.exec(`UPDATE waves SET closes_at = $2 WHERE id = $1`, b.wave, tuesday)
	if moved, err := b.Store.Release(t.Context(), b.wave, tuesday.Add(store.LateFor+time.Hour)); err != nil || moved != 4 {
		t.Fatalf("%d joined: %v", moved, err)
	}
	b.recounted = nil
	now := b.loads("after", wave)
	if now.Wave.Shuffles != wave.Wave.Shuffles+1 || now.Released() != 1204 {
		t.Errorf("shuffled %d times, %d responses", now.Wave.Shuffles, now.Released())
	}
	// Whoever made a chunk before cannot store it any more.
	bits, size, err := wave.Chunk(0, "any")
	b.must(err)
	if saved, err := b.Store.SaveChunk(t.Context(), &wave.Wave, store.Chunk{Number: 0, Size: size, Bits: bits}); err != nil || saved {
		t.Errorf("a chunk in the order before was stored (%v)", err)
	}
	b.save("after", 1)
	b.loads("stored", wave)
}

// TestManyAtOnce saves, loads and rebuilds from several sides while responses
// are released.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(1000)
	var wait sync.WaitGroup
	for side := range 3 {
		wait.Go(func() {
			var have *counting.Index
			for range 6 {
				var err error
				switch side {
				case 0:
					_, err = b.Save(t.Context(), b.wave)
				case 1:
					err = b.Check(t.Context(), b.wave, true, func(f counting.Finding) {
						if f.Fault != nil {
							t.Errorf("the check finds %v", f.Fault)
						}
					})
				default:
					have, err = b.Load(t.Context(), b.wave, have)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		b.release(100)
	}
	wait.Wait()
	b.loads("in the end", nil)
}
