package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"intake/forms"
)

// SentAnswers returns the newest answers of a referral to whoever sent it, so
// that they can add to them. Only the holder of the sealed cookie may call it.
func (s *Store) SentAnswers(ctx context.Context, id uuid.UUID) (forms.Answers, error) {
	var answers forms.Answers
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var err error
		answers, err = s.newestAnswers(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read sent answers: %w", err)
	}
	return answers, nil
}
