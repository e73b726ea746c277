package worker

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

// gathered are the values that are told, by name and labels; of a histogram how
// much it has observed.
func gathered(t *testing.T, from prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			switch {
			case m.GetHistogram() != nil:
				values[name] = float64(m.GetHistogram().GetSampleCount())
			case m.GetCounter() != nil:
				values[name] = m.GetCounter().GetValue()
			default:
				values[name] = m.GetGauge().GetValue()
			}
		}
	}
	return values
}

func (b *bench) queues() map[string]float64 {
	b.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(NewQueueCollector(b.Redis))
	return gathered(b.t, registry)
}

func TestMetricsOfTheQueues(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	told := b.queues()
	if told["portal_redis_up"] != 1 || told["portal_queue_tasks referrals pending"] != 0 || len(told) != 1+len(servers)*7 {
		t.Errorf("queues that no task has ever been in: %v", told)
	}
	for range 3 {
		if err := b.Queue.enqueue(t.Context(), nudge{jobRoute.name, payload{Referral: uuid.New()}}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1100 * time.Millisecond) // asynq counts in whole seconds
	told = b.queues()
	if told["portal_queue_tasks referrals pending"] != 3 || told["portal_queue_tasks mail pending"] != 0 {
		t.Errorf("three wait, and told is %v", told)
	}
	if age := told["portal_queue_oldest_pending_seconds referrals"]; age < 1 || age > 30 {
		t.Errorf("the oldest is %v s old", age)
	}
	for name := range told {
		if !strings.HasPrefix(name, "portal_queue_") && name != "portal_redis_up" {
			t.Errorf("told is %q", name)
		}
	}
}

// A scrape without Redis answers soon, with the rest.
func TestMetricsWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"refused": closedAddress(t), "silent": silentAddress(t)} {
		b := newBench(t, "redis://"+address)
		begun := time.Now()
		if told := b.queues(); !maps.Equal(told, map[string]float64{"portal_redis_up": 0}) {
			t.Errorf("%s: told are %v", name, told)
		}
		if took := time.Since(begun); took > redisPatience+queuePatience {
			t.Errorf("%s: the scrape took %v", name, took)
		}
	}
}

func TestInboxWaitIsCountedFromWhatTheWorkerSaw(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	wave := b.wave(10)
	seen := map[int64]ready{}
	start := b.Now()
	waited := func(after time.Duration, want time.Duration, waves ...int64) {
		t.Helper()
		got, err := b.inboxWaited(t.Context(), waves, seen, start.Add(after))
		if err != nil || got != want {
			t.Errorf("after %v: %v, %v, want %v", after, got, err, want)
		}
	}
	waited(0, 0)
	waited(3*time.Second, 0, wave)
	waited(60*time.Second, 57*time.Second, wave)
	// It was released since, and enough has come in again.
	if moved, err := b.Store.Release(t.Context(), wave, b.Now()); err != nil || moved != 10 {
		t.Fatal(moved, err)
	}
	waited(63*time.Second, 0, wave)
	waited(66*time.Second, 3*time.Second, wave)
	waited(70*time.Second, 0)
	waited(80*time.Second, 0, wave)
}

// Not parallel: what a worker tells of itself is told once for the process.
func TestWhatAWorkerTellsOfItself(t *testing.T) {
	b := newBench(t, testenv.Redis(t))
	before := gathered(t, prometheus.DefaultGatherer)
	if before["portal_sweep_leader"] != 0 {
		t.Error("it leads before it works")
	}
	b.refer(uuid.New(), b.Now().Add(-time.Minute), "no")
	wave := b.wave(12)
	begun := time.Now()
	stop := b.run()
	b.within(15*time.Second, "routed, released and told", func() bool {
		now := gathered(t, prometheus.DefaultGatherer)
		return now["portal_sweep_found_total referral:route"] > before["portal_sweep_found_total referral:route"] &&
			now["portal_sweep_found_total survey:release"] > before["portal_sweep_found_total survey:release"] &&
			now["portal_job_seconds referral:route done"] > before["portal_job_seconds referral:route done"] &&
			now["portal_job_seconds survey:release done"] > before["portal_job_seconds survey:release done"] &&
			now["portal_sweep_seconds"] > before["portal_sweep_seconds"] && now["portal_sweep_leader"] == 1 &&
			now["portal_sweep_last_success_timestamp_seconds"] >= float64(begun.Unix()) // only once tables are written anew
	})
	now := gathered(t, prometheus.DefaultGatherer)
	for _, j := range jobs {
		for _, name := range []string{"portal_sweep_found_total " + j.name, "portal_job_seconds " + j.name + " failed"} {
			if _, ok := now[name]; !ok {
				t.Errorf("%s does not begin at 0", name)
			}
		}
	}
	if err := b.runJob(t.Context(), jobRoute, payload{Referral: uuid.New()}); err == nil {
		t.Error("a referral that is not there was routed")
	}
	if after := gathered(t, prometheus.DefaultGatherer); after["portal_job_seconds referral:route gone"] != now["portal_job_seconds referral:route gone"]+1 {
		t.Error("a job without its referral is not counted as gone")
	}
	stop()
	if gathered(t, prometheus.DefaultGatherer)["portal_sweep_leader"] != 0 {
		t.Error("it leads after its end")
	}
	log := b.log.String()
	for _, line := range []string{"job=referral:route outcome=done ms=", "job=survey:release outcome=done ms=", "job=referral:route outcome=gone ms="} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}
	for _, secret := range []string{words, fmt.Sprint("wave=", wave)} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// No label of a metric says whom or what it is about, other than in our own words.
