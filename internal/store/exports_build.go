package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"intake/forms"
)

// BeginExport takes a file in hand, from its beginning; ErrNotFound if there is
// none to make, since it is made or another worker is at it. One that failed
// too often is given up.
func (s *Store) BeginExport(ctx context.Context, id uuid.UUID, now time.Time) (*Export, error) {
	var e Export
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &e, `UPDATE exports e SET touched_at = $2, attempt = e.attempt + 1, rows_done = 0,
				state = CASE WHEN e.attempt < $4 THEN 'building' ELSE 'failed' END,
				fault = CASE WHEN e.attempt < $4 THEN '' ELSE $5 END
			FROM waves w
			WHERE w.id = e.wave_id AND e.id = $1 AND e.expires_at > $2 AND (e.state = 'waiting' OR e.state = 'building' AND e.touched_at <= $3)
			RETURNING `+exportColumns, id, now, now.Add(-exportStalled), maxExportAttempts, FaultBroken)
		if err != nil {
			return notFound(err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM export_parts WHERE export_id = $1`, id)
		return err
	})
	if err == nil && e.State == ExportFailed {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("begin export: %w", err)
	}
	return &e, nil
}

// TouchExport says how far the making of a file is; ErrStale if another
// attempt has begun, or nobody wants the file any more.
func (s *Store) TouchExport(ctx context.Context, e *Export, done, total int, now time.Time) error {
	return s.changeExport(ctx, `UPDATE exports SET touched_at = :now, rows_done = :done, rows_total = :total
		WHERE id = :id AND attempt = :attempt AND state = 'building'`, e, map[string]any{"now": now, "done": done, "total": total})
}

// FinishExport makes a file of so many bytes ready to be fetched; ErrStale as
// TouchExport gives it.
func (s *Store) FinishExport(ctx context.Context, e *Export, size int64, now time.Time) error {
	return s.changeExport(ctx, `UPDATE exports SET state = 'ready', made_at = :now, rows_done = rows_total, size = :size
		WHERE id = :id AND attempt = :attempt AND state = 'building'`, e, map[string]any{"now": now, "size": size})
}

// PutBackExport lets a file wait for another attempt, or with a fault gives it
// up.
func (s *Store) PutBackExport(ctx context.Context, e *Export, fault string) error {
	return s.changeExport(ctx, `UPDATE exports SET state = CASE WHEN CAST(:fault AS text) = '' THEN 'waiting' ELSE 'failed' END, fault = :fault
		WHERE id = :id AND attempt = :attempt AND state = 'building'`, e, map[string]any{"fault": fault})
}

func (s *Store) changeExport(ctx context.Context, query string, e *Export, args map[string]any) error {
	args["id"], args["attempt"] = e.ID, e.Attempt
	res, err := named(ctx, s.db, query, args)
	if err == nil {
		err = changedOne(res, ErrStale)
	}
	if err != nil {
		return fmt.Errorf("change export: %w", err)
	}
	return nil
}

// ExportWriter stores what is written to it as the parts of a file. Close
// stores the last one.
type ExportWriter struct {
	ctx    context.Context
	store  *Store
	export *Export
	buffer []byte
	number int
	size   int64
}

// exportPart is how many bytes a part of a file has.
const exportPart = 256 << 10

// WriteExport begins to write a file that BeginExport took in hand. ctx is for
// all that is written.
func (s *Store) WriteExport(ctx context.Context, e *Export) *ExportWriter {
	return &ExportWriter{ctx: ctx, store: s, export: e, buffer: make([]byte, 0, exportPart)}
}

// Size is how many bytes have been written.
func (w *ExportWriter) Size() int64 { return w.size }

func (w *ExportWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		n := min(len(p), exportPart-len(w.buffer))
		w.buffer = append(w.buffer, p[:n]...)
		p, written = p[n:], written+n
		w.size += int64(n)
		if len(w.buffer) == exportPart {
			if err := w.Close(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

// Close stores what is left; ErrStale if another attempt has begun.
func (w *ExportWriter) Close() error {
	if len(w.buffer) == 0 {
		return nil
	}
	res, err := w.store.db.ExecContext(w.ctx, `INSERT INTO export_parts (export_id, attempt, number, bytes)
		SELECT id, attempt, $3, $4 FROM exports WHERE id = $1 AND attempt = $2 AND state = 'building'`,
		w.export.ID, w.export.Attempt, w.number, w.buffer)
	if err == nil {
		err = changedOne(res, ErrStale)
	}
	if err != nil {
		return fmt.Errorf("store part of export: %w", err)
	}
	w.number++
	w.buffer = w.buffer[:0]
	return nil
}

// Shuffled calls visit for each of the first so many released responses, with
// the version of the form that it answers, in an order that follows from the
// salt and tells nothing of when they came, and ends with its error.
func (s *Snapshot) Shuffled(ctx context.Context, below int, salt []byte, visit func(version int, answers forms.Answers) error) error {
	rows, err := s.tx.QueryxContext(ctx, `SELECT form_version, answers FROM responses
		WHERE wave_id = $1 AND ordinal < $2 ORDER BY sha256($3 || int4send(ordinal))`, s.Wave.ID, below, salt)
	return visitResponses(rows, err, visit)
}
