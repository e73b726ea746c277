package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestHomeLeadsEachAudience(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	b.get("/").want(http.StatusOK).says("The survey is closed at the moment.", "call 999", app.cfg.Organisation.Name)
	app.openWave("spring")
	home := b.get("/").want(http.StatusOK).says("It takes about 10 minutes")
	for _, place := range []string{surveyPath, "/refer", "/manage", "/refer/resume", "/accessibility", "/privacy"} {
		link := home.Find(`a[href="` + place + `"]`)
		if link.Length() == 0 {
			t.Errorf("no link leads to %s", place)
			continue
		}
		if status := b.get(place).Status; status != http.StatusOK && status != http.StatusSeeOther {
			t.Errorf("%s answers %d", place, status)
		}
	}
	if b.get("/follow-up").want(http.StatusOK).text("h1") == "" {
		t.Error("the page about what follows has no heading")
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.browser()
	if p := b.get("/healthz").want(http.StatusOK); p.Body != "ok\n" {
		t.Errorf("healthz says %q", p.Body)
	}
	if p := b.get("/readyz").want(http.StatusOK); p.Body != `{"postgres":"ok","redis":"ok","schema":"ok"}` {
		t.Errorf("readyz says %s", p.Body)
	}
	b.get("/dev/mail").want(http.StatusNotFound)
}

// caughtMails stands for what the catcher of `portal dev` has.
type caughtMails []Mail

func (m caughtMails) Mails() []Mail { return m }

func TestCaughtMailIsShown(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) {
		cfg.Mailbox = caughtMails{{At: time.Now(), To: "mid@example.org", Subject: "<b>New</b>", Body: "line one\nline two"}}
	})
	p := app.browser().get("/dev/mail").want(http.StatusOK).says("mid@example.org", "<b>New</b>", "line one")
	if strings.Contains(p.Body, "<b>New") {
		t.Error("an email's subject is shown as HTML")
	}
}

func TestSubmissionKey(t *testing.T) {
	t.Parallel()
	key := uuid.NewString()
	for value, ok := range map[string]bool{key: true, strings.ToUpper(key): true, "": false, "wombat": false, uuid.Nil.String(): false, key + "x": false} {
		if _, got := submissionKey(posted(value, nil)); got != ok {
			t.Errorf("%q counts as a key: %v", value, got)
		}
	}
}
