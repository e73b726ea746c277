package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"intake/internal/sealed"
	"intake/internal/store"
	"intake/migrations"
)

type migrateCommand struct {
	database
	direct
}

// Run applies the migrations that are missing.
func (m *migrateCommand) Run(ctx context.Context, t terminal) error {
	dsn := m.around(m.database)
	if dsn == "" {
		return errors.New("DATABASE_URL is not set: say where PostgreSQL is, and if that leads through a pooler, set DATABASE_DIRECT_URL too")
	}
	if err := migrations.Up(ctx, dsn); err != nil {
		return err
	}
	t.say("The schema is up to date.")
	return nil
}

// withLedger runs do on the ledger, whose schema must be up to date.
func (d database) withLedger(ctx context.Context, do func(*store.Store) error) error {
	return d.withKeys(ctx, nil, do)
}

// withKeys is withLedger for what is sealed.
func (d database) withKeys(ctx context.Context, keys *sealed.Keyset, do func(*store.Store) error) (err error) {
	// Two: a check reads a definition while it reads responses.
	ledger, err := d.open(ctx, store.Options{MaxConns: 2, Keys: keys})
	if err != nil {
		return err
	}
	if err := migrations.Check(ctx, d.DatabaseURL); err != nil {
		return errors.Join(err, ledger.Close())
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	return do(ledger)
}

// table prints aligned columns.
func (t terminal) table(rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}
