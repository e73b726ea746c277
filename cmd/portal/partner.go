package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"intake/internal/store"
)

type partnerCommand struct {
	Add    partnerAddCommand    `cmd:"" help:"Make a bearer key for the JSON API and print it once."`
	Revoke partnerRevokeCommand `cmd:"" help:"End a bearer key."`
}

type partnerAddCommand struct {
	database
	Name  string   `arg:"" help:"Who gets it."`
	Right []string `required:"" enum:"referrals,results" help:"What it may do: referrals (send), results (read); may be repeated."`
}

// Run makes the key.
func (p *partnerAddCommand) Run(ctx context.Context, t terminal) error {
	return p.withLedger(ctx, func(ledger *store.Store) error {
		key := "portal_" + rand.Text()
		hash := sha256.Sum256([]byte(key))
		if err := ledger.AddAPIKey(ctx, p.Name, hash[:], p.Right); errors.Is(err, store.ErrExists) {
			return fmt.Errorf("%s has, or had, a key: choose another name, like %q", p.Name, p.Name+" 2")
		} else if err != nil {
			return err
		}
		t.say("%s", key)
		_, err := fmt.Fprintln(t.err, "This is the only time that the key is shown.")
		return err
	})
}

type partnerRevokeCommand struct {
	database
	Name string `arg:"" help:"Whose key."`
}

// Run ends the key.
func (p *partnerRevokeCommand) Run(ctx context.Context, t terminal) error {
	return p.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.RevokeAPIKey(ctx, p.Name); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s has no key", p.Name)
		} else if err != nil {
			return err
		}
		t.say("The key of %s no longer works.", p.Name)
		return nil
	})
}
