package worker

import "context"

// release moves a wave's responses out of the inbox when enough of them can
// leave together.
func (w *Worker) release(ctx context.Context, p payload) error {
	_, err := w.Store.Release(ctx, p.Wave, w.Now())
	return err
}
