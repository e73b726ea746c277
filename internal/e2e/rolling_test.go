package e2e

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	// requestsEndWithin bounds the end of web after PORTAL_DRAIN_DELAY, and
	// jobsEndWithin the end of a worker, as docs/operations.md says.
	requestsEndWithin = 15 * time.Second
	jobsEndWithin     = 15 * time.Second
)

// TestRollingRestart renews every process of a portal, one after the other,
// while clients send and read through a load balancer. No client sees a fault,
// and nothing is lost or doubled; nor is what a worker had at hand that could
// not be finished.
func TestRollingRestart(t *testing.T) {
	f := newFleet(t, 3, 2, newDatabase(t), "PORTAL_DRAIN_DELAY="+noticesWithin.String(), "PORTAL_TRUSTED_PROXIES=127.0.0.1")
	front := startBalancer(t, f.webs)
	f.base = front.base
	f.run("", "wave", "open", "rolling")
	manager := f.addManager("survey@example.org", "survey_manager")
	told := f.watchMail()
	for _, one := range front.backends {
		eventually(t, promptly, "the balancer has all", one.ready.Load)
	}

	ctx, stop := context.WithCancel(t.Context())
	clients := &rollingClients{fleet: f, sent: &ledgerOfSent{responses: map[string]bool{}, referrals: map[string]bool{}}}
	t.Cleanup(func() { stop(); clients.Wait() })
	clients.begin(ctx, newPlain(t, f.base).signIn(manager))

	// A worker that cannot finish what it has at hand.
	letGo := f.holdRouting()
	hindered := f.workers[0]
	stopped := make(chan error, 1)
	go func() { stopped <- hindered.end(syscall.SIGTERM, jobsEndWithin) }()
	for n, m := range f.webs {
		served := front.backends[n].served.Load()
		m.renew(noticesWithin + requestsEndWithin)
		eventually(t, promptly, "the balancer has "+m.name+" again", func() bool { return front.backends[n].served.Load() > served+20 })
	}
	must(t, <-stopped)
	letGo()
	hindered.start()
	f.workers[1].renew(jobsEndWithin)
	if !strings.Contains(f.log.String(), "Quitting worker") {
		t.Error("the worker that was hindered had nothing at hand, so that nothing was shown")
	}

	stop()
	clients.Wait()
	if len(front.faults) > 0 {
		t.Errorf("%d requests failed, such as %s", len(front.faults), front.faults[0])
	}
	checkRound(t, f.stack, clients.sent, time.Now())
	checkTold(t, f.stack, told)
	t.Logf("%d responses, %d referrals and %d pages while 3 web processes and 2 workers were renewed", len(clients.sent.responses), len(clients.sent.referrals), clients.pages)
	if strings.Contains(f.log.String(), "requests were cut off") {
		t.Error("web has cut requests off")
	}
}

// renew has the process end, as supervisors ask for it, and another take its
// place.
func (m *member) renew(patience time.Duration) {
	m.fleet.t.Helper()
	must(m.fleet.t, m.end(syscall.SIGTERM, patience))
	m.start()
}

// holdRouting keeps every referral from being routed, from when both workers
// have some at hand until letGo is called.
func (f *fleet) holdRouting() (letGo func()) {
	f.t.Helper()
	tx, err := f.db.BeginTx(context.Background(), nil)
	must(f.t, err)
	f.t.Cleanup(func() { _ = tx.Rollback() })
	_, err = tx.ExecContext(f.t.Context(), `LOCK TABLE notifications IN SHARE MODE`)
	must(f.t, err)
	eventually(f.t, promptly, "all workers have referrals at hand", func() bool {
		return f.count(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'notifications'::regclass`) >= 4*len(f.workers)
	})
	return func() { must(f.t, tx.Rollback()) }
}

// rollingClients send and read, and tolerate no fault.
type rollingClients struct {
	*fleet
	sync.WaitGroup
	sent  *ledgerOfSent
	mu    sync.Mutex
	pages int
}

// begin has them begin, until ctx is done. manager is signed in.
func (c *rollingClients) begin(ctx context.Context, manager *plain) {
	for n := range senders {
		rng := rand.New(rand.NewPCG(uint64(n), 13))
		c.Go(func() {
			for ctx.Err() == nil {
				sub := &submission{key: uuid.NewString(), referral: rng.IntN(5) == 0}
				if !c.send(c.t, sub) || sub.created != 1 {
					c.t.Errorf("%s was not acknowledged as new", sub.key)
					continue
				}
				// A referral that is just being routed would keep its sender waiting.
				if !sub.referral && rng.IntN(10) == 0 && (!c.send(c.t, sub) || sub.created != 1) {
					c.t.Errorf("%s was not acknowledged as known", sub.key)
				}
				c.sent.add(sub)
				time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
			}
		})
	}
	for _, path := range []string{"/", surveyPath, "/refer", "/manage", "/static/" + builtName(c.t, "survey.js")} {
		c.Go(func() {
			for ctx.Err() == nil {
				c.read(manager, path)
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
}

func (c *rollingClients) read(b *plain, path string) {
	answer, err := b.client.Get(b.base + path) //nolint:noctx // a loopback address
	if err != nil {
		c.t.Errorf("%s: %v", path, err)
		return
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read by then
	if text, err := io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK || len(text) == 0 {
		c.t.Errorf("%s is answered with %s and %d bytes (%v)", path, answer.Status, len(text), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages++
}
