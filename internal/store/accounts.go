package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Role says what a user may do; package handlers holds the table.
type Role string

// The roles of managers.
const (
	SurveyManager    Role = "survey_manager"
	Triage           Role = "triage"
	SafeguardingLead Role = "safeguarding_lead"
	Admin            Role = "admin"
)

// Roles lists every role.
var Roles = []Role{SurveyManager, Triage, SafeguardingLead, Admin}

// User is somebody who signs in.
type User struct {
	ID           int64          `db:"id"`
	Email        string         `db:"email"`
	Name         string         `db:"name"`
	Role         Role           `db:"role"`
	PasswordHash *string        `db:"password_hash"`
	SessionEpoch int            `db:"session_epoch"`
	Demo         bool           `db:"demo"`
	Teams        pq.StringArray `db:"teams"`
}

const userColumns = `u.id, u.email, u.name, u.role, u.password_hash, u.session_epoch, u.demo,
	ARRAY(SELECT team FROM user_teams t WHERE t.user_id = u.id ORDER BY team) AS teams`

// UserByEmail finds an enabled user; email in any case.
func (s *Store) UserByEmail(ctx context.Context, email string) (*User, error) {
	return s.user(ctx, `SELECT `+userColumns+` FROM users u WHERE u.email = lower($1) AND u.disabled_at IS NULL`, email)
}

// UserBySession finds an enabled user whose sessions of that epoch still count.
func (s *Store) UserBySession(ctx context.Context, id int64, epoch int) (*User, error) {
	return s.user(ctx, `SELECT `+userColumns+` FROM users u
		WHERE u.id = $1 AND u.session_epoch = $2 AND u.disabled_at IS NULL`, id, epoch)
}

func (s *Store) user(ctx context.Context, query string, args ...any) (*User, error) {
	var u User
	if err := s.db.GetContext(ctx, &u, query, args...); err != nil {
		return nil, fmt.Errorf("find user: %w", notFound(err))
	}
	return &u, nil
}

// Users lists the enabled users by email.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	var users []User
	err := s.db.SelectContext(ctx, &users, `SELECT `+userColumns+` FROM users u WHERE u.disabled_at IS NULL ORDER BY u.email`)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

// NewUser is what AddUser needs. PasswordHash is nil for a user who sets a
// password by a set-up link.
type NewUser struct {
	Email        string
	Name         string
	Role         Role
	PasswordHash *string
	Demo         bool
	Teams        []string
}

// AddUser adds a user and their teams. It returns ErrExists for a known email
// and ErrNotFound for an unknown team.
func (s *Store) AddUser(ctx context.Context, u NewUser) (int64, error) {
	var id int64
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &id, `INSERT INTO users (email, name, role, password_hash, demo)
			VALUES (lower($1), $2, $3, $4, $5) RETURNING id`, u.Email, u.Name, u.Role, u.PasswordHash, u.Demo)
		if isUnique(err) {
			return ErrExists
		} else if err != nil {
			return err
		}
		for _, team := range u.Teams {
			res, err := tx.ExecContext(ctx, `INSERT INTO user_teams (user_id, team)
				SELECT $1, slug FROM teams WHERE slug = $2`, id, team)
			if err != nil {
				return err
			}
			if err := changedOne(res, fmt.Errorf("team %q: %w", team, ErrNotFound)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("add user: %w", err)
	}
	return id, nil
}

// SetPassword spends a set-up code, and with it every other one of that user:
// it stores the hash and ends the user's sessions. A code that is unknown,
// spent or expired is ErrNotFound.
func (s *Store) SetPassword(ctx context.Context, codeHash []byte, passwordHash string, now time.Time) error {
	res, err := s.db.ExecContext(ctx, `WITH spent AS (
			DELETE FROM setup_codes WHERE user_id = (SELECT user_id FROM setup_codes WHERE code_hash = $1 AND expires_at > $3)
			RETURNING user_id)
		UPDATE users SET password_hash = $2, session_epoch = session_epoch + 1
		FROM spent WHERE users.id = spent.user_id AND users.disabled_at IS NULL`, codeHash, passwordHash, now)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return changedOne(res, ErrNotFound)
}

