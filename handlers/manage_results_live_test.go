package handlers

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/store"
)

// stream reads the events of a wave's results.
type stream struct {
	t      *testing.T
	events chan string
}

func (app *testApp) stream(b *browser, address string, lastID string) *stream {
	app.t.Helper()
	request, err := http.NewRequestWithContext(app.t.Context(), http.MethodGet, app.url+address, nil)
	app.must(err)
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := b.client.Do(request)
	app.must(err)
	app.t.Cleanup(func() { _ = answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || kind != "text/event-stream" {
		app.t.Fatalf("the stream answers %s, %s", answer.Status, kind)
	}
	s := &stream{t: app.t, events: make(chan string, 16)}
	go func() {
		defer close(s.events)
		lines := bufio.NewScanner(answer.Body)
		for lines.Scan() {
			if kind, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				s.events <- kind
			}
		}
	}()
	return s
}

// next waits for an event, "" for none within the time.
func (s *stream) next(patience time.Duration) string {
	select {
	case event := <-s.events:
		return event
	case <-time.After(patience):
		return ""
	}
}

func TestResultsTellOfReleases(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	app := newTestApp(t, func(cfg *Config) { cfg.Stopping = stopping })
	wave, _ := app.fillWave("spring", 20)
	b := app.signIn("Sara Mann", store.SurveyManager)
	live, _ := b.get(resultsPath).want(http.StatusOK).Find("[data-live]").Attr("data-live")
	watched := app.stream(b, live, "")
	if event := watched.next(3 * releasesRead); event != "" {
		t.Errorf("nothing was released, and the stream tells of %q", event)
	}
	for range 30 {
		app.respond(forms.Answers{"care_role": {"no"}})
	}
	app.release(wave)
	if event := watched.next(5 * releasesRead); event != "released" {
		t.Errorf("after a release the stream tells of %q", event)
	}
	// A page from before the release hears of it, one that was told does not
	// hear of it again.
	if event := app.stream(b, live, "").next(5 * releasesRead); event != "released" {
		t.Errorf("a page from before the release is told %q", event)
	}
	mark := app.wave("spring").Mark().String()
	if event := app.stream(b, live, mark).next(3 * releasesRead); event != "" {
		t.Errorf("a browser that connects anew is told again: %q", event)
	}
	close(stopping)
	select {
	case _, open := <-watched.events:
		if open {
			t.Error("a stream tells of something when the server ends")
		}
	case <-time.After(5 * time.Second):
		t.Error("a stream goes on when the server ends")
	}
	app.browser().get(live).redirects()
}
