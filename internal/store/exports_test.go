package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

// exportsLedger is a ledger with a wave and two managers.
func exportsLedger(t *testing.T) (db *testenv.DB, wave int64, deeds [2]store.Deed) {
	t.Helper()
	db = testenv.Open(t)
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	must(t, db.Store.OpenWave(t.Context(), store.Deed{At: now}, store.NewWave{Survey: "care-worker-survey", Code: "spring", Versions: []int64{1}, OpensAt: now}))
	w, err := db.Store.WaveByCode(t.Context(), "care-worker-survey", "spring")
	must(t, err)
	for i, email := range []string{"a@example.org", "b@example.org"} {
		_, err := db.Store.AddUser(t.Context(), store.NewUser{Email: email, Name: email, Role: store.SurveyManager})
		must(t, err)
		user, err := db.Store.UserByEmail(t.Context(), email)
		must(t, err)
		deeds[i] = store.Deed{By: user, At: now}
	}
	return db, w.ID, deeds
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestExportIsMadeOnceAndFetchedByItsOwner(t *testing.T) {
	t.Parallel()
	db, wave, deeds := exportsLedger(t)
	s, ctx, now := db.Store, t.Context(), deeds[0].At
	id, err := s.AskExport(ctx, deeds[0], wave, store.ExportResponses)
	must(t, err)
	if again, err := s.AskExport(ctx, deeds[0], wave, store.ExportResponses); err != nil || again != id {
		t.Errorf("asking again gives %v, %v", again, err)
	}
	other, err := s.AskExport(ctx, deeds[1], wave, store.ExportResponses)
	must(t, err)
	if other == id {
		t.Error("two managers have one file")
	}

	e, err := s.BeginExport(ctx, id, now)
	must(t, err)
	if _, err := s.BeginExport(ctx, id, now.Add(30*time.Second)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a second worker begins while the first is at it: %v", err)
	}
	file := bytes.Repeat([]byte("0123456789abcde\n"), 50_000)
	out := s.WriteExport(ctx, e)
	for rest := file; len(rest) > 0; rest = rest[min(len(rest), 7777):] {
		_, err := out.Write(rest[:min(len(rest), 7777)])
		must(t, err)
	}
	must(t, out.Close())
	if _, err := s.OwnExport(ctx, deeds[0], id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file that is not ready is fetched: %v", err)
	}
	must(t, s.TouchExport(ctx, e, 5, 5, now))
	must(t, s.FinishExport(ctx, e, out.Size(), now))
	if _, err := s.BeginExport(ctx, id, now.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file that is ready is made again: %v", err)
	}
	if _, err := s.OwnExport(ctx, deeds[1], id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("somebody else's file is fetched: %v", err)
	}
	got, err := s.OwnExport(ctx, deeds[0], id)
	must(t, err)
	var read []byte
	must(t, s.ReadExport(ctx, got, func(part []byte) error { read = append(read, part...); return nil }))
	if !bytes.Equal(read, file) {
		t.Errorf("%d bytes were read of %d", len(read), len(file))
	}

	late := deeds[0]
	late.At = now.Add(store.KeptFor)
	if _, err := s.OwnExport(ctx, late, id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file is fetched that has expired: %v", err)
	}
	must(t, s.Housekeep(ctx, late.At))
	if err := s.ReadExport(ctx, got, func([]byte) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the parts of a file that has expired are there: %v", err)
	}
	if files, err := s.Exports(ctx, deeds[0].By.ID, now); err != nil || len(files) > 0 {
		t.Errorf("files that have expired are listed: %v, %v", files, err)
	}
}

// A worker that ended is followed by another, which begins anew; should it
// still be there, it writes nothing any more.
func TestExportAfterAWorkerThatEnded(t *testing.T) {
	t.Parallel()
	db, wave, deeds := exportsLedger(t)
	s, ctx, now := db.Store, t.Context(), deeds[0].At
	id, err := s.AskExport(ctx, deeds[0], wave, store.ExportResponses)
	must(t, err)
	first, err := s.BeginExport(ctx, id, now)
	must(t, err)
	slow := s.WriteExport(ctx, first)
	_, err = slow.Write(make([]byte, 300<<10))
	must(t, err)
	if due, err := s.ExportsDue(ctx, now.Add(30*time.Second)); err != nil || len(due) > 0 {
		t.Errorf("a file that is being made is due: %v, %v", due, err)
	}
	later := now.Add(2 * time.Minute)
	due, err := s.ExportsDue(ctx, later)
	if err != nil || len(due) != 1 || due[0] != id {
		t.Fatalf("due are %v, %v", due, err)
	}
	if due, err := s.ExportsDue(ctx, later.Add(time.Second)); err != nil || len(due) > 0 {
		t.Errorf("it is nudged for again at once: %v, %v", due, err)
	}
	second, err := s.BeginExport(ctx, id, later)
	must(t, err)
	for what, err := range map[string]error{
		"writes": slow.Close(), "says how far it is": s.TouchExport(ctx, first, 1, 1, later),
		"is ready": s.FinishExport(ctx, first, 1, later), "puts it back": s.PutBackExport(ctx, first, ""),
	} {
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("the first worker still %s: %v", what, err)
		}
	}
	out := s.WriteExport(ctx, second)
	_, err = out.Write([]byte("whole"))
	must(t, err)
	must(t, out.Close())
	must(t, s.FinishExport(ctx, second, out.Size(), later))
	e, err := s.OwnExport(ctx, deeds[0], id)
	must(t, err)
	var read strings.Builder
	must(t, s.ReadExport(ctx, e, func(part []byte) error { read.Write(part); return nil }))
	if read.String() != "whole" {
		t.Errorf("read %q", read.String())
	}
}

