package handlers

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"intake/internal/counting"
	"intake/internal/results"
	"intake/internal/store"
)

// resultsCache keeps what may be seen of waves. It changes only when responses
// are released, so that what was counted for a number of released responses
// stays right for it. The zero value is ready to use.
type resultsCache struct {
	counting singleflight.Group

	mu     sync.Mutex
	byWave map[int64]counted
}

// counted is a wave's index and what may be seen of it.
type counted struct {
	index     *counting.Index
	editions  []int
	published *results.Published
}

const (
	cachedWaves    = 16          // how many waves are kept
	countingLimits = time.Minute // how long counting one may take
	manyResponses  = 100_000     // of which counting takes much memory
)

// published gives what may be seen of the wave as it was read, or of a later
// release.
func (a *app) published(ctx context.Context, wave *store.Wave) (*results.Published, error) {
	index, err := a.index(ctx, wave)
	if err != nil {
		return nil, err
	}
	editions, err := a.Store.Editions(ctx, wave, index.Released(), a.Now())
	if err != nil {
		return nil, err
	}
	r := &a.results
	if kept, _ := r.kept(wave); kept.shows(index, editions) {
		return kept.published, nil
	}
	key := fmt.Sprint(wave.ID, index.Wave.Shuffles, index.Wave.Versions, editions)
	published, err := r.once(ctx, "publish "+key, func(context.Context) (any, error) {
		if kept, _ := r.kept(wave); kept.shows(index, editions) {
			return kept.published, nil
		}
		published, err := index.Publish(editions)
		if err != nil {
			return nil, err
		}
		published.Prepare()
		r.keep(counted{index: index, editions: editions, published: published})
		if index.Released() > manyResponses {
			debug.FreeOSMemory() // what counting took for a moment
			fitCollector()
		}
		return published, nil
	})
	if err != nil {
		return nil, err
	}
	return published.(*results.Published), nil
}

// The garbage that there may be between two collections: so much, or a fifth of
// what is in use. Large waves stay in memory, and hardly anything else does.
const (
	headroom     = 48 << 20
	leastPercent = 20
	mostPercent  = 400
)

// fitCollector has the garbage collector run as often as fits what is in use
// now, unless the operator has said how often.
func fitCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	inUse := max(live[0].Value.Uint64(), 1)
	debug.SetGCPercent(int(max(leastPercent, min(mostPercent, headroom*100/inUse)))) //nolint:gosec // bounded
}

// index is that of the wave as it was read or later, brought up to date or
// made.
func (a *app) index(ctx context.Context, wave *store.Wave) (*counting.Index, error) {
	r := &a.results
	kept, current := r.kept(wave)
	if current {
		return kept.index, nil
	}
	key := fmt.Sprint("index ", wave.ID, wave.Released, wave.Shuffles, wave.Versions)
	index, err := r.once(ctx, key, func(ctx context.Context) (any, error) {
		index, err := counting.Counter{Store: a.Store, Versions: a.versions}.Load(ctx, wave.ID, kept.index)
		if err != nil {
			return nil, err
		}
		if len(index.Corrupt) > 0 {
			a.Log.Error("chunks of an index were corrupt, and were counted anew", "wave", wave.ID, "chunks", index.Corrupt)
		}
		// What may be seen stays as it is until there is another edition.
		r.keep(counted{index: index, editions: kept.editions, published: kept.published})
		return index, nil
	})
	if err != nil {
		return nil, err
	}
	return index.(*counting.Index), nil
}

// once has something counted once for all who want it at the same time. They do
// not end with the request that happened to ask first.
func (r *resultsCache) once(ctx context.Context, key string, count func(context.Context) (any, error)) (any, error) {
	counting := r.counting.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countingLimits)
		defer cancel()
		return count(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-counting:
		return result.Val, result.Err
	}
}

// shows tells whether what is published is of these editions, of responses in
// the same order and the same columns.
func (c *counted) shows(index *counting.Index, editions []int) bool {
	return c.published != nil && slices.Equal(c.editions, editions) && c.sameOrder(index)
}

func (c *counted) sameOrder(index *counting.Index) bool {
	return c.index.Wave.Shuffles == index.Wave.Shuffles && c.index.Wave.SameVersions(&index.Wave)
}

// kept is what is kept of the wave, and whether it is as new as the wave is.
func (r *resultsCache) kept(wave *store.Wave) (kept counted, current bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept, ok := r.byWave[wave.ID]
	return kept, ok && !kept.olderThan(wave)
}

func (c *counted) olderThan(wave *store.Wave) bool {
	have := &c.index.Wave
	return have.Shuffles < wave.Shuffles || have.Shuffles == wave.Shuffles && have.Released < wave.Released || len(have.Versions) < len(wave.Versions)
}

// keep stores what was counted unless that of a later release is there. What
// was published of responses in another order, or in other columns, is dropped.
func (r *resultsCache) keep(c counted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byWave == nil {
		r.byWave = map[int64]counted{}
	}
	wave := c.index.Wave.ID
	old, known := r.byWave[wave]
	if known && (c.olderThan(&old.index.Wave) || len(old.editions) > len(c.editions) && old.sameOrder(c.index)) {
		return
	}
	if known && c.published != nil && c.published == old.published && !old.sameOrder(c.index) {
		c.published, c.editions = nil, nil
	}
	if !known && len(r.byWave) >= cachedWaves {
		for other := range r.byWave {
			delete(r.byWave, other) // any one: waves seldom change place
			break
		}
	}
	r.byWave[wave] = c
}
