package main

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writes records what each write held.
type writes struct {
	mu   sync.Mutex
	held []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held, string(b))
	return len(b), nil
}

// take returns what was written since it was last asked.
func (w *writes) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	held := w.held
	w.held = nil
	return held
}

func TestTheLogGathersLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got writes
		log, write := newLog(&got)
		wait := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		wrote := func(lines ...string) {
			t.Helper()
			got := got.take()
			if len(got) != 1 || strings.Count(got[0], "\n") != len(lines) {
				t.Fatalf("wrote %q, want one write of %q", got, lines)
			}
			rest := got[0]
			for _, line := range lines {
				var found bool
				if _, rest, found = strings.Cut(rest, line); !found {
					t.Fatalf("wrote %q, want %q in this order", got, lines)
				}
			}
		}
		nothing := func() {
			t.Helper()
			if held := got.take(); len(held) > 0 {
				t.Fatalf("wrote %q already", held)
			}
		}

		for range 2 { // the second time with a timer that has run
			log.Info("first")
			wait(linesPatience / 2)
			log.Info("second")
			nothing()
			wait(linesPatience / 2)
			wrote("first", "second")
		}
		wait(time.Hour)
		nothing()

		log.With("of", "somebody").WithGroup("any").Info("waits")
		log.With("of", "somebody").WithGroup("any").Warn("does not")
		wrote("waits", "does not")
		log.Error("alone")
		wrote("alone")

		log.Info("at the end")
		nothing()
		write()
		wrote("at the end")
		write()
		nothing()

		half := strings.Repeat("x", mostLines/2)
		log.Info(half)
		nothing()
		log.Info(half)
		wrote(half)
		wait(linesPatience + time.Millisecond)
		wrote(half)
		long := strings.Repeat("x", mostLines)
		log.Info(long)
		wait(linesPatience + time.Millisecond)
		wrote(long)
		wait(time.Hour)
		nothing()
	})
}
