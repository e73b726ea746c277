package worker

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

// wave opens a wave with n responses in its inbox.
func (b *bench) wave(n int) int64 {
	b.t.Helper()
	err := b.Store.OpenWave(b.t.Context(), store.Deed{At: b.Now()}, store.NewWave{Survey: "care-worker-survey", Code: "one", Versions: []int64{1}, OpensAt: b.Now().Add(-time.Hour)})
	if err != nil {
		b.t.Fatal(err)
	}
	wave, err := b.Store.WaveByCode(b.t.Context(), "care-worker-survey", "one")
	if err != nil {
		b.t.Fatal(err)
	}
	b.respond(wave.ID, n)
	return wave.ID
}

func (b *bench) respond(wave int64, n int) {
	b.t.Helper()
	for range n {
		r := store.Response{Key: uuid.New(), WaveID: wave, FormVersion: 1, Answers: forms.Answers{"overall": {"good"}}}
		if _, err := b.Store.Append(b.t.Context(), r, b.Now()); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) queued(queue string) *asynq.QueueInfo {
	b.t.Helper()
	info, err := asynq.NewInspectorFromRedisClient(b.Redis).GetQueueInfo(queue)
	if err != nil {
		b.t.Fatal(err)
	}
	return info
}

func TestNudgesThatMeanTheSameAreSentOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	start := time.Now()
	for range 2000 {
		b.Queue.ResponseReceived(1)
		time.Sleep(100 * time.Microsecond)
	}
	took := time.Since(start)
	b.Queue.Close()
	most := int(took/surveyPause) + 2
	if n := b.queued(queueSurvey).Size; n < 1 || n > most {
		t.Errorf("2000 responses in %v made %d tasks, want 1 to %d", took, n, most)
	}
}

func TestAReferralsNudgeIsNotHeldBackByASurveys(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	b.Queue.ResponseReceived(1)
	b.Queue.ResponseReceived(2)
	for range 20 {
		b.Queue.ResponseReceived(1) // keeps the loop inside its pause
		b.Queue.ReferralReceived(uuid.New())
		b.Queue.TeamOwedNews(uuid.New())
	}
	sent := func(queue string, n int) func() bool {
		return func() bool {
			info, err := asynq.NewInspectorFromRedisClient(b.Redis).GetQueueInfo(queue)
			return err == nil && info.Size >= n
		}
	}
	b.within(2*time.Second, "referrals are queued", sent(queueReferrals, 20))
	b.within(2*time.Second, "news are queued", sent(queueMail, 20))
	b.within(2*time.Second, "the wave's last nudge is queued", sent(queueSurvey, 2))
}

func TestClosingSendsWhatIsPending(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	for i := range 3 {
		b.Queue.ResponseReceived(1)
		b.Queue.ResponseReceived(int64(i) + 2)
	}
	b.Queue.Close()
	waves := map[string]bool{}
	tasks, err := asynq.NewInspectorFromRedisClient(b.Redis).ListPendingTasks(queueSurvey)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		waves[string(task.Payload)] = true
	}
	if len(waves) != 4 {
		t.Errorf("nudges sent: %v", waves)
	}
}

// A nudge costs the person who waits for an answer nothing, Redis or not, and
// an ending process does not wait for Redis nudge by nudge.
func TestNudgesNeverBlock(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"refused": closedAddress(t), "silent": silentAddress(t)} {
		b := newBench(t, "redis://"+address)
		start := time.Now()
		for range 1000 {
			b.Queue.ReferralReceived(uuid.New())
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: 1000 nudges took %v", name, took)
		}
		start = time.Now()
		b.Queue.Close()
		if took := time.Since(start); took > 3*enqueueTimeout {
			t.Errorf("%s: closing took %v", name, took)
		}
	}
}

