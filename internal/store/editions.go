package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// Editions are the numbers of released responses whose figures may be shown,
// ascending: what somebody sees, others may hold against what is shown later.
// counted is how many of the wave's released responses have been counted. They
// become an edition if so many came since the one before that the difference
// tells of nobody: MinRelease at least, and a tenth of it, which bounds how
// many editions there are. One of a later release, which somebody else has
// counted already, is left out.
func (s *Store) Editions(ctx context.Context, wave *Wave, counted int, now time.Time) ([]int, error) {
	sizes, err := editions(ctx, s.db, wave.ID)
	if err != nil {
		return nil, err
	}
	last := wave.ClosesAt != nil && wave.ClosesAt.Before(lastTaken(now))
	if !editionDue(sizes, counted, last) {
		return upTo(sizes, counted), nil
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		var released int
		// Against a release, which may join what was counted with what comes.
		err := tx.GetContext(ctx, &released, `SELECT released FROM waves WHERE id = $1 FOR NO KEY UPDATE`, wave.ID)
		if err != nil {
			return notFound(err)
		}
		if sizes, err = editions(ctx, tx, wave.ID); err != nil {
			return err
		}
		if released != counted || !editionDue(sizes, counted, last) {
			return nil
		}
		sizes = append(sizes, counted)
		_, err = tx.ExecContext(ctx, `INSERT INTO editions (wave_id, size) VALUES ($1, $2)`, wave.ID, counted)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make edition: %w", err)
	}
	return upTo(sizes, counted), nil
}

// upTo are the sizes up to a number; they ascend.
func upTo(sizes []int, most int) []int {
	return slices.DeleteFunc(sizes, func(size int) bool { return size > most })
}

// editionDue tells whether so many responses are an edition after these. The
// last one of a wave has no other after it.
func editionDue(sizes []int, counted int, last bool) bool {
	if len(sizes) == 0 {
		return counted > 0
	}
	before := sizes[len(sizes)-1]
	return counted-before >= MinRelease && (last || counted-before >= before/10)
}

func editions(ctx context.Context, q sqlx.QueryerContext, waveID int64) ([]int, error) {
	var sizes []int
	if err := sqlx.SelectContext(ctx, q, &sizes, `SELECT size FROM editions WHERE wave_id = $1 ORDER BY size`, waveID); err != nil {
		return nil, fmt.Errorf("read editions: %w", err)
	}
	return sizes, nil
}
