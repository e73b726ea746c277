package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// MinRelease is the least number of responses that leave the inbox together
// while a wave takes more.
const MinRelease = 10

// MostReleased bounds how many leave together, and so how long one release
// keeps the server busy: the next ones follow.
const MostReleased = 20_000

// closingGrace lets requests that began before a wave took its last response
// finish before the rest is released: requestTimeout of the handlers, a round
// that begins then, and the last statement of that.
const closingGrace = 55 * time.Second

// lastTaken is the closing time of a wave that at now has taken its last
// response.
func lastTaken(now time.Time) time.Time { return now.Add(-LateFor - closingGrace) }

// WavesToRelease lists waves whose inbox holds enough to leave together or,
// once the wave takes no more, anything at all that is not told yet.
func (s *Store) WavesToRelease(ctx context.Context, now time.Time) ([]int64, error) {
	var ids []int64
	err := s.db.SelectContext(ctx, &ids, `SELECT w.id FROM waves w JOIN inbox i ON i.wave_id = w.id
		GROUP BY w.id HAVING count(*) >= $1 + (CASE WHEN EXISTS (SELECT FROM editions e WHERE e.wave_id = w.id) THEN $1 ELSE 0 END)
			OR w.closes_at < $2
		UNION SELECT w.id FROM waves w JOIN collectors c ON c.wave_id = w.id WHERE w.closes_at < $2 AND c.held_back > 0`,
		MinRelease, lastTaken(now))
	if err != nil {
		return nil, fmt.Errorf("find waves to release: %w", err)
	}
	return ids, nil
}

// Release moves what is in the wave's inbox to the responses, MostReleased or a
// few more at a time, in random order, without key or collector, if there is
// enough to leave together; it returns how many moved. Once somebody has seen figures of the wave, MinRelease stay
// behind, chosen at random, so that the last release is not smaller: its
// figures could not be shown. Once the wave takes no more, LateFor after
// closing, all leave. If they are few all the same, they join the release
// before it, which is shuffled anew, so that nothing tells the two apart; but
// not if figures of that have been seen. Concurrent calls wait for each other.
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
		last := w.ClosesAt != nil && w.ClosesAt.Before(lastTaken(now))
		seen, err := editions(ctx, tx, waveID)
		if err != nil {
			return err
		}
		leaving := waiting
		if len(seen) > 0 && !last {
			leaving -= MinRelease
		}
		if leaving < MinRelease && !last {
			return nil
		}
		if leaving >= MostReleased+MinRelease { // so that the next one is not too small
			leaving = MostReleased
		}
		if leaving > 0 {
			if moved, err = s.release(ctx, tx, &w, leaving, seen, now); err != nil {
				return err
			}
			if err := s.shuffleSpent(ctx, tx, waveID); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE collectors SET returned = returned + held_back, held_back = 0
			WHERE wave_id = $1 AND held_back > 0 AND (held_back >= $2 OR $3)`, waveID, MinRelease, last)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("release responses: %w", err)
	}
	return moved, nil
}

// release makes so many of the inbox a release, with what is in the one before
// if they are too few for one of their own and nobody has seen that.
func (s *Store) release(ctx context.Context, tx *sqlx.Tx, w *Wave, leaving int, seen []int, now time.Time) (int, error) {
	number, from := w.Releases+1, w.Released
	if leaving < MinRelease && w.Releases > 0 && (len(seen) == 0 || seen[len(seen)-1] < w.Released) {
		number = w.Releases
		err := tx.GetContext(ctx, &from, `SELECT min(ordinal) FROM responses WHERE wave_id = $1 AND release = $2`, w.ID, number)
		if err != nil {
			return 0, err
		}
	}
	var n struct{ Moved, Size int }
	err := tx.GetContext(ctx, &n, `WITH chosen AS MATERIALIZED ( -- once, of all tables of the inbox
			SELECT submission_key FROM inbox WHERE wave_id = $1 ORDER BY CASE WHEN NOT $4 THEN gen_random_uuid() END LIMIT $5),
		left_inbox AS (
			DELETE FROM inbox WHERE submission_key IN (SELECT submission_key FROM chosen)
			RETURNING form_version, answers, collector_id),
		joined AS (
			DELETE FROM responses WHERE wave_id = $1 AND ordinal >= $2 AND release = $3 RETURNING form_version, answers),
		shuffled AS (
			SELECT form_version, answers, row_number() OVER (ORDER BY CASE WHEN NOT $4 THEN gen_random_uuid() END) AS n
			FROM (SELECT form_version, answers FROM left_inbox UNION ALL SELECT form_version, answers FROM joined) both_parts),
		kept AS (
			INSERT INTO responses (wave_id, ordinal, release, form_version, answers)
			SELECT $1, $2 + n - 1, $3, form_version, answers FROM shuffled ORDER BY n RETURNING 1),
		counted AS (
			UPDATE collectors c SET held_back = c.held_back + came.n
			FROM (SELECT collector_id, count(*) AS n FROM left_inbox GROUP BY collector_id) came WHERE c.id = came.collector_id)
		SELECT (SELECT count(*) FROM left_inbox) AS moved, (SELECT count(*) FROM kept) AS size`, w.ID, from, number, s.unshuffled, leaving)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO releases (wave_id, number, size, released_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (wave_id, number) DO UPDATE SET size = EXCLUDED.size, released_at = EXCLUDED.released_at`,
		w.ID, number, n.Size, now)
	if err != nil {
		return 0, err
	}
	joined := number == w.Releases
	_, err = tx.ExecContext(ctx, `UPDATE waves SET released = $2, releases = $3, shuffles = shuffles + CASE WHEN $4 THEN 1 ELSE 0 END
		WHERE id = $1`, w.ID, from+n.Size, number, joined)
	if err != nil || !joined {
		return n.Moved, err
	}
	// Any may hold some of those that have changed their places.
	_, err = tx.ExecContext(ctx, `DELETE FROM result_chunks WHERE wave_id = $1`, w.ID)
	return n.Moved, err
}

