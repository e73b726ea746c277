package worker

import (
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"intake/internal/store"
	"intake/internal/testenv"
)

// Not parallel: it compares the goroutines of before and after.
func TestAWorkerThatStoppedLeavesNothingBehind(t *testing.T) {
	redisURL := testenv.Redis(t)
	for name, url := range map[string]string{"with Redis": redisURL, "without": "redis://" + closedAddress(t)} {
		t.Run(name, func(t *testing.T) {
			db := testenv.Open(t)
			before := goleak.IgnoreCurrent()
			// A closed client ends it after a nap of a second.
			napping := goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")
			client, err := DialRedis(url)
			if err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			queue := NewQueue(client, log)
			w := &Worker{Store: db.Store, Referrals: db.Store, Redis: client, Queue: queue, Log: log, Now: time.Now}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				w.Run(ctx)
			}()
			queue.ResponseReceived(1)
			time.Sleep(300 * time.Millisecond)
			start := time.Now()
			cancel()
			<-ended
			queue.Close()
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("stopping took %v", took)
			}
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			goleak.VerifyNone(t, before, napping)
		})
	}
}

func TestANudgedReferralIsRoutedAndItsTeamToldWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	b.run()
	time.Sleep(500 * time.Millisecond) // idle, as a worker mostly is
	start := time.Now()
	receipt := b.refer(uuid.New(), b.Now(), "no")
	b.Queue.ReferralReceived(receipt.ReferralID)
	b.within(2*time.Second, "routed and told", func() bool { return b.routed(receipt.ReferralID) && len(b.told(receipt.Reference)) == 1 })
	t.Logf("routed and told %v after its acknowledgement", time.Since(start).Round(time.Millisecond))
	if to := b.told(receipt.Reference); to[0] != "mid@example.org" {
		t.Errorf("told: %q", to)
	}
	if strings.Contains(b.log.String(), words) || strings.Contains(b.log.String(), receipt.Reference) {
		t.Errorf("the log tells of a referral: %s", b.log)
	}
}

func TestTheSweepFindsWhatNoNudgeToldOf(t *testing.T) {
	t.Parallel()
	redisURL := testenv.Redis(t)
	b := newBench(t, redisURL)
	b.run()
	var receipts []store.Receipt
	for range 5 {
		receipts = append(receipts, b.refer(uuid.New(), b.Now(), "no"))
	}
	allTold := func() bool {
		for _, r := range receipts {
			if len(b.told(r.Reference)) == 0 {
				return false
			}
		}
		return true
	}
	b.within(15*time.Second, "all routed and told without a nudge", allTold)

	// Redis forgets everything while more come in.
	client, err := DialRedis(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		r := b.refer(uuid.New(), b.Now(), "no")
		receipts = append(receipts, r)
		b.Queue.ReferralReceived(r.ReferralID)
		if i%5 == 4 {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	b.within(15*time.Second, "all routed and told after Redis was wiped", allTold)
	if routed := b.events(store.EventRouted); routed != len(receipts) {
		t.Errorf("%d decisions for %d referrals", routed, len(receipts))
	}
}

func TestWithoutRedisTheSweepDoesTheWork(t *testing.T) {
	t.Parallel()
	b := newBench(t, "redis://"+closedAddress(t))
	b.run()
	wave := b.wave(12)
	receipt := b.refer(uuid.New(), b.Now(), "no")
	b.Queue.ReferralReceived(receipt.ReferralID)
	b.Queue.ResponseReceived(wave)
	b.within(15*time.Second, "routed, told and released", func() bool {
		at, err := b.Store.LastRelease(t.Context(), wave)
		return err == nil && at != nil && len(b.told(receipt.Reference)) == 1
	})
}

// One referral that cannot be routed does not keep the others waiting.
func TestTheSweepGoesOnAfterAFault(t *testing.T) {
	t.Parallel()
	b := newBench(t, "redis://"+closedAddress(t))
	urgent := b.refer(uuid.New(), b.Now().Add(-time.Hour), "yes")
	later := b.refer(uuid.New(), b.Now().Add(-time.Minute), "no")
	err := b.workOff(t.Context(), []nudge{
		{jobRoute.name, payload{Referral: uuid.New()}}, // there is none
		{jobRelease.name, payload{Wave: 1000}},
		{jobRoute.name, payload{Referral: urgent.ReferralID}},
		{jobRoute.name, payload{Referral: later.ReferralID}},
	})
	if err == nil {
		t.Error("the faults are not told")
	}
	if !b.routed(urgent.ReferralID) || !b.routed(later.ReferralID) {
		t.Error("a referral was left out")
	}
}

func TestRedisThatComesLater(t *testing.T) {
	t.Parallel()
	backend, err := redis.ParseURL(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	address := closedAddress(t)
	b := newBench(t, "redis://:"+backend.Password+"@"+address)
	b.run()
	time.Sleep(time.Second)
	relay(t, address, backend.Addr)
	// The queue is served, by all three servers, as soon as it is there.
	b.within(15*time.Second, "the queues are empty, and were not", func() bool {
		processed := 0
		for _, s := range servers {
			if _, err := asynq.NewClientFromRedisClient(b.Redis).EnqueueContext(t.Context(), asynq.NewTask("unknown", nil), asynq.Queue(s.queue), asynq.MaxRetry(0)); err != nil {
				return false
			}
			if info, err := asynq.NewInspectorFromRedisClient(b.Redis).GetQueueInfo(s.queue); err == nil && info.ProcessedTotal > 0 {
				processed++
			}
		}
		return processed == len(servers)
	})
}

func TestABadPayloadIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	client := asynq.NewClientFromRedisClient(b.Redis)
	for _, raw := range []string{"not json", `{"referral": 5}`, `{"referral": "no-uuid"}`, `{}`, `{"referral": "` + uuid.NewString() + `"}`} {
		if _, err := client.EnqueueContext(t.Context(), asynq.NewTask(jobRoute.name, []byte(raw)), asynq.Queue(queueReferrals), asynq.MaxRetry(5)); err != nil {
			t.Fatal(err)
		}
	}
	b.run()
	inspector := asynq.NewInspectorFromRedisClient(b.Redis)
	b.within(10*time.Second, "all archived", func() bool {
		info, err := inspector.GetQueueInfo(queueReferrals)
		return err == nil && info.Archived == 5
	})
	archived, err := inspector.ListArchivedTasks(queueReferrals)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range archived {
		if task.Retried != 0 {
			t.Errorf("%s was tried again %d times", task.Payload, task.Retried)
		}
	}
}

// A worker that leads does so between its sweeps, too, and nothing of the ledger
// is kept for it from being vacuumed: what left the inbox has to be forgotten.
func TestTheLeadIsHeldBetweenSweeps(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	direct, err := sql.Open("postgres", b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = direct.Close() })
	free := func() bool {
		t.Helper()
		led, err := b.Store.IfLeader(t.Context(), "sweep", func(context.Context) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return led
	}
	stop := b.run()
	b.within(5*time.Second, "the worker leads", func() bool { return !free() })
	for range 10 {
		time.Sleep(50 * time.Millisecond)
		if free() {
			t.Fatal("another could lead")
		}
	}
	var held, old int
	err = direct.QueryRowContext(t.Context(), `SELECT count(*), count(*) FILTER (WHERE backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
		FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND datname = current_database()`).Scan(&held, &old)
	if err != nil || held != 1 || old != 0 {
		t.Errorf("%d hold a lock, %d of them what is not used any more (%v)", held, old, err)
	}
	stop()
	if !free() {
		t.Error("the lead is not given up at the end")
	}
}
