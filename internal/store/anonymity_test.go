package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
)

const (
	seeds    = 20
	uses     = 1000 // invitations of each seed, all of them used
	likely   = 0.01 // what is as likely as that, or more, passes for chance
	attempts = 3
	evident  = likely * likely * likely
)

// TestNothingTiesAnswersToInvitations plays the thief of a snapshot who knows
// who answered first, who second and so on: everything in the database that has
// an order is laid beside everything that a response has, after all releases.
//
// Chance alone looks like a link once in a hundred times. So the search is
// done again with new responses then. A link is what is found three times
// running, or so clearly that chance does it once in a million times as well.
func TestNothingTiesAnswersToInvitations(t *testing.T) {
	t.Parallel()
	for attempt := 1; ; attempt++ {
		ps := searchForLinks(t, seeds, false)
		p := fisher(ps)
		t.Logf("%d seeds of %d invitations: p = %.3f together, the least of one is %.3f", seeds, uses, p, slices.Min(ps))
		if p > likely {
			return
		}
		if attempt == attempts || p < evident {
			t.Fatalf("answers are tied to invitations: p = %.2g in attempt %d, of single seeds %.2g", p, attempt, ps)
		}
	}
}

// The same search finds the link where releases do not shuffle.
func TestTheSearchFindsALinkWithoutShuffling(t *testing.T) {
	t.Parallel()
	const few = 3
	ps := searchForLinks(t, few, true)
	p := fisher(ps)
	t.Logf("%d seeds, not shuffled: p = %.2g together", few, p)
	if p > likely/10 || slices.Max(ps) > likely {
		t.Errorf("releases in the order of arrival pass for shuffled: p = %.2g, of single seeds %.2g", p, ps)
	}
}

// searchForLinks gives for each seed how likely chance is to look at least as
// much like a link as what the ledger holds.
func searchForLinks(t *testing.T, seeds int, unshuffled bool) []float64 {
	t.Helper()
	l := openLedger(t)
	if unshuffled {
		l.Store = l.Unshuffled()
	}
	crowds := make([]*crowd, seeds)
	for seed := range crowds {
		crowds[seed] = l.invite(seed)
	}
	// One seed's people come one after the other, or their order would not be
	// known; several seeds at once, as a database is used by others too.
	next := make(chan *crowd, seeds)
	for _, c := range crowds {
		next <- c
	}
	close(next)
	l.must(errors.Join(together(4, func(int) error {
		for c := range next {
			if err := l.answer(c); err != nil {
				return err
			}
		}
		return nil
	})...))
	for _, c := range crowds {
		l.closeWave(c.code, tuesday)
		l.release(c.wave, ended)
		l.expectLedgerAgrees(c.wave)
	}
	l.readSnapshot(crowds)
	ps := make([]float64, seeds)
	for i, c := range crowds {
		ps[i] = c.linkByChance(t)
	}
	return ps
}

// crowd is the invited people of one wave. Each is known by their turn, the
// first to answer by 0.
type crowd struct {
	code      string
	wave      int64
	collector int64
	codes     []string
	random    *rand.Rand
	number    []int // of the invitation that was used at that turn, less one
	key       []uuid.UUID
	words     []string // what was answered then: different and in no order
	release   []int    // in which that left the inbox
	orders    []order  // that the snapshot has
}

// order is something by which a thief can sort some of a crowd's rows.
type order struct {
	what      string // like "invitations by xmin"
	responses bool   // sorts what a response is, rather than what is known of people
	turns     []int
}

// invite opens a wave with its invitations.
func (l *ledger) invite(seed int) *crowd {
	l.t.Helper()
	c := &crowd{code: fmt.Sprint("seed", seed), random: rand.New(rand.NewPCG(uint64(seed), 1)), release: make([]int, uses)}
	c.wave = l.byInvitation(c.code)
	closed, codes := l.closedCollector(c.wave, "Providers", uses)
	c.collector, c.codes, c.number = closed.ID, codes, c.random.Perm(uses)
	for range uses {
		c.key, c.words = append(c.key, uuid.New()), append(c.words, uuid.NewString())
	}
	return c
}

// answer uses the invitations as fast as they go, while a worker that is nudged
// now and then releases what has come.
func (l *ledger) answer(c *crowd) error {
	nudges := make(chan struct{}, 1)
	var releasing error
	var worker sync.WaitGroup
	worker.Go(func() {
		for range nudges {
			if _, err := l.Release(l.t.Context(), c.wave, tuesday); err != nil {
				releasing = err
			}
		}
	})
	var answering error
	for turn := 0; turn < uses && answering == nil; turn++ {
		r := invited(c.wave, c.key[turn], c.codes[c.number[turn]])
		r.Answers.(forms.Answers)["one_change"] = []string{c.words[turn]}
		_, answering = l.Append(l.t.Context(), r, tuesday)
		if c.random.IntN(60) == 0 {
			select {
			case nudges <- struct{}{}:
			default: // it has one to look at already
			}
		}
	}
	close(nudges)
	worker.Wait()
	return errors.Join(answering, releasing)
}
