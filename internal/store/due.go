package store

import (
	"context"
	"fmt"
	"time"
)

// Due is the work that the ledger still shows as undone: what a sweep would
// find now.
type Due struct {
	Unrouted      int        `db:"unrouted"` // referrals without a team
	UnroutedSince *time.Time `db:"unrouted_since"`
	Amendments    int        `db:"amendments"` // more about a referral, not yet looked at by a worker
	EmailsOwed    int        `db:"emails_owed"`
	NextEmail     *time.Time `db:"next_email"`
	FailedEmails  int        `db:"failed_emails"` // owed, and sending them has failed at least once
}

// Due counts the work that workers have still to do.
func (s *Store) Due(ctx context.Context) (*Due, error) {
	var d Due
	err := s.db.GetContext(ctx, &d, `SELECT r.unrouted, r.unrouted_since, a.amendments, n.emails_owed, n.next_email, n.failed_emails
		FROM (SELECT count(*) AS unrouted, min(received_at) AS unrouted_since FROM referrals WHERE routed_at IS NULL) r,
			(SELECT count(*) AS amendments FROM amendments WHERE routed_at IS NULL) a,
			(SELECT count(*) AS emails_owed, min(due_at) AS next_email, count(*) FILTER (WHERE attempts > 0) AS failed_emails
				FROM notifications WHERE sent_at IS NULL) n`)
	if err != nil {
		return nil, fmt.Errorf("count due work: %w", err)
	}
	return &d, nil
}
