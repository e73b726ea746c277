package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"intake/internal/store"
	"intake/migrations"
	"intake/worker"
)

// services are what a serving process works with.
type services struct {
	ledger *store.Store
	// referrals is the same ledger, through connections of its own: a storm of
	// survey responses must not keep a referral waiting for one.
	referrals *store.Store
	redis     redis.UniversalClient
	jobs      *worker.Queue
	// schema is the number of the newest migration that this binary needs.
	schema int64
}

// Connections to the database, of each process.
const (
	ledgerConns   = 10 // and two for responses
	referralConns = 6
)

// openServices opens them all. Redis may come later.
func (c *config) openServices(ctx context.Context) (_ *services, err error) {
	s := services{schema: migrations.Newest()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.ledger, err = c.openLedger(ctx); err != nil {
		return nil, err
	}
	if s.referrals, err = c.open(ctx, store.Options{Keys: c.keys, MaxConns: referralConns}); err != nil {
		return nil, err
	}
	if s.redis, err = worker.DialRedis(c.RedisURL); err != nil {
		return nil, err
	}
	s.jobs = worker.NewQueue(s.redis, c.log)
	return &s, nil
}

// close sends what is pending and lets go of the connections.
func (s *services) close() error {
	var faults []error
	if s.jobs != nil {
		s.jobs.Close()
	}
	if s.redis != nil {
		faults = append(faults, s.redis.Close())
	}
	for _, ledger := range []*store.Store{s.referrals, s.ledger} {
		if ledger != nil {
			faults = append(faults, ledger.Close())
		}
	}
	return errors.Join(faults...)
}
