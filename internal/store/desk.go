package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/internal/routing"
	"intake/internal/sealed"
)

// readable is the scope of every read of the desk: a lead may read all, triage
// what its teams own or read along, unless one of its teams is kept out.
// workable is the scope of acting. Named parameters :role, :teams.
const (
	readable = `(:role = 'safeguarding_lead' OR :role = 'triage'
		AND (r.team = ANY(:teams) OR r.cc && :teams) AND NOT r.excluded && :teams)`
	workable = `(:role = 'safeguarding_lead' OR :role = 'triage' AND r.team = ANY(:teams))`
)

func scope(reader *User) map[string]any {
	return map[string]any{"role": reader.Role, "teams": reader.Teams, "reader": reader.ID}
}

// DeskRow is one line of the triage list: plain facts and the state of the work.
type DeskRow struct {
	ID         uuid.UUID      `db:"id"`
	Reference  string         `db:"reference"`
	Status     string         `db:"status"`
	Priority   string         `db:"priority"`
	Team       *string        `db:"team"`
	TeamName   *string        `db:"team_name"`
	CC         pq.StringArray `db:"cc"`
	OwnerID    *int64         `db:"owner_id"`
	OwnerName  *string        `db:"owner_name"`
	ReceivedAt time.Time      `db:"received_at"`
	RoutedAt   *time.Time     `db:"routed_at"`
	OpenBy     *time.Time     `db:"open_by"`
	ScreenBy   *time.Time     `db:"screen_by"`
	DecideBy   *time.Time     `db:"decide_by"`
	FeedbackBy *time.Time     `db:"feedback_by"`
	OpenedAt   *time.Time     `db:"opened_at"`
	Demo       bool           `db:"demo"`
	Amendments int            `db:"amendments"`
	Version    int            `db:"version"`
	// Workable says that the reader may act, not only read.
	Workable bool          `db:"workable"`
	Facts    routing.Facts `db:"-"`
	RawFacts []byte        `db:"facts"`
}

const deskColumns = `r.id, r.reference, r.status, r.priority, r.team, t.name AS team_name, r.cc, r.owner_id,
	u.name AS owner_name, r.received_at, r.routed_at, r.open_by, r.screen_by, r.decide_by, r.feedback_by, r.opened_at,
	r.demo, r.version, r.facts, COALESCE(` + workable + `, false) AS workable, (SELECT count(*) FROM amendments a WHERE a.referral_id = r.id) AS amendments`

const deskFrom = ` FROM referrals r LEFT JOIN teams t ON t.slug = r.team LEFT JOIN users u ON u.id = r.owner_id `

// DeskFilter narrows the list. Empty fields do not narrow.
type DeskFilter struct {
	Whose    string // "mine", "unowned" or ""
	Status   string
	Priority string
	Limit    int
	Offset   int
}

// Desk lists the referrals that the reader may read, those still to be
// decided first, the most urgent and the oldest first; and how many there are.
func (s *Store) Desk(ctx context.Context, reader *User, f DeskFilter) ([]DeskRow, int, error) {
	args := scope(reader)
	args["whose"], args["status"], args["priority"] = f.Whose, f.Status, f.Priority
	args["limit"], args["offset"] = f.Limit, f.Offset
	where := `WHERE ` + readable + `
		AND (:whose = '' OR :whose = 'mine' AND r.owner_id = :reader OR :whose = 'unowned' AND r.owner_id IS NULL)
		AND (:status = '' OR r.status = :status) AND (:priority = '' OR r.priority = :priority)`
	var total int
	if err := s.getNamed(ctx, s.db, &total, `SELECT count(*) FROM referrals r `+where, args); err != nil {
		return nil, 0, fmt.Errorf("count referrals: %w", err)
	}
	var rows []DeskRow
	err := s.selectNamed(ctx, s.db, &rows, `SELECT `+deskColumns+deskFrom+where+`
		ORDER BY r.status = 'decided', r.priority, r.received_at LIMIT :limit OFFSET :offset`, args)
	if err != nil {
		return nil, 0, fmt.Errorf("list referrals: %w", err)
	}
	for i := range rows {
		if rows[i].Facts, err = decodeFacts(rows[i].RawFacts); err != nil {
			return nil, 0, err
		}
	}
	return rows, total, nil
}

// DeskCounts counts what waits for the reader.
type DeskCounts struct {
	Mine    int `db:"mine"`
	Unowned int `db:"unowned"`
	All     int `db:"all_open"`
	Late    int `db:"late"`
}

// DeskCounts counts undecided referrals that the reader may read; late ones
// have passed the next of their clocks.
func (s *Store) DeskCounts(ctx context.Context, reader *User, now time.Time) (DeskCounts, error) {
	args := scope(reader)
	args["now"] = now
	var c DeskCounts
	err := s.getNamed(ctx, s.db, &c, `SELECT count(*) FILTER (WHERE r.owner_id = :reader) AS mine,
			count(*) FILTER (WHERE r.owner_id IS NULL) AS unowned, count(*) AS all_open,
			count(*) FILTER (WHERE :now > CASE WHEN r.opened_at IS NULL THEN r.open_by
				WHEN r.status = 'received' THEN r.screen_by ELSE r.decide_by END) AS late
		FROM referrals r WHERE r.status <> 'decided' AND `+readable, args)
	if err != nil {
		return c, fmt.Errorf("count desk: %w", err)
	}
	return c, nil
}

