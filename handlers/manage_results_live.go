package handlers

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

const (
	// releasesRead is how often a process looks for releases, while anybody
	// watches: one small query for all of them. It works through any pooler,
	// as a notification by the database would not.
	releasesRead = time.Second
	// heartbeat keeps proxies from closing a stream on which nothing happens.
	heartbeat = 20 * time.Second
	// streamLife bounds how long a page is kept fresh: a screen that nobody
	// looks at must not keep its session alive.
	streamLife = 25 * time.Minute
	// writePatience is how long one event may take to leave.
	writePatience = 10 * time.Second
)

// releaseWatch tells streams that responses were released, by whichever
// process. The zero value is ready to use.
type releaseWatch struct {
	mu       sync.Mutex
	watchers int
	reading  bool
	marks    map[int64]store.ReleaseMark
	changed  chan struct{} // closed when marks are others
}

// join begins to watch, until leave is called.
func (w *releaseWatch) join(a *app) (leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers++
	if !w.reading {
		w.reading = true
		w.changed = make(chan struct{})
		go w.read(a)
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.watchers--
	}
}

// read looks for releases as long as anybody watches.
func (w *releaseWatch) read(a *app) {
	ticker := time.NewTicker(releasesRead)
	defer ticker.Stop()
	for range ticker.C {
		ctx, cancel := context.WithTimeout(context.Background(), releasesRead)
		marks, err := a.Store.ReleaseMarks(ctx)
		cancel()
		if err != nil {
			a.Log.Warn("releases cannot be watched now", "error", err)
		}
		if w.told(marks, err == nil) {
			return
		}
	}
}

// told passes on what was read, and reports whether nobody watches any more.
func (w *releaseWatch) told(marks map[int64]store.ReleaseMark, known bool) (done bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers == 0 {
		w.marks, w.reading = nil, false
		return true
	}
	if known {
		w.marks = marks
		close(w.changed)
		w.changed = make(chan struct{})
	}
	return false
}

// next gives what is known of a wave, and what is closed when that was read
// again.
func (w *releaseWatch) next(wave int64) (mark store.ReleaseMark, known bool, again <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	mark, known = w.marks[wave]
	return mark, known, w.changed
}

// liveResults tells a page, by server-sent events, that responses of the wave
// were released since the page was made, which names the releases that it has
// seen. It carries no figures.
func (a *app) liveResults(c *gin.Context) error {
	wave, err := a.askedWave(c)
	if err != nil {
		return a.namingWaves(c.Request.Context(), err, anyWave)
	}
	seen := c.Query("seen")
	if last := c.GetHeader("Last-Event-ID"); last != "" {
		seen = last
	}
	leave := a.releases.join(a)
	defer leave()
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no")
	out := http.NewResponseController(c.Writer)
	send := func(text string) error {
		if err := out.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
			return err
		}
		if _, err := fmt.Fprint(c.Writer, text); err != nil {
			return err
		}
		return out.Flush()
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	ends := time.NewTimer(streamLife)
	defer ends.Stop()
	err = send("retry: 5000\n: watching\n\n")
	_, _, first := a.releases.next(wave.ID) // what was read before may be older than the page
	for err == nil {
		mark, known, again := a.releases.next(wave.ID)
		if known && again != first && mark.String() != seen {
			seen = mark.String()
			// With its id a browser that connects anew goes on from here.
			err = send("event: released\nid: " + seen + "\ndata: {}\n\n")
			continue
		}
		select {
		case <-again:
		case <-beat.C:
			err = send(": still watching\n\n")
		case <-ends.C:
			if err = send("event: end\ndata: {}\n\n"); err == nil {
				return nil
			}
		case <-a.Stopping:
			return nil // the browser connects to another process
		case <-c.Request.Context().Done():
			return nil
		}
	}
	return nil // whoever looked has gone
}
