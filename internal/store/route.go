package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/internal/routing"
)

// UnroutedReferrals lists referrals that no worker has routed, or that have
// an amendment that none has looked at, received before a time; the most
// urgent first.
func (s *Store) UnroutedReferrals(ctx context.Context, before time.Time, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.SelectContext(ctx, &ids, `SELECT id FROM (
			SELECT id, priority, received_at FROM referrals WHERE routed_at IS NULL AND received_at < $1
			UNION SELECT r.id, r.priority, r.received_at FROM amendments a JOIN referrals r ON r.id = a.referral_id
			WHERE a.routed_at IS NULL AND a.received_at < $1) due
		ORDER BY priority, received_at LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("find unrouted referrals: %w", err)
	}
	return ids, nil
}

// Routing is the worker's decision about a referral, as it is kept.
type Routing struct {
	Decision routing.Decision
	// Tell lists the teams that are owed an email.
	Tell []string
}

type unrouted struct {
	RoutedAt *time.Time     `db:"routed_at"`
	Team     *string        `db:"team"`
	CC       pq.StringArray `db:"cc"`
	Priority string         `db:"priority"`
	Facts    []byte         `db:"facts"`
	Index    pq.ByteaArray  `db:"nhs_number_index"`
	Excluded pq.StringArray `db:"excluded"`

	openCaseTeam string
}

// Route routes the referral, if nobody has, and then looks at each amendment
// that came since. decide must be pure: it runs with the row locked. Routing
// a referral that has nothing due does nothing. It reports whether anything
// was decided.
func (s *Store) Route(ctx context.Context, id uuid.UUID, now time.Time, decide func(routing.Facts) Routing) (bool, error) {
	decided := false
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		var r unrouted
		err := tx.GetContext(ctx, &r, `SELECT routed_at, team, cc, priority, facts, nhs_number_index, excluded
			FROM referrals WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return notFound(err)
		}
		if r.openCaseTeam, err = openCaseTeam(ctx, tx, id, r.Index); err != nil {
			return err
		}
		if r.RoutedAt == nil {
			facts, err := decodeFacts(r.Facts)
			if err != nil {
				return err
			}
			facts.OpenCaseTeam = r.openCaseTeam
			if err := s.keepRouting(ctx, tx, id, now, decide(facts), &r); err != nil {
				return err
			}
			decided = true
		}
		amended, err := s.routeAmendments(ctx, tx, id, now, decide, r)
		decided = decided || amended
		return err
	})
	if err != nil {
		return false, fmt.Errorf("route referral: %w", err)
	}
	return decided, nil
}

// openCaseTeam is the team that owns an open referral about the same adult.
func openCaseTeam(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, index pq.ByteaArray) (string, error) {
	if index == nil {
		return "", nil
	}
	var team string
	err := tx.GetContext(ctx, &team, `SELECT team FROM referrals
		WHERE nhs_number_index && $1 AND id <> $2 AND owner_id IS NOT NULL AND team IS NOT NULL AND status <> 'decided'
		ORDER BY received_at DESC LIMIT 1`, index, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("find open case: %w", err)
	}
	return team, nil
}

func (s *Store) keepRouting(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, now time.Time, r Routing, row *unrouted) error {
	trace, err := json.Marshal(r.Decision.Trace)
	if err != nil {
		return fmt.Errorf("encode trace: %w", err)
	}
	row.Team, row.CC = &r.Decision.Team, append(pq.StringArray{}, r.Decision.CC...)
	row.Excluded = pq.StringArray{}
	for _, step := range r.Decision.Trace {
		for _, team := range step.Exclude {
			if team != r.Decision.Team { // the default may have to take it all the same
				row.Excluded = append(row.Excluded, team)
			}
		}
	}
	_, err = named(ctx, tx, `UPDATE referrals SET team = :team, cc = :cc, excluded = :excluded, rule_set_hash = :hash, trace = :trace,
			open_by = :open_by, screen_by = :screen_by, decide_by = :decide_by, feedback_by = :feedback_by,
			routed_at = :now, version = version + 1
		WHERE id = :id`, map[string]any{
		"id": id, "now": now, "team": r.Decision.Team, "cc": row.CC, "excluded": row.Excluded,
		"hash": r.Decision.RuleSet, "trace": string(trace),
		"open_by": r.Decision.Clocks.OpenBy, "screen_by": r.Decision.Clocks.ScreenBy,
		"decide_by": r.Decision.Clocks.DecideBy, "feedback_by": r.Decision.Clocks.FeedbackBy,
	})
	if err != nil {
		return fmt.Errorf("keep routing: %w", err)
	}
	err = s.addEvent(ctx, tx, newEvent{at: now, referral: &id, kind: EventRouted, detail: Detail{Team: r.Decision.Team, Priority: row.Priority}})
	if err != nil {
		return err
	}
	if err := oweNotifications(ctx, tx, id, id, "routed", r.Tell, now); err != nil {
		return err
	}
	return oweNotifications(ctx, tx, id, id, "copied", row.CC, now)
}

