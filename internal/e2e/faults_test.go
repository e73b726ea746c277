package e2e

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/embedded"
)

const (
	senders = 6
	// loadBefore and loadAfter are how long clients send before the harm, at
	// most, and after it.
	loadBefore = time.Second
	loadAfter  = 1500 * time.Millisecond
	// recoveredWithin bounds how long anything may take once a fault is over:
	// web to answer, referrals to be routed, responses to be released.
	recoveredWithin = 15 * time.Second
	// toldWithin bounds how long the emails of the last round may take, and their
	// record after that.
	toldWithin = 60 * time.Second
	// storedFrom is how many responses the worker stores in an index at least.
	storedFrom = 1000
	// manyRounds is from how many on the slow faults take part.
	manyRounds = 50
)

// TestFaults does harm to the portal under load, another kind each round. What
// was acknowledged is there exactly once; what was not is there at most once,
// and once when it is sent again; every referral is routed once and its team
// told at least once, the index counts what was released, and nothing is left
// open. A seed stands for the kinds of harm, their moments and what clients do.
func TestFaults(t *testing.T) {
	postgres := startOwnPostgres(t)
	s := newStackOn(t, postgres.server.DSN())
	s.postgres = postgres
	s.run("", "wave", "open", "storm")
	first := *seed
	if first == 0 {
		first = rand.Uint64N(1 << 32)
	}
	kinds := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return f.slow && *rounds < manyRounds })
	told := s.watchMail()
	sent := &ledgerOfSent{responses: map[string]bool{}, referrals: map[string]bool{}}
	seen := map[string]int{}
	var slowest time.Duration
	idle := s.heldWhenIdle()
	for round := range *rounds {
		seed := first + uint64(round)
		// Neighbouring seeds are different kinds, so that so many rounds have all.
		kind := kinds[seed%uint64(len(kinds))]
		began := time.Now()
		acknowledged, doubtful, over := stormRound(t, s, kind, rand.New(rand.NewPCG(seed, 1)), sent)
		took := checkRound(t, s, sent, over)
		s.expectNothingLeftOpen(idle)
		seen[kind.name]++
		slowest = max(slowest, took)
		t.Logf("round %d, -seed %d: %s; %d sent and acknowledged, %d sent again afterwards; recovered within %s, %s in all",
			round+1, seed, kind.name, acknowledged, doubtful, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		if t.Failed() {
			t.Fatalf("to repeat: -run TestFaults -rounds 1 -seed %d", seed)
		}
	}
	checkTold(t, s, told)
	if len(sent.responses) > 2*storedFrom && s.count(`SELECT coalesce(sum(size), 0) FROM result_chunks`) == 0 {
		t.Error("no part of the index was stored, so that nothing of it was checked")
	}
	t.Logf("%d rounds of %d kinds; %d responses and %d referrals, each there once; their teams were told; the slowest recovery took %s",
		*rounds, len(seen), len(sent.responses), len(sent.referrals), slowest.Round(time.Millisecond))
}

// held is what processes hold that has to be given back.
type held struct{ files, goroutines, connections int }

