package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/forms"
)

// PublishForm makes a version of a definition public. Publishing the same
// source again does nothing; another source under the same version is
// ErrExists, since answers already given refer to the first.
func (s *Store) PublishForm(ctx context.Context, f *forms.Form, source []byte) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO form_versions (form, version, hash, source) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, f.ID, f.Version, f.Hash(), string(source))
	if err != nil {
		return fmt.Errorf("publish form: %w", err)
	}
	// A statement of its own: the one before does not see a version that
	// another process published while it waited.
	var hash string
	err = s.db.GetContext(ctx, &hash, `SELECT hash FROM form_versions WHERE form = $1 AND version = $2`, f.ID, f.Version)
	if err != nil {
		return fmt.Errorf("read published form: %w", err)
	}
	if hash != f.Hash() {
		return fmt.Errorf("version %d of %s was published with other content: %w", f.Version, f.ID, ErrExists)
	}
	return nil
}

// NewestVersion is the newest published version of the form.
func (s *Store) NewestVersion(ctx context.Context, form string) (int, error) {
	var version int
	err := s.db.GetContext(ctx, &version, `SELECT version FROM form_versions WHERE form = $1 ORDER BY version DESC LIMIT 1`, form)
	if err != nil {
		return 0, fmt.Errorf("find newest version: %w", notFound(err))
	}
	return version, nil
}

// Wave is one round of a survey.
type Wave struct {
	ID       int64         `db:"id"`
	Survey   string        `db:"survey"`
	Code     string        `db:"code"`
	Versions pq.Int64Array `db:"versions"`
	OpensAt  time.Time     `db:"opens_at"`
	ClosesAt *time.Time    `db:"closes_at"`
	Demo     bool          `db:"demo"`
	Released int           `db:"released"`
	Releases int           `db:"releases"`
}

// Open reports whether the wave takes responses at that time.
func (w *Wave) Open(at time.Time) bool {
	return !at.Before(w.OpensAt) && (w.ClosesAt == nil || at.Before(*w.ClosesAt))
}

const waveColumns = `id, survey, code, versions, opens_at, closes_at, demo, released, releases`

// Waves lists the waves of a survey, or of all with "", the newest first.
func (s *Store) Waves(ctx context.Context, survey string) ([]Wave, error) {
	var waves []Wave
	err := s.db.SelectContext(ctx, &waves, `SELECT `+waveColumns+` FROM waves
		WHERE $1 = '' OR survey = $1 ORDER BY opens_at DESC, id DESC`, survey)
	if err != nil {
		return nil, fmt.Errorf("list waves: %w", err)
	}
	return waves, nil
}

// CurrentWave is the survey's newest wave that has opened, open still or not.
func (s *Store) CurrentWave(ctx context.Context, survey string, now time.Time) (*Wave, error) {
	return s.wave(ctx, `SELECT `+waveColumns+` FROM waves
		WHERE survey = $1 AND opens_at <= $2 ORDER BY opens_at DESC, id DESC LIMIT 1`, survey, now)
}

// WaveByCode finds a wave of the survey.
func (s *Store) WaveByCode(ctx context.Context, survey, code string) (*Wave, error) {
	return s.wave(ctx, `SELECT `+waveColumns+` FROM waves WHERE survey = $1 AND code = $2`, survey, code)
}

func (s *Store) wave(ctx context.Context, query string, args ...any) (*Wave, error) {
	var w Wave
	if err := s.db.GetContext(ctx, &w, query, args...); err != nil {
		return nil, fmt.Errorf("find wave: %w", notFound(err))
	}
	return &w, nil
}

// NewWave is what OpenWave needs.
type NewWave struct {
	Survey   string
	Code     string
	Versions []int64 // of the definition, whose answers the wave counts
	OpensAt  time.Time
	ClosesAt *time.Time // nil is never
	Demo     bool
}

