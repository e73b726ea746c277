package handlers

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/embedded"
	"intake/internal/store"
	"intake/migrations"
)

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	for want, errs := range map[int][]error{
		http.StatusNotFound:              {store.ErrNotFound, errPageNotFound},
		http.StatusRequestEntityTooLarge: {&http.MaxBytesError{Limit: 1}},
		http.StatusBadRequest:            {forms.ErrMalformed, unreadable(errors.New("cut off"), malformed)},
		http.StatusRequestTimeout:        {unreadable(os.ErrDeadlineExceeded, malformed)},
		http.StatusServiceUnavailable:    {context.DeadlineExceeded, context.Canceled, driver.ErrBadConn},
		http.StatusInternalServerError:   {errors.New("wombat")},
	} {
		for _, err := range errs {
			p := asProblem(fmt.Errorf("do something: %w", err))
			if p.status != want {
				t.Errorf("%v becomes %d, want %d", err, p.status, want)
			}
			if strings.Contains(p.title+p.words, "wombat") || strings.Contains(p.words, "do something") {
				t.Errorf("%v is shown to people: %s. %s", err, p.title, p.words)
			}
			if !strings.HasSuffix(p.words, ".") {
				t.Errorf("%d says %q, which is no sentence", p.status, p.words)
			}
		}
	}
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	missing := b.get("/nowhere").want(http.StatusNotFound).says("Page not found", "Go to the home page")
	if missing.Header.Get("Cache-Control") != "no-store" {
		t.Error("an error page may be cached")
	}
	wrong := b.send(http.MethodDelete, "/refer", nil, nil).want(http.StatusMethodNotAllowed).says("does not take that kind of request")
	if wrong.Header.Get("Allow") == "" {
		t.Error("the answer does not say which methods there are")
	}
	// Whoever was about to report danger is told where else to go.
	b.get("/refer/nowhere").want(http.StatusNotFound).says("call 999", app.cfg.Organisation.Phones.EmergencyDuty)
	problem := b.send(http.MethodGet, "/nowhere", nil, http.Header{"Accept": {"application/json"}}).want(http.StatusNotFound)
	if got := problem.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
		t.Errorf("a program gets %s", got)
	}
}

// On the survey's way people are told what is wrong in their own language,
// however they chose it.
func TestErrorsOfTheSurveyAreInPeoplesLanguage(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, inPseudo, func(cfg *Config) { cfg.RateLimit = 1 })
	notOpen := []string{surveyPath, surveyPath + "/results"}
	ways := map[string]string{
		"/survey/nope": "not_found", "/survey/nope/stored": "not_found", "/survey/nope/thanks": "not_found", "/survey/a/b": "not_found",
		"/s/NOPE": "link_unknown", "/s/%00": "link_unknown",
		"/survey/nope/results": "not_found", surveyPath + "/results?wave=nope": "not_found",
	}
	for _, way := range notOpen {
		ways[way] = "not_open"
	}
	look := func(address, key string) {
		t.Helper()
		for _, code := range []string{"en", "pl", "ar", "qps"} {
			for how, header := range map[string]http.Header{
				"by the address":     {},
				"by the cookie":      {"Cookie": {languageCookie + "=" + code}},
				"by their browser's": {"Accept-Language": {code}},
			} {
				if code == "qps" && how == "by their browser's" {
					continue // it is the first of the organisation, and no browser's
				}
				asked := address
				if how == "by the address" {
					if asked += "?lang=" + code; strings.Count(asked, "?") == 2 {
						asked = address + "&lang=" + code
					}
				}
				p := app.browser().send(http.MethodGet, asked, nil, header).want(http.StatusNotFound)
				l := forms.LocaleIn(code)
				if lang, dir := p.Find("html").AttrOr("lang", ""), p.Find("html").AttrOr("dir", ""); lang != code || dir != l.Direction {
					t.Errorf("%s in %s, %s: the page is in %s, %s", address, code, how, lang, dir)
				}
				if got := p.text("h1"); got != l.Word(key) || !strings.Contains(p.text("main"), l.Word(key+"_text")) {
					t.Errorf("%s in %s, %s: the page says %q: %q", address, code, how, got, p.text("main"))
				}
			}
		}
	}
	for address, key := range ways {
		look(address, key)
	}
	app.openWave("spring")
	look(surveyPath+"/results", "not_published")

	b := app.browser()
	polish := forms.LocaleIn("pl")
	b.post("/survey/nope?lang=pl", posted(uuid.NewString(), homeCarer)).want(http.StatusNotFound).says(polish.Word("not_found"))
	b.send(http.MethodPost, surveyPath+"?lang=pl", strings.NewReader(strings.Repeat("a", surveyBodyLimit+1)),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}).want(http.StatusRequestEntityTooLarge).says(polish.Word("not_read"))
	b.post(surveyPath+"?lang=pl", url.Values{"care_role": {"a\x00b"}}).want(http.StatusBadRequest).says(polish.Word("not_read_text"))

	// A program gets the problem itself, and the rest of the portal is in English.
	b.send(http.MethodGet, "/survey/nope?lang=pl", nil, http.Header{"Accept": {"application/json"}}).want(http.StatusNotFound).says(`"title":"Page not found"`)
	b.get("/nowhere?lang=pl").want(http.StatusNotFound).says("Page not found")
}

