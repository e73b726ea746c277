package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// SurveyAction is what managers do about something that a survey showed: "You
// said, we did".
type SurveyAction struct {
	ID        int64      `db:"id"`
	Survey    string     `db:"survey"`
	Question  string     `db:"question"` // "" for the survey as a whole
	Wave      string     `db:"wave"`     // the code of the first whose results it is shown with
	Said      string     `db:"said"`
	Did       string     `db:"did"`
	Done      bool       `db:"done"`   // else it is planned
	Public    bool       `db:"public"` // anyone may see it, where the results are published
	Version   int        `db:"version"`
	By        string     `db:"by"` // who wrote it last, "" for a command
	WrittenAt time.Time  `db:"written_at"`
	EndedAt   *time.Time `db:"ended_at"` // nil while it is shown
}

const actionColumns = `a.id, a.survey, a.question, w.code AS wave, a.said, a.did, a.done, a.public, a.version,
	coalesce(u.name, '') AS by, a.written_at, a.ended_at`

const actionTables = `actions a JOIN waves w ON w.id = a.wave_id LEFT JOIN users u ON u.id = a.written_by`

// SurveyActions lists the actions of a survey, those that have ended last, and
// else the newest first.
func (s *Store) SurveyActions(ctx context.Context, survey string) ([]SurveyAction, error) {
	return s.actions(ctx, `SELECT `+actionColumns+` FROM `+actionTables+`
		WHERE a.survey = $1 ORDER BY a.ended_at IS NOT NULL, a.ended_at DESC, a.id DESC`, survey)
}

// ActionsBeside lists the actions that are shown with the results of a wave:
// those that answer it or one before it and have not ended. The oldest come
// first. With onlyPublic those are left out that not everyone may see.
func (s *Store) ActionsBeside(ctx context.Context, wave *Wave, onlyPublic bool) ([]SurveyAction, error) {
	return s.actions(ctx, `SELECT `+actionColumns+` FROM `+actionTables+`
		WHERE a.survey = $1 AND a.ended_at IS NULL AND (a.public OR NOT $4) AND (w.opens_at, w.id) <= ($2, $3)
		ORDER BY a.id`, wave.Survey, wave.OpensAt, wave.ID, onlyPublic)
}

func (s *Store) actions(ctx context.Context, query string, args ...any) ([]SurveyAction, error) {
	var actions []SurveyAction
	if err := s.db.SelectContext(ctx, &actions, query, args...); err != nil {
		return nil, fmt.Errorf("list actions: %w", err)
	}
	return actions, nil
}

// AddAction adds an action; ErrNotFound if the survey has no such wave.
func (s *Store) AddAction(ctx context.Context, d Deed, a SurveyAction) error {
	err := s.actOnAction(ctx, d, EventActionWritten, a, `INSERT INTO actions (survey, question, wave_id, said, did, done, public, written_by, written_at)
		SELECT :survey, :question, id, :said, :did, :done, :public, :by_id, :at FROM waves WHERE survey = :survey AND code = :wave
		RETURNING id, wave_id`, ErrNotFound)
	if err != nil {
		return fmt.Errorf("add action: %w", err)
	}
	return nil
}

// ChangeAction puts an action in the place of the one of its ID. It gives
// ErrStale if that is not in the action's version any more, has ended, or is of
// another survey, and if the survey has no such wave.
func (s *Store) ChangeAction(ctx context.Context, d Deed, a SurveyAction) error {
	err := s.actOnAction(ctx, d, EventActionChanged, a, `UPDATE actions SET version = version + 1, question = :question, wave_id = waves.id,
			said = :said, did = :did, done = :done, public = :public, written_by = :by_id, written_at = :at
		FROM waves WHERE waves.survey = :survey AND waves.code = :wave
			AND actions.id = :id AND actions.survey = :survey AND version = :version AND ended_at IS NULL
		RETURNING actions.id, wave_id`, ErrStale)
	if err != nil {
		return fmt.Errorf("change action: %w", err)
	}
	return nil
}

// EndAction stops an action from being shown. It gives ErrStale as
// ChangeAction does.
func (s *Store) EndAction(ctx context.Context, d Deed, a SurveyAction) error {
	err := s.actOnAction(ctx, d, EventActionEnded, a, `UPDATE actions SET version = version + 1, ended_at = :at
		WHERE id = :id AND survey = :survey AND version = :version AND ended_at IS NULL RETURNING id, wave_id`, ErrStale)
	if err != nil {
		return fmt.Errorf("end action: %w", err)
	}
	return nil
}

// actOnAction runs a statement that gives the IDs of the action that it changed and of
// its wave, and records the deed; none is a miss.
func (s *Store) actOnAction(ctx context.Context, d Deed, kind EventKind, a SurveyAction, query string, none error) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		query, args, err := tx.BindNamed(query, struct {
			SurveyAction
			ByID *int64    `db:"by_id"`
			At   time.Time `db:"at"`
		}{a, d.by(), d.At})
		if err != nil {
			return err
		}
		var changed []struct {
			ID     int64
			WaveID int64 `db:"wave_id"`
		}
		if err := tx.SelectContext(ctx, &changed, query, args...); err != nil {
			return err
		}
		if len(changed) == 0 {
			return none
		}
		return s.recordDeed(ctx, tx, d, kind, Detail{Wave: changed[0].WaveID, Action: changed[0].ID})
	})
}