// AddSetupCode lets the user set a password once until expires.
func (s *Store) AddSetupCode(ctx context.Context, userID int64, codeHash []byte, expires time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO setup_codes (code_hash, user_id, expires_at) VALUES ($1, $2, $3)`,
		codeHash, userID, expires)
	if err != nil {
		return fmt.Errorf("add set-up code: %w", err)
	}
	return nil
}

// DisableUser ends the account and its sessions; the history keeps its name.
func (s *Store) DisableUser(ctx context.Context, email string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE users SET disabled_at = now(), session_epoch = session_epoch + 1
		WHERE email = lower($1) AND disabled_at IS NULL`, email)
	if err != nil {
		return fmt.Errorf("disable user: %w", err)
	}
	return changedOne(res, ErrNotFound)
}

// EnableUser takes back DisableUser; ErrNotFound if there is none to enable.
func (s *Store) EnableUser(ctx context.Context, email string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE users SET disabled_at = NULL WHERE email = lower($1) AND disabled_at IS NOT NULL`, email)
	if err != nil {
		return fmt.Errorf("enable user: %w", err)
	}
	return changedOne(res, ErrNotFound)
}

// EndSessions signs the user out everywhere.
func (s *Store) EndSessions(ctx context.Context, userID int64) error {
	_, err := s.db.ExecContext(ctx, `UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1`, userID)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// SignInFailures counts failures since a time under any of the keys, which
// are keyed hashes of the account and of the address; the larger one counts.
func (s *Store) SignInFailures(ctx context.Context, keys [][]byte, since time.Time) (int, error) {
	var n int
	err := s.db.GetContext(ctx, &n, `SELECT COALESCE(max(n), 0) FROM (
		SELECT count(*) AS n FROM sign_in_failures WHERE key = ANY($1) AND at > $2 GROUP BY key) c`,
		pq.ByteaArray(keys), since)
	if err != nil {
		return 0, fmt.Errorf("count sign-in failures: %w", err)
	}
	return n, nil
}

// AddSignInFailure remembers a failure under each key.
func (s *Store) AddSignInFailure(ctx context.Context, keys [][]byte, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO sign_in_failures (key, at) SELECT k, $2 FROM unnest($1::bytea[]) k`,
		pq.ByteaArray(keys), at)
	if err != nil {
		return fmt.Errorf("remember sign-in failure: %w", err)
	}
	return nil
}

// ForgetSignInFailures clears the account's key after a success.
func (s *Store) ForgetSignInFailures(ctx context.Context, key []byte) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM sign_in_failures WHERE key = $1`, key); err != nil {
		return fmt.Errorf("forget sign-in failures: %w", err)
	}
	return nil
}

// Team is who reads the referrals that are routed to it.
type Team struct {
	Slug  string `db:"slug"`
	Name  string `db:"name"`
	Email string `db:"email"`
}

// Teams lists the teams by name.
func (s *Store) Teams(ctx context.Context) ([]Team, error) {
	var teams []Team
	if err := s.db.SelectContext(ctx, &teams, `SELECT slug, name, email FROM teams ORDER BY name`); err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return teams, nil
}

// PutTeam adds a team or renews its name and email.
func (s *Store) PutTeam(ctx context.Context, t Team) error {
	_, err := named(ctx, s.db, `INSERT INTO teams (slug, name, email) VALUES (:slug, :name, :email)
		ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email`, t)
	if err != nil {
		return fmt.Errorf("put team: %w", err)
	}
	return nil
}

// AddAPIKey stores the hash of a partner's bearer key; ErrExists for a taken name.
func (s *Store) AddAPIKey(ctx context.Context, name string, keyHash []byte, rights []string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO api_keys (name, key_hash, rights) VALUES ($1, $2, $3)`,
		name, keyHash, pq.StringArray(rights))
	if isUnique(err) {
		return ErrExists
	} else if err != nil {
		return fmt.Errorf("add API key: %w", err)
	}
	return nil
}

// APIKeyHas reports whether a live key with that hash has the right.
func (s *Store) APIKeyHas(ctx context.Context, keyHash []byte, right string) (bool, error) {
	var ok bool
	err := s.db.GetContext(ctx, &ok, `SELECT EXISTS (SELECT FROM api_keys
		WHERE key_hash = $1 AND $2 = ANY(rights) AND revoked_at IS NULL)`, keyHash, right)
	if err != nil {
		return false, fmt.Errorf("find API key: %w", err)
	}
	return ok, nil
}

// RevokeAPIKey ends a key by its name.
func (s *Store) RevokeAPIKey(ctx context.Context, name string) error {
	res, err := s.db.ExecContext(ctx, `UPDATE api_keys SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL`, name)
	if err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	return changedOne(res, ErrNotFound)
}
