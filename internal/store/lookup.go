package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// LocateReferral finds a referral that the reader may read without opening it:
// its id, and the team that has it, "" before it is routed. It gives
// ErrNotFound for one that they may not read.
func (s *Store) LocateReferral(ctx context.Context, reader *User, reference string) (id uuid.UUID, team string, err error) {
	args := scope(reader)
	args["reference"] = reference
	var row struct {
		ID   uuid.UUID `db:"id"`
		Team string    `db:"team"`
	}
	err = s.getNamed(ctx, s.db, &row, `SELECT r.id, COALESCE(r.team, '') AS team FROM referrals r
		WHERE r.reference = :reference AND `+readable, args)
	if err != nil {
		return uuid.Nil, "", fmt.Errorf("locate referral: %w", notFound(err))
	}
	return row.ID, row.Team, nil
}
