package worker

import "context"

// index stores the chunks of a wave's index that responses have been released
// for. A chunk is stored as soon as it is made, so that a job that is cut short
// has done its part.
func (w *Worker) index(ctx context.Context, p payload) error {
	_, err := w.Counter.Save(ctx, p.Wave)
	return err
}
