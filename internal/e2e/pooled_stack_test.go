package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/migrations"
)

// TestPortalBehindPooler runs web and worker through a pooler with few
// connections, and migrations around it.
func TestPortalBehindPooler(t *testing.T) {
	direct := newDatabase(t)
	pooler := startPgBouncer(t, pooledConns)
	s := newStackOn(t, direct, "DATABASE_URL="+pooler.dsn(direct, oneMessage), "DATABASE_DIRECT_URL="+direct)
	s.run("", "wave", "open", "pooled")
	lead := s.addManager("lead@example.org", "safeguarding_lead")
	manager := s.addManager("survey@example.org", "survey_manager")

	sent := &ledgerOfSent{responses: map[string]bool{}, referrals: map[string]bool{}}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var clients sync.WaitGroup
	for n := range senders {
		rng := rand.New(rand.NewPCG(uint64(n), 5))
		clients.Go(func() {
			for ctx.Err() == nil {
				sub := &submission{key: uuid.NewString(), referral: rng.IntN(5) == 0}
				if !s.send(t, sub) || sub.created != 1 {
					t.Errorf("a new submission is not acknowledged as one: %+v", *sub)
				}
				sent.add(sub)
			}
		})
	}
	for n, who := range []signIn{lead, manager} {
		clients.Go(func() {
			b := newPlain(t, s.base).signIn(who)
			for ctx.Err() == nil {
				if page := b.get([]string{"/manage/referrals?whose=all", "/manage/surveys/care-worker-survey/waves"}[n]); page.status != http.StatusOK {
					t.Errorf("a page of managers is answered with status %d", page.status)
				}
			}
		})
	}
	s.run("", "check", "--ledger") // it is one moment, whatever goes on
	clients.Wait()
	checkRound(t, s, sent, time.Now())
	newPlain(t, s.base).signIn(lead).get("/manage/referrals/" + s.texts(`SELECT reference FROM referrals LIMIT 1`)[0]).want(http.StatusOK).says("Rosa Ferris")
	newPlain(t, s.base).signIn(manager).get(resultsPage).want(http.StatusOK).says("Counted in these results")
	s.run("", "check", "--ledger")
	if strings.Contains(s.log.String(), "binary_parameters") || strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("the log warns:\n%s", tail(s.log.String()))
	}
	t.Logf("%d responses and %d referrals through %d connections", len(sent.responses), len(sent.referrals), pooledConns)

	// Without the option they say what is wrong, and do not start.
	must(t, s.web.stop(stopPatience))
	must(t, s.worker.stop(stopPatience))
	s.env = append(s.env, "DATABASE_URL="+pooler.dsn(direct))
	for _, command := range []string{"web", "worker"} {
		if said := s.fails(command); !strings.Contains(said, "add binary_parameters=yes to it, and start again") {
			t.Errorf("portal %s says %s", command, said)
		}
	}
}

// A lock for a session is what a pooler in transaction mode cannot hold: two
// that migrate at once need the direct address.
func TestMigrateAroundPooler(t *testing.T) {
	t.Parallel()
	direct := newDatabase(t)
	pooler := startPgBouncer(t, pooledConns)
	s := &stack{t: t, env: []string{"DATABASE_URL=" + pooler.dsn(direct, oneMessage), "DATABASE_DIRECT_URL=" + direct}}
	if err := migrations.Check(t.Context(), pooler.dsn(direct, oneMessage)); !errors.Is(err, migrations.ErrStale) {
		t.Errorf("through the pooler an empty database is %v", err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { s.run("", "migrate") })
	}
	both.Wait()
	must(t, migrations.Check(t.Context(), pooler.dsn(direct, oneMessage)))
}
