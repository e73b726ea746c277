package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// ExportKind says what a file holds.
type ExportKind string

// ExportResponses is the analyst's file: a row for each released response.
const ExportResponses ExportKind = "responses"

// ExportState says how far a file is.
type ExportState string

// The states of a file.
const (
	ExportWaiting  ExportState = "waiting"
	ExportBuilding ExportState = "building"
	ExportReady    ExportState = "ready"
	ExportFailed   ExportState = "failed"
)

// What may have kept a file from being made.
const (
	FaultTooFew = "too_few" // responses
	FaultBroken = "broken"  // it failed too often
)

// Export is a file that a manager asked for.
type Export struct {
	ID        uuid.UUID   `db:"id"`
	WaveID    int64       `db:"wave_id"`
	Wave      string      `db:"wave"` // its code
	Survey    string      `db:"survey"`
	Kind      ExportKind  `db:"kind"`
	State     ExportState `db:"state"`
	Fault     string      `db:"fault"`
	Attempt   int         `db:"attempt"`
	RowsTotal int         `db:"rows_total"` // 0 until it is known
	RowsDone  int         `db:"rows_done"`
	Size      int64       `db:"size"` // in bytes, of a file that is ready
	AskedAt   time.Time   `db:"asked_at"`
	MadeAt    *time.Time  `db:"made_at"`
	ExpiresAt time.Time   `db:"expires_at"`
}

// KeptFor is how long a file is kept from when it was asked for.
const KeptFor = 24 * time.Hour

const (
	// exportStalled is how long a worker may say nothing before another one
	// begins anew.
	exportStalled = time.Minute
	// exportNudgedAgain spares the queue nudges for files that only wait.
	exportNudgedAgain = 20 * time.Second
	maxExportAttempts = 5
)

const exportColumns = `e.id, e.wave_id, w.code AS wave, w.survey, e.kind, e.state, e.fault, e.attempt, e.rows_total, e.rows_done,
	e.size, e.asked_at, e.made_at, e.expires_at`

// AskExport asks for a file about a wave, which takes the place of the one that
// the user had; whoever asks while it is being made is given that. The user is
// the deed's.
func (s *Store) AskExport(ctx context.Context, d Deed, waveID int64, kind ExportKind) (id uuid.UUID, err error) {
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		id = uuid.New()
		res, err := named(ctx, tx, `INSERT INTO exports (id, asked_by, wave_id, kind, asked_at, touched_at, nudged_at, expires_at)
			VALUES (:id, :user, :wave, :kind, :now, :now, :now, :expires) ON CONFLICT DO NOTHING`, map[string]any{
			"id": id, "user": d.By.ID, "wave": waveID, "kind": kind, "now": d.At, "expires": d.At.Add(KeptFor),
		})
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return notFound(tx.GetContext(ctx, &id, `SELECT id FROM exports
				WHERE asked_by = $1 AND wave_id = $2 AND kind = $3 AND state IN ('waiting', 'building')`, d.By.ID, waveID, kind))
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM exports WHERE asked_by = $1 AND wave_id = $2 AND kind = $3 AND id <> $4`,
			d.By.ID, waveID, kind, id)
		if err != nil {
			return err
		}
		return s.recordDeed(ctx, tx, d, EventExportAsked, Detail{Wave: waveID})
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("ask for export: %w", err)
	}
	return id, nil
}

// Exports lists the files that a user asked for, the newest first.
func (s *Store) Exports(ctx context.Context, userID int64, now time.Time) ([]Export, error) {
	var out []Export
	err := s.db.SelectContext(ctx, &out, `SELECT `+exportColumns+` FROM exports e JOIN waves w ON w.id = e.wave_id
		WHERE e.asked_by = $1 AND e.expires_at > $2 ORDER BY e.asked_at DESC, e.id`, userID, now)
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	return out, nil
}

// OwnExport finds a file that is ready, for whoever asked for it, and records
// that they fetch it; ErrNotFound for anybody else.
func (s *Store) OwnExport(ctx context.Context, d Deed, id uuid.UUID) (*Export, error) {
	var e Export
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &e, `SELECT `+exportColumns+` FROM exports e JOIN waves w ON w.id = e.wave_id
			WHERE e.id = $1 AND e.asked_by = $2 AND e.expires_at > $3 AND e.state = 'ready'`, id, d.By.ID, d.At)
		if err != nil {
			return notFound(err)
		}
		return s.recordDeed(ctx, tx, d, EventExportFetched, Detail{Wave: e.WaveID})
	})
	if err != nil {
		return nil, fmt.Errorf("find export: %w", err)
	}
	return &e, nil
}

// ReadExport calls visit with the parts of a file that OwnExport found, one
// after the other; ErrNotFound if it has gone meanwhile.
func (s *Store) ReadExport(ctx context.Context, e *Export, visit func(part []byte) error) error {
	left := e.Size
	for number := 0; left > 0; number++ {
		var part []byte
		err := s.db.GetContext(ctx, &part, `SELECT bytes FROM export_parts
			WHERE export_id = $1 AND attempt = $2 AND number = $3`, e.ID, e.Attempt, number)
		if err != nil {
			return fmt.Errorf("read export: %w", notFound(err))
		}
		left -= int64(len(part))
		if err := visit(part); err != nil {
			return err
		}
	}
	return nil
}

// ExportsDue lists the files that wait to be made, or whose worker says nothing
// any more, and that nobody has been nudged for lately. It counts as a nudge.
func (s *Store) ExportsDue(ctx context.Context, now time.Time) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.SelectContext(ctx, &ids, `UPDATE exports SET nudged_at = $1
		WHERE (state = 'waiting' OR state = 'building' AND touched_at <= $2) AND nudged_at <= $3 AND expires_at > $1
		RETURNING id`, now, now.Add(-exportStalled), now.Add(-exportNudgedAgain))
	if err != nil {
		return nil, fmt.Errorf("find exports to make: %w", err)
	}
	return ids, nil
}
