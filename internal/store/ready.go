package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/lib/pq"
)

// Why a database that answers cannot take a submission.
var (
	// ErrNoWrites: it takes no writes, as a standby does.
	ErrNoWrites = errors.New("the database takes no writes")
	// ErrOldSchema: it lacks migrations that this binary needs.
	ErrOldSchema = errors.New("the database schema is older than this release")
)

// Ready reports whether the database could take a submission now: ErrNoWrites
// or ErrOldSchema if it answers and could not, another error if it does not
// answer. schema is the number of the newest migration that this binary needs;
// a newer database is fine, as it is while a release is rolled out.
func (s *Store) Ready(ctx context.Context, schema int64) error {
	var found struct {
		ReadOnly bool  `db:"read_only"`
		Schema   int64 `db:"schema"`
	}
	err := s.db.GetContext(ctx, &found, `SELECT current_setting('transaction_read_only')::bool AS read_only,
		(SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied) AS schema`)
	var pqErr *pq.Error
	switch {
	case errors.As(err, &pqErr) && pqErr.Code == "42P01": // no such table: nothing was ever migrated
		return ErrOldSchema
	case err != nil:
		return fmt.Errorf("ask the database how it is: %w", err)
	case found.Schema < schema:
		return ErrOldSchema
	case found.ReadOnly:
		return ErrNoWrites
	}
	return nil
}