// OpenWave adds a wave; ErrExists if the survey has one of that code.
func (s *Store) OpenWave(ctx context.Context, w NewWave) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO waves (survey, code, versions, opens_at, closes_at, demo)
		VALUES ($1, $2, $3, $4, $5, $6)`, w.Survey, w.Code, pq.Int64Array(w.Versions), w.OpensAt, w.ClosesAt, w.Demo)
	if isUnique(err) {
		return ErrExists
	} else if err != nil {
		return fmt.Errorf("open wave: %w", err)
	}
	return nil
}

// CloseWave stops the wave at that time; ErrNotFound if there is none open.
func (s *Store) CloseWave(ctx context.Context, survey, code string, at time.Time) error {
	res, err := s.db.ExecContext(ctx, `UPDATE waves SET closes_at = $3
		WHERE survey = $1 AND code = $2 AND (closes_at IS NULL OR closes_at > $3)`, survey, code, at)
	if err != nil {
		return fmt.Errorf("close wave: %w", err)
	}
	return changedOne(res, ErrNotFound)
}

// Response is a valid response on its way into the inbox.
type Response struct {
	Key         uuid.UUID
	WaveID      int64
	FormVersion int
	Answers     forms.Answers
}

// Append commits the response to the inbox, once per key: a key that was seen
// before, in whatever wave and with whatever answers, changes nothing and is
// reported as a duplicate. A wave that is closed at now gives ErrWaveClosed.
func (s *Store) Append(ctx context.Context, r Response, now time.Time) (duplicate bool, err error) {
	var outcome struct {
		Open  bool `db:"open"`
		Fresh bool `db:"fresh"`
		Known bool `db:"known"`
	}
	// One statement is one transaction: the key and the answers land together.
	err = s.db.GetContext(ctx, &outcome, `WITH wave AS (
			SELECT id FROM waves WHERE id = $2 AND opens_at <= $5 AND (closes_at IS NULL OR closes_at > $5)),
		fresh AS (
			INSERT INTO submission_keys (submission_key) SELECT $1 FROM wave ON CONFLICT DO NOTHING
			RETURNING submission_key),
		kept AS (
			INSERT INTO inbox (submission_key, wave_id, form_version, answers)
			SELECT submission_key, $2, $3, $4 FROM fresh)
		SELECT EXISTS (SELECT FROM wave) AS open, EXISTS (SELECT FROM fresh) AS fresh,
			EXISTS (SELECT FROM submission_keys WHERE submission_key = $1) AS known`,
		r.Key, r.WaveID, r.FormVersion, string(r.Answers.Encode()), now)
	switch {
	case err != nil:
		return false, fmt.Errorf("append response: %w", err)
	case outcome.Fresh:
		return false, nil
	case outcome.Open || outcome.Known:
		return true, nil
	}
	return false, ErrWaveClosed
}

// LiveTotal counts the responses that the wave has received, released or not.
// It is the one figure that is live.
func (s *Store) LiveTotal(ctx context.Context, waveID int64) (int, error) {
	var n int
	err := s.db.GetContext(ctx, &n, `SELECT w.released + (SELECT count(*) FROM inbox WHERE wave_id = w.id)
		FROM waves w WHERE w.id = $1`, waveID)
	if err != nil {
		return 0, fmt.Errorf("count responses: %w", notFound(err))
	}
	return n, nil
}

// MinRelease is the least number of responses that leave the inbox together
// while a wave is open.
const MinRelease = 10

// closingGrace lets requests that began before a wave closed finish before
// the rest is released.
const closingGrace = 25 * time.Second

// WavesToRelease lists waves whose inbox holds enough to leave together, or
// anything at all once the wave has closed.
func (s *Store) WavesToRelease(ctx context.Context, now time.Time) ([]int64, error) {
	var ids []int64
	err := s.db.SelectContext(ctx, &ids, `SELECT w.id FROM waves w JOIN inbox i ON i.wave_id = w.id
		GROUP BY w.id HAVING count(*) >= $1 OR w.closes_at < $2`, MinRelease, now.Add(-closingGrace))
	if err != nil {
		return nil, fmt.Errorf("find waves to release: %w", err)
	}
	return ids, nil
}

// Release moves everything in the wave's inbox to the responses, in random
// order, without key, if there is enough to leave together; it returns how
// many moved. The rest of a closed wave joins the release before it, which is
// shuffled anew, so that nothing tells the two apart. Concurrent calls wait
// for each other.
func (s *Store) Release(ctx context.Context, waveID int64, now time.Time) (int, error) {
	var moved int
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var w Wave
		// The row lock is the one lock per wave: whoever holds it releases.
		err := tx.GetContext(ctx, &w, `SELECT `+waveColumns+` FROM waves WHERE id = $1 FOR NO KEY UPDATE`, waveID)
		if err != nil {
			return notFound(err)
		}
		var waiting int
		if err := tx.GetContext(ctx, &waiting, `SELECT count(*) FROM inbox WHERE wave_id = $1`, waveID); err != nil {
			return err
		}
		closed := w.ClosesAt != nil && w.ClosesAt.Before(now.Add(-closingGrace))
		if waiting == 0 || waiting < MinRelease && !closed {
			return nil
		}
		number, from := w.Releases+1, w.Released
		if waiting < MinRelease && w.Releases > 0 {
			number = w.Releases
			err := tx.GetContext(ctx, &from, `SELECT min(ordinal) FROM responses WHERE wave_id = $1 AND release = $2`, waveID, number)
			if err != nil {
				return err
			}
		}
		moved, err = release(ctx, tx, waveID, number, from, now)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("release responses: %w", err)
	}
	return moved, nil
}

// release makes what is in the inbox, and what is in the release of that
// number already, that release; its ordinals begin at from.
func release(ctx context.Context, tx *sqlx.Tx, waveID int64, number, from int, now time.Time) (int, error) {
	var n struct{ Moved, Size int }
	err := tx.GetContext(ctx, &n, `WITH left_inbox AS (
			DELETE FROM inbox WHERE wave_id = $1 RETURNING form_version, answers),
		joined AS (
			DELETE FROM responses WHERE wave_id = $1 AND ordinal >= $2 AND release = $3 RETURNING form_version, answers),
		shuffled AS (
			SELECT form_version, answers, row_number() OVER (ORDER BY gen_random_uuid()) AS n
			FROM (SELECT * FROM left_inbox UNION ALL SELECT * FROM joined) both_parts),
		kept AS (
			INSERT INTO responses (wave_id, ordinal, release, form_version, answers)
			SELECT $1, $2 + n - 1, $3, form_version, answers FROM shuffled ORDER BY n RETURNING 1)
		SELECT (SELECT count(*) FROM left_inbox) AS moved, (SELECT count(*) FROM kept) AS size`, waveID, from, number)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO releases (wave_id, number, size, released_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (wave_id, number) DO UPDATE SET size = EXCLUDED.size, released_at = EXCLUDED.released_at`,
		waveID, number, n.Size, now)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE waves SET released = $2, releases = $3 WHERE id = $1`, waveID, from+n.Size, number)
	return n.Moved, err
}

// Released calls visit for every released response of the wave, in no order
// that means anything.
func (s *Store) Released(ctx context.Context, waveID int64, visit func(forms.Answers)) error {
	rows, err := s.db.QueryxContext(ctx, `SELECT answers FROM responses WHERE wave_id = $1`, waveID)
	if err != nil {
		return fmt.Errorf("read responses: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return fmt.Errorf("read response: %w", err)
		}
		answers, err := forms.DecodeAnswers(raw)
		if err != nil {
			return fmt.Errorf("decode response: %w", err)
		}
		visit(answers)
	}
	return rows.Err()
}

// LastRelease is when the wave's figures last changed, nil if never.
func (s *Store) LastRelease(ctx context.Context, waveID int64) (*time.Time, error) {
	var at *time.Time
	if err := s.db.GetContext(ctx, &at, `SELECT max(released_at) FROM releases WHERE wave_id = $1`, waveID); err != nil {
		return nil, fmt.Errorf("find last release: %w", err)
	}
	return at, nil
}

// CountEnding counts a path that ended without a submission.
func (s *Store) CountEnding(ctx context.Context, form, page string, day time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO endings (form, page, day, n) VALUES ($1, $2, $3, 1)
		ON CONFLICT (form, page, day) DO UPDATE SET n = endings.n + 1`, form, page, day)
	if err != nil {
		return fmt.Errorf("count ending: %w", err)
	}
	return nil
}
