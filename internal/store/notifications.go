package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/sethvargo/go-retry"
)

// oweNotifications writes down the emails that are owed: one a team and
// subject, however often it is called.
func oweNotifications(ctx context.Context, tx *sqlx.Tx, referral, subject uuid.UUID, reason string, teams []string, due time.Time) error {
	for _, team := range teams {
		_, err := tx.ExecContext(ctx, `INSERT INTO notifications (id, referral_id, team, reason, subject_id, due_at)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (subject_id, team) DO NOTHING`,
			uuid.New(), referral, team, reason, subject, due)
		if err != nil {
			return fmt.Errorf("owe notification: %w", err)
		}
	}
	return nil
}

// Notice is all that an email to a team may say. It has no room for a
// person's words.
type Notice struct {
	ID        uuid.UUID  `db:"id"`
	Reference string     `db:"reference"`
	Reason    string     `db:"reason"`
	Priority  string     `db:"priority"`
	OpenBy    *time.Time `db:"open_by"`
	ScreenBy  *time.Time `db:"screen_by"`
	Team      string     `db:"team"`
	TeamName  string     `db:"team_name"`
	TeamEmail string     `db:"team_email"`
	Demo      bool       `db:"demo"`
	Attempts  int        `db:"attempts"` // this one included
	// ReferralID is for the store, never for the email.
	ReferralID uuid.UUID `db:"referral_id"`
}

// DueNotifications lists the emails about the referral that are owed and due.
func (s *Store) DueNotifications(ctx context.Context, referral uuid.UUID, now time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.SelectContext(ctx, &ids, `SELECT id FROM notifications
		WHERE referral_id = $1 AND sent_at IS NULL AND due_at <= $2 ORDER BY due_at LIMIT $3`, referral, now, limit)
	if err != nil {
		return nil, fmt.Errorf("find due notifications: %w", err)
	}
	return ids, nil
}

// ReferralsOwedNews lists referrals with emails that are owed and due, the
// most urgent first.
func (s *Store) ReferralsOwedNews(ctx context.Context, now time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.SelectContext(ctx, &ids, `SELECT r.id FROM referrals r JOIN notifications n ON n.referral_id = r.id
		WHERE n.sent_at IS NULL AND n.due_at <= $1 GROUP BY r.id, r.priority
		ORDER BY r.priority, min(n.due_at) LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("find referrals owed news: %w", err)
	}
	return ids, nil
}

// Tell sends one owed email with send and records that the team was told. The
// email is claimed first, in a commit of its own, by putting off when it is
// due again: no other worker sends it meanwhile, and whatever fails or dies
// after that is tried again later, with growing pauses, never at once. If send
// fails Tell returns its error.
func (s *Store) Tell(ctx context.Context, id uuid.UUID, now time.Time, send func(context.Context, Notice) error) error {
	var n Notice
	err := s.db.GetContext(ctx, &n, `UPDATE notifications n SET attempts = attempts + 1,
			due_at = CAST($2 AS timestamptz) + LEAST(15 * 2 ^ LEAST(attempts, 10), 900) * interval '1 second'
		FROM teams t, referrals r
		WHERE n.id = $1 AND n.sent_at IS NULL AND n.due_at <= $2 AND t.slug = n.team AND r.id = n.referral_id
		RETURNING n.id, n.reason, n.attempts, n.referral_id, n.team, t.name AS team_name, t.email AS team_email,
			r.reference, r.priority, r.open_by, r.screen_by, r.demo`, id, now)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return fmt.Errorf("claim notification: %w", err)
	}
	if err := send(ctx, n); err != nil {
		return err
	}
	// The email is out: this is recorded even if the task's time is up, and
	// though the database goes away just then.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
	defer cancel()
	err = retry.Do(ctx, retry.NewConstant(recordPause), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, recordPatience/2)
		defer cancel()
		err := s.recordTold(ctx, n, now)
		if IsUnavailable(err) {
			return retry.RetryableError(err)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("record that the team was told: %w", err)
	}
	return nil
}

// recordTold records once that the email is out, however often it is called: a
// commit whose answer was lost may have landed.
func (s *Store) recordTold(ctx context.Context, n Notice, now time.Time) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		recorded, err := tx.ExecContext(ctx, `UPDATE notifications SET sent_at = $2 WHERE id = $1 AND sent_at IS NULL`, n.ID, now)
		if err != nil {
			return err
		}
		if rows, err := recorded.RowsAffected(); err != nil || rows == 0 {
			return err
		}
		return s.addEvent(ctx, tx, newEvent{at: now, referral: &n.ReferralID, kind: EventTeamTold, detail: Detail{Team: n.Team, Reason: n.Reason}})
	})
}

// recordPatience bounds the recording of what cannot be undone, and one try half
// of it. PostgreSQL is back from most restarts within it.
const (
	recordPatience = 5 * time.Second
	recordPause    = 100 * time.Millisecond
)
