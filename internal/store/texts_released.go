package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"intake/forms"
)

// ReleasedText is a text that may be shown, and what is needed to decide
// beside which filters. Neither the place of the response nor what its writer
// said may be shown with it.
type ReleasedText struct {
	ID      uuid.UUID      `db:"id"`
	Words   string         `db:"words"`
	Themes  pq.StringArray `db:"themes"`
	Ordinal int            `db:"ordinal"`
	Writer  forms.Answers  `db:"-"` // to the dimensions, and to nothing else
}

// TextView says which released texts are asked for: answers to the question
// among the first Below responses of the wave, by people who gave the options
// of Filters, by question. Dimensions are the questions whose answers Writer
// gets.
type TextView struct {
	WaveID     int64
	Question   string
	Filters    map[string]string
	Dimensions []string
	Below      int
}

// ReleasedTexts lists the released texts of a view, in an order that says
// nothing.
func (s *Store) ReleasedTexts(ctx context.Context, v TextView) ([]ReleasedText, error) {
	filters := forms.Answers{}
	for question, option := range v.Filters {
		filters[question] = []string{option}
	}
	var rows []struct {
		ReleasedText
		Raw []byte `db:"writer"`
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT t.id, t.words, t.themes, t.ordinal,
			(SELECT jsonb_object_agg(key, value) FROM jsonb_each(r.answers) WHERE key = ANY($5)) AS writer
		FROM texts t JOIN responses r ON r.wave_id = t.wave_id AND r.ordinal = t.ordinal
		WHERE t.wave_id = $1 AND t.question = $2 AND t.state = 'released' AND t.ordinal < $3 AND r.answers @> $4
		ORDER BY t.id`, v.WaveID, v.Question, v.Below, string(filters.Encode()), pq.Array(v.Dimensions))
	if err != nil {
		return nil, fmt.Errorf("list released texts: %w", err)
	}
	texts := make([]ReleasedText, len(rows))
	for i, row := range rows {
		texts[i] = row.ReleasedText
		if row.Raw == nil {
			continue // they answered none of them
		}
		if texts[i].Writer, err = forms.DecodeAnswers(row.Raw); err != nil {
			return nil, fmt.Errorf("decode the writer of a released text: %w", err)
		}
	}
	return texts, nil
}