func TestMetricsNameNobody(t *testing.T) {
	b := newBench(t, testenv.Redis(t))
	receipt := b.refer(uuid.New(), b.Now(), "no")
	b.wave(12)
	stop := b.run()
	b.within(15*time.Second, "told", func() bool { return len(b.told(receipt.Reference)) == 1 })
	stop()
	registry := prometheus.NewRegistry()
	registry.MustRegister(b.Store.Collector(time.Now), NewQueueCollector(b.Redis))
	for name := range gathered(t, prometheus.Gatherers{prometheus.DefaultGatherer, registry}) {
		for _, secret := range []string{receipt.Reference, receipt.ReferralID.String(), "example.org", "mid", "care-worker-survey"} {
			if strings.HasPrefix(name, "portal_") && strings.Contains(name, secret) {
				t.Errorf("%q names %q", name, secret)
			}
		}
	}
}

func TestTheMonitorOnlyShows(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	const root = "/queues"
	monitor := NewMonitor(b.Redis, root)
	send := func(method, path string) (int, string) {
		answer := httptest.NewRecorder()
		monitor.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, root+path, nil))
		return answer.Code, answer.Body.String()
	}
	referral := uuid.New()
	if err := b.Queue.enqueue(t.Context(), nudge{jobRoute.name, payload{Referral: referral}}); err != nil {
		t.Fatal(err)
	}
	// Somebody else's task, with a person's words in it.
	raw, err := json.Marshal(map[string]any{"wave": 7, "words": words})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range []*asynq.Task{asynq.NewTask("other", raw), asynq.NewTask("other", []byte(words))} {
		if _, err := asynq.NewClientFromRedisClient(b.Redis).EnqueueContext(t.Context(), task, asynq.Queue(queueReferrals)); err != nil {
			t.Fatal(err)
		}
	}
	if status, body := send(http.MethodGet, ""); status != http.StatusOK || !strings.Contains(body, `FLAG_ROOT_PATH="\/queues"`) {
		t.Errorf("the page: %d %s", status, body)
	}
	status, tasks := send(http.MethodGet, "/api/queues/referrals/pending_tasks")
	if status != http.StatusOK || !strings.Contains(tasks, referral.String()) || !strings.Contains(tasks, "not shown") || strings.Contains(tasks, words) {
		t.Errorf("the tasks: %d %s", status, tasks)
	}
	for _, act := range [][2]string{
		{http.MethodDelete, "/api/queues/referrals"}, {http.MethodPost, "/api/queues/referrals:pause"},
		{http.MethodDelete, "/api/queues/referrals/pending_tasks:delete_all"}, {http.MethodPost, "/api/queues/referrals/pending_tasks:archive_all"},
	} {
		if status, _ := send(act[0], act[1]); status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s answers %d", act[0], act[1], status)
		}
	}
	for _, path := range []string{"/api/redis_info", "/api/metrics"} {
		if status, body := send(http.MethodGet, path); status != http.StatusNotFound {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	if info := b.queued(queueReferrals); info.Pending != 3 || info.Paused {
		t.Errorf("afterwards the queue is %+v", info)
	}
}

// What a job failed with is one of few words, so that no label grows without bounds.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		outcomeDone: nil, outcomeFailed: forms.ErrMalformed, outcomeGone: fmt.Errorf("route: %w", store.ErrNotFound),
	} {
		if got := outcomeOf(err); got != want {
			t.Errorf("%v is %s", err, got)
		}
	}
}
