package store

import (
	"context"
	"time"
)

// UserBySetupCode finds the enabled user whom a live set-up code lets set a
// password; ErrNotFound for a code that is unknown, spent or expired.
func (s *Store) UserBySetupCode(ctx context.Context, codeHash []byte, now time.Time) (*User, error) {
	return s.user(ctx, `SELECT `+userColumns+` FROM users u JOIN setup_codes c ON c.user_id = u.id
		WHERE c.code_hash = $1 AND c.expires_at > $2 AND u.disabled_at IS NULL`, codeHash, now)
}
