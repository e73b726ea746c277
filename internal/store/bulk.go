package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"intake/forms"
)

// ErrRealWave: invented responses are for demo waves alone.
var ErrRealWave = errors.New("the wave is real: invented responses go into demo waves only")

// DemoRelease is a release of responses that nobody gave.
type DemoRelease struct {
	WaveID      int64
	FormVersion int
	Size        int       // how many responses, MinRelease at least
	At          time.Time // when they are released
	// Next gives the i-th of them, from 0 on one after the other, as valid and
	// stripped answers. They must be independent of each other and of i.
	Next func(i int) forms.Answers
}

// copiedTogether is how many rows one COPY brings: enough for its beginning
// and end not to matter, few enough to stop soon when it is to stop.
const copiedTogether = 10_000

// LoadReleased makes invented responses a release of a demo wave, all or none,
// past the inbox: for a million and a half of them, the way that real responses
// take would be too long. The rows are the same as Release leaves. ErrRealWave
// if the wave is no demo wave, ErrInvitationNeeded if only invitations may
// answer it, as these spend none, ErrVersion if it does not accept the version
// of the definition, ErrNotFound if there is none. It does not matter whether
// the wave is open. Releases of the wave, and changes to it, wait until this is
// done.
func (s *Store) LoadReleased(ctx context.Context, r DemoRelease) error {
	if r.Size < MinRelease {
		return fmt.Errorf("load demo responses: a release has at least %d, not %d", MinRelease, r.Size)
	}
	// Who stops this ends it between two rows and not by cancelling the
	// transaction: the driver cannot roll back in the middle of a COPY.
	err := s.inTx(context.WithoutCancel(ctx), func(tx *sqlx.Tx) error {
		var w Wave
		err := tx.GetContext(ctx, &w, `SELECT `+waveColumns+` FROM waves WHERE id = $1 FOR NO KEY UPDATE`, r.WaveID)
		if err != nil {
			return notFound(err)
		}
		if err := w.mayLoad(r.FormVersion); err != nil {
			return err
		}
		for from := 0; from < r.Size; from += copiedTogether {
			if err := r.copyRows(ctx, tx, &w, from, min(from+copiedTogether, r.Size)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO releases (wave_id, number, size, released_at) VALUES ($1, $2, $3, $4)`,
			w.ID, w.Releases+1, r.Size, r.At)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE waves SET released = released + $2, releases = releases + 1 WHERE id = $1`, w.ID, r.Size)
		return err
	})
	if err != nil {
		return fmt.Errorf("load demo responses: %w", err)
	}
	return nil
}

// mayLoad says what is against invented responses in the wave.
func (w *Wave) mayLoad(version int) error {
	if !w.Demo {
		return ErrRealWave
	}
	if w.ByInvitation {
		return ErrInvitationNeeded
	}
	if !slices.Contains(w.Versions, int64(version)) {
		return ErrVersion
	}
	return nil
}

// copyRows writes the rows of the responses from one number up to another.
//
// A release lies in random order. Responses that are independent draws do so in
// the order in which they were drawn: it tells nothing about any of them.
func (r *DemoRelease) copyRows(ctx context.Context, tx *sqlx.Tx, w *Wave, from, to int) (err error) {
	rows, err := tx.PreparexContext(ctx, `COPY responses (wave_id, ordinal, release, form_version, answers) FROM STDIN`)
	if err != nil {
		return err
	}
	// This ends the COPY after a fault too; nothing else may be said before.
	defer func() { err = errors.Join(err, rows.Close()) }()
	for i := from; i < to; i++ {
		_, err := rows.ExecContext(ctx, w.ID, w.Released+i, w.Releases+1, r.FormVersion, string(r.Next(i).Encode()))
		if err != nil {
			return err
		}
	}
	_, err = rows.ExecContext(ctx) // without values: end, and tell what was wrong
	return err
}
