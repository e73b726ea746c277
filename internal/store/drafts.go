package store

import (
	"context"
	"fmt"
	"time"
)

// Draft is a half-filled referral, sealed under a phrase that the server does
// not know. ID is what the phrase hashes to.
type Draft struct {
	ID          []byte    `db:"id"`
	FormVersion int       `db:"form_version"`
	Sealed      []byte    `db:"sealed"`
	ExpiresAt   time.Time `db:"expires_at"`
}

// PutDraft keeps the draft and drops the one it replaces, if any.
func (s *Store) PutDraft(ctx context.Context, d Draft, replaces []byte) error {
	_, err := s.db.ExecContext(ctx, `WITH gone AS (DELETE FROM drafts WHERE id = $5)
		INSERT INTO drafts (id, form_version, sealed, expires_at) VALUES ($1, $2, $3, $4)`,
		d.ID, d.FormVersion, d.Sealed, d.ExpiresAt, replaces)
	if err != nil {
		return fmt.Errorf("keep draft: %w", err)
	}
	return nil
}

// DraftByID finds a draft that has not expired at now.
func (s *Store) DraftByID(ctx context.Context, id []byte, now time.Time) (*Draft, error) {
	var d Draft
	err := s.db.GetContext(ctx, &d, `SELECT id, form_version, sealed, expires_at FROM drafts
		WHERE id = $1 AND expires_at > $2`, id, now)
	if err != nil {
		return nil, fmt.Errorf("find draft: %w", notFound(err))
	}
	return &d, nil
}

// Housekeep deletes what has expired: drafts, sessions, set-up codes,
// remembered sign-in failures older than a day, and the codes of invitations
// that nobody can use any more.
func (s *Store) Housekeep(ctx context.Context, now time.Time) error {
	_, err := s.db.ExecContext(ctx, `WITH d AS (DELETE FROM drafts WHERE expires_at <= $1),
		s AS (DELETE FROM sessions WHERE expires_at <= $1),
		c AS (DELETE FROM setup_codes WHERE expires_at <= $1),
		e AS (DELETE FROM exports WHERE expires_at <= $1)
		DELETE FROM sign_in_failures WHERE at < $2`, now, now.Add(-24*time.Hour))
	if err != nil {
		return fmt.Errorf("housekeep: %w", err)
	}
	return s.dropCodes(ctx, now)
}
