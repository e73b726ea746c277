package store

import (
	"context"
	"fmt"
	"time"
)

// VacuumInbox writes the inbox anew, so that its files hold nothing any more of
// what has left it: PostgreSQL only marks deleted rows, and there they lie
// beside their keys. It reports false, and is to be called again, if somebody
// was using the inbox at that moment, or may still look at what it was. It
// waits for nobody, but whoever answers meanwhile waits for it.
func (s *Store) VacuumInbox(ctx context.Context) (done bool, err error) {
	all := true
	for _, table := range append(inboxes[:], "inbox") {
		done, err := s.writeAnew(ctx, table)
		if err != nil {
			return false, err
		}
		all = all && done
	}
	return all, nil
}

// VacuumRestingInbox is VacuumInbox for the table of it that rests. Nobody who
// answers waits for it.
func (s *Store) VacuumRestingInbox(ctx context.Context) (done bool, err error) {
	return s.writeAnew(ctx, inboxes[1-inboxAt(time.Now())])
}

// writeAnew writes a table anew unless it is in use, and reports whether it did
// and nothing that was deleted is in it any more.
func (s *Store) writeAnew(ctx context.Context, table string) (done bool, err error) {
	var before int64
	if err := s.db.GetContext(ctx, &before, `SELECT pg_relation_filenode($1)::bigint`, table); err != nil {
		return false, fmt.Errorf("look at %s: %w", table, err)
	}
	// A plain VACUUM gives places within a page back and leaves the words there.
	if _, err := s.db.ExecContext(ctx, `VACUUM (FULL, SKIP_LOCKED) `+table); err != nil {
		return false, fmt.Errorf("vacuum %s: %w", table, err)
	}
	// What an older transaction can see is carried over: with no row left, it
	// shows by the size.
	err = s.db.GetContext(ctx, &done, `SELECT pg_relation_filenode($2)::bigint <> $1
		AND (EXISTS (SELECT FROM ONLY `+table+`) OR pg_relation_size($2) = 0)`, before, table)
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", table, err)
	}
	return done, nil
}

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
