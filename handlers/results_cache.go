package handlers

import (
	"context"
	"runtime/debug"
	"slices"
	"strconv"
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
	r := &a.results
	kept, current := r.kept(wave)
	if !current {
		index, err := a.index(ctx, wave, kept.index)
		if err != nil {
			return nil, err
		}
		kept = counted{index: index}
	}
	editions, err := a.Store.Editions(ctx, wave, kept.index.Released(), a.Now())
	if err != nil {
		return nil, err
	}
	// Another process may have counted a later release already.
	for len(editions) > 0 && editions[len(editions)-1] > kept.index.Released() {
		editions = editions[:len(editions)-1]
	}
	if kept.published == nil || !slices.Equal(editions, kept.editions) {
		if kept.published, err = kept.index.Publish(editions); err != nil {
			return nil, err
		}
		kept.editions = editions
		kept.published.Prepare()
		if kept.index.Released() > manyResponses {
			debug.FreeOSMemory() // what counting took for a moment
		}
		r.keep(kept)
	}
	return kept.published, nil
}

// index brings the index of the wave up to date, or makes it.
func (a *app) index(ctx context.Context, wave *store.Wave, have *counting.Index) (*counting.Index, error) {
	key := strconv.FormatInt(wave.ID, 10) + "/" + strconv.Itoa(wave.Released) + "/" + strconv.Itoa(wave.Shuffles)
	loading := a.results.counting.DoChan(key, func() (any, error) {
		// Others may wait for the same figures: they do not end with the
		// request that happened to ask first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countingLimits)
		defer cancel()
		index, err := counting.Counter{Store: a.Store, Versions: a.versions}.Load(ctx, wave.ID, have)
		if err == nil && len(index.Corrupt) > 0 {
			a.Log.Error("chunks of an index were corrupt, and were counted anew", "wave", wave.ID, "chunks", index.Corrupt)
		}
		return index, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-loading:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*counting.Index), nil
	}
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
	return have.Shuffles < wave.Shuffles || have.Shuffles == wave.Shuffles && have.Released < wave.Released || !have.SameVersions(wave)
}

// keep stores what was counted unless that of a later release is there.
func (r *resultsCache) keep(c counted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byWave == nil {
		r.byWave = map[int64]counted{}
	}
	wave := c.index.Wave.ID
	old, known := r.byWave[wave]
	if known && (c.olderThan(&old.index.Wave) || len(old.editions) > len(c.editions)) {
		return
	}
	if !known && len(r.byWave) >= cachedWaves {
		for other := range r.byWave {
			delete(r.byWave, other) // any one: waves seldom change place
			break
		}
	}
	r.byWave[wave] = c
}
