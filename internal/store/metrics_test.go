package store_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"intake/internal/store"
	"intake/internal/testenv"
	"intake/migrations"
)

// gauges are what a collector tells now, by name.
func gauges(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]float64{}
	for _, family := range families {
		told[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
	}
	return told
}

// expectGauges checks some of what is told.
func expectGauges(t *testing.T, when string, told, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		if got, ok := told[name]; !ok || got != value {
			t.Errorf("%s: %s is %v (told: %v), want %v", when, name, got, ok, value)
		}
	}
}

func TestMetricsOfTheLedger(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	now := tuesday
	metrics := l.Collector(func() time.Time { return now })
	later := func() map[string]float64 {
		now = now.Add(5 * time.Second)
		return gauges(t, metrics)
	}
	first := gauges(t, metrics)
	for name, value := range first {
		if want := map[bool]float64{name == "portal_postgres_up": 1}[true]; value != want {
			t.Errorf("an empty ledger: %s is %v", name, value)
		}
	}
	if len(first) != 10 {
		t.Errorf("an empty ledger tells %v", slices.Sorted(maps.Keys(first)))
	}

	l.submit(submission(uuid.New(), concern(nil), tuesday.Add(-time.Minute)))
	key := uuid.New()
	routed := l.submit(submission(key, concern(nil), tuesday.Add(-time.Hour)))
	l.route(routed.ReferralID)
	l.submit(submission(key, concern(map[string][]string{"what_happened": {"There is no water."}}), tuesday))
	if _, err := l.raw.ExecContext(t.Context(), `UPDATE notifications SET attempts = 2`); err != nil {
		t.Fatal(err)
	}
	if again := gauges(t, metrics); again["portal_referrals_unrouted"] != 0 {
		t.Error("the ledger is asked at each scrape")
	}
	expectGauges(t, "referrals", later(), map[string]float64{
		"portal_referrals_unrouted": 1, "portal_referrals_oldest_unrouted_seconds": 65, "portal_amendments_unrouted": 1,
		"portal_emails_owed": 1, "portal_emails_failed": 1,
	})

	// One wave's responses never make up another's ten.
	spring, summer := l.wave("spring"), l.wave("summer")
	for _, step := range []struct {
		wave  int64
		n     int
		inbox float64
	}{{spring, 9, 0}, {summer, 9, 0}, {spring, 1, 10}, {spring, 9, 10}, {summer, 12, 30}} {
		l.fill(step.wave, 0, step.n)
		expectGauges(t, "responses", later(), map[string]float64{"portal_inbox_responses": step.inbox, "portal_index_lag_responses": 0})
	}
	l.release(spring, tuesday)
	expectGauges(t, "released", later(), map[string]float64{"portal_inbox_responses": 20, "portal_index_lag_responses": 19})
	wave, err := l.WaveByCode(t.Context(), "care-worker-survey", "spring")
	l.must(err)
	if saved, err := l.SaveChunk(t.Context(), wave, store.Chunk{Size: 19, Bits: []byte("bits")}); err != nil || !saved {
		t.Fatal(saved, err)
	}
	expectGauges(t, "indexed", later(), map[string]float64{"portal_index_lag_responses": 0})
}

// A scrape that finds no database tells that, and what waits in the process.
func TestMetricsWithoutALedger(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	own, err := store.Open(t.Context(), db.DSN, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	told := gauges(t, own.Collector(time.Now))
	want := map[string]float64{"portal_postgres_up": 0, "portal_append_waiting_responses": 0, "portal_append_waiting_bytes": 0}
	if !maps.Equal(told, want) {
		t.Errorf("told are %v, want %v", told, want)
	}
}

func TestMetricsOfALedgerThatHangs(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	tx, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	defer tx.Rollback() //nolint:errcheck // it only holds a lock
	if _, err := tx.ExecContext(t.Context(), `LOCK TABLE waves`); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	told := gauges(t, l.Collector(time.Now))
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("the scrape took %v", took)
	}
	if told["portal_postgres_up"] != 0 {
		t.Errorf("told are %v", told)
	}
}

func TestWhatWaitsToBeCommittedIsMeasured(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	letGo := l.holdUp()
	ended := make(chan error)
	send := func() {
		go func() {
			_, err := l.Append(t.Context(), response(wave, uuid.New(), "words"), tuesday)
			ended <- err
		}()
	}
	// A round is on its way, and what comes then waits for it.
	send()
	l.roundsWait(1)
	const n = 6
	for range n - 1 {
		send()
	}
	metrics := l.Collector(time.Now)
	var told map[string]float64
	for deadline := time.Now().Add(10 * time.Second); told["portal_append_waiting_responses"] != n; time.Sleep(10 * time.Millisecond) {
		if told = gauges(t, metrics); time.Now().After(deadline) {
			t.Fatalf("told are %v", told)
		}
	}
	if got := told["portal_append_waiting_bytes"]; got < n*20 || got > n*200 {
		t.Errorf("they weigh %v bytes", got)
	}
	letGo()
	for range n {
		l.must(<-ended)
	}
	expectGauges(t, "committed", gauges(t, metrics), map[string]float64{"portal_append_waiting_responses": 0, "portal_append_waiting_bytes": 0})
}

func TestReadyTellsWhatSpeaksAgainstASubmission(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	newest := migrations.Newest()
	ready := func(schema int64) error {
		own, err := store.Open(t.Context(), l.dsn, store.Options{MaxConns: 1})
		l.must(err)
		defer func() { l.must(own.Close()) }()
		return own.Ready(t.Context(), schema)
	}
	l.must(ready(newest))
	l.must(ready(newest - 1)) // of the release before, while this one is rolled out
	if err := ready(newest + 1); !errors.Is(err, store.ErrOldSchema) {
		t.Errorf("a schema that is too old: %v", err)
	}
	change := func(statement string) {
		t.Helper()
		if _, err := l.raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	change(`DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`)
	if err := ready(newest); !errors.Is(err, store.ErrNoWrites) {
		t.Errorf("a database that takes no writes: %v", err)
	}
	change(`BEGIN READ WRITE; DROP TABLE goose_db_version; COMMIT`)
	if err := ready(newest); !errors.Is(err, store.ErrOldSchema) {
		t.Errorf("a database that was never migrated: %v", err)
	}
	l.must(l.Close())
	if err := l.Ready(t.Context(), newest); err == nil || errors.Is(err, store.ErrNoWrites) || errors.Is(err, store.ErrOldSchema) {
		t.Errorf("a ledger that is closed: %v", err)
	}
}
