package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Why Append refuses a response, besides ErrWaveClosed.
var (
	// ErrVersion: the wave does not accept that version of the definition.
	ErrVersion = errors.New("the wave does not accept answers to that version")
	// ErrInvitationNeeded: only invitations may answer, and there was none.
	ErrInvitationNeeded = errors.New("the wave takes answers by invitation only")
	// ErrInvitationUnknown: no invitation to that wave has that code, any
	// more or at all.
	ErrInvitationUnknown = errors.New("no such invitation")
	// ErrInvitationExpired: its collector has been closed for too long.
	ErrInvitationExpired = errors.New("the invitation has expired")
	// ErrInvitationSpent: it has been used, with other answers.
	ErrInvitationSpent = errors.New("the invitation has been used")
)

// Response is a valid response on its way into the inbox.
type Response struct {
	Key         uuid.UUID
	WaveID      int64
	FormVersion int
	// Answers give the JSON that is stored: forms.Answers, or forms.Encoded.
	Answers interface{ Encode() []byte }
	// Collector is the code of the open collector that it came through. One
	// that is unknown or of another wave is ignored: the answers count.
	Collector string
	// Invitation is the code of the invitation that it spends, as
	// ParseInvitation gives it, or "".
	Invitation string
}

// Append commits the response to the inbox, once per key: a key that was seen
// before, in whatever wave and with whatever answers, changes nothing and is
// reported as a duplicate. Otherwise it is refused, in this order, with
// ErrWaveClosed if the wave does not take responses at now, ErrVersion,
// ErrInvitationNeeded, ErrInvitationUnknown, ErrInvitationExpired or
// ErrInvitationSpent. What is refused spends nothing. Before all that it is
// ErrOverloaded if too many others wait.
func (s *Store) Append(ctx context.Context, r Response, now time.Time) (duplicate bool, err error) {
	defer measureAppend(time.Now(), &err)
	keep := s.keep
	if r.Invitation != "" {
		keep = s.keepInvited
	}
	// A refusal is explained by a second look, at the ledger as it is by then.
	// If there is no reason any more, another request was in the way and has
	// failed, or a manager changed the wave: then it is tried again.
	for range 3 {
		if kept, err := keep(ctx, r, now); kept || err != nil {
			return false, err
		}
		if duplicate, err = s.whyNotKept(ctx, r, now); duplicate || err != nil {
			return duplicate, err
		}
	}
	return false, errors.New("append response: the wave keeps changing")
}

// keep puts a response without an invitation into the inbox, together with
// others, if nothing speaks against it.
func (s *Store) keep(ctx context.Context, r Response, now time.Time) (bool, error) {
	collector, _ := parseCollectorCode(r.Collector)
	return s.rounds.add(ctx, s, &appending{
		key: r.Key, wave: r.WaveID, version: r.FormVersion, answers: r.Answers.Encode(), collector: collector, at: now,
	})
}

// Overloaded reports whether Append would refuse a response with ErrOverloaded.
// Whoever asks refuses it then, so that it is counted as refused.
func (s *Store) Overloaded() bool {
	full := s.rounds.full()
	if full {
		appendRefused.Inc()
	}
	return full
}

// keepInvited is keep for a response with an invitation, which is spent in the
// same transaction. The invitation is locked first, so that of two keys that
// race for it the second finds it spent; and only a fresh key spends it.
func (s *Store) keepInvited(ctx context.Context, r Response, now time.Time) (bool, error) {
	return appended(s.db.ExecContext(ctx, appendInvited[inboxAt(time.Now())],
		r.Key, r.WaveID, r.FormVersion, string(r.Answers.Encode()), now, now.Add(-LateFor), s.invitationIndexes(r.Invitation)))
}

