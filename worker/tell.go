package worker

import (
	"context"
	"errors"
	"fmt"
)

// tellBatch bounds the emails of one task.
const tellBatch = 20

// tell sends the emails that teams are owed about a referral. One that fails
// stays owed in the ledger and is not tried again by the queue.
func (w *Worker) tell(ctx context.Context, p payload) error {
	now := w.Now()
	due, err := w.Referrals.DueNotifications(ctx, p.Referral, now, tellBatch)
	if err != nil {
		return err
	}
	for _, id := range due {
		var failed *mailError
		if err := w.Referrals.Tell(ctx, id, now, w.Mailer.Send); errors.As(err, &failed) {
			w.Log.Warn("team not told yet; tried again later", "error", err)
		} else if err != nil {
			return fmt.Errorf("tell: %w", err)
		}
	}
	return nil
}
