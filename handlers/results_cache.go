package handlers

import (
	"context"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
)

// resultsCache keeps the disclosed figures of waves. They change only when
// responses are released, so that what was counted for a number of released
// responses stays right for it. The zero value is ready to use.
type resultsCache struct {
	counting singleflight.Group

	mu     sync.Mutex
	byWave map[int64]results.Results
}

// How many waves are kept, and how long counting one may take.
const (
	cachedWaves    = 16
	countingLimits = time.Minute
)

// get returns the figures of the wave as it was read, or of a later release.
func (r *resultsCache) get(ctx context.Context, ledger *store.Store, form *forms.Form, wave *store.Wave) (results.Results, error) {
	if kept, ok := r.kept(wave); ok {
		return kept, nil
	}
	key := strconv.FormatInt(wave.ID, 10) + "/" + strconv.Itoa(wave.Released)
	counted := r.counting.DoChan(key, func() (any, error) {
		// Others may wait for the same figures: they do not end with the
		// request that happened to ask first.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countingLimits)
		defer cancel()
		tally := results.NewTally(form)
		if err := ledger.Released(ctx, wave.ID, tally.Add); err != nil {
			return nil, err
		}
		figures := tally.Disclose()
		r.keep(wave.ID, figures)
		return figures, nil
	})
	select {
	case <-ctx.Done():
		return results.Results{}, ctx.Err()
	case result := <-counted:
		if result.Err != nil {
			return results.Results{}, result.Err
		}
		return result.Val.(results.Results), nil
	}
}

func (r *resultsCache) kept(wave *store.Wave) (results.Results, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept, ok := r.byWave[wave.ID]
	return kept, ok && kept.Released >= wave.Released
}

// keep stores figures unless those of a later release are there.
func (r *resultsCache) keep(wave int64, figures results.Results) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byWave == nil {
		r.byWave = map[int64]results.Results{}
	}
	if old, ok := r.byWave[wave]; ok && old.Released >= figures.Released {
		return
	}
	if _, ok := r.byWave[wave]; !ok && len(r.byWave) >= cachedWaves {
		for other := range r.byWave {
			delete(r.byWave, other) // any one: waves seldom change place
			break
		}
	}
	r.byWave[wave] = figures
}
