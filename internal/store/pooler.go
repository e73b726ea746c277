package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// poolerTries is how often two connections are compared. A pooler that nobody
// else uses shows itself at once, a busy one within a few tries.
const poolerTries = 10

// MayMixStatements reports whether a query may run as another client's
// statement: where a pooler lends connections for a transaction at a time, and
// the database's address does not say binary_parameters=yes. Then the driver
// names a query in one message and gives its values in the next, which may
// reach another connection of the server. It needs two connections.
func (s *Store) MayMixStatements(ctx context.Context) (bool, error) {
	if s.oneMessage {
		return false, nil
	}
	lent, err := s.connectionsAreLent(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a pooler: %w", err)
	}
	return lent, nil
}

// connectionsAreLent asks two connections in turn which of the server's they
// are. Without a pooler, and with one that lends for a session, each stays what
// it is, and they are not the same.
func (s *Store) connectionsAreLent(ctx context.Context) (bool, error) {
	one, err := s.db.Connx(ctx)
	if err != nil {
		return false, err
	}
	defer one.Close() //nolint:errcheck // it only goes back
	other, err := s.db.Connx(ctx)
	if err != nil {
		return false, err
	}
	defer other.Close() //nolint:errcheck // it only goes back
	var before [2]string
	for range poolerTries {
		var server [2]string
		for i, conn := range []*sqlx.Conn{one, other} {
			// Two servers may have processes of the same number.
			if err := conn.GetContext(ctx, &server[i], `SELECT pg_backend_pid() || ' ' || pg_postmaster_start_time()`); err != nil {
				return false, err
			}
		}
		if server[0] == server[1] || before[0] != "" && server != before {
			return true, nil
		}
		before = server
	}
	return false, nil
}
