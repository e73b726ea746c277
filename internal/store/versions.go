package store

import (
	"context"
	"fmt"
	"sync"

	"intake/forms"
)

// Versions keeps the published definitions that have been asked for, which
// never change. It is safe for concurrent use.
type Versions struct {
	ledger *Store
	lists  forms.Lists

	mu    sync.Mutex
	known map[formVersion]*forms.Form
}

type formVersion struct {
	form   string
	number int
}

// Versions gives the definitions published in the ledger, with these lists of
// options. Those that are current need not be read.
func (s *Store) Versions(lists forms.Lists, current ...*forms.Form) *Versions {
	v := &Versions{ledger: s, lists: lists, known: map[formVersion]*forms.Form{}}
	for _, form := range current {
		v.known[formVersion{form.ID, form.Version}] = form
	}
	return v
}

// Get returns a published version of a form; ErrNotFound if there is none of
// that number.
func (v *Versions) Get(ctx context.Context, form string, number int) (*forms.Form, error) {
	key := formVersion{form, number}
	v.mu.Lock()
	known := v.known[key]
	v.mu.Unlock()
	if known != nil {
		return known, nil
	}
	source, err := v.ledger.FormSource(ctx, form, number)
	if err != nil {
		return nil, err
	}
	loaded, err := forms.Load(source, v.lists)
	if err != nil {
		return nil, fmt.Errorf("load version %d of %s as it was published: %w", number, form, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known[key] = loaded
	return loaded, nil
}

// Of returns the versions of the survey that a wave accepts.
func (v *Versions) Of(ctx context.Context, wave *Wave) ([]*forms.Form, error) {
	accepted := make([]*forms.Form, len(wave.Versions))
	for i, number := range wave.Versions {
		form, err := v.Get(ctx, wave.Survey, int(number))
		if err != nil {
			return nil, fmt.Errorf("read version %d of the wave: %w", number, err)
		}
		accepted[i] = form
	}
	return accepted, nil
}