// routeAmendments renews the plain facts, raises the priority where an amendment calls for it, lets
// the team that would have had it read along, and tells the team in any case.
// It moves nothing between teams: people may be at work on it.
func (s *Store) routeAmendments(ctx context.Context, tx *sqlx.Tx, id uuid.UUID, now time.Time,
	decide func(routing.Facts) Routing, r unrouted) (bool, error) {
	var due []struct {
		ID    uuid.UUID `db:"id"`
		Facts []byte    `db:"facts"`
	}
	err := tx.SelectContext(ctx, &due, `SELECT id, facts FROM amendments
		WHERE referral_id = $1 AND routed_at IS NULL ORDER BY seq`, id)
	if err != nil {
		return false, fmt.Errorf("find amendments: %w", err)
	}
	for _, amendment := range due {
		facts, err := decodeFacts(amendment.Facts)
		if err != nil {
			return false, err
		}
		facts.OpenCaseTeam = r.openCaseTeam
		again := decide(facts)
		readers := r.CC
		var joined []string
		for _, team := range append([]string{again.Decision.Team}, again.Decision.CC...) {
			if team != *r.Team && !slices.Contains(readers, team) && !slices.Contains(r.Excluded, team) {
				readers, joined = append(readers, team), append(joined, team)
			}
		}
		renewed, err := renewFacts(r.Facts, facts)
		if err != nil {
			return false, err
		}
		raised := facts.Priority < r.Priority
		_, err = named(ctx, tx, `UPDATE referrals SET cc = :cc, facts = :facts, version = version + 1,
				priority  = CASE WHEN :raised THEN :priority ELSE priority END,
				open_by   = CASE WHEN :raised THEN LEAST(open_by, :open_by) ELSE open_by END,
				screen_by = CASE WHEN :raised THEN LEAST(screen_by, :screen_by) ELSE screen_by END,
				decide_by = CASE WHEN :raised THEN LEAST(decide_by, :decide_by) ELSE decide_by END
			WHERE id = :id`, map[string]any{
			"id": id, "cc": readers, "facts": string(renewed), "raised": raised, "priority": facts.Priority,
			"open_by": again.Decision.Clocks.OpenBy, "screen_by": again.Decision.Clocks.ScreenBy, "decide_by": again.Decision.Clocks.DecideBy,
		})
		if err != nil {
			return false, fmt.Errorf("keep amendment's routing: %w", err)
		}
		r.CC = readers
		tell := []string{*r.Team}
		if raised {
			r.Priority = facts.Priority
			for _, team := range again.Tell {
				if !slices.Contains(r.Excluded, team) {
					tell = append(tell, team)
				}
			}
			err := s.addEvent(ctx, tx, newEvent{at: now, referral: &id, kind: EventRaised, detail: Detail{Priority: facts.Priority}})
			if err != nil {
				return false, err
			}
		}
		if err := oweNotifications(ctx, tx, id, amendment.ID, "amended", tell, now); err != nil {
			return false, err
		}
		if err := oweNotifications(ctx, tx, id, amendment.ID, "copied", joined, now); err != nil {
			return false, err
		}
		trace, err := json.Marshal(again.Decision.Trace)
		if err != nil {
			return false, fmt.Errorf("encode trace: %w", err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE amendments SET routed_at = $2, rule_set_hash = $3, trace = $4 WHERE id = $1`,
			amendment.ID, now, again.Decision.RuleSet, string(trace))
		if err != nil {
			return false, fmt.Errorf("mark amendment: %w", err)
		}
	}
	return len(due) > 0, nil
}

// renewFacts are the facts of the newest version, but for when the referral
// arrived, which stays.
func renewFacts(first []byte, newest routing.Facts) ([]byte, error) {
	facts, err := decodeFacts(first)
	if err != nil {
		return nil, err
	}
	newest.ReceivedAt, newest.OutOfHours, newest.OpenCaseTeam = facts.ReceivedAt, facts.OutOfHours, ""
	renewed, err := json.Marshal(newest)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	return renewed, nil
}

func decodeFacts(raw []byte) (routing.Facts, error) {
	var facts routing.Facts
	if err := json.Unmarshal(raw, &facts); err != nil {
		return facts, fmt.Errorf("decode facts: %w", err)
	}
	return facts, nil
}
