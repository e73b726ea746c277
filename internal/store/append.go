package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

// commit commits a round and tells each what became of it. One that the
// database cannot take fails alone: the round is divided until it is found, but
// not beyond that time.
func (s *Store) commit(ctx context.Context, round []*appending, until time.Time) {
	appendedTogether.Observe(float64(len(round)))
	err := s.insert(ctx, round)
	if err != nil && len(round) > 1 && !IsUnavailable(err) && time.Now().Before(until) {
		half := len(round) / 2
		s.commit(ctx, round[:half], until)
		if time.Now().Before(until) {
			s.commit(ctx, round[half:], until)
			return
		}
		round, err = round[half:], ErrOverloaded
	}
	s.rounds.end(round, err)
}

// insert puts the responses into the inbox against which nothing speaks. One
// statement is one transaction: keys and answers land together. Keys go in in
// their order, so that two processes that bring the same ones wait for each
// other rather than for ever.
func (s *Store) insert(ctx context.Context, round []*appending) error {
	if len(round) == 1 {
		return s.insertOne(ctx, round[0])
	}
	statement, err := s.rounds.prepared(ctx, appendRound[inboxAt(time.Now())])
	if err != nil {
		return fmt.Errorf("append responses: %w", err)
	}
	rows, err := statement.QueryContext(ctx, columnsOf(round)...)
	if err != nil {
		return fmt.Errorf("append responses: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err below tells
	kept := make(map[string]bool, len(round))
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return fmt.Errorf("append responses: %w", err)
		}
		kept[key] = true
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("append responses: %w", err)
	}
	for _, a := range round {
		a.kept = kept[a.key.String()]
	}
	return nil
}

// columnsOf are the values of appendRound. Answers are separated by line breaks,
// of which their JSON has none: in an array every one of their quotation marks
// would be escaped here and unescaped there.
func columnsOf(round []*appending) []any {
	var keys, answers strings.Builder
	var waves, versions pq.Int64Array
	var at, collectors pq.StringArray
	size := 0
	for _, a := range round {
		size += len(a.answers) + 1
	}
	answers.Grow(size)
	for i, a := range round {
		if i > 0 {
			keys.WriteByte(',')
			answers.WriteByte('\n')
		}
		keys.WriteString(a.key.String())
		answers.Write(a.answers)
		waves = append(waves, a.wave)
		versions = append(versions, int64(a.version))
		at = append(at, a.at.UTC().Format(time.RFC3339Nano))
		collectors = append(collectors, a.collector)
	}
	return []any{"{" + keys.String() + "}", waves, versions, answers.String(), at, collectors, LateFor.Seconds()}
}

// insertOne is insert for a round of one, which is most of them unless there is
// a storm, by a statement that costs the database little more than a plain insert.
func (s *Store) insertOne(ctx context.Context, a *appending) error {
	query, values := &appendOne, []any{a.key, a.wave, a.version, string(a.answers), a.at, a.at.Add(-LateFor)}
	if a.collector != "" {
		query, values = &appendCollected, append(values, a.collector)
	}
	statement, err := s.rounds.prepared(ctx, query[inboxAt(time.Now())])
	if err != nil {
		return fmt.Errorf("append response: %w", err)
	}
	a.kept, err = appended(statement.ExecContext(ctx, values...))
	return err
}

// statement is a query that runs with values.
type statement interface {
	QueryContext(ctx context.Context, values ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, values ...any) (sql.Result, error)
}

// prepared prepares a query once for each connection.
func (r *rounds) prepared(ctx context.Context, query string) (statement, error) {
	if r.pooled {
		return unprepared{r.db, query}, nil
	}
	r.preparing.Lock()
	defer r.preparing.Unlock()
	if r.statements[query] == nil {
		prepared, err := r.db.PrepareContext(ctx, query) //nolint:sqlclosecheck // it lives as long as the store
		if err != nil {
			return nil, err
		}
		if r.statements == nil {
			r.statements = map[string]*sql.Stmt{}
		}
		r.statements[query] = prepared
	}
	return r.statements[query], nil
}

type unprepared struct {
	db    *sql.DB
	query string
}

func (u unprepared) QueryContext(ctx context.Context, values ...any) (*sql.Rows, error) {
	return u.db.QueryContext(ctx, u.query, values...)
}