func (s *stack) held() held {
	return held{
		files: s.openFiles(), goroutines: int(s.metric("go_goroutines")),
		connections: s.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`),
	}
}

// heldWhenIdle is what they hold with their pools full and nothing to do.
func (s *stack) heldWhenIdle() held {
	var wait sync.WaitGroup
	for range 4 * senders {
		wait.Go(func() { s.send(s.t, &submission{key: uuid.NewString(), skip: true}) })
	}
	wait.Wait()
	return s.held()
}

// leftOpen is by how much they may hold more than when idle: pools grow to their
// bounds, and connections of clients end a little later.
const leftOpen = 60

func (s *stack) expectNothingLeftOpen(idle held) {
	s.t.Helper()
	var now held
	for deadline := time.Now().Add(recoveredWithin); ; time.Sleep(100 * time.Millisecond) {
		stormClient.CloseIdleConnections()
		now = s.held()
		if now.files <= idle.files+leftOpen && now.goroutines <= idle.goroutines+leftOpen && now.connections <= idle.connections+leftOpen {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("web and worker hold %+v, and held %+v when idle", now, idle)
			return
		}
	}
}

// ledgerOfSent is what clients know to be accepted, by submission key. Answers
// carry the key as their free text, since a released response has none.
type ledgerOfSent struct {
	mu                   sync.Mutex
	responses, referrals map[string]bool
}

// submission is one thing that a client sends until it is acknowledged or the
// client gives up.
type submission struct {
	key      string
	referral bool
	how      int  // it is sent the first time, if not whole
	skip     bool // it is of no survey, and not taken
	created  int  // how often the portal said that it is new
}

// stormRound lets clients send while harm is done, checks what was left in doubt
// and has it sent again. over is when the harm was.
func stormRound(t *testing.T, s *stack, kind fault, rng *rand.Rand, sent *ledgerOfSent) (acknowledged, doubtful int, over time.Time) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	var mu sync.Mutex
	var inDoubt []*submission
	for n := range senders {
		rng := rand.New(rand.NewPCG(rng.Uint64(), uint64(n)))
		clients.Go(func() {
			for ctx.Err() == nil {
				sub := &submission{key: uuid.NewString(), referral: rng.IntN(5) == 0}
				patient := rng.IntN(3) > 0 // tries again at once, as phones do
				switch rng.IntN(20) {
				case 0:
					sub.how = halfABody
				case 1:
					sub.how = resetAtAnswer
				}
				ok := s.send(t, sub)
				for !ok && patient && ctx.Err() == nil {
					time.Sleep(50 * time.Millisecond)
					ok = s.send(t, sub)
				}
				mu.Lock()
				if ok {
					sent.add(sub)
					acknowledged++
				} else {
					inDoubt = append(inDoubt, sub)
				}
				mu.Unlock()
				time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond)
			}
		})
	}
	pause(rng, loadBefore)
	kind.harm(s, rng)
	over = time.Now()
	time.Sleep(loadAfter)
	stop()
	clients.Wait()
	eventually(t, time.Until(over.Add(recoveredWithin)), "web answers again", s.healthy)
	s.expectNoneTwice(inDoubt)
	for _, sub := range inDoubt {
		ok := s.send(t, sub)
		for until := over.Add(recoveredWithin); !ok && time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
			ok = s.send(t, sub)
		}
		if !ok {
			t.Errorf("%s is refused although everything is up", sub.key)
		}
		if sub.created > 1 {
			t.Errorf("%s was said to be new %d times", sub.key, sub.created)
		}
		sent.add(sub)
	}
	return acknowledged, len(inDoubt), over
}

func (l *ledgerOfSent) add(sub *submission) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if sub.referral {
		l.referrals[sub.key] = true
	} else {
		l.responses[sub.key] = true
	}
}

var stormClient = &http.Client{
	Timeout:       5 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send tries once and reports whether it was acknowledged.
func (s *stack) send(t testing.TB, sub *submission) bool {
	t.Helper()
	path, kind, body := "/api/v1/surveys/care-worker-survey/responses", "application/json", ""
	if sub.referral {
		answers := with(byProfessional, "adult_name", sub.key, "submission_key", sub.key)
		path, kind, body = "/refer", "application/x-www-form-urlencoded", formBody(answers)
	} else {
		body = apiBody(sub.key, answersOf("care_role", "paid_provider", "overall", "good", "one_change", sub.key))
	}
	if sub.skip {
		path = "/api/v1/surveys/none/responses"
	}
	if sub.how != wholeRequest {
		s.sendBadly(sub.how, path, kind, body)
		sub.how = wholeRequest
		return false
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return false
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Accept", "application/json")
	answer, err := stormClient.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close() //nolint:errcheck // the status has been read
	switch answer.StatusCode {
	case http.StatusCreated:
		sub.created++
		return true
	case http.StatusOK:
		return true
	case http.StatusServiceUnavailable:
		return false
	case http.StatusNotFound:
		if sub.skip {
			return false
		}
	}
	t.Errorf("%s was answered with status %d", path, answer.StatusCode)
	return false
}

// expectNoneTwice looks for them in the ledger, for all of them at once: what
// this takes counts as recovery.
func (s *stack) expectNoneTwice(inDoubt []*submission) {
	s.t.Helper()
	keys := make([]string, len(inDoubt))
	for i, sub := range inDoubt {
		keys[i] = sub.key
	}
	for _, twice := range s.texts(`SELECT key FROM (SELECT answers->'one_change'->>0 AS key FROM inbox UNION ALL SELECT answers->'one_change'->>0 FROM responses
			UNION ALL SELECT submission_key::text FROM referrals) a
		WHERE key = ANY ($1::text[]) GROUP BY key HAVING count(*) > 1`, "{"+strings.Join(keys, ",")+"}") {
		s.t.Errorf("%s was never acknowledged and is there more than once", twice)
	}
}

// checkRound compares the ledger with what clients know, and returns how long
// after the harm the last referral was routed and the inbox released.
func checkRound(t *testing.T, s *stack, sent *ledgerOfSent, over time.Time) (took time.Duration) {
	t.Helper()
	eventually(t, time.Until(over.Add(recoveredWithin)), "every referral is routed", func() bool {
		return s.count(`SELECT count(*) FROM referrals WHERE routed_at IS NULL`) == 0
	})
	eventually(t, time.Until(over.Add(recoveredWithin)), "no more responses wait in the inbox than have to: nine, and ten more once figures were seen", func() bool {
		return s.count(`SELECT count(*) - CASE WHEN EXISTS (SELECT FROM editions) THEN 10 ELSE 0 END FROM inbox`) < 10
	})
	took = time.Since(over)
	sameOnce(t, "responses", sent.responses, s.texts(`SELECT answers->'one_change'->>0 FROM
		(SELECT answers FROM inbox UNION ALL SELECT answers FROM responses) a`))
	sameOnce(t, "keys of responses", sent.responses, s.texts(`SELECT submission_key::text FROM submission_keys`))
	sameOnce(t, "referrals", sent.referrals, s.texts(`SELECT submission_key::text FROM referrals`))
	if ordinals, released := s.count(`SELECT count(*) FROM responses`), s.count(`SELECT released FROM waves`); ordinals != released {
		t.Errorf("%d responses are released and the wave counts %d", ordinals, released)
	}
	for _, kind := range []string{"received", "routed"} {
		if odd := s.texts(`SELECT r.reference FROM referrals r LEFT JOIN events e ON e.referral_id = r.id AND e.kind = $1
			GROUP BY r.reference HAVING count(e.id) <> 1`, kind); len(odd) > 0 {
			t.Errorf("%d referrals do not have the event %q once, such as %s", len(odd), kind, odd[0])
		}
	}
	s.run("", "check", "--index")
	return took
}

// caughtReferences are the references in the emails that were caught.
type caughtReferences struct {
	mu   sync.Mutex
	seen map[string]bool
}

// watchMail notes the references in emails until the test ends: the catcher
// keeps the newest only.
func (s *stack) watchMail() *caughtReferences {
	told := &caughtReferences{seen: map[string]bool{}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for ticker := time.Tick(100 * time.Millisecond); ; {
			told.collect(s.mail.Messages())
			select {
			case <-ticker:
			case <-stop:
				return
			}
		}
	}()
	s.t.Cleanup(func() { close(stop); <-stopped })
	return told
}

func (c *caughtReferences) collect(mails []embedded.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, mail := range mails {
		if i := strings.Index(mail.Subject, "SG-"); i >= 0 {
			c.seen[mail.Subject[i:]] = true
		}
	}
}

func (c *caughtReferences) has(reference string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[reference]
}

// checkTold waits until an email about each referral was caught, and the ledger
// knows. One that a worker had begun to send when it was killed is sent again
// after a pause, 15 seconds at first, so this comes once, after the last round.
func checkTold(t *testing.T, s *stack, told *caughtReferences) {
	t.Helper()
	missing := s.texts(`SELECT reference FROM referrals`)
	for deadline := time.Now().Add(toldWithin); ; time.Sleep(100 * time.Millisecond) {
		missing = slices.DeleteFunc(missing, told.has)
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no team was told of %d referrals within %s, such as %s", len(missing), toldWithin, missing[0])
		}
	}
	eventually(t, toldWithin, "the ledger knows that each team was told", func() bool {
		return s.count(`SELECT count(*) FROM referrals r WHERE NOT EXISTS (
			SELECT FROM events e WHERE e.referral_id = r.id AND e.kind = 'team_told')`) == 0
	})
}

// sameOnce checks that the ledger has each of what was sent once and nothing
// else.
func sameOnce(t *testing.T, what string, want map[string]bool, got []string) {
	t.Helper()
	times := map[string]int{}
	for _, key := range got {
		times[key]++
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if times[key] != 1 {
			t.Errorf("%s: %s was acknowledged and is there %d times", what, key, times[key])
		}
	}
	for key, n := range times {
		if !want[key] {
			t.Errorf("%s: nobody sent %s, which is there %d times", what, key, n)
		}
	}
}