var appendInvited = intoEach(`WITH invited AS MATERIALIZED (
		SELECT i.collector_id, i.number
		FROM invitations i JOIN collectors c ON c.id = i.collector_id JOIN waves w ON w.id = c.wave_id
		WHERE i.code_index = ANY ($7) AND NOT i.spent AND (c.closed_at IS NULL OR c.closed_at > $6) AND w.id = $2
			AND w.opens_at <= $5 AND (w.closes_at IS NULL OR w.closes_at >= w.opens_at AND w.closes_at > $6) AND $3 = ANY (w.versions)
		FOR NO KEY UPDATE OF i),
	fresh AS (
		INSERT INTO submission_keys (submission_key) SELECT $1 FROM invited ON CONFLICT DO NOTHING RETURNING submission_key),
	spent AS (
		UPDATE invitations i SET spent = true FROM fresh, invited
		WHERE (i.collector_id, i.number) = (invited.collector_id, invited.number))
	INSERT INTO inbox (submission_key, wave_id, form_version, answers, collector_id)
	SELECT submission_key, $2, $3, $4, collector_id FROM fresh, invited`)

func appended(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("append response: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// whyNotKept tells what Append answers for a response that was not kept: a
// duplicate or an error, or neither if nothing speaks against it now.
func (s *Store) whyNotKept(ctx context.Context, r Response, now time.Time) (duplicate bool, err error) {
	var found struct {
		Known        bool `db:"known"`
		Takes        bool `db:"takes"`
		Accepts      bool `db:"accepts"`
		ByInvitation bool `db:"by_invitation"`
		Invited      bool `db:"invited"`
		Expired      bool `db:"expired"`
		Spent        bool `db:"spent"`
	}
	err = s.db.GetContext(ctx, &found, `SELECT EXISTS (SELECT FROM submission_keys WHERE submission_key = $1) AS known,
			COALESCE(w.opens_at <= $4 AND (w.closes_at IS NULL OR w.closes_at >= w.opens_at AND w.closes_at > $5), false) AS takes,
			COALESCE($3 = ANY (w.versions), false) AS accepts, COALESCE(w.by_invitation, false) AS by_invitation,
			i.number IS NOT NULL AS invited, COALESCE(i.closed_at <= $5, false) AS expired, COALESCE(i.spent, false) AS spent
		FROM (SELECT) always LEFT JOIN waves w ON w.id = $2 LEFT JOIN (
			SELECT c.wave_id, c.closed_at, e.number, e.spent FROM invitations e JOIN collectors c ON c.id = e.collector_id
			WHERE e.code_index = ANY ($6)) i ON i.wave_id = w.id`,
		r.Key, r.WaveID, r.FormVersion, now, now.Add(-LateFor), s.invitationIndexes(r.Invitation))
	switch {
	case err != nil:
		return false, fmt.Errorf("look why a response was not kept: %w", err)
	case found.Known:
		return true, nil
	case !found.Takes:
		return false, ErrWaveClosed
	case !found.Accepts:
		return false, ErrVersion
	case r.Invitation == "" && found.ByInvitation:
		return false, ErrInvitationNeeded
	case r.Invitation == "":
		return false, nil
	case !found.Invited:
		return false, ErrInvitationUnknown
	case found.Expired:
		return false, ErrInvitationExpired
	case found.Spent:
		return false, ErrInvitationSpent
	}
	return false, nil
}

// Received reports whether a response came under that key, in whatever wave.
func (s *Store) Received(ctx context.Context, key uuid.UUID) (bool, error) {
	var known bool
	err := s.db.GetContext(ctx, &known, `SELECT EXISTS (SELECT FROM submission_keys WHERE submission_key = $1)`, key)
	if err != nil {
		return false, fmt.Errorf("look for a submission key: %w", err)
	}
	return known, nil
}

// LiveTotal counts the responses that the wave has received, released or not.
// It is the one figure that is live.
func (s *Store) LiveTotal(ctx context.Context, waveID int64) (int, error) {
	var n int
	err := s.db.GetContext(ctx, &n, `SELECT w.released + (SELECT count(*) FROM inbox WHERE wave_id = w.id)
		FROM waves w WHERE w.id = $1`, waveID)
	if err != nil {
		return 0, fmt.Errorf("count responses: %w", notFound(err))
	}
	return n, nil
}
