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
)

const (
	loadLasts = 4 * time.Second
	senders   = 6
	// routedWithin bounds how long a referral may wait for its team once
	// everything is up again.
	routedWithin = 15 * time.Second
	// toldWithin bounds how long the emails of the last round may take.
	toldWithin = 60 * time.Second
	// storedFrom is how many responses the worker stores in an index at least.
	storedFrom = 1000
)

// TestFaults kills the portal's processes and loses Redis at random moments
// under load. What was acknowledged is there exactly once; what was not is
// there at most once, and once when it is sent again; every referral is routed
// once and its team told at least once, and the index counts what was released.
func TestFaults(t *testing.T) {
	s := newStack(t)
	s.run("", "wave", "open", "storm")
	first := *seed
	if first == 0 {
		first = rand.Uint64N(1 << 32)
	}
	told := map[string]bool{} // references in emails
	sent := &ledgerOfSent{responses: map[string]bool{}, referrals: map[string]bool{}}
	for round := range *rounds {
		seed := first + uint64(round)
		began := time.Now()
		acknowledged, doubtful := stormRound(t, s, rand.New(rand.NewPCG(seed, 1)), sent)
		slowest := checkRound(t, s, sent, told)
		t.Logf("round %d, -seed %d: %d sent and acknowledged, %d sent again afterwards, the last referral routed %s after all was up, %s in all",
			round+1, seed, acknowledged, doubtful, slowest.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		if t.Failed() {
			t.Fatalf("to repeat: -run TestFaults -rounds 1 -seed %d", seed)
		}
	}
	checkTold(t, s, told)
	if len(sent.responses) > 2*storedFrom && s.count(`SELECT coalesce(sum(size), 0) FROM result_chunks`) == 0 {
		t.Error("no part of the index was stored, so that nothing of it was checked")
	}
	t.Logf("%d responses and %d referrals, each there once; %d referrals in emails", len(sent.responses), len(sent.referrals), len(told))
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
	created  int // how often the portal said that it is new
}

// stormRound lets clients send while things break, brings all up again, checks
// what was left in doubt and has it sent again.
func stormRound(t *testing.T, s *stack, rng *rand.Rand, sent *ledgerOfSent) (acknowledged, doubtful int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), loadLasts)
	defer cancel()
	var clients sync.WaitGroup
	var mu sync.Mutex
	var inDoubt []*submission
	for n := range senders {
		rng := rand.New(rand.NewPCG(rng.Uint64(), uint64(n)))
		clients.Go(func() {
			for ctx.Err() == nil {
				sub := &submission{key: uuid.NewString(), referral: rng.IntN(5) == 0}
				patient := rng.IntN(3) > 0 // tries again at once, as phones do
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
	s.breakThings(ctx, rng)
	clients.Wait()
	eventually(t, 20*time.Second, "web answers again", s.healthy)
	for _, sub := range inDoubt {
		if n := s.copies(sub); n > 1 {
			t.Errorf("%s was never acknowledged and is there %d times", sub.key, n)
		}
		if !s.send(t, sub) {
			t.Errorf("%s is refused although everything is up", sub.key)
		}
		if sub.created > 1 {
			t.Errorf("%s was said to be new %d times", sub.key, sub.created)
		}
		sent.add(sub)
	}
	return acknowledged, len(inDoubt)
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

// breakThings does each kind of harm at least once, at random moments while
// ctx lasts, and leaves everything running.
func (s *stack) breakThings(ctx context.Context, rng *rand.Rand) {
	s.t.Helper()
	pause := func(most time.Duration) { time.Sleep(time.Duration(rng.Int64N(int64(most)))) }
	client := s.queue.client()
	harms := []func(){
		func() { s.web.kill(); pause(300 * time.Millisecond); s.startWeb() },
		func() { s.worker.kill(); pause(300 * time.Millisecond); s.startWorker() },
		func() { must(s.t, client.FlushAll(context.Background()).Err()) },
		func() { s.queue.kill(); pause(500 * time.Millisecond); s.queue.start() },
		func() { s.queue.kill(); s.queue.forget(); s.queue.start() },
		func() { s.web.kill(); s.worker.kill(); s.startWorker(); s.startWeb() },
	}
	for i, n := range rng.Perm(len(harms)) {
		share := loadLasts / time.Duration(len(harms)+1)
		pause(share)
		if ctx.Err() != nil && i > 3 {
			return // a slow machine
		}
		harms[n]()
	}
}

var stormClient = &http.Client{
	Timeout:       5 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send tries once and reports whether it was acknowledged.
func (s *stack) send(t *testing.T, sub *submission) bool {
	t.Helper()
	path, kind, body := "/api/v1/surveys/care-worker-survey/responses", "application/json", ""
	if sub.referral {
		answers := with(byProfessional, "adult_name", sub.key, "submission_key", sub.key)
		path, kind, body = "/refer", "application/x-www-form-urlencoded", formBody(answers)
	} else {
		body = apiBody(sub.key, answersOf("care_role", "paid_provider", "overall", "good", "one_change", sub.key))
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
	}
	t.Errorf("%s was answered with status %d", path, answer.StatusCode)
	return false
}

// copies counts how often the ledger has it.
func (s *stack) copies(sub *submission) int {
	s.t.Helper()
	if sub.referral {
		return s.count(`SELECT count(*) FROM referrals WHERE submission_key = $1`, sub.key)
	}
	return s.count(`SELECT count(*) FROM (SELECT answers FROM inbox UNION ALL SELECT answers FROM responses) a
		WHERE answers->'one_change'->>0 = $1`, sub.key)
}

// checkRound compares the ledger with what clients know, and returns how long
// the last referral took to be routed.
func checkRound(t *testing.T, s *stack, sent *ledgerOfSent, told map[string]bool) (slowest time.Duration) {
	t.Helper()
	up := time.Now()
	eventually(t, routedWithin, "every referral is routed", func() bool {
		return s.count(`SELECT count(*) FROM referrals WHERE routed_at IS NULL`) == 0
	})
	slowest = time.Since(up)
	eventually(t, routedWithin, "no more than nine responses wait in the inbox", func() bool {
		return s.count(`SELECT count(*) FROM inbox`) < 10
	})
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
	s.collectMail(told)
	s.run("", "check", "--index")
	return slowest
}

// collectMail notes the references in the emails that were caught: the catcher
// keeps the newest only.
func (s *stack) collectMail(told map[string]bool) {
	for _, mail := range s.mail.Messages() {
		if i := strings.Index(mail.Subject, "SG-"); i >= 0 {
			told[mail.Subject[i:]] = true
		}
	}
}

// checkTold waits until an email about each referral was caught. One that a
// worker had begun to send when it was killed is sent again after a pause, so
// this comes once, after the last round.
func checkTold(t *testing.T, s *stack, told map[string]bool) {
	t.Helper()
	missing := s.texts(`SELECT reference FROM referrals`)
	for deadline := time.Now().Add(toldWithin); ; time.Sleep(100 * time.Millisecond) {
		s.collectMail(told)
		missing = slices.DeleteFunc(missing, func(reference string) bool { return told[reference] })
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no team was told of %d referrals within %s, such as %s", len(missing), toldWithin, missing[0])
		}
	}
	eventually(t, routedWithin, "the ledger knows that each team was told", func() bool {
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
