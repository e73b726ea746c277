package handlers

import (
	"context"
	"sync"
	"time"

	"intake/internal/store"
)

// waveMemory spares the ledger a question for each of the thousands that come
// to the survey in a second. What it says is at most so old; whether a response
// is taken, Append decides by the ledger itself. The zero value is ready to
// use.
type waveMemory struct {
	mu    sync.Mutex
	waves map[string]rememberedWave // by code, "" for the current one
}

type rememberedWave struct {
	wave *store.Wave
	read time.Time
}

// mostRemembered bounds what is remembered: strangers name waves.
const mostRemembered = 100

// knownWave is the wave of that code, or the current one for "", as it was not
// longer than WaveMemory ago. Errors are those of the store, and not
// remembered.
func (a *app) knownWave(ctx context.Context, code string) (*store.Wave, error) {
	m := &a.waves
	m.mu.Lock()
	known, ok := m.waves[code]
	m.mu.Unlock()
	if ok && time.Since(known.read) < a.WaveMemory {
		return known.copy(), nil
	}
	read := rememberedWave{read: time.Now()}
	var err error
	if code == "" {
		read.wave, err = a.Store.CurrentWave(ctx, a.Survey.ID, a.Now())
	} else {
		read.wave, err = a.Store.WaveByCode(ctx, a.Survey.ID, code)
	}
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waves == nil || len(m.waves) >= mostRemembered {
		m.waves = map[string]rememberedWave{}
	}
	m.waves[code] = read
	return read.copy(), nil
}

// copy gives the wave to somebody who may change it.
func (r *rememberedWave) copy() *store.Wave {
	wave := *r.wave
	return &wave
}
