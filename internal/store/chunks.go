package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"intake/forms"
)

// A Snapshot reads the released responses of a wave and the stored chunks of
// their index, all as they were at one moment.
type Snapshot struct {
	Wave Wave
	tx   *sqlx.Tx
}

// ReadReleased calls read with a snapshot of the wave, which ends with it.
func (s *Store) ReadReleased(ctx context.Context, waveID int64, read func(*Snapshot) error) (err error) {
	tx, err := s.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it has only read
	snapshot := Snapshot{tx: tx}
	if err := tx.GetContext(ctx, &snapshot.Wave, `SELECT `+waveColumns+` FROM waves WHERE id = $1`, waveID); err != nil {
		return fmt.Errorf("find wave: %w", notFound(err))
	}
	return read(&snapshot)
}

// Responses calls visit for every released response with an ordinal from from
// to below below, with the version of the form that it answers, by ordinal,
// and ends with its error.
func (s *Snapshot) Responses(ctx context.Context, from, below int, visit func(version int, answers forms.Answers) error) error {
	rows, err := s.tx.QueryxContext(ctx, responsesBetween, s.Wave.ID, from, below)
	return visitResponses(rows, err, visit)
}

const responsesBetween = `SELECT form_version, answers FROM responses WHERE wave_id = $1 AND ordinal >= $2 AND ordinal < $3 ORDER BY ordinal`

// Responses is that of a snapshot, but as they are now: what lies there may have
// changed its place since, and then SaveChunk and ReplaceChunk store nothing.
func (s *Store) Responses(ctx context.Context, waveID int64, from, below int, visit func(version int, answers forms.Answers) error) error {
	rows, err := s.db.QueryxContext(ctx, responsesBetween, waveID, from, below)
	return visitResponses(rows, err, visit)
}

// visitResponses reads the rows of a query that gave them, or err.
func visitResponses(rows *sqlx.Rows, err error, visit func(version int, answers forms.Answers) error) error {
	if err != nil {
		return fmt.Errorf("read responses: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	for rows.Next() {
		var version int
		var raw []byte
		if err := rows.Scan(&version, &raw); err != nil {
			return fmt.Errorf("read response: %w", err)
		}
		answers, err := forms.DecodeAnswers(raw)
		if err != nil {
			return fmt.Errorf("decode response: %w", err)
		}
		if err := visit(version, answers); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Chunk is a stored chunk of the index of a wave.
type Chunk struct {
	Number int    `db:"number"`
	Size   int    `db:"size"` // how many responses it holds
	Bits   []byte `db:"bits"`
}

// Chunk reads a chunk of the index that holds more responses than longer;
// ErrNotFound if there is none.
func (s *Snapshot) Chunk(ctx context.Context, number, longer int) (*Chunk, error) {
	var c Chunk
	err := s.tx.GetContext(ctx, &c, `SELECT number, size, bits FROM result_chunks
		WHERE wave_id = $1 AND number = $2 AND size > $3`, s.Wave.ID, number, longer)
	if err != nil {
		return nil, fmt.Errorf("read chunk: %w", notFound(err))
	}
	return &c, nil
}

// Sizes are how many responses the stored chunks hold, by number.
func (s *Snapshot) Sizes(ctx context.Context) (map[int]int, error) {
	var chunks []Chunk
	if err := s.tx.SelectContext(ctx, &chunks, `SELECT number, size FROM result_chunks WHERE wave_id = $1`, s.Wave.ID); err != nil {
		return nil, fmt.Errorf("list chunks: %w", err)
	}
	sizes := make(map[int]int, len(chunks))
	for _, c := range chunks {
		sizes[c.Number] = c.Size
	}
	return sizes, nil
}

// SaveChunk stores a chunk of the wave's index, made from the wave as it was
// read, unless the responses were put into another order since, or a chunk of
// as many responses is there. It reports whether it did.
func (s *Store) SaveChunk(ctx context.Context, wave *Wave, c Chunk) (saved bool, err error) {
	err = s.changeChunks(ctx, wave, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO result_chunks (wave_id, number, size, bits) VALUES ($1, $2, $3, $4)
			ON CONFLICT (wave_id, number) DO UPDATE SET size = EXCLUDED.size, bits = EXCLUDED.bits
			WHERE result_chunks.size < EXCLUDED.size`, wave.ID, c.Number, c.Size, c.Bits)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		saved = n > 0
		return err
	})
	return saved, err
}

// ReplaceChunk stores a chunk, or none for nil, in the place of whatever is
// there, unless the responses were put into another order since the wave was
// read.
func (s *Store) ReplaceChunk(ctx context.Context, wave *Wave, number int, c *Chunk) error {
	return s.changeChunks(ctx, wave, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM result_chunks WHERE wave_id = $1 AND number = $2`, wave.ID, number)
		if err != nil || c == nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO result_chunks (wave_id, number, size, bits) VALUES ($1, $2, $3, $4)`,
			wave.ID, number, c.Size, c.Bits)
		return err
	})
}

// changeChunks runs change unless the wave's responses were put into another
// order since it was read.
func (s *Store) changeChunks(ctx context.Context, wave *Wave, change func(tx *sqlx.Tx) error) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var shuffles int
		// The lock keeps a release from putting them into another order.
		err := tx.GetContext(ctx, &shuffles, `SELECT shuffles FROM waves WHERE id = $1 FOR NO KEY UPDATE`, wave.ID)
		if err != nil || shuffles != wave.Shuffles {
			return notFound(err)
		}
		return change(tx)
	})
	if err != nil {
		return fmt.Errorf("store chunk: %w", err)
	}
	return nil
}

// DropChunk deletes a chunk that cannot be read, unless another one is there
// by now: it is made anew.
func (s *Store) DropChunk(ctx context.Context, waveID int64, c Chunk) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM result_chunks WHERE wave_id = $1 AND number = $2 AND bits = $3`, waveID, c.Number, c.Bits)
	if err != nil {
		return fmt.Errorf("drop chunk %d: %w", c.Number, err)
	}
	return nil
}

// indexStep is how many responses are released at least before a chunk that is
// not full is stored again; a fifth of it must have come besides. So each
// response is written some five times at most, however few are released
// together.
const indexStep = 1000

// WavesToIndex lists waves of whose released responses enough are in no stored
// chunk, or any at all once the wave takes no more. chunkSize is how many
// responses a full chunk holds.
func (s *Store) WavesToIndex(ctx context.Context, chunkSize int, now time.Time) ([]int64, error) {
	var ids []int64
	err := s.db.SelectContext(ctx, &ids, `SELECT w.id FROM waves w
		LEFT JOIN LATERAL (
			SELECT coalesce(sum(size), 0) AS size, coalesce(sum(size) FILTER (WHERE number < w.released / $1), 0) AS full_size
			FROM result_chunks WHERE wave_id = w.id) stored ON true
		WHERE w.released - stored.size >= greatest($2, w.released % $1 / 5)
			OR stored.full_size < w.released / $1 * $1
			OR w.closes_at < $3 AND stored.size < w.released`,
		chunkSize, indexStep, lastTaken(now))
	if err != nil {
		return nil, fmt.Errorf("find waves to index: %w", err)
	}
	return ids, nil
}
