package store

import (
	"context"
	"fmt"
)

// VacuumInbox writes one of Inboxes anew, so that its files hold nothing any
// more of what has left it: PostgreSQL only marks deleted rows, and there they
// lie beside their keys. It reports false, and is to be called again, if
// somebody was using the table at that moment or, where it is empty, may still
// look at what it was. It waits for nobody, but whoever needs the table
// meanwhile waits for it.
func (s *Store) VacuumInbox(ctx context.Context, table string) (done bool, err error) {
	var before struct{ Node, Version int64 }
	err = s.db.GetContext(ctx, &before, `SELECT pg_relation_filenode($1)::bigint AS node, current_setting('server_version_num')::bigint AS version`, table)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", table, err)
	}
	only := ""
	if before.Version >= vacuumsHeirs {
		only = "ONLY "
	}
	// A plain VACUUM gives places within a page back and leaves the words there.
	if _, err := s.db.ExecContext(ctx, `VACUUM (FULL, SKIP_LOCKED) `+only+table); err != nil {
		return false, fmt.Errorf("vacuum %s: %w", table, err)
	}
	// What an older transaction can see is carried over: with no row left, it
	// shows by the size.
	err = s.db.GetContext(ctx, &done, `SELECT pg_relation_filenode($2)::bigint <> $1
		AND (EXISTS (SELECT FROM ONLY `+table+`) OR pg_relation_size($2) = 0)`, before.Node, table)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", table, err)
	}
	return done, nil
}

// vacuumsHeirs is the version from which PostgreSQL vacuums the tables that
// inherit from one with it, unless it is told not to.
const vacuumsHeirs = 180000

// VacuumInvitations drops the rows that a release has written anew elsewhere:
// their transactions tell when an invitation was used.
func (s *Store) VacuumInvitations(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `VACUUM (SKIP_LOCKED) invitations`); err != nil {
		return fmt.Errorf("vacuum invitations: %w", err)
	}
	return nil
}

// VacuumResponses drops what a release has replaced: the rows of the release
// before, which the rest of a wave has joined, tell which ones were the rest.
func (s *Store) VacuumResponses(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `VACUUM (SKIP_LOCKED) responses`); err != nil {
		return fmt.Errorf("vacuum responses: %w", err)
	}
	return nil
}