func TestExportThatFailsTooOften(t *testing.T) {
	t.Parallel()
	db, wave, deeds := exportsLedger(t)
	s, ctx, now := db.Store, t.Context(), deeds[0].At
	id, err := s.AskExport(ctx, deeds[0], wave, store.ExportResponses)
	must(t, err)
	tries := 0
	for ; tries < 100; tries++ {
		e, err := s.BeginExport(ctx, id, now)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		must(t, err)
		must(t, s.PutBackExport(ctx, e, ""))
	}
	files, err := s.Exports(ctx, deeds[0].By.ID, now)
	if err != nil || len(files) != 1 || files[0].State != store.ExportFailed || files[0].Fault != store.FaultBroken || tries != 5 {
		t.Errorf("after %d tries the file is %+v, %v", tries, files, err)
	}
	if again, err := s.AskExport(ctx, deeds[0], wave, store.ExportResponses); err != nil || again == id {
		t.Errorf("asking again gives the one that failed: %v", err)
	}
	if _, err := s.BeginExport(ctx, uuid.New(), now); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file is made that nobody asked for: %v", err)
	}
}

// The order of rows tells nothing of the order of release, and no two files
// have the same.
func TestShuffledResponses(t *testing.T) {
	t.Parallel()
	db, wave, _ := exportsLedger(t)
	direct, err := sql.Open("postgres", db.DSN)
	must(t, err)
	defer direct.Close() //nolint:errcheck // the test's own
	_, err = direct.ExecContext(t.Context(), `INSERT INTO responses (wave_id, ordinal, release, form_version, answers)
		SELECT $1, n, n / 10, 1, jsonb_build_object('n', jsonb_build_array(n::text)) FROM generate_series(0, 499) n`, wave)
	must(t, err)
	read := func(salt string) []string {
		var order []string
		must(t, db.Store.ReadReleased(t.Context(), wave, func(s *store.Snapshot) error {
			return s.Shuffled(t.Context(), 400, []byte(salt), func(version int, a forms.Answers) error {
				order = append(order, a.Get("n"))
				return nil
			})
		}))
		return order
	}
	one, same, two := read("one"), read("one"), read("two")
	if strings.Join(one, " ") != strings.Join(same, " ") || strings.Join(one, " ") == strings.Join(two, " ") {
		t.Error("the order does not follow from the salt")
	}
	seen, neighbours := map[string]bool{}, 0
	for i, n := range one {
		seen[n] = true
		if len(n) == 3 && n >= "400" {
			t.Errorf("response %s is of a later edition", n)
		}
		if i > 0 && len(n) > 1 && len(one[i-1]) == len(n) && one[i-1][:len(n)-1] == n[:len(n)-1] {
			neighbours++ // of one release
		}
	}
	if len(seen) != 400 || len(one) != 400 {
		t.Errorf("%d responses, %d of them different", len(one), len(seen))
	}
	if neighbours > 40 { // about 9 are to be expected
		t.Errorf("%d pairs of one release stand beside each other", neighbours)
	}
}
