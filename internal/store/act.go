package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// ErrWrongStatus says that the action does not fit the referral's status.
var ErrWrongStatus = errors.New("the referral's status does not allow this")

// Action is who acts on which referral, as they read it. An action on a
// version that somebody changed since gives ErrStale; on a referral that the
// actor may not read, ErrNotFound.
type Action struct {
	Actor     *User
	Reference string
	Version   int
	At        time.Time

	// takesOver lets a team that reads along act, to take the referral itself.
	takesOver bool
}

// ErrReadOnly says that the actor's team may read the referral but another
// one works on it.
var ErrReadOnly = errors.New("another team works on the referral")

// act locks the referral, checks scope and version, does do and records the
// event that do describes.
func (s *Store) act(ctx context.Context, a Action, do func(tx *sqlx.Tx, row *DeskRow) (newEvent, error)) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.lockReferral(ctx, tx, a.Actor, a.Reference)
		if err != nil {
			return err
		}
		if row.Version != a.Version {
			return ErrStale
		}
		if !row.Workable && !a.takesOver {
			return ErrReadOnly
		}
		event, err := do(tx, row)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE referrals SET version = version + 1 WHERE id = $1`, row.ID); err != nil {
			return err
		}
		event.at, event.referral, event.actor = a.At, &row.ID, &a.Actor.ID
		return s.addEvent(ctx, tx, event)
	})
}

// Own makes the actor the referral's owner.
func (s *Store) Own(ctx context.Context, a Action) error {
	err := s.act(ctx, a, func(tx *sqlx.Tx, row *DeskRow) (newEvent, error) {
		_, err := tx.ExecContext(ctx, `UPDATE referrals SET owner_id = $2 WHERE id = $1`, row.ID, a.Actor.ID)
		return newEvent{kind: EventOwned}, err
	})
	if err != nil {
		return fmt.Errorf("take ownership: %w", err)
	}
	return nil
}

// AddNote adds words to the history. It takes no heed of the version: a note
// contradicts nobody.
func (s *Store) AddNote(ctx context.Context, a Action, words string) error {
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		row, err := s.lockReferral(ctx, tx, a.Actor, a.Reference)
		if err != nil {
			return err
		}
		return s.addEvent(ctx, tx, newEvent{at: a.At, referral: &row.ID, actor: &a.Actor.ID, kind: EventNote, words: words})
	})
	if err != nil {
		return fmt.Errorf("add note: %w", err)
	}
	return nil
}

// Reroute gives the referral to another team, with a reason, and owes that
// team an email. The team that had it reads along, or is kept out from now on:
// somebody in it may be the source of risk. A team that reads along may take
// the referral itself, but nothing else.
func (s *Store) Reroute(ctx context.Context, a Action, team, reason string, keepOut bool) error {
	a.takesOver = slices.Contains(a.Actor.Teams, team) && !keepOut
	err := s.act(ctx, a, func(tx *sqlx.Tx, row *DeskRow) (newEvent, error) {
		if row.Team == nil {
			return newEvent{}, ErrWrongStatus
		}
		from := *row.Team
		_, err := tx.ExecContext(ctx, `UPDATE referrals SET team = $2, owner_id = NULL,
				cc = array_remove(array_remove(cc, $2), $3) || CASE WHEN $4 THEN '{}' ELSE ARRAY[CAST($3 AS text)] END,
				excluded = array_remove(excluded, $2) || CASE WHEN $4 THEN ARRAY[CAST($3 AS text)] ELSE '{}' END
			WHERE id = $1`, row.ID, team, from, keepOut)
		if err != nil {
			return newEvent{}, err
		}
		if err := oweNotifications(ctx, tx, row.ID, uuid.New(), "rerouted", []string{team}, a.At); err != nil {
			return newEvent{}, err
		}
		return newEvent{kind: EventRerouted, detail: Detail{From: from, Team: team}, words: reason}, nil
	})
	if err != nil {
		return fmt.Errorf("re-route: %w", err)
	}
	return nil
}

// StartScreening moves a received referral on; its owner becomes the actor if
// it has none.
func (s *Store) StartScreening(ctx context.Context, a Action) error {
	err := s.act(ctx, a, func(tx *sqlx.Tx, row *DeskRow) (newEvent, error) {
		if row.Status != "received" {
			return newEvent{}, ErrWrongStatus
		}
		_, err := tx.ExecContext(ctx, `UPDATE referrals SET status = 'screening', owner_id = COALESCE(owner_id, $2)
			WHERE id = $1`, row.ID, a.Actor.ID)
		return newEvent{kind: EventScreening}, err
	})
	if err != nil {
		return fmt.Errorf("start screening: %w", err)
	}
	return nil
}

// NewDecision is a section 42 decision to record.
type NewDecision struct {
	HasNeeds      bool
	AtRisk        bool
	CannotProtect bool
	Outcome       string
	Reasons       Reasons
}

// Decide records the decision on a referral that is being screened.
func (s *Store) Decide(ctx context.Context, a Action, d NewDecision) error {
	err := s.act(ctx, a, func(tx *sqlx.Tx, row *DeskRow) (newEvent, error) {
		if row.Status != "screening" {
			return newEvent{}, ErrWrongStatus
		}
		reasons, err := json.Marshal(d.Reasons)
		if err != nil {
			return newEvent{}, err
		}
		id := uuid.New()
		sealedReasons, err := s.keys.Seal(decisionPlace(id), reasons)
		if err != nil {
			return newEvent{}, fmt.Errorf("seal reasons: %w", err)
		}
		_, err = named(ctx, tx, `INSERT INTO decisions (id, referral_id, decided_at, decided_by, has_needs, at_risk,
				cannot_protect, outcome, reasons_sealed)
			VALUES (:id, :referral, :at, :by, :needs, :risk, :unable, :outcome, :reasons)`, map[string]any{
			"id": id, "referral": row.ID, "at": a.At, "by": a.Actor.ID, "needs": d.HasNeeds, "risk": d.AtRisk,
			"unable": d.CannotProtect, "outcome": d.Outcome, "reasons": sealedReasons,
		})
		if err != nil {
			return newEvent{}, err
		}
		_, err = tx.ExecContext(ctx, `UPDATE referrals SET status = 'decided' WHERE id = $1`, row.ID)
		return newEvent{kind: EventDecided, detail: Detail{Outcome: d.Outcome}}, err
	})
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	return nil
}
