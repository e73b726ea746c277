package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"intake/internal/sealed"
)

// EventKind names what happened; the desk and the audit page word it.
type EventKind string

// What the history records.
const (
	EventReceived     EventKind = "received"
	EventAmended      EventKind = "amended"
	EventRouted       EventKind = "routed"
	EventRaised       EventKind = "priority_raised"
	EventTeamTold     EventKind = "team_told"
	EventOpened       EventKind = "opened"
	EventOwned        EventKind = "owned"
	EventNote         EventKind = "note"
	EventRerouted     EventKind = "rerouted"
	EventScreening    EventKind = "screening"
	EventDecided      EventKind = "decided"
	EventReceiptTaken EventKind = "receipt_taken"
	EventSignedIn     EventKind = "signed_in"
	EventSignedOut    EventKind = "signed_out"
)

// Detail holds an event's codes and numbers. Words never go here.
type Detail struct {
	Team     string `json:"team,omitempty"`
	From     string `json:"from,omitempty"`
	Priority string `json:"priority,omitempty"`
	Outcome  string `json:"outcome,omitempty"`
	Reason   string `json:"reason,omitempty"` // a code, such as "routed"

	Wave        int64 `json:"wave,omitempty"`      // its ID; of a collector's events the collector tells
	Collector   int64 `json:"collector,omitempty"` // its ID
	Version     int   `json:"version,omitempty"`
	Invitations int   `json:"invitations,omitempty"` // how many
	Invitation  int   `json:"invitation,omitempty"`  // the number of one, which tells nobody's code

	Text   string `json:"text,omitempty"`   // the ID of one that somebody wrote
	Action int64  `json:"action,omitempty"` // the ID of what is done about what a survey showed
}

type newEvent struct {
	at       time.Time
	referral *uuid.UUID
	actor    *int64
	kind     EventKind
	detail   Detail
	words    string // sealed
}

func eventPlace(id uuid.UUID) sealed.Place {
	return sealed.Place{Table: "events", Column: "sealed", Row: id.String()}
}

func (s *Store) addEvent(ctx context.Context, db sqlx.ExtContext, e newEvent) error {
	id := uuid.New()
	detail, err := json.Marshal(e.detail)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	var words []byte
	if e.words != "" {
		if words, err = s.keys.Seal(eventPlace(id), []byte(e.words)); err != nil {
			return fmt.Errorf("seal event: %w", err)
		}
	}
	_, err = named(ctx, db, `INSERT INTO events (id, at, referral_id, actor_id, kind, detail, sealed)
		VALUES (:id, :at, :referral, :actor, :kind, :detail, :words)`, map[string]any{
		"id": id, "at": e.at, "referral": e.referral, "actor": e.actor,
		"kind": e.kind, "detail": string(detail), "words": words,
	})
	if err != nil {
		return fmt.Errorf("add event: %w", err)
	}
	return nil
}

// RecordSignIn records that the user signed in or out.
func (s *Store) RecordSignIn(ctx context.Context, userID int64, kind EventKind, at time.Time) error {
	return s.addEvent(ctx, s.db, newEvent{at: at, actor: &userID, kind: kind})
}

// Event is one line of the history, its words unsealed where the reader may
// see them.
type Event struct {
	At        time.Time `db:"at"`
	Kind      EventKind `db:"kind"`
	ActorName *string   `db:"actor_name"`
	Reference *string   `db:"reference"`
	Wave      *string   `db:"wave"`      // its code; only Audit tells it
	Collector *string   `db:"collector"` // its name; only Audit tells it
	Detail    Detail
	Words     string
}

type eventRow struct {
	Event
	ID     uuid.UUID `db:"id"`
	Raw    []byte    `db:"detail"`
	Sealed []byte    `db:"sealed"`
}

const eventColumns = `e.id, e.at, e.kind, u.name AS actor_name, r.reference, e.detail`

// Audit lists the newest events of the whole portal, words left sealed.
func (s *Store) Audit(ctx context.Context, limit int) ([]Event, error) {
	var rows []eventRow
	err := s.db.SelectContext(ctx, &rows, `SELECT `+eventColumns+`, w.code AS wave, c.name AS collector FROM events e
		LEFT JOIN users u ON u.id = e.actor_id LEFT JOIN referrals r ON r.id = e.referral_id
		LEFT JOIN collectors c ON c.id = (e.detail->>'collector')::bigint
		LEFT JOIN waves w ON w.id = COALESCE((e.detail->>'wave')::bigint, c.wave_id)
		ORDER BY e.seq DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return s.events(rows)
}

// history lists a referral's events, the oldest first, words unsealed.
func (s *Store) history(ctx context.Context, tx *sqlx.Tx, referral uuid.UUID) ([]Event, error) {
	var rows []eventRow
	err := tx.SelectContext(ctx, &rows, `SELECT `+eventColumns+`, e.sealed FROM events e
		LEFT JOIN users u ON u.id = e.actor_id LEFT JOIN referrals r ON r.id = e.referral_id
		WHERE e.referral_id = $1 ORDER BY e.at, e.seq`, referral)
	if err != nil {
		return nil, fmt.Errorf("list history: %w", err)
	}
	return s.events(rows)
}

func (s *Store) events(rows []eventRow) ([]Event, error) {
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = row.Event
		if err := json.Unmarshal(row.Raw, &events[i].Detail); err != nil {
			return nil, fmt.Errorf("decode event: %w", err)
		}
		if row.Sealed != nil {
			words, err := s.keys.Open(eventPlace(row.ID), row.Sealed)
			if err != nil {
				return nil, fmt.Errorf("open event: %w", err)
			}
			events[i].Words = string(words)
		}
	}
	return events, nil
}
