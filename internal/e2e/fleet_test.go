package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// fleet is a portal of several processes of each kind, which share a ledger and
// a Redis and nothing else.
type fleet struct {
	*stack
	webs, workers []*member
}

// member is a process of a fleet, which may be ended and started again.
type member struct {
	*process
	fleet   *fleet
	command string
	name    string
	base    string // where web serves
	admin   string
}

// newFleet sets the portal up and starts so many of each on the database.
func newFleet(t testing.TB, webs, workers int, dsn string, settings ...string) *fleet {
	t.Helper()
	f := &fleet{stack: prepareStack(t, dsn, settings...)}
	for n := range webs {
		f.webs = append(f.webs, f.member("web", n))
	}
	for n := range workers {
		f.workers = append(f.workers, f.member("worker", n))
	}
	var ending sync.WaitGroup
	t.Cleanup(func() {
		for _, m := range f.all() {
			ending.Go(func() {
				if m.process == nil || !m.running() {
					return
				}
				if err := m.stop(stopPatience); err != nil {
					t.Error(err)
				}
			})
		}
		ending.Wait()
	})
	for _, m := range f.all() {
		m.launch()
	}
	for _, m := range f.all() {
		m.awaitReady()
	}
	return f
}

func (f *fleet) member(command string, n int) *member {
	return &member{fleet: f, command: command, name: fmt.Sprintf("portal %s %d", command, n+1), base: "http://" + freeAddr(f.t), admin: freeAddr(f.t)}
}

func (f *fleet) all() []*member { return append(append([]*member{}, f.webs...), f.workers...) }

// launch starts the process and does not wait for it.
func (m *member) launch() {
	m.fleet.t.Helper()
	env := append(append([]string{}, m.fleet.env...), "PORTAL_ADDR="+m.base[len("http://"):], "PORTAL_ADMIN_ADDR="+m.admin)
	var err error
	m.process, err = startProcess(m.name, m.fleet.log, env, portalBinary(m.fleet.t), m.command)
	must(m.fleet.t, err)
}

func (m *member) awaitReady() {
	m.fleet.t.Helper()
	eventually(m.fleet.t, 30*time.Second, m.name+" is ready", func() bool {
		if !m.running() {
			m.fleet.t.Fatalf("%s ended: %v\n%s", m.name, m.err, tail(m.fleet.log.String()))
		}
		return (&stack{t: m.fleet.t, base: "http://" + m.admin}).healthy()
	})
}

func (m *member) start() {
	m.fleet.t.Helper()
	m.launch()
	m.awaitReady()
}

// at is the portal as it is reached by one of its processes.
func (f *fleet) at(m *member) *stack {
	s := *f.stack
	s.base, s.admin = m.base, m.admin
	return &s
}

// awaitLeader waits until exactly one worker leads the sweep, by its own account
// and by the ledger's, and gives it.
func (f *fleet) awaitLeader() (leader *member) {
	f.t.Helper()
	eventually(f.t, promptly, "exactly one worker leads the sweep", func() bool {
		leading := 0
		for _, m := range f.workers {
			if m.running() && f.at(m).metric("portal_sweep_leader") == 1 {
				leader = m
				leading++
			}
		}
		return leading == 1 && f.count(`SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
			WHERE locktype = 'advisory' AND granted AND datname = current_database()`) == 1
	})
	return leader
}

// fleetLoad is what clients send to the processes of a fleet.
type fleetLoad struct {
	*fleet
	sent    *ledgerOfSent
	mu      sync.Mutex
	inDoubt []*submission
}

const fleetSenders = 12

// send has clients send until ctx is done. Each tries any process, and after a
// failure any other, with the same key; some give up, some send twice at once.
func (l *fleetLoad) send(ctx context.Context, seed uint64) {
	var clients sync.WaitGroup
	for n := range fleetSenders {
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		clients.Go(func() {
			for ctx.Err() == nil {
				l.sendOne(ctx, rng)
				time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond)
			}
		})
	}
	clients.Wait()
}

