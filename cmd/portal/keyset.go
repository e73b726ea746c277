package main

import (
	"fmt"

	"intake/internal/sealed"
)

type keysetCommand struct {
	New    keysetNewCommand    `cmd:"" help:"Print a new keyset for PORTAL_KEYSET."`
	Rotate keysetRotateCommand `cmd:"" help:"Print the keyset with a new first key; older data stays readable."`
}

const keysetWarning = `KEEP THIS SAFE AND KEEP A COPY ELSEWHERE.
Whoever loses it loses every sealed referral for good: nobody can open them without it.
Whoever has it and the database can read everything. Never put it in a file that is backed up with the database.`

type keysetNewCommand struct{}

// Run prints a new keyset.
func (*keysetNewCommand) Run(t terminal) error {
	keys, err := sealed.New()
	if err != nil {
		return err
	}
	return printKeyset(t, keys)
}

type keysetRotateCommand struct {
	Keyset string `env:"PORTAL_KEYSET" required:"" help:"The keyset in use."`
}

// Run prints the rotated keyset.
func (k *keysetRotateCommand) Run(t terminal) error {
	keys, err := sealed.Parse(k.Keyset)
	if err != nil {
		return fmt.Errorf("PORTAL_KEYSET: %w", err)
	}
	if keys, err = keys.Rotate(); err != nil {
		return err
	}
	return printKeyset(t, keys)
}

func printKeyset(t terminal, keys *sealed.Keyset) error {
	text, err := keys.Export()
	if err != nil {
		return err
	}
	t.say("%s", text)
	_, err = fmt.Fprintln(t.err, keysetWarning)
	return err
}
