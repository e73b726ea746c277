package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// LateFor is how long after closing a wave or a collector still takes what
// phones had queued.
const LateFor = 72 * time.Hour

// Wave is one round of a survey.
type Wave struct {
	ID           int64         `db:"id"`
	Survey       string        `db:"survey"`
	Code         string        `db:"code"`
	Versions     pq.Int64Array `db:"versions"`
	OpensAt      time.Time     `db:"opens_at"` // may be in the future
	ClosesAt     *time.Time    `db:"closes_at"`
	Demo         bool          `db:"demo"`
	ByInvitation bool          `db:"by_invitation"` // only invitations may answer
	Published    bool          `db:"published"`     // anyone may see the results so far
	Released     int           `db:"released"`
	Releases     int           `db:"releases"`
	Shuffles     int           `db:"shuffles"` // how often released ones were put into another order
}

// Open reports whether the wave gives out pages at that time.
func (w *Wave) Open(at time.Time) bool {
	return !at.Before(w.OpensAt) && (w.ClosesAt == nil || at.Before(*w.ClosesAt))
}

// Takes reports whether the wave takes responses at that time: while it is
// open, and for LateFor after it closed. One that closed before it opened
// never does.
func (w *Wave) Takes(at time.Time) bool {
	return !at.Before(w.OpensAt) && (w.ClosesAt == nil || !w.ClosesAt.Before(w.OpensAt) && at.Before(w.ClosesAt.Add(LateFor)))
}

// SameVersions reports whether both accept the same versions of the form.
func (w *Wave) SameVersions(other *Wave) bool { return slices.Equal(w.Versions, other.Versions) }

// Version is the one that pages are given out in: the newest that the wave
// accepts.
func (w *Wave) Version() int {
	newest := int64(0)
	for _, version := range w.Versions {
		newest = max(newest, version)
	}
	return int(newest)
}

const waveColumns = `id, survey, code, versions, opens_at, closes_at, demo, by_invitation, published, released, releases, shuffles`

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

// CurrentWave is the wave that the survey's plain address leads to: of those
// that have opened one that is open still, and of these one that anyone may
// answer; else the newest.
func (s *Store) CurrentWave(ctx context.Context, survey string, now time.Time) (*Wave, error) {
	return s.wave(ctx, `SELECT `+waveColumns+` FROM waves
		WHERE survey = $1 AND opens_at <= $2
		ORDER BY closes_at IS NULL OR closes_at > $2 DESC, by_invitation, opens_at DESC, id DESC LIMIT 1`, survey, now)
}

// WaveByCode finds a wave of the survey.
func (s *Store) WaveByCode(ctx context.Context, survey, code string) (*Wave, error) {
	return s.wave(ctx, `SELECT `+waveColumns+` FROM waves WHERE survey = $1 AND code = $2`, survey, code)
}

func (s *Store) waveByID(ctx context.Context, id int64) (*Wave, error) {
	return s.wave(ctx, `SELECT `+waveColumns+` FROM waves WHERE id = $1`, id)
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
	Survey       string        `db:"survey"`
	Code         string        `db:"code"`
	Versions     pq.Int64Array `db:"versions"` // of the definition, whose answers the wave counts
	OpensAt      time.Time     `db:"opens_at"`
	ClosesAt     *time.Time    `db:"closes_at"` // nil is never
	Demo         bool          `db:"demo"`
	ByInvitation bool          `db:"by_invitation"`
	Published    bool          `db:"published"`
}

// OpenWave adds a wave; ErrExists if the survey has one of that code.
func (s *Store) OpenWave(ctx context.Context, d Deed, w NewWave) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		_, err := named(ctx, tx, `INSERT INTO waves (survey, code, versions, opens_at, closes_at, demo, by_invitation, published)
			VALUES (:survey, :code, :versions, :opens_at, :closes_at, :demo, :by_invitation, :published)`, w)
		if err != nil {
			return err
		}
		const made = `SELECT id FROM waves WHERE survey = $1 AND code = $2`
		if err := s.actOnWave(ctx, tx, d, EventWaveMade, Detail{}, made, w.Survey, w.Code); err != nil || !w.Published {
			return err
		}
		return s.actOnWave(ctx, tx, d, EventPublished, Detail{}, made, w.Survey, w.Code)
	})
	if isUnique(err) {
		return ErrExists
	} else if err != nil {
		return fmt.Errorf("open wave: %w", err)
	}
	return nil
}

// actOnWave runs a statement that gives the ID of the wave that it was about,
// and records the deed; ErrNotFound if it gives none.
func (s *Store) actOnWave(ctx context.Context, tx *sqlx.Tx, d Deed, kind EventKind, detail Detail, query string, args ...any) error {
	if err := tx.GetContext(ctx, &detail.Wave, query, args...); err != nil {
		return notFound(err)
	}
	return s.recordDeed(ctx, tx, d, kind, detail)
}

// CloseWave stops the wave from giving out pages at the deed's time;
// ErrNotFound if there is none open.
func (s *Store) CloseWave(ctx context.Context, d Deed, survey, code string) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		return s.actOnWave(ctx, tx, d, EventWaveClosed, Detail{}, `UPDATE waves SET closes_at = $3
			WHERE survey = $1 AND code = $2 AND (closes_at IS NULL OR closes_at > $3) RETURNING id`, survey, code, d.At)
	})
	if err != nil {
		return fmt.Errorf("close wave: %w", err)
	}
	return nil
}

// PublishResults decides whether anyone may see the wave's results; ErrNotFound
// if there is no such wave.
func (s *Store) PublishResults(ctx context.Context, d Deed, survey, code string, published bool) error {
	kind := EventUnpublished
	if published {
		kind = EventPublished
	}
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		return s.actOnWave(ctx, tx, d, kind, Detail{},
			`UPDATE waves SET published = $3 WHERE survey = $1 AND code = $2 RETURNING id`, survey, code, published)
	})
	if err != nil {
		return fmt.Errorf("publish results: %w", err)
	}
	return nil
}

// AcceptVersion lets the wave count answers of a further published version,
// and give out pages in it if it is the newest. Accepting it again does
// nothing; ErrNotFound if there is no such wave or published version.
func (s *Store) AcceptVersion(ctx context.Context, d Deed, survey, code string, version int) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		return s.actOnWave(ctx, tx, d, EventVersionAccepted, Detail{Version: version}, `UPDATE waves
			SET versions = ARRAY(SELECT DISTINCT v FROM unnest(versions || $3::int) AS v ORDER BY v)
			WHERE survey = $1 AND code = $2 AND EXISTS (SELECT FROM form_versions WHERE form = $1 AND version = $3)
			RETURNING id`, survey, code, version)
	})
	if err != nil {
		return fmt.Errorf("accept version: %w", err)
	}
	return nil
}
