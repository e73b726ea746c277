package store

import (
	"context"
	"fmt"
)

// Backlog is the work that the ledger still shows as undone, in numbers that
// may be written down again and again for years. Such a row of numbers must
// not say when one person answered, of whatever wave: so responses are told in
// whole tens of each wave, by the rule of ToldWaiting for those by invitation.
type Backlog struct {
	Due
	Inbox     int `db:"inbox"`     // responses that wait for a release
	Unindexed int `db:"unindexed"` // released responses that are in no stored chunk of the index
}

// Backlog counts the work that workers have still to do.
func (s *Store) Backlog(ctx context.Context) (*Backlog, error) {
	due, err := s.Due(ctx)
	if err != nil {
		return nil, err
	}
	b := Backlog{Due: *due}
	err = s.db.GetContext(ctx, &b, `SELECT i.inbox, u.unindexed
		FROM (SELECT coalesce(sum(n - n % $1), 0)::bigint AS inbox
				FROM (SELECT count(*) AS n FROM inbox GROUP BY wave_id) by_wave) i,
			(SELECT coalesce(sum(greatest(w.released - coalesce(c.size, 0), 0)), 0)::bigint AS unindexed
				FROM waves w LEFT JOIN (SELECT wave_id, sum(size) AS size FROM result_chunks GROUP BY wave_id) c ON c.wave_id = w.id
				WHERE w.released >= $1) u`, MinRelease)
	if err != nil {
		return nil, fmt.Errorf("count waiting responses: %w", err)
	}
	return &b, nil
}
