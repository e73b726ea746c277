package worker

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"flag"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"intake/forms"
	"intake/internal/counting"
	"intake/internal/results"
	"intake/internal/store"
	"intake/internal/testenv"
)

var exportRows = flag.Int("exportrows", 5_000, "how many responses the measured export has")

// surveyForm is the built-in survey.
func surveyForm(t *testing.T) *forms.Form {
	t.Helper()
	source, _ := forms.BuiltIn("care-worker-survey")
	form, err := forms.Load(source, surveyLists())
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func surveyLists() forms.Lists {
	var districts []forms.Option
	for _, d := range council.Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	return forms.Lists{"districts": districts}
}

// someAnswers answers most questions, the first options more often, and writes
// words where there is room.
func someAnswers(form *forms.Form, random *rand.Rand) forms.Answers {
	a := forms.Answers{}
	for _, page := range form.Pages {
		for _, q := range page.Questions {
			switch {
			case random.IntN(10) == 0:
			case !q.Kind.Closed():
				a[q.ID] = []string{words}
			default:
				a[q.ID] = []string{q.Options[int(float64(len(q.Options))*random.Float64()*random.Float64())].Code}
			}
		}
	}
	return form.Strip(a)
}

// releasedWave opens a wave with so many responses that have been released
// already.
func releasedWave(t *testing.T, db *testenv.DB, form *forms.Form, n int) int64 {
	t.Helper()
	ctx := t.Context()
	source, _ := forms.BuiltIn(form.ID)
	must(t, db.Store.PublishForm(ctx, form, source))
	opened := time.Now().Add(-time.Hour)
	must(t, db.Store.OpenWave(ctx, store.Deed{At: opened}, store.NewWave{Survey: form.ID, Code: "spring", Versions: []int64{1}, OpensAt: opened}))
	wave, err := db.Store.WaveByCode(ctx, form.ID, "spring")
	must(t, err)
	direct, err := sql.Open("postgres", db.DSN)
	must(t, err)
	defer direct.Close() //nolint:errcheck // the test's own
	random := rand.New(rand.NewPCG(1, uint64(n)))
	const batch = 5_000
	for from := 0; from < n; from += batch {
		var answers []string
		for range min(batch, n-from) {
			answers = append(answers, string(someAnswers(form, random).Encode()))
		}
		_, err := direct.ExecContext(ctx, `INSERT INTO responses (wave_id, ordinal, release, form_version, answers)
			SELECT $1, $2 + at - 1, 1, 1, answers::jsonb FROM unnest($3::text[]) WITH ORDINALITY AS a(answers, at)`,
			wave.ID, from, pq.Array(answers))
		must(t, err)
	}
	_, err = direct.ExecContext(ctx, `UPDATE waves SET released = $2, releases = 1 WHERE id = $1`, wave.ID, n)
	must(t, err)
	return wave.ID
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newExportBench makes a worker with a released wave and a manager who asks.
func newExportBench(t *testing.T, n int) (b *bench, wave int64, deed store.Deed) {
	t.Helper()
	b = newBench(t, testenv.Redis(t))
	form := surveyForm(t)
	b.Counter.Versions = b.Store.Versions(surveyLists(), form)
	_, err := b.Store.AddUser(t.Context(), store.NewUser{Email: "sara@example.org", Name: "Sara", Role: store.SurveyManager})
	must(t, err)
	user, err := b.Store.UserByEmail(t.Context(), "sara@example.org")
	must(t, err)
	return b, releasedWave(t, b.db, form, n), store.Deed{By: user, At: b.Now()}
}

func (b *bench) exportState(deed store.Deed) store.Export {
	b.t.Helper()
	files, err := b.Store.Exports(b.t.Context(), deed.By.ID, b.Now())
	must(b.t, err)
	if len(files) != 1 {
		b.t.Fatalf("there are %d files", len(files))
	}
	return files[0]
}

// unpack reads a file that is ready.
func (b *bench) unpack(deed store.Deed, id uuid.UUID) map[string]string {
	b.t.Helper()
	deed.At = b.Now()
	e, err := b.Store.OwnExport(b.t.Context(), deed, id)
	must(b.t, err)
	var raw bytes.Buffer
	must(b.t, b.Store.ReadExport(b.t.Context(), e, func(part []byte) error { raw.Write(part); return nil }))
	archive, err := zip.NewReader(bytes.NewReader(raw.Bytes()), int64(raw.Len()))
	must(b.t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		in, err := f.Open()
		must(b.t, err)
		content, err := io.ReadAll(in)
		must(b.t, err)
		must(b.t, in.Close())
		files[f.Name] = strings.TrimPrefix(string(content), "\uFEFF")
	}
	return files
}

func TestTheAnalystsFileIsMade(t *testing.T) {
	t.Parallel()
	const n = 3_000
	b, wave, deed := newExportBench(t, n)
	b.run()
	id, err := b.Store.AskExport(t.Context(), deed, wave, store.ExportResponses)
	must(t, err)
	b.Queue.ExportAsked(id)
	b.within(60*time.Second, "ready", func() bool { return b.exportState(deed).State == store.ExportReady })
	if e := b.exportState(deed); e.RowsDone != n || e.RowsTotal != n || e.MadeAt == nil {
		t.Errorf("the file is %+v", e)
	}
	files := b.unpack(deed, id)
	for name, want := range map[string]string{
		"about.txt": "wave: spring\r\nmade_at: ", "codebook.csv": "pay_rating", "responses.sps": "/FILE='responses.csv'",
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s lacks %q: %.300s", name, want, files[name])
		}
	}
	if !strings.Contains(files["about.txt"], "responses: "+strconv.Itoa(n)+"\r\n") || !strings.Contains(files["about.txt"], "rules: ") || !strings.Contains(files["about.txt"], "filters: none") {
		t.Errorf("about.txt says %s", files["about.txt"])
	}
	rows, err := csv.NewReader(strings.NewReader(files["responses.csv"])).ReadAll()
	must(t, err)
	header, rows := rows[0], rows[1:]
	if len(rows) != n {
		t.Errorf("the file has %d rows of %d", len(rows), n)
	}
	for _, id := range append([]string{"one_change"}, results.LeftOut...) {
		if slices.Contains(header, id) {
			t.Errorf("%s is in the file", id)
		}
	}
	like, withheld, given := map[string]int{}, 0, 0
	for _, row := range rows {
		var dims []string
		for i, name := range header {
			switch {
			case slices.Contains(results.Dimensions, name):
				dims = append(dims, row[i])
			case row[i] == results.WithheldCell:
				withheld++
			case row[i] != "":
				given++
			}
		}
		like[strings.Join(dims, " ")]++
	}
	for dims, people := range like {
		if people < 10 {
			t.Errorf("%d rows are %s", people, dims)
		}
	}
	t.Logf("%d classes, %d answers given, %d withheld", len(like), given, withheld)
	if len(like) < 10 || given < 5*n {
		t.Error("the file tells hardly anything")
	}
	if strings.Contains(files["responses.csv"], words) || strings.Contains(b.log.String(), words) {
		t.Error("what somebody wrote got out")
	}
}

// A worker that was killed, and a nudge that was lost, only take longer.
func TestTheSweepFindsFilesToMake(t *testing.T) {
	t.Parallel()
	b, wave, deed := newExportBench(t, 50)
	id, err := b.Store.AskExport(t.Context(), deed, wave, store.ExportResponses)
	must(t, err)
	_, err = b.Store.BeginExport(t.Context(), id, b.Now()) // and says nothing any more
	must(t, err)
	b.forward.Store(int64(2 * time.Minute))
	b.run()
	b.within(30*time.Second, "ready", func() bool { return b.exportState(deed).State == store.ExportReady })
	if e := b.exportState(deed); e.Attempt != 2 {
		t.Errorf("it was made by attempt %d", e.Attempt)
	}
}

func TestTooFewForAFile(t *testing.T) {
	t.Parallel()
	b, wave, deed := newExportBench(t, 7)
	id, err := b.Store.AskExport(t.Context(), deed, wave, store.ExportResponses)
	must(t, err)
	must(t, b.export(t.Context(), payload{Export: id}))
	if e := b.exportState(deed); e.State != store.ExportFailed || e.Fault != store.FaultTooFew {
		t.Errorf("the file is %+v", e)
	}
	must(t, b.export(t.Context(), payload{Export: id})) // once more is no fault
}

// A file that is not wanted any more is not finished.
func TestAFileThatNobodyWantsAnyMore(t *testing.T) {
	t.Parallel()
	b, wave, deed := newExportBench(t, 2_000)
	id, err := b.Store.AskExport(t.Context(), deed, wave, store.ExportResponses)
	must(t, err)
	e, err := b.Store.BeginExport(t.Context(), id, b.Now())
	must(t, err)
	must(t, b.Store.Housekeep(t.Context(), b.Now().Add(48*time.Hour)))
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	b.beat(ctx, cancel, e, &progress{})
	if context.Cause(ctx) == nil {
		t.Error("the worker goes on")
	}
	must(t, b.export(t.Context(), payload{Export: id}))
}

// TestExportIsQuickAndSmall measures the making of a file. With -exportrows it
// is `make bench-export`. Not parallel: it looks at the memory of the process.
func TestExportIsQuickAndSmall(t *testing.T) {
	db := testenv.Open(t)
	form := surveyForm(t)
	wave := releasedWave(t, db, form, *exportRows)
	_, err := db.Store.AddUser(t.Context(), store.NewUser{Email: "sara@example.org", Name: "Sara", Role: store.SurveyManager})
	must(t, err)
	user, err := db.Store.UserByEmail(t.Context(), "sara@example.org")
	must(t, err)
	counter := counting.Counter{Store: db.Store, Versions: db.Store.Versions(surveyLists(), form)}
	// As the job of a worker that runs leaves it.
	_, err = counter.Save(t.Context(), wave)
	must(t, err)
	w := &Worker{Store: db.Store, Counter: counter, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	id, err := db.Store.AskExport(t.Context(), store.Deed{By: user, At: w.Now()}, wave, store.ExportResponses)
	must(t, err)

	debug.FreeOSMemory()
	idle := resident(t)
	var peak atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			peak.Store(max(peak.Load(), resident(t)))
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	start := time.Now()
	must(t, w.export(t.Context(), payload{Export: id}))
	took := time.Since(start)
	close(stop)
	<-stopped
	files, err := db.Store.Exports(t.Context(), user.ID, w.Now())
	must(t, err)
	if len(files) != 1 || files[0].State != store.ExportReady || files[0].RowsDone != *exportRows {
		t.Fatalf("the file is %+v", files)
	}
	more := (peak.Load() - idle) >> 20
	t.Logf("%d rows in %v: %.0f rows/s; %.1f MB; resident memory at most %d MB over the %d MB of idle",
		*exportRows, took.Round(time.Millisecond), float64(*exportRows)/took.Seconds(), float64(files[0].Size)/1e6, more, idle>>20)
	if more > 30 && !raceDetector {
		t.Errorf("the export takes %d MB, more than 30", more)
	}
}

// resident is the memory of this process that is in RAM, in bytes.
func resident(t *testing.T) int64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Error(err)
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	if err != nil {
		t.Error(err)
	}
	return pages * int64(os.Getpagesize())
}
