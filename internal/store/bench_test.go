package store_test

import (
	"database/sql"
	"fmt"
	"testing"

	"intake/internal/store"
	"intake/internal/testenv"
)

// BenchmarkRelease releases a storm's responses, of the usual weight, a second's
// worth at a time.
func BenchmarkRelease(b *testing.B) {
	for _, together := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(together), func(b *testing.B) {
			db := testenv.Open(b)
			must := func(err error) {
				if err != nil {
					b.Fatal(err)
				}
			}
			must(db.Store.OpenWave(b.Context(), store.Deed{At: tuesday},
				store.NewWave{Survey: "care-worker-survey", Code: "one", Versions: []int64{1}, OpensAt: tuesday}))
			wave, err := db.Store.WaveByCode(b.Context(), "care-worker-survey", "one")
			must(err)
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
