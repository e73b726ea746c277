package demo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"intake/forms"
	"intake/internal/store"
)

const (
	// appenders is how many responses are on their way at once: enough for
	// the server to commit several together.
	appenders = 8
	// throughInbox take the way of real responses, so that invitations are
	// spent and the inbox has been used. The others are loaded.
	throughInbox = 40
	// leftWaiting stay in the inbox of an open wave, so that the live total
	// and the released one can be seen to differ. Too few to leave by
	// themselves.
	leftWaiting = store.MinRelease - 3
	// toldEach is how many responses are made between two words of progress.
	toldEach = 1000
)

// Responses adds n invented responses to a demo wave, open or closed, and
// releases all but a handful, which wait if the wave is open. A few dozen come
// through the inbox, the rest is loaded as one release. They are the people
// that the wave does not have yet: whoever fills it in two goes has the same
// as in one.
//
// If it is interrupted before the wave has a release, some are missing, and
// calling it again for those makes them; after that, nothing is missing.
func Responses(ctx context.Context, d Deps, wave store.Wave, n int) error {
	if wave.ByInvitation {
		return fmt.Errorf("add demo responses to wave %s: %w", wave.Code, store.ErrInvitationNeeded)
	}
	have, err := d.Store.LiveTotal(ctx, wave.ID)
	if err != nil {
		return err
	}
	f := &filling{Deps: d, wave: wave, people: newPopulation(wave, d.Districts), next: have, total: n}
	f.received, f.released = d.Now, d.Now
	waiting := leftWaiting
	switch {
	case wave.OpensAt.After(d.Now):
		return fmt.Errorf("add demo responses: wave %s has not opened yet", wave.Code)
	case !wave.Open(d.Now):
		waiting = 0
		f.received = wave.ClosesAt.Add(-time.Minute)
		// When the wave has taken its last response, all of them leave.
		if end := wave.ClosesAt.Add(store.LateFor + time.Minute); end.Before(d.Now) {
			f.released = end
		}
	}
	waiting = min(waiting, n)
	loaded := n - waiting - throughInbox
	if loaded < store.MinRelease {
		loaded = 0
	}
	if err := f.append(ctx, n-waiting-loaded, d.Invitations); err != nil {
		return err
	}
	if loaded > 0 {
		if err := f.load(ctx, loaded); err != nil {
			return err
		}
	}
	// From its first release on nobody comes back to what is missing, so the
	// little that is left to do is done, whoever wants to stop.
	ctx = context.WithoutCancel(ctx)
	if _, err := d.Store.Release(ctx, wave.ID, f.released); err != nil {
		return fmt.Errorf("release demo responses: %w", err)
	}
	return f.append(ctx, waiting, nil)
}

// filling is a wave while responses are added to it.
type filling struct {
	Deps
	wave               store.Wave
	people             *population
	received, released time.Time
	next               int // the first person who has not answered
	total              int

	mu   sync.Mutex
	made int
}

// madeOne counts the responses that were made.
func (f *filling) madeOne() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made++; f.made%toldEach == 0 || f.made == f.total {
		f.progress(f.made, f.total, "survey responses of wave "+f.wave.Code)
	}
}

// load makes responses of the next n people a release.
func (f *filling) load(ctx context.Context, n int) error {
	err := f.Store.LoadReleased(ctx, store.DemoRelease{
		WaveID: f.wave.ID, FormVersion: f.Survey.Version, Size: n, At: f.released,
		Next: func(i int) forms.Answers {
			if i > 0 { // the last one counts when all of them are there
				f.madeOne()
			}
			return f.people.answersOf(f.next + i)
		},
	})
	if err != nil {
		return err
	}
	f.madeOne()
	f.next += n
	return nil
}

// append sends responses of the next n people to the inbox, the first of them
// with the invitations.
func (f *filling) append(ctx context.Context, n int, invitations []string) error {
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(appenders)
	for i := 0; i < n && grouped.Err() == nil; i++ {
		person, invitation := f.next+i, ""
		if i < len(invitations) {
			invitation = invitations[i]
		}
		group.Go(func() error { return f.appendOne(grouped, person, invitation) })
	}
	f.next += n
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err() // stopped before the last one
}

func (f *filling) appendOne(ctx context.Context, person int, invitation string) error {
	// These go the way that real ones go, so they are looked at like them.
	answers, err := answersTo(f.Survey, url.Values(f.people.answersOf(person)), f.Now)
	if err != nil {
		return err
	}
	r := store.Response{
		Key: uuid.New(), WaveID: f.wave.ID, FormVersion: f.Survey.Version, Answers: answers, Invitation: invitation,
	}
	_, err = f.Store.Append(ctx, r, f.received)
	if errors.Is(err, store.ErrInvitationSpent) { // by an earlier run
		r.Invitation = ""
		_, err = f.Store.Append(ctx, r, f.received)
	}
	if err != nil {
		return fmt.Errorf("append demo response: %w", err)
	}
	f.madeOne()
	return nil
}
