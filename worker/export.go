package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"intake/forms"
	"intake/internal/export"
	"intake/internal/results"
	"intake/internal/store"
)

const (
	// exportTimeout bounds the making of a file; a million rows take minutes.
	exportTimeout = 30 * time.Minute
	// exportBeat is how often a worker says how far it is.
	exportBeat = time.Second
	// exportGarbage is how much garbage there may be while people are counted,
	// in per cent of the memory in use. What is short is memory, not time.
	exportGarbage = 10
	// writeGarbage is the same while rows are written, of which each leaves
	// some.
	writeGarbage = 25
)

// export makes a file that a manager asked for, from its beginning.
func (w *Worker) export(ctx context.Context, p payload) error {
	e, err := w.Store.BeginExport(ctx, p.Export, w.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil // it is made, or another worker is at it
	} else if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var progress progress
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		w.beat(ctx, cancel, e, &progress)
	}()
	err = w.build(ctx, e, &progress)
	if err != nil && context.Cause(ctx) != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	cancel(nil)
	<-beating
	switch {
	case errors.Is(err, store.ErrStale):
		return nil // another attempt has begun, or nobody wants it any more
	case errors.Is(err, errTooFew):
		err = w.Store.PutBackExport(context.WithoutCancel(ctx), e, store.FaultTooFew)
	case err != nil:
		return errors.Join(err, w.Store.PutBackExport(context.WithoutCancel(ctx), e, ""))
	}
	return err
}

// progress is how many rows have been written, of how many.
type progress struct{ done, total atomic.Int64 }

// beat says how far the file is until ctx is done, and ends ctx when nobody
// waits for it any more.
func (w *Worker) beat(ctx context.Context, cancel context.CancelCauseFunc, e *store.Export, p *progress) {
	ticker := time.NewTicker(exportBeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := w.Store.TouchExport(ctx, e, int(p.done.Load()), int(p.total.Load()), w.Now())
		if errors.Is(err, store.ErrStale) {
			cancel(err)
			return
		}
	}
}

// errTooFew: the wave has too few responses for a file of rows.
var errTooFew = errors.New("too few responses for rows")

// analyst decides which rows of a wave may be given out. The wave is as it was
// when its responses were counted.
func (w *Worker) analyst(ctx context.Context, waveID int64) (*export.Analyst, *store.Wave, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(exportGarbage))
	index, err := w.Counter.Load(ctx, waveID, nil)
	if err != nil {
		return nil, nil, err
	}
	wave := index.Wave
	editions, err := w.Store.Editions(ctx, &wave, index.Released(), w.Now())
	if err != nil {
		return nil, nil, err
	}
	published, err := index.Publish(editions)
	if err != nil {
		return nil, nil, err
	}
	versions, err := w.Counter.Versions.Of(ctx, &wave)
	if err != nil {
		return nil, nil, err
	}
	a := &export.Analyst{Variables: export.Codebook(versions...), Rows: published.Rows()}
	a.Survey, a.Wave, a.Released, a.Made = versions[0], wave.Code, a.Rows.Size(), w.Now()
	for _, form := range versions {
		if form.Version > a.Survey.Version {
			a.Survey = form
		}
	}
	return a, &wave, nil
}

// build writes the file.
func (w *Worker) build(ctx context.Context, e *store.Export, p *progress) error {
	a, counted, err := w.analyst(ctx, e.WaveID)
	if err != nil {
		return err
	}
	if a.Rows.Size() == 0 {
		return errTooFew
	}
	runtime.GC() // what was counted is of no use any more
	defer debug.SetGCPercent(debug.SetGCPercent(writeGarbage))
	p.total.Store(int64(a.Rows.Size()))
	salt := make([]byte, 32)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("make a salt: %w", err)
	}
	file := w.Store.WriteExport(ctx, e)
	err = w.Store.ReadReleased(ctx, e.WaveID, func(s *store.Snapshot) error {
		if s.Wave.Shuffles != counted.Shuffles || !s.Wave.SameVersions(counted) {
			return results.ErrOtherResponses
		}
		return a.Write(file, func(add func(version int, answers forms.Answers) error) error {
			return s.Shuffled(ctx, a.Rows.Size(), salt, func(version int, answers forms.Answers) error {
				p.done.Add(1)
				return add(version, answers)
			})
		})
	})
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return err
	}
	if err := w.Store.TouchExport(ctx, e, a.Rows.Size(), a.Rows.Size(), w.Now()); err != nil {
		return err
	}
	return w.Store.FinishExport(ctx, e, file.Size(), w.Now())
}
