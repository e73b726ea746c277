package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Sessions keeps sessions of managers in the ledger, in the shape that scs
// asks for. Only a hash of a session's token is kept.
type Sessions struct{ s *Store }

// Sessions returns the session store.
func (s *Store) Sessions() Sessions { return Sessions{s} }

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// FindCtx returns the session's data, and false if it is unknown or expired.
func (x Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := notFound(x.s.db.GetContext(ctx, &data,
		`SELECT data FROM sessions WHERE token_hash = $1 AND expires_at > now() AND data <> ''`, tokenHash(token)))
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	return data, true, nil
}

// commitPatience bounds how long storing a session may take.
const commitPatience = 5 * time.Second

// CommitCtx stores the session until expiry. It is asked to when the answer is
// ready and its first byte is about to leave, so that the end of the request's
// own time must not keep it from that. A session that somebody else has ended
// meanwhile stays ended.
func (x Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitPatience)
	defer cancel()
	_, err := x.s.db.ExecContext(ctx, `INSERT INTO sessions (token_hash, data, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (token_hash) DO UPDATE SET data = EXCLUDED.data, expires_at = EXCLUDED.expires_at WHERE sessions.data <> ''`,
		tokenHash(token), data, expiry)
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// DeleteCtx ends the session. For a minute it stays as one without data: each
// request stores its session, and one that began before the end, at this process
// or at another, would bring it back.
func (x Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := x.s.db.ExecContext(ctx, `UPDATE sessions SET data = '', expires_at = now() + interval '1 minute'
		WHERE token_hash = $1 AND data <> ''`, tokenHash(token)); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// Find is FindCtx for scs's older interface.
func (x Sessions) Find(token string) ([]byte, bool, error) {
	return x.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for scs's older interface.
func (x Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return x.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx for scs's older interface.
func (x Sessions) Delete(token string) error { return x.DeleteCtx(context.Background(), token) }