// panickingJobs break down with words that somebody wrote in their hands.
type panickingJobs struct{ *recordedJobs }

func (panickingJobs) ResponseReceived(int64) { panic("wombat") }

func (panickingJobs) ReferralReceived(uuid.UUID) {
	words := []string{"wombat"}
	_ = words[len(words)]
}

func TestPanicsAreAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.Jobs = panickingJobs{} })
	app.openWave("spring")
	b := app.browser()
	b.post(surveyPath, posted(uuid.NewString(), homeCarer)).want(http.StatusInternalServerError).says("We could not do this just now", "999")
	b.post("/refer", posted(uuid.NewString(), individualAnswers)).want(http.StatusInternalServerError)
	b.get("/").want(http.StatusOK)
	log := app.log.String()
	for _, part := range []string{"msg=panic", "route=/survey/:slug", "survey.go", "index out of range", "status=500"} {
		if !strings.Contains(log, part) {
			t.Errorf("the log lacks %q:\n%s", part, log)
		}
	}
	if strings.Contains(log, "wombat") {
		t.Errorf("the log holds what somebody wrote:\n%s", log)
	}
}

func TestWithoutPostgres(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "portal-away-") // its user has to pass through, as for other tests' databases
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	postgres, err := embedded.StartPostgres(t.Context(), dir+"/pg", embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return postgres.Stop(ctx)
	}
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			_ = stop()
		}
	})
	var ledger *store.Store
	app := newTestApp(t, func(cfg *Config) {
		if err := migrations.Up(t.Context(), postgres.DSN()); err != nil {
			t.Fatal(err)
		}
		if ledger, err = store.Open(t.Context(), postgres.DSN(), store.Options{Keys: cfg.Keys}); err != nil {
			t.Fatal(err)
		}
		cfg.Store, cfg.Referrals = ledger, ledger
	})
	t.Cleanup(func() { app.must(ledger.Close()) })
	app.must(ledger.OpenWave(t.Context(), app.deed(), store.NewWave{Survey: app.cfg.Survey.ID, Code: "spring", Versions: []int64{1}, OpensAt: app.clock()}))
	b := app.browser()
	b.get("/readyz").want(http.StatusOK)
	survey := b.fill(b.get(surveyPath).want(http.StatusOK)).setAll(homeCarer)
	referral := b.fill(b.get("/refer").want(http.StatusOK)).setAll(individualAnswers)

	stopped = true
	app.must(stop())
	for name, ask := range map[string]func() *page{
		"survey":   func() *page { return b.get(surveyPath) },
		"response": func() *page { return survey.press("send") },
		"referral": func() *page { return b.post("/refer", referral.values) },
		"API":      func() *page { return app.api(responsesPath, submission(t, uuid.NewString(), homeCarer)) },
		"bearer":   func() *page { return app.api(referralsPath, "{}", "Authorization", "Bearer x") },
		"sign-in": func() *page {
			return b.post("/manage/sign-in", url.Values{"email": {"a@example.org"}, "password": {"x"}})
		},
		"signed in": func() *page {
			return b.send(http.MethodGet, "/manage", nil, http.Header{"Cookie": {"portal_session=x"}})
		},
	} {
		p := ask()
		if p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %d, to try again after %q: %s", name, p.Status, p.Header.Get("Retry-After"), p.text("body"))
		}
	}
	b.post("/refer", referral.values).filledIn(b, individualAnswers)
	survey.press("send").filledIn(b, homeCarer)
	// What needs no ledger goes on.
	b.get("/healthz").want(http.StatusOK)
	b.get("/").want(http.StatusOK).says("call 999")
	b.get("/refer").want(http.StatusOK)
	b.get("/privacy").want(http.StatusOK)
	if p := b.get("/readyz").want(http.StatusServiceUnavailable); !strings.HasPrefix(p.Body, `{"postgres":"away","redis":"ok","schema":"unknown","detail":["PostgreSQL does not answer`) {
		t.Errorf("readyz says %s", p.Body)
	}
}
