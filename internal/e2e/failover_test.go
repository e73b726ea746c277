package e2e

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestFailoverOfRedis kills the Redis that is the master in the middle of a
// load. Web acknowledges all the same; nothing of it is lost, each referral is
// routed once, and the queue and the limits of clients go on with the replica.
func TestFailoverOfRedis(t *testing.T) {
	watched := startWatchedRedis(t)
	s := newStack(t, "REDIS_URL="+watched.url(), "PORTAL_RATE_LIMIT=1000000")
	s.run("", "wave", "open", "failover")
	manager := newPlain(t, s.base).signIn(s.addManager("survey@example.org", "survey_manager"))

	told := s.watchMail()
	sent := &ledgerOfSent{responses: map[string]bool{}, referrals: map[string]bool{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	for n := range senders {
		rng := rand.New(rand.NewPCG(uint64(n), 7))
		clients.Go(func() {
			for ctx.Err() == nil {
				sub := &submission{key: uuid.NewString(), referral: rng.IntN(5) == 0}
				if !s.send(t, sub) || sub.created != 1 {
					t.Errorf("%s was not acknowledged as new", sub.key)
				}
				sent.add(sub)
				time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond)
			}
		})
	}
	time.Sleep(time.Second)
	began := time.Now()
	old := watched.killMaster()
	watched.awaitFailover(old)
	over := time.Now()
	time.Sleep(time.Second)
	stop()
	clients.Wait()
	routed := checkRound(t, s, sent, over)
	t.Logf("%d responses and %d referrals; failover within %s, the last referral routed %s after it",
		len(sent.responses), len(sent.referrals), over.Sub(began).Round(time.Millisecond), routed.Round(time.Millisecond))

	// The new master is used, and not only done without.
	done := func() int {
		n, err := watched.master().client().Get(t.Context(), "asynq:{referrals}:processed:"+time.Now().UTC().Format(time.DateOnly)).Result()
		if err != nil {
			return 0
		}
		times, err := strconv.Atoi(n)
		must(t, err)
		return times
	}
	before := done()
	sendReferral(newPlain(t, s.base), byNobody)
	eventually(t, promptly, "the queue routes again", func() bool { return done() > before })
	manager.get("/manage").want(http.StatusOK)
	eventually(t, promptly, "guesses of words are limited again", func() bool {
		for range 25 {
			guess := newPlain(t, s.base).get("/refer/resume").form("phrase").fill(answersOf("phrase", "garlic mustang velvet pebble")).press("")
			if guess.status == http.StatusTooManyRequests {
				return true
			}
		}
		return false
	})
	checkTold(t, s, told)
	watched.rejoin(old) // now it could happen again
}
