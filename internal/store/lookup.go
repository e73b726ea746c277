package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// ReferralID finds the id of a referral that the reader may read, without
// opening it; ErrNotFound for one they may not.
func (s *Store) ReferralID(ctx context.Context, reader *User, reference string) (uuid.UUID, error) {
	args := scope(reader)
	args["reference"] = reference
	var id uuid.UUID
	err := s.getNamed(ctx, s.db, &id, `SELECT r.id FROM referrals r WHERE r.reference = :reference AND `+readable, args)
	if err != nil {
		return id, fmt.Errorf("find referral: %w", notFound(err))
	}
	return id, nil
}