func (u unprepared) ExecContext(ctx context.Context, values ...any) (sql.Result, error) {
	return u.db.ExecContext(ctx, u.query, values...)
}

// freshOne keeps the key of a response against which nothing speaks.
const freshOne = `WITH fresh AS (
		INSERT INTO submission_keys (submission_key) SELECT $1 FROM waves w
		WHERE w.id = $2 AND NOT w.by_invitation AND w.opens_at <= $5 AND $3 = ANY (w.versions)
			AND (w.closes_at IS NULL OR w.closes_at >= w.opens_at AND w.closes_at > $6)
		ON CONFLICT DO NOTHING RETURNING submission_key)`

var appendOne = intoEach(freshOne + `
	INSERT INTO inbox (submission_key, wave_id, form_version, answers)
	SELECT submission_key, $2, $3, $4 FROM fresh`)

// appendCollected is appendOne for a response that came by a collector's link.
// To have no collector looked for costs a twentieth of a statement.
var appendCollected = intoEach(freshOne + `
	INSERT INTO inbox (submission_key, wave_id, form_version, answers, collector_id)
	SELECT submission_key, $2, $3, $4, (SELECT c.id FROM collectors c
		WHERE c.code = $7 AND c.wave_id = $2 AND c.kind = 'open' AND (c.closed_at IS NULL OR c.closed_at > $6))
	FROM fresh`)

// appendRound takes what columnsOf gives. That a key is fresh is looked up in a
// hash of them: a join would compare each response of a round with each other.
var appendRound = intoEach(`WITH given AS MATERIALIZED (
		SELECT g.key, g.wave_id, g.version, g.answers, g.at, g.collector
		FROM unnest($1::uuid[], $2::bigint[], $3::int[], string_to_array($4, E'\n'), $5::timestamptz[], $6::text[])
			AS g (key, wave_id, version, answers, at, collector)
		JOIN waves w ON w.id = g.wave_id
		WHERE NOT w.by_invitation AND w.opens_at <= g.at AND g.version = ANY (w.versions)
			AND (w.closes_at IS NULL OR w.closes_at >= w.opens_at AND w.closes_at > g.at - make_interval(secs => $7))),
	fresh AS (
		INSERT INTO submission_keys (submission_key) SELECT key FROM given ORDER BY key
		ON CONFLICT DO NOTHING RETURNING submission_key)
	INSERT INTO inbox (submission_key, wave_id, form_version, answers, collector_id)
	SELECT g.key, g.wave_id, g.version, g.answers::jsonb, (SELECT c.id FROM collectors c
		WHERE g.collector <> '' AND c.code = g.collector AND c.wave_id = g.wave_id AND c.kind = 'open'
			AND (c.closed_at IS NULL OR c.closed_at > g.at - make_interval(secs => $7)))
	FROM given g WHERE (g.key IN (SELECT submission_key FROM fresh)) IS TRUE
	RETURNING submission_key`)

// inboxes are the tables that take what comes by turns: the one that rests can
// be written anew, and nobody who answers waits for that. Reads and deletes are
// of inbox, which is both.
var inboxes = [2]string{"inbox_even", "inbox_odd"}

// inboxTurn is how long each takes what comes, in seconds. Clocks of processes
// that differ a little do no harm: somebody waits then.
const inboxTurn = 10

// inboxAt is which of inboxes takes what comes then.
func inboxAt(now time.Time) int { return int(now.Unix() / inboxTurn % 2) }

// Inboxes are the tables of the inbox: those that take what comes by turns, and
// the one that only a process of an older release puts something into.
var Inboxes = append(inboxes[:], "inbox")

// InboxRests reports whether the table of the inbox takes nothing now, nor a
// moment before and after.
func InboxRests(table string, now time.Time) bool {
	for _, at := range []time.Time{now.Add(-time.Second), now, now.Add(2 * time.Second)} {
		if table == inboxes[inboxAt(at)] {
			return false
		}
	}
	return true
}

// intoEach makes the statement for each of inboxes of one for inbox.
func intoEach(statement string) (each [len(inboxes)]string) {
	for i, table := range inboxes {
		each[i] = strings.Replace(statement, "INSERT INTO inbox ", "INSERT INTO "+table+" ", 1)
	}
	return each
}
