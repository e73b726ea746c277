package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// ErrOverloaded: more responses wait to be committed than the store takes on.
// None of them is lost; this one has to come again a little later.
var ErrOverloaded = errors.New("too many responses wait to be committed")

// Bounds of what waits for a round, and of a round.
const (
	mostWaiting      = 4096
	mostWaitingBytes = 32 << 20
	mostInRound      = 256
	// roundPatience bounds one statement. With requestTimeout of the handlers
	// it stays within closingGrace.
	roundPatience = 9 * time.Second
)

// rounds commits responses together with whatever else has come meanwhile. A
// response that finds no round on its way is committed at once, by itself; those
// that come while it is wait and share the next statement, and so the wait for
// the disk. The zero value is ready to use.
type rounds struct {
	mu      sync.Mutex
	waiting []*appending
	bytes   int // of what waits
	running bool

	statement *sql.Stmt // of who runs; nil until it is first needed
}

// appending is a response that waits for its round.
type appending struct {
	key       uuid.UUID
	wave      int64
	version   int
	answers   []byte
	collector string
	at        time.Time

	gone   <-chan struct{} // closed when nobody waits for it any more
	kept   bool
	result chan error // nil, then kept tells
}

// full reports whether more waits than is taken on.
func (r *rounds) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.isFull()
}

func (r *rounds) isFull() bool { return len(r.waiting) >= mostWaiting || r.bytes >= mostWaitingBytes }

// add waits until the response's round is over and reports whether it was kept.
// ctx ends the wait, not the round: whether it was kept is then open.
func (r *rounds) add(ctx context.Context, s *Store, a *appending) (kept bool, err error) {
	a.gone, a.result = ctx.Done(), make(chan error, 1)
	r.mu.Lock()
	if r.isFull() {
		r.mu.Unlock()
		return false, ErrOverloaded
	}
	r.waiting, r.bytes = append(r.waiting, a), r.bytes+len(a.answers)
	if !r.running {
		r.running = true
		go r.run(s)
	}
	r.mu.Unlock()
	select {
	case err := <-a.result:
		return a.kept, err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// run commits rounds until nothing waits.
func (r *rounds) run(s *Store) {
	for {
		round := r.take()
		if round == nil {
			return
		}
		// Nobody's request is its context: it is everybody's.
		ctx, cancel := context.WithTimeout(context.Background(), roundPatience)
		s.commit(ctx, round)
		cancel()
	}
}

// take takes the next round, in the order of its keys; nil if nothing waits. Of
// two responses with the same key the second is left for another round, which
// then knows what became of the first.
func (r *rounds) take() []*appending {
	r.mu.Lock()
	defer r.mu.Unlock()
	var round, left []*appending
	keys := make(map[uuid.UUID]bool, min(len(r.waiting), mostInRound))
	for _, a := range r.waiting {
		select {
		case <-a.gone:
			r.bytes -= len(a.answers)
			continue
		default:
		}
		if len(round) == mostInRound || keys[a.key] {
			left = append(left, a)
			continue
		}
		keys[a.key] = true
		r.bytes -= len(a.answers)
		round = append(round, a)
	}
	r.waiting = left
	if len(round) == 0 {
		r.running = false
		return nil
	}
	slices.SortFunc(round, func(a, b *appending) int { return bytes.Compare(a.key[:], b.key[:]) })
	return round
}

// commit commits a round and tells each what became of it. One that the
// database cannot take fails alone: the round is divided until it is found.
func (s *Store) commit(ctx context.Context, round []*appending) {
	appendedTogether.Observe(float64(len(round)))
	err := s.insert(ctx, round)
	if err != nil && len(round) > 1 && !IsUnavailable(err) && ctx.Err() == nil {
		half := len(round) / 2
		s.commit(ctx, round[:half])
		s.commit(ctx, round[half:])
		return
	}
	for _, a := range round {
		a.result <- err
	}
}

// insert puts the responses into the inbox against which nothing speaks. One
// statement is one transaction: keys and answers land together. Keys go in in
// their order, so that two processes that bring the same ones wait for each
// other rather than for ever.
func (s *Store) insert(ctx context.Context, round []*appending) error {
	statement, err := s.rounds.prepared(ctx, s)
	if err != nil {
		return fmt.Errorf("append responses: %w", err)
	}
	rows, err := statement(ctx, columnsOf(round)...)
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

// prepared gives what runs appendRound: prepared once for each connection,
// unless a pooler may lend connections out by transaction, where a prepared
// statement would be somebody else's.
func (r *rounds) prepared(ctx context.Context, s *Store) (func(context.Context, ...any) (*sql.Rows, error), error) {
	if s.oneMessage {
		return func(ctx context.Context, args ...any) (*sql.Rows, error) {
			return s.db.QueryContext(ctx, appendRound, args...)
		}, nil
	}
	if r.statement == nil {
		var err error
		if r.statement, err = s.db.PrepareContext(ctx, appendRound); err != nil {
			return nil, err
		}
	}
	return r.statement.QueryContext, nil
}

// appendRound takes what columnsOf gives. That a key is fresh is looked up in a
// hash of them: a join would compare each response of a round with each other.
const appendRound = `WITH given AS MATERIALIZED (
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
	RETURNING submission_key`
