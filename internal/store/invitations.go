package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/internal/sealed"
)

// MaxInvitations is how many can be added at once.
const MaxInvitations = 50_000

// Invitation is one of a closed collector, for printing. Whether it has been
// used is nobody's to know, so no type tells.
type Invitation struct {
	Number int    // from 1: what a row of a mail merge is known by
	Code   string // as links carry it
}

// invitationIndexes is what a code may be found by: under each sealing key, as
// keys may have been renewed since.
func (s *Store) invitationIndexes(code string) pq.ByteaArray {
	if code == "" {
		return pq.ByteaArray{}
	}
	return s.keys.BlindIndexes("invitation", code)
}

func invitationPlace(collectorID int64, number int) sealed.Place {
	return sealed.Place{Table: "invitations", Column: "code", Row: fmt.Sprintf("%d/%d", collectorID, number)}
}

// FindInvitation finds the closed collector that the code, as ParseInvitation
// gives it, is of, and its wave; ErrInvitationUnknown if there is none. It
// does not tell whether the invitation has been used.
func (s *Store) FindInvitation(ctx context.Context, code string) (*Collector, *Wave, error) {
	c, w, err := s.collectorAndWave(ctx, `SELECT `+collectorColumns+` FROM collectors
		WHERE id = (SELECT collector_id FROM invitations WHERE code_index = ANY ($1))`, s.invitationIndexes(code))
	if errors.Is(err, ErrNotFound) {
		return nil, nil, ErrInvitationUnknown
	}
	return c, w, err
}

// AddInvitations gives a closed collector that has issued so many n more, 1 to
// MaxInvitations, numbered on from those. So a request that comes twice adds
// once: ErrStale if it has issued another number by now. ErrNotFound if there
// is no such collector that is not closed yet.
func (s *Store) AddInvitations(ctx context.Context, d Deed, collectorID int64, issued, n int) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		if _, err := s.addInvitations(ctx, tx, collectorID, issued, n); err != nil {
			return err
		}
		return s.recordDeed(ctx, tx, d, EventInvitationsAdded, Detail{Collector: collectorID, Invitations: n})
	})
}

// invitationBatch bounds the parameters of one statement.
const invitationBatch = 5000