func (l *fleetLoad) sendOne(ctx context.Context, rng *rand.Rand) {
	sub := &submission{key: uuid.NewString(), referral: rng.IntN(5) == 0}
	patient := rng.IntN(3) > 0
	ok := false
	if rng.IntN(8) == 0 { // at two processes at once
		twin := *sub
		a, b := l.any(rng), l.any(rng)
		var both sync.WaitGroup
		twinOK := false
		both.Go(func() { twinOK = b.send(l.t, &twin) })
		ok = a.send(l.t, sub)
		both.Wait()
		ok = ok || twinOK
		sub.created += twin.created
	} else {
		ok = l.any(rng).send(l.t, sub)
	}
	for !ok && patient && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
		ok = l.any(rng).send(l.t, sub)
	}
	if ok && rng.IntN(8) == 0 {
		l.any(rng).send(l.t, sub) // as a phone does that has missed the answer
	}
	if sub.created > 1 {
		l.t.Errorf("%s was said to be new %d times", sub.key, sub.created)
	}
	if ok {
		l.sent.add(sub)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inDoubt = append(l.inDoubt, sub)
}

func (l *fleetLoad) any(rng *rand.Rand) *stack { return l.at(l.webs[rng.IntN(len(l.webs))]) }

// settle has clients send again what was left in doubt.
func (l *fleetLoad) settle() {
	l.expectNoneTwice(l.inDoubt)
	for n, sub := range l.inDoubt {
		if !l.at(l.webs[n%len(l.webs)]).send(l.t, sub) || sub.created > 1 {
			l.t.Errorf("sent again, %s is not taken once: %+v", sub.key, *sub)
		}
		l.sent.add(sub)
	}
}

// fleetConns is how many connections the pooler has to the database: what
// docs/operations.md asks for at least.
const fleetConns = 20

// TestFleet runs four of each process behind a pooler, on a Redis that fails
// over in the middle of a load while a web process and the worker that leads are
// killed. Nothing is lost or doubled, and what processes have to agree on they
// agree on.
func TestFleet(t *testing.T) {
	watched := startWatchedRedis(t)
	direct := newDatabase(t)
	f := newFleet(t, 4, 4, direct, "REDIS_URL="+watched.url(), "DATABASE_URL="+startPgBouncer(t, fleetConns).dsn(direct, oneMessage),
		"DATABASE_DIRECT_URL="+direct, "PORTAL_RATE_LIMIT=1000000")
	f.run("", "wave", "open", "fleet")
	manager := f.addManager("survey@example.org", "survey_manager")
	figures := f.watchFigures(manager)
	told := f.watchMail()

	load := &fleetLoad{fleet: f, sent: &ledgerOfSent{responses: map[string]bool{}, referrals: map[string]bool{}}}
	ctx, stop := context.WithCancel(t.Context())
	loading := make(chan struct{})
	t.Cleanup(func() { stop(); <-loading })
	go func() {
		defer close(loading)
		load.send(ctx, 11)
	}()
	leader := f.awaitLeader()
	time.Sleep(time.Second)
	old := watched.killMaster()
	f.webs[1].kill()
	leader.kill()
	next := f.awaitLeader()
	f.webs[1].start()
	leader.start()
	watched.awaitFailover(old)
	over := time.Now()
	time.Sleep(time.Second)
	stop()
	<-loading
	load.settle()
	took := checkRound(t, f.stack, load.sent, over)
	t.Logf("%d responses and %d referrals, %d of them in doubt for a while; all was done %s after the failover; %s led, then %s",
		len(load.sent.responses), len(load.sent.referrals), len(load.inDoubt), took.Round(time.Millisecond), leader.name, next.name)
	checkTold(t, f.stack, told)
	if twice := f.texts(`SELECT DISTINCT r.reference FROM events e JOIN referrals r ON r.id = e.referral_id WHERE e.kind = 'team_told'
		GROUP BY r.reference, e.detail->>'team' HAVING count(*) > 1`); len(twice) > 0 {
		t.Errorf("of %d referrals a team was told twice, such as %s", len(twice), twice[0])
	}
	f.awaitLeader()
	figures.agree()
	f.shareSessions(t)
	f.shareLimits(t)
	f.closeEverywhere(t, manager)
}

// everywhere has each web process asked by the same browser.
func (f *fleet) everywhere(b *plain, path string) (pages []*plainPage) {
	for _, m := range f.webs {
		b.base = m.base
		pages = append(pages, b.get(path))
	}
	return pages
}

// signedIn counts the web processes at which the browser is signed in.
func (f *fleet) signedIn(b *plain) (n int) {
	for _, page := range f.everywhere(b, "/manage") {
		if page.status == http.StatusOK {
			n++
		}
	}
	return n
}
