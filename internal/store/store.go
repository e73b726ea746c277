// Package store is the ledger: every row type and every SQL statement of the
// portal, each beside its function. It is the only package that talks to
// PostgreSQL. A transaction lives inside one method; what a reader may see is
// decided in the WHERE clause.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/internal/sealed"
)

// What callers tell apart. Anything else is a fault of the database.
var (
	// ErrNotFound: there is no such row, or it is not for this reader.
	ErrNotFound = errors.New("not found")
	// ErrStale: somebody else changed the row since it was read.
	ErrStale = errors.New("changed by somebody else meanwhile")
	// ErrWaveClosed: the wave takes no more responses.
	ErrWaveClosed = errors.New("the wave is closed")
	// ErrExists: the name is taken.
	ErrExists = errors.New("exists already")
)

// Store gives access to the ledger. It is safe for concurrent use.
type Store struct {
	db   *sqlx.DB
	keys *sealed.Keyset
	// rounds are the responses on their way into the inbox.
	rounds *rounds
	// oneMessage: a query and its values are sent together (binary_parameters).
	oneMessage bool
	// unshuffled releases keep the order of arrival. Only a test sets it, to
	// see that the search for a link would find one.
	unshuffled bool
}

// Options bound a Store.
type Options struct {
	// MaxConns bounds the connections to the database, besides two for responses;
	// 0 means 16.
	MaxConns int
	// Keys seal and open personal data. Commands that touch none may leave
	// it nil.
	Keys *sealed.Keyset
}

// Open connects to the database at dsn and checks that it answers.
func Open(ctx context.Context, dsn string, opt Options) (*Store, error) {
	address, err := pq.NewConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to PostgreSQL: %w", err), db.Close())
	}
	if opt.MaxConns == 0 {
		opt.MaxConns = 16
	}
	if address.BinaryParameters {
		opt.MaxConns += mostRounds // rounds have none to themselves
	}
	db.SetMaxOpenConns(opt.MaxConns)
	db.SetMaxIdleConns(opt.MaxConns)
	s := &Store{db: db, keys: opt.Keys, rounds: &rounds{db: db.DB, pooled: address.BinaryParameters}, oneMessage: address.BinaryParameters}
	if !s.rounds.pooled {
		if s.rounds.db, err = openForRounds(address); err != nil {
			return nil, errors.Join(fmt.Errorf("read the database's address: %w", err), db.Close())
		}
	}
	return s, nil
}

// Close releases the connections.
func (s *Store) Close() error { return errors.Join(s.rounds.db.Close(), s.db.Close()) }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// inTx runs do in one transaction and commits it if do returns nil.
func (s *Store) inTx(ctx context.Context, do func(tx *sqlx.Tx) error) (err error) {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// After a commit this does nothing; a panic in do must not keep its locks.
	defer func() {
		if rollback := tx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, rollback)
		}
	}()
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// IfLeader runs do if no other process is running it under that name, and
// reports whether it did. The lock ends with the connection, so a killed
// leader is followed at once.
//
// A lead lasts 15 seconds at most; the server takes it from a leader that
// stands still. The lock is that of a transaction, which a pooler can hold; do
// works outside it, so that nothing of the ledger is kept from being vacuumed.
func (s *Store) IfLeader(ctx context.Context, name string, do func(context.Context) error) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	led := false
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &led, `SELECT pg_try_advisory_xact_lock(hashtext($1))`, name); err != nil {
			return fmt.Errorf("take lead: %w", err)
		}
		if !led {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = '20s'`); err != nil {
			return fmt.Errorf("bound lead: %w", err)
		}
		return do(ctx)
	})
	return led, err
}

// named runs a statement with :name parameters.
func named(ctx context.Context, db sqlx.ExtContext, query string, args any) (sql.Result, error) {
	return sqlx.NamedExecContext(ctx, db, query, args)
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func isUnique(err error) bool {
	var pqErr *pq.Error
	return errors.As(err, &pqErr) && pqErr.Code == "23505"
}

// changedOne turns "no row matched" into miss.
func changedOne(res sql.Result, miss error) error {
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return miss
	}
	return nil
}

// IsUnavailable reports whether err says that the database could not do the
// work now, though it might later: away, starting, stopping, out of
// connections, or out of the time that the caller gave it.
func IsUnavailable(err error) bool {
	var pqErr *pq.Error
	if errors.As(err, &pqErr) {
		switch pqErr.Code.Class() {
		case "08", "53", "57": // connection, resources, operator intervention (also a cancelled query)
			return true
		}
		return false
	}
	var netErr net.Error
	return errors.Is(err, ErrOverloaded) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &netErr)
}
