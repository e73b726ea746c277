package worker

import (
	"context"
	"errors"
)

// index stores the chunks of a wave's index that responses have been released
// for. A chunk is stored as soon as it is made, so that a job that is cut short
// has done its part.
func (w *Worker) index(ctx context.Context, p payload) error {
	saved, err := w.Counter.Save(ctx, p.Wave)
	if saved > 0 && errors.Is(err, context.DeadlineExceeded) {
		return nil // the sweep finds what is left
	}
	return err
}
