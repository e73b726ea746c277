package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// TextState is what has become of a text that somebody wrote.
type TextState string

// The states of a text. Only released ones are shown to anybody but those who
// read them for that.
const (
	TextWaiting  TextState = "waiting"
	TextReleased TextState = "released"
	TextHeld     TextState = "held"
)

// Text is what one person wrote in answer to a question, and nothing else that
// they answered. Its ID says nothing about its writer.
type Text struct {
	ID       uuid.UUID      `db:"id"`
	Question string         `db:"question"`
	State    TextState      `db:"state"`
	Version  int            `db:"version"`
	Original string         `db:"original"`
	Words    string         `db:"words"` // as released, else ""
	Themes   pq.StringArray `db:"themes"`
	By       string         `db:"by"` // who released it or held it back, "" while it waits
	At       *time.Time     `db:"decided_at"`
}

// textColumns need texts as t, its response as r and the user as u.
const textColumns = `t.id, t.question, t.state, t.version, r.answers->t.question->>0 AS original,
	coalesce(t.words, '') AS words, t.themes, coalesce(u.name, '') AS by, t.decided_at`

const textTables = `texts t JOIN responses r ON r.wave_id = t.wave_id AND r.ordinal = t.ordinal
	LEFT JOIN users u ON u.id = t.decided_by`

// queueStep bounds how many texts join the queue at once.
const queueStep = 20_000

// QueueTexts puts the answers to a question among the first below responses of
// the wave into the queue, if they are not there, and reports whether there are
// more. Those responses must be of an edition: later ones may still change
// their places.
func (s *Store) QueueTexts(ctx context.Context, waveID int64, question string, below int) (more bool, err error) {
	res, err := s.db.ExecContext(ctx, `INSERT INTO texts (wave_id, question, ordinal)
		SELECT wave_id, $2, ordinal FROM responses
		WHERE wave_id = $1 AND ordinal < $3 AND answers ? $2
			AND ordinal > (SELECT coalesce(max(ordinal), -1) FROM texts WHERE wave_id = $1 AND question = $2)
		ORDER BY ordinal LIMIT $4 ON CONFLICT DO NOTHING`, waveID, question, below, queueStep)
	if err != nil {
		return false, fmt.Errorf("queue texts: %w", err)
	}
	n, err := res.RowsAffected()
	return n == queueStep, err
}

// TextCounts are how many texts of a wave are in each state.
func (s *Store) TextCounts(ctx context.Context, waveID int64) (map[TextState]int, error) {
	var rows []struct {
		State TextState
		N     int
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT state, count(*) AS n FROM texts WHERE wave_id = $1 GROUP BY state`, waveID)
	if err != nil {
		return nil, fmt.Errorf("count texts: %w", err)
	}
	counts := map[TextState]int{}
	for _, row := range rows {
		counts[row.State] = row.N
	}
	return counts, nil
}

// NextText is the text that waits next after another one, or after none; from
// the last on it begins again. ErrNotFound if none waits.
func (s *Store) NextText(ctx context.Context, waveID int64, after uuid.UUID) (*Text, error) {
	const next = `SELECT ` + textColumns + ` FROM ` + textTables + `
		WHERE t.wave_id = $1 AND t.state = 'waiting' AND t.id > $2 ORDER BY t.id LIMIT 1`
	text, err := s.text(ctx, next, waveID, after)
	if errors.Is(err, ErrNotFound) {
		return s.text(ctx, next, waveID, uuid.Nil)
	}
	return text, err
}

// TextByID finds a text of a wave.
func (s *Store) TextByID(ctx context.Context, waveID int64, id uuid.UUID) (*Text, error) {
	return s.text(ctx, `SELECT `+textColumns+` FROM `+textTables+` WHERE t.wave_id = $1 AND t.id = $2`, waveID, id)
}

func (s *Store) text(ctx context.Context, query string, args ...any) (*Text, error) {
	var t Text
	if err := s.db.GetContext(ctx, &t, query, args...); err != nil {
		return nil, fmt.Errorf("find text: %w", notFound(err))
	}
	return &t, nil
}

// Texts lists texts of a wave that were released or held back, the last first.
func (s *Store) Texts(ctx context.Context, waveID int64, state TextState, limit, offset int) ([]Text, error) {
	var texts []Text
	err := s.db.SelectContext(ctx, &texts, `SELECT `+textColumns+` FROM `+textTables+`
		WHERE t.wave_id = $1 AND t.state = $2 ORDER BY t.decided_at DESC, t.id LIMIT $3 OFFSET $4`, waveID, state, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("list texts: %w", err)
	}
	return texts, nil
}

// TextRef is a text of a wave in the version that somebody has read. Each deed
// gives ErrStale if the text has been dealt with since, and ErrNotFound if the
// wave has none of that ID.
type TextRef struct {
	WaveID  int64
	ID      uuid.UUID
	Version int
}

// ReleaseText lets the words, as the reader left them, be shown with these
// themes.
func (s *Store) ReleaseText(ctx context.Context, d Deed, text TextRef, words string, themes []string) error {
	return s.decideText(ctx, d, text, EventTextReleased, `state = 'released', words = :words, themes = :themes,
		decided_by = :by, decided_at = :at WHERE state = 'waiting'`, map[string]any{"words": words, "themes": append(pq.StringArray{}, themes...)})
}

// HoldText keeps a text from being shown.
func (s *Store) HoldText(ctx context.Context, d Deed, text TextRef) error {
	return s.decideText(ctx, d, text, EventTextHeld,
		`state = 'held', decided_by = :by, decided_at = :at WHERE state = 'waiting'`, map[string]any{})
}

// TakeBackText puts a text that was released or held back into the queue
// again. What was released of it is not kept.
func (s *Store) TakeBackText(ctx context.Context, d Deed, text TextRef) error {
	return s.decideText(ctx, d, text, EventTextTakenBack,
		`state = 'waiting', words = NULL, themes = '{}', decided_by = NULL, decided_at = NULL WHERE state <> 'waiting'`, map[string]any{})
}

// decideText changes a text, and records the deed. The change says the columns
// and in which state the text must be.
func (s *Store) decideText(ctx context.Context, d Deed, text TextRef, kind EventKind, change string, args map[string]any) error {
	args["wave"], args["id"], args["version"], args["at"], args["by"] = text.WaveID, text.ID, text.Version, d.At, d.by()
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		res, err := named(ctx, tx, `UPDATE texts SET version = version + 1, `+change+`
			AND wave_id = :wave AND id = :id AND version = :version`, args)
		if err != nil {
			return err
		}
		if err := changedOne(res, ErrStale); err != nil {
			var there bool
			if err := tx.GetContext(ctx, &there, `SELECT true FROM texts WHERE wave_id = $1 AND id = $2`, text.WaveID, text.ID); err != nil {
				return notFound(err)
			}
			return err
		}
		return s.recordDeed(ctx, tx, d, kind, Detail{Wave: text.WaveID, Text: text.ID.String()})
	})
	if err != nil {
		return fmt.Errorf("decide on text: %w", err)
	}
	return nil
}
