package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

// newLog logs to an unbuffered place, such as standard error. What only tells
// what happens, such as that a request was answered, waits for more of it, so
// that there is not a write for each response of a storm; a warning or an error
// is written at once, after what waits. Whoever ends calls write.
func newLog(to io.Writer) (log *slog.Logger, write func()) {
	lines := &lineBuffer{to: to}
	return slog.New(promptHandler{slog.NewTextHandler(lines, nil), lines}), lines.write
}

// What waits to be written to the log: how much of it, and how long. A pipe that
// processes share takes so much at once without mixing it with another's.
const (
	mostLines     = 4096 // bytes
	linesPatience = 200 * time.Millisecond
)

// lineBuffer gathers lines for one write.
type lineBuffer struct {
	to io.Writer

	mu    sync.Mutex
	lines []byte
	due   *time.Timer // nil until something has waited
}

func (b *lineBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.lines)+len(line) > mostLines {
		b.writeLocked()
	}
	first := len(b.lines) == 0
	b.lines = append(b.lines, line...)
	switch {
	case !first:
	case b.due == nil:
		b.due = time.AfterFunc(linesPatience, b.write)
	default:
		b.due.Reset(linesPatience)
	}
	return len(line), nil
}

func (b *lineBuffer) write() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writeLocked()
}

func (b *lineBuffer) writeLocked() {
	if len(b.lines) > 0 {
		_, _ = b.to.Write(b.lines) // there is nowhere to say that the log cannot be written
		b.lines = b.lines[:0]
	}
}

// promptHandler has what is more than information written at once.
type promptHandler struct {
	slog.Handler
	lines *lineBuffer
}

func (h promptHandler) Handle(ctx context.Context, record slog.Record) error {
	err := h.Handler.Handle(ctx, record)
	if record.Level > slog.LevelInfo {
		h.lines.write()
	}
	return err
}

func (h promptHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(attrs), h.lines}
}

func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.lines}
}