// silentAddress takes connections, and then nothing is heard of it.
func silentAddress(t *testing.T) string {
	t.Helper()
	listener := listen(t, "127.0.0.1:0")
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func TestReleasesFollowResponses(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	b.run()
	wave := b.wave(9)
	b.Queue.ResponseReceived(wave)
	time.Sleep(time.Second)
	released := func() int {
		return len(testenv.Released(t, b.Store, wave))
	}
	if n := released(); n != 0 {
		t.Errorf("%d of nine responses were released", n)
	}
	b.respond(wave, 3)
	b.Queue.ResponseReceived(wave)
	b.within(2*time.Second, "twelve responses are released", func() bool { return released() == 12 })

	// What is left when the wave closes needs no nudge.
	b.respond(wave, 4)
	if err := b.Store.CloseWave(t.Context(), store.Deed{At: b.Now()}, "care-worker-survey", "one"); err != nil {
		t.Fatal(err)
	}
	b.forward.Store(int64(store.LateFor + time.Minute))
	b.within(10*time.Second, "the rest is released", func() bool { return released() == 16 })
}

func TestJobsAreDistinct(t *testing.T) {
	t.Parallel()
	served := map[string]bool{}
	for _, s := range servers {
		served[s.queue] = true
	}
	for i, one := range jobs {
		if !served[one.queue] {
			t.Errorf("nobody serves the queue %q of %s", one.queue, one.name)
		}
		for j, other := range jobs {
			if i != j && strings.HasPrefix(other.name, one.name) {
				t.Errorf("%q begins with %q: its tasks may go to the wrong job", other.name, one.name)
			}
		}
		task := one.task(payload{Referral: uuid.Nil, Wave: 7})
		if task.Type() != one.name || string(task.Payload()) != `{"wave":7}` {
			t.Errorf("task %s %s", task.Type(), task.Payload())
		}
	}
}

func TestRedisAddresses(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"redis://127.0.0.1:6379":            "one 127.0.0.1:6379 : 0 tls false",
		"redis://:secret@cache.example.org": "one cache.example.org:6379 :secret 0 tls false",
		"redis://u:secret@h:1/3":            "one h:1 u:secret 3 tls false",
		"rediss://h:1":                      "one h:1 : 0 tls true",
		"unix:///run/redis.sock":            "one /run/redis.sock : 0 tls false",

		"redis+sentinel://a:1,b:2/main":          "sentinel [a:1 b:2] main :",
		"redis+sentinel://:s%40c@a:1,b:2,c/main": "sentinel [a:1 b:2 c] main :s@c",
		"redis+sentinel://u:s@a:1/main/":         "sentinel [a:1] main u:s",
		"redis+cluster://a:1,b:2":                "cluster [a:1 b:2] :",
		"redis+cluster://u:p@ss@a:1":             "cluster [a:1] u:p@ss",

		"":                          "refused",
		"127.0.0.1:6379":            "refused",
		"http://h:1":                "refused",
		"redis://h:secret":          "refused",
		"redis://:secret@h/x":       "refused",
		"redis+sentinel://a:1":      "refused",
		"redis+sentinel://a:1/":     "refused",
		"redis+sentinel:///main":    "refused",
		"redis+cluster://":          "refused",
		"redis+cluster://a:1,":      "refused",
		"redis+cluster://:sec%ret@": "refused",
	} {
		if got := dialled(t, raw); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}

// dialled says what kind of client DialRedis makes, and of what.
func dialled(t *testing.T, raw string) string {
	client, err := DialRedis(raw)
	if err != nil {
		if strings.Contains(err.Error(), "sec") || !strings.Contains(err.Error(), "REDIS_URL") {
			t.Errorf("%q: the message quotes a secret, or does not name REDIS_URL: %v", raw, err)
		}
		return "refused"
	}
	defer func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}()
	switch c := client.(type) {
	case *redis.ClusterClient:
		o := c.Options()
		return fmt.Sprintf("cluster %v %s:%s", o.Addrs, o.Username, o.Password)
	case *redis.Client:
		o := c.Options()
		if o.Addr != "FailoverClient" {
			return fmt.Sprintf("one %s %s:%s %d tls %v", o.Addr, o.Username, o.Password, o.DB, o.TLSConfig != nil)
		}
		opt, err := sentinelOptions(strings.TrimPrefix(raw, "redis+sentinel://"))
		if err != nil {
			t.Error(err)
			return ""
		}
		return fmt.Sprintf("sentinel %v %s %s:%s", opt.SentinelAddrs, opt.MasterName, o.Username, o.Password)
	}
	return fmt.Sprintf("%T", client)
}

// TestTheInboxForgets: a release in quiet has the inbox written anew at once. One
// of many, or soon after another, leaves that to the sweep, which does it with
// what rests: whoever answers waits for none of it.
func TestTheInboxForgets(t *testing.T) {
	t.Parallel()
	b := newBench(t, testenv.Redis(t))
	wave := b.wave(20)
	release := func(n int) {
		t.Helper()
		b.respond(wave, n)
		if err := b.release(t.Context(), payload{Wave: wave}); err != nil {
			t.Fatal(err)
		}
	}
	release(0)
	if b.forgetting.owes() {
		t.Error("after a release in quiet something is owed")
	}
	if release(store.MinRelease); !b.forgetting.owes() {
		t.Error("after a release soon after another nothing is owed")
	}
	b.forgetting.released = time.Time{}
	b.forgetting.take(false)
	if release(stormRelease); !b.forgetting.owes() {
		t.Error("after a release of many nothing is owed")
	}
	db, err := sql.Open("postgres", b.db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	file := func(table string) (node int64) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), `SELECT pg_relation_filenode($1)::bigint`, table).Scan(&node); err != nil {
			t.Fatal(err)
		}
		return node
	}
	writtenAnew := map[string]bool{}
	b.within(time.Minute, "each table is written anew", func() bool {
		before, at := map[string]int64{}, time.Now()
		for _, table := range store.Inboxes {
			before[table] = file(table)
		}
		if err := b.forgetLater(t.Context()); err != nil {
			t.Fatal(err)
		}
		for table, node := range before {
			anew := file(table) != node
			if anew && !store.InboxRests(table, at) && !store.InboxRests(table, time.Now()) {
				t.Errorf("%s is written anew in its turn", table)
			}
			writtenAnew[table] = writtenAnew[table] || anew
		}
		return !b.forgetting.owes()
	})
	if len(writtenAnew) != 3 || !writtenAnew["inbox_even"] || !writtenAnew["inbox_odd"] || !writtenAnew["inbox"] {
		t.Errorf("written anew: %v", writtenAnew)
	}
}
