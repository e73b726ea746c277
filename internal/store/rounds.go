package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrOverloaded: more responses wait to be committed than the store takes on.
// None of them is lost; this one has to come again a little later.
var ErrOverloaded = errors.New("too many responses wait to be committed")

// Bounds of what waits for a round or is in one, and of rounds.
const (
	mostTaken        = 4096
	mostTakenBytes   = 32 << 20
	mostInRound      = 256
	mostRounds       = 2  // at once
	enoughForAnother = 16 // that wait
	// roundPatience bounds a statement, and how late in a round one begins.
	roundPatience = 9 * time.Second
)

// rounds commits responses together with whatever else has come meanwhile. A
// response that finds no round on its way is committed at once, by itself; those
// that come while it is wait and share the next statement, and so the wait for
// the disk. Where many wait, a second round goes its way beside the first: one
// works while the other waits.
type rounds struct {
	db *sql.DB
	// pooled: db is lent out by transaction, so that a setting or a prepared
	// statement of a connection would be somebody else's. It is the Store's own.
	pooled bool

	mu      sync.Mutex
	waiting []*appending
	taken   int // how many wait or are on their way
	bytes   int // of these
	running int // how many rounds are on their way

	preparing  sync.Mutex
	statements map[string]*sql.Stmt // by query
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

// full reports whether no more is taken on.
func (r *rounds) full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.isFull()
}

func (r *rounds) isFull() bool { return r.taken >= mostTaken || r.bytes >= mostTakenBytes }

// add waits until the response's round is over and reports whether it was kept.
// ctx ends the wait, not the round: whether it was kept is then open.
func (r *rounds) add(ctx context.Context, s *Store, a *appending) (kept bool, err error) {
	a.gone, a.result = ctx.Done(), make(chan error, 1)
	r.mu.Lock()
	if r.isFull() {
		r.mu.Unlock()
		return false, ErrOverloaded
	}
	r.waiting, r.taken, r.bytes = append(r.waiting, a), r.taken+1, r.bytes+len(a.answers)
	alone := r.running == 0
	beside := !alone && r.running < mostRounds && len(r.waiting) >= enoughForAnother
	if alone || beside {
		r.running++
	}
	r.mu.Unlock()
	if alone {
		// Its own round is its caller's to run: to hand it over would take longer
		// than the database does. What has come meanwhile is not.
		r.runOne(s)
		if !r.over() {
			go r.run(s)
		}
	} else if beside {
		go r.run(s)
	}
	select {
	case err := <-a.result:
		return a.kept, err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// run commits rounds until nothing waits.
func (r *rounds) run(s *Store) {
	for !r.over() {
		r.runOne(s)
	}
}

// over reports that nothing waits: whoever runs rounds runs no more.
func (r *rounds) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) > 0 {
		return false
	}
	r.running--
	return true
}

// runOne commits a round, if anything waits.
func (r *rounds) runOne(s *Store) {
	round := r.take()
	if len(round) == 0 {
		return
	}
	// Nobody's request is its context: it is everybody's.
	ctx := context.Background()
	if r.pooled {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, roundPatience)
		defer cancel()
	} // else its connection bounds it
	s.commit(ctx, round, time.Now().Add(roundPatience))
}

// end counts a round no more, and tells each response in it what became of it.
func (r *rounds) end(round []*appending, err error) {
	r.mu.Lock()
	for _, a := range round {
		r.leave(a)
	}
	r.mu.Unlock()
	for _, a := range round {
		a.result <- err
	}
}

// leave counts a response no more. The caller holds the lock.
func (r *rounds) leave(a *appending) { r.taken, r.bytes = r.taken-1, r.bytes-len(a.answers) }

// take takes the next round, in the order of its keys. Of two responses with the
// same key the second is left for another round, for which the database knows, or
// waits to know, what becomes of the first.
func (r *rounds) take() []*appending {
	r.mu.Lock()
	defer r.mu.Unlock()
	var round, left []*appending
	keys := make(map[uuid.UUID]bool, min(len(r.waiting), mostInRound))
	for _, a := range r.waiting {
		select {
		case <-a.gone:
			r.leave(a)
			continue
		default:
		}
		if len(round) == mostInRound || keys[a.key] {
			left = append(left, a)
			continue
		}
		keys[a.key] = true
		round = append(round, a)
	}
	r.waiting = left
	slices.SortFunc(round, func(a, b *appending) int { return bytes.Compare(a.key[:], b.key[:]) })
	return round
}