// shuffleSpent writes the invitations that were spent since the release before
// anew in random order: until then each carries the transaction that brought
// its answers, and lies where the order of answering put it. New rows rather
// than updated ones, which would stay on their pages.
//
// It comes after the answers left, so that none of theirs is missed. One that
// is spent in between is done too soon, which tells nothing.
func (s *Store) shuffleSpent(ctx context.Context, tx *sqlx.Tx, waveID int64) error {
	_, err := tx.ExecContext(ctx, `WITH used AS (
			DELETE FROM invitations WHERE spent AND NOT shuffled AND collector_id IN (SELECT id FROM collectors WHERE wave_id = $1)
			RETURNING collector_id, number, code_index, code_sealed)
		INSERT INTO invitations (collector_id, number, code_index, code_sealed, spent, shuffled)
		SELECT collector_id, number, code_index, code_sealed, true, true FROM used ORDER BY CASE WHEN NOT $2 THEN gen_random_uuid() END`, waveID, s.unshuffled)
	if err != nil {
		return fmt.Errorf("shuffle invitations: %w", err)
	}
	return nil
}

// LastRelease is when the wave's figures last changed, nil if never.
func (s *Store) LastRelease(ctx context.Context, waveID int64) (*time.Time, error) {
	var at *time.Time
	if err := s.db.GetContext(ctx, &at, `SELECT max(released_at) FROM releases WHERE wave_id = $1`, waveID); err != nil {
		return nil, fmt.Errorf("find last release: %w", err)
	}
	return at, nil
}

// ReleaseMark tells two states of a wave's released responses apart, without
// saying how many they are.
type ReleaseMark struct {
	Releases int `db:"releases"`
	Shuffles int `db:"shuffles"`
}

// String writes it for an address.
func (m ReleaseMark) String() string { return fmt.Sprintf("%d-%d", m.Releases, m.Shuffles) }

// Mark is that of the wave as it was read.
func (w *Wave) Mark() ReleaseMark { return ReleaseMark{w.Releases, w.Shuffles} }

// ReleaseMarks are those of all waves, by id.
func (s *Store) ReleaseMarks(ctx context.Context) (map[int64]ReleaseMark, error) {
	var rows []struct {
		ID int64 `db:"id"`
		ReleaseMark
	}
	if err := s.db.SelectContext(ctx, &rows, `SELECT id, releases, shuffles FROM waves`); err != nil {
		return nil, fmt.Errorf("read releases: %w", err)
	}
	marks := make(map[int64]ReleaseMark, len(rows))
	for _, row := range rows {
		marks[row.ID] = row.ReleaseMark
	}
	return marks, nil
}
