// Package migrations holds the schema as numbered, forward-only SQL files and
// applies them. Nothing else about the database belongs here.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	_ "github.com/lib/pq" // the driver that goose talks through
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// ErrStale says that the database lacks migrations that this binary needs.
var ErrStale = errors.New("the database schema is older than this release: run `portal migrate` first")

// Newest is the number of the newest migration that this binary needs.
func Newest() int64 {
	names, err := files.ReadDir(".")
	if err != nil {
		panic("migrations: the files are embedded: " + err.Error())
	}
	newest, err := goose.NumericComponent(names[len(names)-1].Name()) // they come in order
	if err != nil {
		panic("migrations: every file has a number: " + err.Error())
	}
	return newest
}

// Up applies what is missing, under goose's session lock, so that any number
// of processes may try at once. dsn must be a direct connection: a pooler in
// transaction mode cannot hold the lock.
func Up(ctx context.Context, dsn string) error {
	return withProvider(dsn, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("apply migrations: %w", err)
		}
		return nil
	})
}

// Check returns ErrStale if migrations are missing.
func Check(ctx context.Context, dsn string) error {
	return withProvider(dsn, func(p *goose.Provider) error {
		pending, err := p.HasPending(ctx)
		if err != nil {
			return fmt.Errorf("read schema version: %w", err)
		}
		if pending {
			return ErrStale
		}
		return nil
	})
}

func withProvider(dsn string, use func(*goose.Provider) error) (err error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // asks each second, for five minutes
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return use(provider)
}