// addInvitations returns how many the collector has then.
func (s *Store) addInvitations(ctx context.Context, tx *sqlx.Tx, collectorID int64, before, n int) (int, error) {
	if n < 1 || n > MaxInvitations {
		return 0, fmt.Errorf("add invitations: %d at once", n)
	}
	var issued int
	err := tx.GetContext(ctx, &issued, `UPDATE collectors SET issued = issued + $2
		WHERE id = $1 AND kind = 'closed' AND closed_at IS NULL RETURNING issued`, collectorID, n)
	if err != nil {
		return 0, fmt.Errorf("add invitations: %w", notFound(err))
	}
	if issued != before+n {
		return 0, fmt.Errorf("add invitations: %w", ErrStale) // which takes the update back
	}
	for from := issued - n + 1; from <= issued; from += invitationBatch {
		var numbers pq.Int64Array
		var indexes, codes pq.ByteaArray
		for number := from; number <= min(from+invitationBatch-1, issued); number++ {
			index, sealedCode, _, err := s.drawInvitation(collectorID, number)
			if err != nil {
				return 0, err
			}
			numbers, indexes, codes = append(numbers, int64(number)), append(indexes, index), append(codes, sealedCode)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO invitations (collector_id, number, code_index, code_sealed)
			SELECT $1, n, i, c FROM unnest($2::int[], $3::bytea[], $4::bytea[]) AS drawn (n, i, c)`,
			collectorID, numbers, indexes, codes)
		if err != nil {
			return 0, fmt.Errorf("add invitations: %w", err)
		}
	}
	return issued, nil
}

// drawInvitation makes a code and what is kept of it. Two codes of fifty
// random bits do not meet in practice; if they did, the unique index would
// refuse, and asking again draws others.
func (s *Store) drawInvitation(collectorID int64, number int) (index, sealedCode []byte, code string, err error) {
	code = newInvitationCode()
	sealedCode, err = s.keys.Seal(invitationPlace(collectorID, number), []byte(code))
	return s.keys.BlindIndex("invitation", code), sealedCode, code, err
}

// Invitations calls visit for the collector's invitations in the order of
// their numbers, at most limit from the given number on, all with limit 0.
// Those whose codes are no longer kept are left out.
func (s *Store) Invitations(ctx context.Context, collectorID int64, from, limit int, visit func(Invitation) error) (err error) {
	rows, err := s.db.QueryxContext(ctx, `SELECT number, code_sealed FROM invitations
		WHERE collector_id = $1 AND number >= $2 AND code_sealed IS NOT NULL ORDER BY number LIMIT NULLIF($3, 0)`, collectorID, from, limit)
	if err != nil {
		return fmt.Errorf("read invitations: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var number int
		var sealedCode []byte
		if err := rows.Scan(&number, &sealedCode); err != nil {
			return fmt.Errorf("read invitation: %w", err)
		}
		code, err := s.keys.Open(invitationPlace(collectorID, number), sealedCode)
		if err != nil {
			return fmt.Errorf("read invitation %d: %w", number, err)
		}
		if err := visit(Invitation{number, string(code)}); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read invitations: %w", err)
	}
	return nil
}

// Reissue gives the invitation a new code, as links carry it, and counts that;
// the old code stops working. A used invitation stays used under the new code,
// and neither the answer nor its time tells: nobody votes twice, and whoever
// re-issues does not learn who has voted. ErrNotFound if there is no such
// invitation of a collector that is not closed yet.
func (s *Store) Reissue(ctx context.Context, d Deed, collectorID int64, number int) (string, error) {
	index, sealedCode, code, err := s.drawInvitation(collectorID, number)
	if err != nil {
		return "", err
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		// A release would write the invitation anew in between.
		var wave int64
		err := tx.GetContext(ctx, &wave, `SELECT w.id FROM waves w JOIN collectors c ON c.wave_id = w.id
			WHERE c.id = $1 AND c.closed_at IS NULL FOR NO KEY UPDATE OF w`, collectorID)
		if err != nil {
			return notFound(err)
		}
		res, err := tx.ExecContext(ctx, `WITH renewed AS (
				UPDATE invitations SET code_index = $3, code_sealed = $4 WHERE collector_id = $1 AND number = $2 RETURNING collector_id)
			UPDATE collectors SET reissued = reissued + 1 WHERE id = (SELECT collector_id FROM renewed)`,
			collectorID, number, index, sealedCode)
		if err != nil {
			return err
		}
		if err := changedOne(res, ErrNotFound); err != nil {
			return err
		}
		return s.recordDeed(ctx, tx, d, EventReissued, Detail{Collector: collectorID, Invitation: number})
	})
	if err != nil {
		return "", fmt.Errorf("re-issue invitation: %w", err)
	}
	return code, nil
}

// dropBatch bounds what one call rewrites.
const dropBatch = 20_000

// dropCodes forgets the codes of invitations that nobody can use any more, so
// that they cannot be printed again; it is called again for what is left. A
// link that is followed late still finds its collector, which has ended.
func (s *Store) dropCodes(ctx context.Context, now time.Time) error {
	// A release locks many invitations too: who waits is only the release.
	_, err := s.db.ExecContext(ctx, `UPDATE invitations i SET code_sealed = NULL FROM (
			SELECT e.collector_id, e.number FROM invitations e JOIN collectors c ON c.id = e.collector_id JOIN waves w ON w.id = c.wave_id
			WHERE e.code_sealed IS NOT NULL AND LEAST(c.closed_at, w.closes_at) <= $1
			LIMIT $2 FOR NO KEY UPDATE OF e SKIP LOCKED) ended
		WHERE (i.collector_id, i.number) = (ended.collector_id, ended.number)`, now.Add(-LateFor), dropBatch)
	if err != nil {
		return fmt.Errorf("drop codes of invitations: %w", err)
	}
	return nil
}
