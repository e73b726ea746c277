package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"intake/internal/store"
)

// probePatience is how long a probe waits for each service: whoever asks gives
// up soon, and a service that answers later is as good as away.
const probePatience = time.Second

// Readiness serves whether a process can take submissions, and how each service
// is that it works with: 200, or 503 where submissions cannot be taken. Without
// Redis they can: the sweep does what no nudge told of.
type Readiness struct {
	Store *store.Store
	Redis redis.UniversalClient
	// Schema is the number of the newest migration that the process needs.
	Schema int64
	// Stopping is closed when the process is about to end; optional. Then it is
	// not ready, whatever its services are, so that a load balancer leaves it.
	Stopping <-chan struct{}
}

// How a service is.
const (
	serviceOK       = "ok"
	serviceAway     = "away"      // it does not answer
	serviceNoWrites = "no_writes" // it answers, and cannot be written to
	schemaOld       = "old"
	schemaUnknown   = "unknown"
)

// readiness is the answer. Scripts read it: fields are added, never changed.
type readiness struct {
	Postgres string   `json:"postgres"`
	Redis    string   `json:"redis"`
	Schema   string   `json:"schema"`
	Stopping bool     `json:"stopping,omitempty"`
	Detail   []string `json:"detail,omitempty"` // what to do, where something is not ok
}

// ServeHTTP asks each service anew.
func (r Readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithTimeout(request.Context(), probePatience)
	defer cancel()
	var errStore, errRedis error
	var asking sync.WaitGroup
	asking.Go(func() { errStore = r.Store.Ready(ctx, r.Schema) })
	// A key that goes by itself: only writing tells whether Redis takes writes.
	asking.Go(func() { errRedis = r.Redis.Set(ctx, "portal:probe", 1, time.Minute).Err() })
	asking.Wait()

	state, status := readinessOf(errStore, errRedis), http.StatusOK
	if state.Postgres != serviceOK || state.Schema != serviceOK {
		status = http.StatusServiceUnavailable
	}
	select {
	case <-r.Stopping:
		state.Stopping, status = true, http.StatusServiceUnavailable
		state.Detail = append(state.Detail, "This process is about to end: send requests to others.")
	default:
	}
	body, err := json.Marshal(state)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever went away misses nothing
}

func readinessOf(errStore, errRedis error) readiness {
	state := readiness{Postgres: serviceOK, Redis: serviceOK, Schema: serviceOK}
	add := func(sentence string) { state.Detail = append(state.Detail, sentence) }
	switch {
	case errors.Is(errStore, store.ErrOldSchema):
		state.Schema = schemaOld
		add("The database schema is older than this release: run portal migrate.")
	case errors.Is(errStore, store.ErrNoWrites):
		state.Postgres = serviceNoWrites
		add("PostgreSQL answers and takes no writes: point DATABASE_URL at the primary server.")
	case errStore != nil:
		state.Postgres, state.Schema = serviceAway, schemaUnknown
		add("PostgreSQL does not answer: see that it runs and that this machine reaches it.")
	}
	var refused redis.Error
	switch {
	case errors.As(errRedis, &refused):
		state.Redis = serviceNoWrites
		add("Redis answers and takes no writes: see whether it is a replica, out of memory, or cannot write to its disk. Submissions are taken, and routed by the sweep.")
	case errRedis != nil:
		state.Redis = serviceAway
		add("Redis does not answer: see that it runs and that this machine reaches it. Submissions are taken, and routed by the sweep.")
	}
	return state
}
