package handlers

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/internal/store"
)

// numberOf sends a request with that number and gives the one of the answer.
func (b *browser) numberOf(given string) string {
	b.app.t.Helper()
	number := b.send(http.MethodGet, "/privacy", nil, http.Header{requestHeader: {given}}).Header.Get(requestHeader)
	if _, err := uuid.Parse(number); err != nil {
		b.app.t.Errorf("the answer has the number %q", number)
	}
	return number
}

func TestOnlyAProxysNumbersAreTaken(t *testing.T) {
	t.Parallel()
	given := uuid.NewString()
	behind := newTestApp(t, func(cfg *Config) { cfg.TrustedProxies = []string{"10.0.0.0/8", "127.0.0.1"} })
	b := behind.browser()
	if got := b.numberOf(given); got != given {
		t.Errorf("a proxy's %s became %s", given, got)
	}
	if got := b.numberOf(strings.ToUpper(given)); got != given {
		t.Errorf("a proxy's %s became %s", strings.ToUpper(given), got)
	}
	if !strings.Contains(behind.log.String(), "request="+given) {
		t.Error("the log lacks the proxy's number")
	}
	for _, wrong := range []string{"", "wombat", given + "x", "{" + given + "}", "urn:uuid:" + given, strings.Repeat("x", 36)} {
		if got := b.numberOf(wrong); got == wrong || strings.Contains(wrong, got) {
			t.Errorf("%q is taken", wrong)
		}
	}
	for _, proxies := range [][]string{nil, {"10.0.0.0/8", "192.0.2.1"}} {
		alone := newTestApp(t, func(cfg *Config) { cfg.TrustedProxies = proxies })
		if got := alone.browser().numberOf(given); got == given {
			t.Errorf("with the proxies %v a stranger's number is taken", proxies)
		}
	}
}

// Whoever meets a fault of ours can quote the number under which it is logged.
func TestAFaultHasANumber(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.Jobs = panickingJobs{} })
	app.openWave("spring")
	b := app.browser()
	logged := func(p *page) string {
		t.Helper()
		number := p.Header.Get(requestHeader)
		for _, line := range []string{"msg=panic", "msg=request"} {
			if !strings.Contains(app.log.String(), number) || !strings.Contains(app.log.String(), line) {
				t.Errorf("the log lacks %q of %s", line, number)
			}
		}
		return number
	}
	p := b.post("/refer", posted(uuid.NewString(), individualAnswers)).want(http.StatusInternalServerError)
	p.says("tell us this number: " + logged(p))
	api := b.send(http.MethodPost, surveyPath, strings.NewReader(posted(uuid.NewString(), homeCarer).Encode()), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"},
	}).want(http.StatusInternalServerError)
	if want := `"instance":"urn:uuid:` + logged(api) + `"`; !strings.Contains(api.Body, want) {
		t.Errorf("a program gets %s", api.Body)
	}
	// What is no fault has none to be quoted.
	if p := b.get("/nowhere").want(http.StatusNotFound); strings.Contains(p.text("main"), p.Header.Get(requestHeader)) {
		t.Error("a page that is not there shows a number")
	}
	if p := b.send(http.MethodGet, "/nowhere", nil, http.Header{"Accept": {"application/json"}}); strings.Contains(p.Body, "instance") {
		t.Errorf("a program gets %s", p.Body)
	}

	// An error that a handler returns, on a manager's page.
	manager := app.signIn("Sara Mann", store.SurveyManager)
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	defer db.Close() //nolint:errcheck // read and written by one statement
	_, err = db.ExecContext(t.Context(), `ALTER TABLE waves RENAME COLUMN code TO other`)
	app.must(err)
	failed := manager.get(wavesPath).want(http.StatusInternalServerError)
	number := failed.Header.Get(requestHeader)
	failed.says("tell us this number: " + number)
	found := false
	for line := range strings.Lines(app.log.String()) {
		found = found || strings.Contains(line, `msg="request failed"`) && strings.Contains(line, "request="+number)
	}
	if !found {
		t.Errorf("the log lacks the failure of %s", number)
	}
}
