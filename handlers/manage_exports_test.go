package handlers

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

// makeExport does what the worker does, with a file of these bytes.
func (app *testApp) makeExport(id uuid.UUID, file []byte) {
	app.t.Helper()
	ctx := app.t.Context()
	e, err := app.store.BeginExport(ctx, id, app.clock())
	app.must(err)
	out := app.store.WriteExport(ctx, e)
	_, err = out.Write(file)
	app.must(err)
	app.must(out.Close())
	app.must(app.store.TouchExport(ctx, e, 300, 300, app.clock()))
	app.must(app.store.FinishExport(ctx, e, out.Size(), app.clock()))
}

// TestAnalystsFiles asks for a file, sees it being made, and fetches it: only
// whoever asked may, and not for long.
func TestAnalystsFiles(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 20)
	sara, other := app.signIn("Sara Mann", store.SurveyManager), app.signIn("Sam Field", store.SurveyManager)
	sara.get(exportsPath).want(http.StatusOK).says("You have none")
	ask := url.Values{"wave": {"spring"}}
	if to := sara.post(exportsPath, ask).redirects(); to != exportsPath {
		t.Errorf("asking leads to %s", to)
	}
	sara.post(exportsPath, ask).redirects() // pressed twice
	if len(app.jobs.exports) != 2 || app.jobs.exports[0] != app.jobs.exports[1] {
		t.Errorf("asking twice for one file nudges for %v", app.jobs.exports)
	}
	id := app.jobs.exports[0]
	path := exportsPath + "/" + id.String()
	sara.get(exportsPath).want(http.StatusOK).says("Waiting", "spring", "Look again")
	sara.get(path).want(http.StatusNotFound)

	file := bytes.Repeat([]byte("no ZIP file at all"), 40_000) // several parts
	app.makeExport(id, file)
	page := sara.get(exportsPath).want(http.StatusOK).says("Ready", "300 rows, 720 kB", "Kept until", "Download the ZIP file")
	got := sara.get(page.Find(`main a[href^="`+exportsPath+`/"]`).AttrOr("href", "")).want(http.StatusOK)
	if got.Body != string(file) || got.Header.Get("Content-Type") != "application/zip" ||
		got.Header.Get("Content-Disposition") != `attachment; filename="responses-care-worker-survey-spring.zip"` {
		t.Errorf("got %d bytes of %s, %s", len(got.Body), got.Header.Get("Content-Type"), got.Header.Get("Content-Disposition"))
	}
	other.get(exportsPath).want(http.StatusOK).says("You have none")
	other.get(path).want(http.StatusNotFound)
	app.browser().get(path).redirects()
	sara.get(exportsPath + "/nonsense").want(http.StatusNotFound)

	audit := app.signIn("Ada Min", store.Admin).get("/manage/audit").want(http.StatusOK)
	audit.says("Asked for the analyst’s file of wave spring", "Fetched the analyst’s file of wave spring")
	if n := strings.Count(audit.text("main"), "Fetched the analyst’s file"); n != 1 {
		t.Errorf("fetching once is recorded %d times", n)
	}

	app.pass(store.KeptFor + time.Minute)
	sara.get(path).want(http.StatusNotFound)
}

func TestAskingForFilesThatThereAreNot(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 20)
	sara := app.signIn("Sara Mann", store.SurveyManager)
	sara.post(exportsPath, url.Values{"wave": {"nope"}}).want(http.StatusNotFound)
	sara.post(exportsPath, url.Values{}).want(http.StatusNotFound)
	for _, role := range store.Roles {
		if !can(&store.User{Role: role}, viewResults) {
			b := app.signIn("Somebody "+string(role), role)
			b.get(exportsPath).want(http.StatusForbidden)
			b.post(exportsPath, url.Values{"wave": {"spring"}}).want(http.StatusForbidden)
		}
	}
	if len(app.jobs.exports) > 0 {
		t.Error("a worker was nudged for nothing")
	}
}

// A file that could not be made says why.
func TestAFileThatWasNotMade(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 20)
	sara := app.signIn("Sara Mann", store.SurveyManager)
	sara.post(exportsPath, url.Values{"wave": {"spring"}}).redirects()
	e, err := app.store.BeginExport(t.Context(), app.jobs.exports[0], app.clock())
	app.must(err)
	sara.get(exportsPath).says("Being made", "Counting.")
	app.must(app.store.TouchExport(t.Context(), e, 7, 20, app.clock()))
	sara.get(exportsPath).says("7 of 20 rows.")
	app.must(app.store.PutBackExport(t.Context(), e, store.FaultTooFew))
	sara.get(exportsPath).says("Not made", "fewer than 10 responses")
	sara.post(exportsPath, url.Values{"wave": {"spring"}}).redirects()
	if page := sara.get(exportsPath).says("Waiting"); strings.Contains(page.text("main"), "Not made") {
		t.Error("a file that was asked for again stands beside the old one")
	}
}
