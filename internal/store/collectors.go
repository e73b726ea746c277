package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// CollectorKind says how many times one collector may be answered through.
type CollectorKind string

// The kinds of collector.
const (
	// OpenCollector is a link for anyone.
	OpenCollector CollectorKind = "open"
	// ClosedCollector is a number of invitations that count once each.
	ClosedCollector CollectorKind = "closed"
)

// Collector is one way by which people come to a wave.
type Collector struct {
	ID       int64         `db:"id"`
	WaveID   int64         `db:"wave_id"`
	Code     string        `db:"code"` // of an open one: its short link is /s/CODE
	Name     string        `db:"name"`
	Kind     CollectorKind `db:"kind"`
	Issued   int           `db:"issued"`   // invitations
	Reissued int           `db:"reissued"` // of them, how often one got a new code
	ClosedAt *time.Time    `db:"closed_at"`

	// Returned counts responses that have been released, nil where that may
	// not be told: see mayTell. Only Collectors fills it in. It moves by ten
	// or more at a time, but for what is left when the wave takes no more.
	Returned *int `db:"-"`
}

// Open reports whether the collector still leads to the survey's pages.
func (c *Collector) Open(at time.Time) bool { return c.ClosedAt == nil || at.Before(*c.ClosedAt) }

// InUse reports whether people can still come to the wave w by the collector,
// which is w's: while both are open, or w will be.
func (c *Collector) InUse(w *Wave, at time.Time) bool {
	return c.Open(at) && (w.ClosesAt == nil || at.Before(*w.ClosesAt))
}

// Rate is the response rate in whole per cent, halves rounded up. ok is false
// where it is not to be shown: for an open collector, which is not issued to
// anyone, and where the number that returned is not told.
//
// That fewer than ten have not answered, or none, is no reason to withhold it.
// A rate tells how many took part. What they answered leaves only through
// tables that know nothing of collectors, so a rate of 100 % tells of nobody's
// answers. What it could tell is that somebody has taken part who is known to
// have been silent before, if it moved by one; therefore the numbers told, of
// a collector and of a wave by invitation, move by ten or more, and none can
// be worked out from the others.
func (c *Collector) Rate() (percent int, ok bool) {
	if c.Kind != ClosedCollector || c.Returned == nil {
		return 0, false
	}
	return (*c.Returned*200 + c.Issued) / (2 * c.Issued), true
}

const collectorColumns = `id, wave_id, code, name, kind, issued, reissued, closed_at`

// Collectors lists the wave's collectors, the oldest first, with what may be
// told of how many came back.
func (s *Store) Collectors(ctx context.Context, waveID int64) ([]Collector, error) {
	var rows []struct {
		Collector
		CameBack int `db:"returned"`
		Released int `db:"released"`
	}
	// One statement, so that all numbers are of the same release.
	err := s.db.SelectContext(ctx, &rows, `SELECT `+collectorColumns+`, returned,
			(SELECT released FROM waves WHERE waves.id = collectors.wave_id) AS released
		FROM collectors WHERE wave_id = $1 ORDER BY id`, waveID)
	if err != nil {
		return nil, fmt.Errorf("list collectors: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	returned := make([]int, len(rows))
	for i := range rows {
		returned[i] = rows[i].CameBack
	}
	collectors := make([]Collector, len(rows))
	for i, told := range mayTell(rows[0].Released, returned) {
		collectors[i] = rows[i].Collector
		if told {
			collectors[i].Returned = &returned[i]
		}
	}
	return collectors, nil
}

// CollectorByCode finds an open collector, closed meanwhile or not, by the
// code of its short link as people type it, and its wave; ErrNotFound if there
// is none.
func (s *Store) CollectorByCode(ctx context.Context, code string) (*Collector, *Wave, error) {
	code, ok := parseCollectorCode(code)
	if !ok {
		return nil, nil, ErrNotFound
	}
	return s.collectorAndWave(ctx, `SELECT `+collectorColumns+` FROM collectors WHERE code = $1 AND kind = 'open'`, code)
}

func (s *Store) collectorAndWave(ctx context.Context, query string, args ...any) (*Collector, *Wave, error) {
	var c Collector
	if err := s.db.GetContext(ctx, &c, query, args...); err != nil {
		return nil, nil, fmt.Errorf("find collector: %w", notFound(err))
	}
	w, err := s.waveByID(ctx, c.WaveID)
	if err != nil {
		return nil, nil, err
	}
	return &c, w, nil
}

// AddOpenCollector gives the wave a short link; ErrExists if the wave has a
// collector of that name, of at most 100 characters.
func (s *Store) AddOpenCollector(ctx context.Context, d Deed, waveID int64, name string) (*Collector, error) {
	var c *Collector
	err := s.inTx(ctx, func(tx *sqlx.Tx) (err error) {
		if c, err = addCollector(ctx, tx, waveID, name, OpenCollector); err != nil {
			return err
		}
		return s.recordDeed(ctx, tx, d, EventCollectorMade, Detail{Collector: c.ID})
	})
	return c, err
}

// AddClosedCollector gives the wave n invitations; ErrExists if the wave has a
// collector of that name, of at most 100 characters.
func (s *Store) AddClosedCollector(ctx context.Context, d Deed, waveID int64, name string, n int) (*Collector, error) {
	var c *Collector
	err := s.inTx(ctx, func(tx *sqlx.Tx) (err error) {
		if c, err = addCollector(ctx, tx, waveID, name, ClosedCollector); err != nil {
			return err
		}
		if c.Issued, err = s.addInvitations(ctx, tx, c.ID, 0, n); err != nil {
			return err
		}
		return s.recordDeed(ctx, tx, d, EventCollectorMade, Detail{Collector: c.ID, Invitations: n})
	})
	return c, err
}

func addCollector(ctx context.Context, tx *sqlx.Tx, waveID int64, name string, kind CollectorKind) (*Collector, error) {
	// A code is short enough for one to be drawn twice.
	for range 20 {
		var added []Collector
		err := tx.SelectContext(ctx, &added, `INSERT INTO collectors (wave_id, code, name, kind) VALUES ($1, $2, $3, $4)
			ON CONFLICT (code) DO NOTHING RETURNING `+collectorColumns, waveID, newCollectorCode(), name, kind)
		if isUnique(err) {
			return nil, ErrExists
		} else if err != nil {
			return nil, fmt.Errorf("add collector: %w", err)
		}
		if len(added) == 1 {
			return &added[0], nil
		}
	}
	return nil, errors.New("add collector: no code is free")
}

// CloseCollector stops it from leading to the survey at the deed's time; what
// phones had queued is taken for LateFor. ErrNotFound if there is none open.
func (s *Store) CloseCollector(ctx context.Context, d Deed, id int64) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE collectors SET closed_at = $2
			WHERE id = $1 AND (closed_at IS NULL OR closed_at > $2)`, id, d.At)
		if err != nil {
			return err
		}
		if err := changedOne(res, ErrNotFound); err != nil {
			return err
		}
		return s.recordDeed(ctx, tx, d, EventCollectorClosed, Detail{Collector: id})
	})
	if err != nil {
		return fmt.Errorf("close collector: %w", err)
	}
	return nil
}
