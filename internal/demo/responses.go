package demo

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"intake/forms"
	"intake/internal/store"
)

const (
	// appenders is how many responses are on their way at once: enough for
	// the server to commit several together.
	appenders = 8
	// leftWaiting stay in the inbox, so that the live total and the released
	// one can be seen to differ. Too few to leave by themselves.
	leftWaiting = store.MinRelease - 3
)

// Responses appends n invented responses to the wave, which must be open, and
// releases all but a handful. The same wave code always gets the same answers.
func Responses(ctx context.Context, d Deps, wave store.Wave, n int) error {
	var mu sync.Mutex
	appended := 0
	tell := func() {
		mu.Lock()
		defer mu.Unlock()
		if appended++; appended%200 == 0 || appended == n {
			d.progress(appended, n, "survey responses")
		}
	}
	waiting := min(leftWaiting, n)
	if err := appendResponses(ctx, d, wave, 0, n-waiting, tell); err != nil {
		return err
	}
	if _, err := d.Store.Release(ctx, wave.ID, d.Now); err != nil {
		return fmt.Errorf("release demo responses: %w", err)
	}
	return appendResponses(ctx, d, wave, n-waiting, n, tell)
}

func appendResponses(ctx context.Context, d Deps, wave store.Wave, from, to int, tell func()) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(appenders)
	for i := from; i < to && ctx.Err() == nil; i++ {
		group.Go(func() error {
			if err := appendResponse(ctx, d, wave, i); err != nil {
				return err
			}
			tell()
			return nil
		})
	}
	return group.Wait()
}

func appendResponse(ctx context.Context, d Deps, wave store.Wave, i int) error {
	answers, err := response(d, wave.Code, i)
	if err != nil {
		return err
	}
	r := store.Response{Key: uuid.New(), WaveID: wave.ID, FormVersion: d.Survey.Version, Answers: answers}
	if i < len(d.Invitations) {
		r.Invitation = d.Invitations[i]
	}
	_, err = d.Store.Append(ctx, r, d.Now)
	if errors.Is(err, store.ErrInvitationSpent) { // by an earlier run
		r.Invitation = ""
		_, err = d.Store.Append(ctx, r, d.Now)
	}
	if err != nil {
		return fmt.Errorf("append demo response: %w", err)
	}
	return nil
}

// response makes the wave's i-th response. Each has randomness of its own, so
// that it does not matter which is made first.
func response(d Deps, waveCode string, i int) (forms.Answers, error) {
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(waveCode)) // a hash never fails
	rng := rand.New(rand.NewPCG(seed.Sum64(), uint64(i)))
	return answersTo(d.Survey, carer(rng, d.Districts), d.Now)
}
