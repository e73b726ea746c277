package store_test

import (
	"database/sql"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

// newBenchWave opens a wave in a database of its own.
func newBenchWave(b *testing.B) (*testenv.DB, *store.Wave) {
	b.Helper()
	db := testenv.Open(b)
	err := db.Store.OpenWave(b.Context(), store.Deed{At: tuesday},
		store.NewWave{Survey: "care-worker-survey", Code: "one", Versions: []int64{1}, OpensAt: tuesday})
	if err != nil {
		b.Fatal(err)
	}
	wave, err := db.Store.WaveByCode(b.Context(), "care-worker-survey", "one")
	if err != nil {
		b.Fatal(err)
	}
	return db, wave
}

// BenchmarkAppend commits responses of the usual weight, from one sender and
// from 64 at once; the database does not wait for the disk.
func BenchmarkAppend(b *testing.B) {
	answers := forms.Answers{}
	for q := range 48 {
		answers[fmt.Sprintf("question_%d", q)] = []string{fmt.Sprintf("option_%d", q%7)}
	}
	b.Run("one", func(b *testing.B) {
		db, wave := newBenchWave(b)
		for b.Loop() {
			if _, err := db.Store.Append(b.Context(), store.Response{Key: uuid.New(), WaveID: wave.ID, FormVersion: 1, Answers: answers}, tuesday); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("64", func(b *testing.B) {
		db, wave := newBenchWave(b)
		b.SetParallelism(64 / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := db.Store.Append(b.Context(), store.Response{Key: uuid.New(), WaveID: wave.ID, FormVersion: 1, Answers: answers}, tuesday); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkRelease releases a storm's responses, of the usual weight, a second's
// worth at a time.
func BenchmarkRelease(b *testing.B) {
	for _, together := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(together), func(b *testing.B) {
			db, wave := newBenchWave(b)
			must := func(err error) {
				if err != nil {
					b.Fatal(err)
				}
			}
			raw, err := sql.Open("postgres", db.DSN)
			must(err)
			defer func() { must(raw.Close()) }()
			released := 0
			for b.Loop() {
				b.StopTimer()
				_, err := raw.ExecContext(b.Context(), `INSERT INTO inbox (submission_key, wave_id, form_version, answers)
					SELECT gen_random_uuid(), $1, 1, (SELECT jsonb_object_agg('question_' || q, jsonb_build_array('option_' || (i * q % 7))) FROM generate_series(1, 48) q)
					FROM generate_series(1, $2::int) i`, wave.ID, together)
				must(err)
				b.StartTimer()
				moved, err := db.Store.Release(b.Context(), wave.ID, tuesday)
				must(err)
				released += moved
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(released), "µs/response")
			b.ReportMetric(0, "ns/op")
		})
	}
}