// Decision is a recorded section 42 decision, unsealed.
type Decision struct {
	DecidedAt     time.Time `db:"decided_at"`
	DecidedBy     string    `db:"decided_by"`
	HasNeeds      bool      `db:"has_needs"`
	AtRisk        bool      `db:"at_risk"`
	CannotProtect bool      `db:"cannot_protect"`
	Outcome       string    `db:"outcome"`
	Reasons       Reasons   `db:"-"`
	ID            uuid.UUID `db:"id"`
	Sealed        []byte    `db:"reasons_sealed"`
}

// Reasons are the words of a decision, one for each test and one for the outcome.
type Reasons struct {
	HasNeeds      string `json:"has_needs"`
	AtRisk        string `json:"at_risk"`
	CannotProtect string `json:"cannot_protect"`
	Outcome       string `json:"outcome"`
}

// Opened is a referral as the desk shows it, unsealed.
type Opened struct {
	DeskRow
	RuleSetHash *string
	Trace       []routing.Step
	Versions    []Version // the referral, then its amendments
	History     []Event
	Decisions   []Decision
}

// OpenReferral unseals a referral for a reader who may read it and records
// that they opened it; ErrNotFound for one they may not read.
func (s *Store) OpenReferral(ctx context.Context, reader *User, reference string, now time.Time) (*Opened, error) {
	var o Opened
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.lockReferral(ctx, tx, reader, reference)
		if err != nil {
			return err
		}
		o.DeskRow = *row
		err = s.addEvent(ctx, tx, newEvent{at: now, referral: &row.ID, actor: &reader.ID, kind: EventOpened})
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE referrals SET opened_at = $2 WHERE id = $1 AND opened_at IS NULL`, row.ID, now); err != nil {
			return err
		}
		var kept struct {
			Hash  *string `db:"rule_set_hash"`
			Trace []byte  `db:"trace"`
		}
		if err := tx.GetContext(ctx, &kept, `SELECT rule_set_hash, trace FROM referrals WHERE id = $1`, row.ID); err != nil {
			return err
		}
		o.RuleSetHash = kept.Hash
		if kept.Trace != nil {
			if err := json.Unmarshal(kept.Trace, &o.Trace); err != nil {
				return fmt.Errorf("decode trace: %w", err)
			}
		}
		if o.Versions, err = s.versions(ctx, tx, row.ID); err != nil {
			return err
		}
		if o.History, err = s.history(ctx, tx, row.ID); err != nil {
			return err
		}
		o.Decisions, err = s.decisions(ctx, tx, row.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open referral: %w", err)
	}
	return &o, nil
}

// lockReferral finds and locks a referral that the reader may read.
func (s *Store) lockReferral(ctx context.Context, tx *sqlx.Tx, reader *User, reference string) (*DeskRow, error) {
	args := scope(reader)
	args["reference"] = reference
	var row DeskRow
	err := s.getNamed(ctx, tx, &row, `SELECT `+deskColumns+deskFrom+`
		WHERE r.reference = :reference AND `+readable+` FOR UPDATE OF r`, args)
	if err != nil {
		return nil, notFound(err)
	}
	row.Facts, err = decodeFacts(row.RawFacts)
	return &row, err
}

func decisionPlace(id uuid.UUID) sealed.Place {
	return sealed.Place{Table: "decisions", Column: "reasons_sealed", Row: id.String()}
}

func (s *Store) decisions(ctx context.Context, tx *sqlx.Tx, referral uuid.UUID) ([]Decision, error) {
	var decisions []Decision
	err := tx.SelectContext(ctx, &decisions, `SELECT d.id, d.decided_at, u.name AS decided_by, d.has_needs, d.at_risk,
			d.cannot_protect, d.outcome, d.reasons_sealed
		FROM decisions d JOIN users u ON u.id = d.decided_by WHERE d.referral_id = $1 ORDER BY d.decided_at`, referral)
	if err != nil {
		return nil, fmt.Errorf("list decisions: %w", err)
	}
	for i := range decisions {
		d := &decisions[i]
		plain, err := s.keys.Open(decisionPlace(d.ID), d.Sealed)
		if err != nil {
			return nil, fmt.Errorf("open decision: %w", err)
		}
		if err := json.Unmarshal(plain, &d.Reasons); err != nil {
			return nil, fmt.Errorf("decode decision: %w", err)
		}
	}
	return decisions, nil
}

// getNamed and selectNamed are Get and Select with :name parameters.
func (s *Store) getNamed(ctx context.Context, db sqlx.ExtContext, into any, query string, args map[string]any) error {
	bound, list, err := sqlx.BindNamed(sqlx.DOLLAR, query, args)
	if err != nil {
		return errors.Join(errors.New("bind query"), err)
	}
	return sqlx.GetContext(ctx, db, into, bound, list...)
}

func (s *Store) selectNamed(ctx context.Context, db sqlx.ExtContext, into any, query string, args map[string]any) error {
	bound, list, err := sqlx.BindNamed(sqlx.DOLLAR, query, args)
	if err != nil {
		return errors.Join(errors.New("bind query"), err)
	}
	return sqlx.SelectContext(ctx, db, into, bound, list...)
}
