package worker

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"intake/forms"
	"intake/internal/embedded"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

var (
	council  = organisation.Demo()
	referral = referralForm()
)

func referralForm() *forms.Form {
	source, _ := forms.BuiltIn("safeguarding-referral")
	var districts []forms.Option
	for _, d := range council.Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	form, err := forms.Load(source, forms.Lists{"districts": districts})
	if err != nil {
		panic(err)
	}
	return form
}

// bench is a worker on a database, a Redis and a mail catcher of its own. Its
// clock is the real one, which a test may put forward.
type bench struct {
	*Worker
	t       *testing.T
	mail    *embedded.Mail
	log     *lockedBuffer
	forward atomic.Int64 // time.Duration
}

// newBench makes the worker; run starts it.
func newBench(t *testing.T, redisURL string) *bench {
	t.Helper()
	db := testenv.Open(t)
	for _, team := range council.Teams {
		if err := db.Store.PutTeam(t.Context(), store.Team{Slug: team.Slug, Name: team.Name, Email: team.Email}); err != nil {
			t.Fatal(err)
		}
	}
	rules, err := routing.Load(routing.BuiltIn(), council.RoutingNames())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, mail: testenv.Mail(t), log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	client, err := DialRedis(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	b.Worker = &Worker{
		Store: db.Store, Redis: client, Queue: NewQueue(client, log), Rules: rules, Calendar: council.Calendar(),
		DutyTeam: "edt", Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(b.forward.Load())) },
	}
	b.mailTo(b.mail.URL())
	t.Cleanup(func() {
		b.Queue.Close()
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) mailTo(smtpURL string) {
	b.t.Helper()
	mailer, err := NewMailer(smtpURL, "portal@example.org", "https://portal.example.org/", routing.London)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Mailer = mailer
}

// run starts the worker; the function it gives stops it and waits. Whoever
// does not call that has it called at the end of the test.
func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Run(ctx)
	}()
	stop = func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			b.t.Error("the worker does not stop")
		}
	}
	b.t.Cleanup(stop)
	return stop
}

// words is written into every open field of a test's referrals.
const words = "MarkZqJx"

// refer submits a concern about Maldon, received at that time.
func (b *bench) refer(key uuid.UUID, at time.Time, danger string) store.Receipt {
	b.t.Helper()
	answers := forms.Answers{
		"immediate_danger": {danger}, "adult_age": {"adult"}, "referral_kind": {"safeguarding"}, "referrer_role": {"family_friend"},
		"anonymous": {"no"}, "reporter_name": {words + " Reporter"}, "adult_name": {words + " Adult"}, "adult_address": {words + " Street"},
		"adult_district": {"maldon"}, "allegations.0.types": {"neglect"}, "what_happened": {words + " happened."},
	}
	receipt, err := b.Store.Submit(b.t.Context(), store.Submission{
		Key: key, Form: referral, Answers: answers, ReceivedAt: at, Facts: routing.FactsOf(answers, at, b.Calendar),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return receipt
}

// routed reports whether the referral has a team.
func (b *bench) routed(id uuid.UUID) bool {
	b.t.Helper()
	received, err := b.Store.ReceivedByID(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return received.ScreenBy != nil
}

// told lists who got an email about the referral, the first one first.
func (b *bench) told(reference string) []string {
	var to []string
	for _, message := range b.mail.Messages() {
		if strings.Contains(message.Subject, reference) {
			to = append([]string{strings.Join(message.To, ",")}, to...)
		}
	}
	return to
}

// events counts the events of that kind in the whole ledger.
func (b *bench) events(kind store.EventKind) int {
	b.t.Helper()
	all, err := b.Store.Audit(b.t.Context(), 10_000)
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for _, e := range all {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// within waits until ok holds.
func (b *bench) within(patience time.Duration, what string, ok func() bool) {
	b.t.Helper()
	for start := time.Now(); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > patience {
			b.t.Fatalf("not within %v: %s\nlog:\n%s", patience, what, b.log)
		}
	}
}

// lockedBuffer takes the log of several goroutines.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// closedAddress is one of this machine that nobody listens on, and stays so
// until the test listens there itself.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	return listener.Addr().String()
}

// Not parallel: it compares the goroutines of before and after.
func TestAWorkerThatStoppedLeavesNothingBehind(t *testing.T) {
	redisURL := testenv.Redis(t)
	for name, url := range map[string]string{"with Redis": redisURL, "without": "redis://" + closedAddress(t)} {
		t.Run(name, func(t *testing.T) {
			db := testenv.Open(t)
			ignored := goleak.IgnoreCurrent()
			client, err := DialRedis(url)
			if err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			queue := NewQueue(client, log)
			w := &Worker{Store: db.Store, Redis: client, Queue: queue, Log: log, Now: time.Now}
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
			goleak.VerifyNone(t, ignored)
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
	missing := b.refer(uuid.New(), b.Now().Add(-time.Hour), "yes") // most urgent, so first
	later := b.refer(uuid.New(), b.Now().Add(-time.Minute), "no")
	err := b.workOff(t.Context(), []nudge{
		{jobRoute.name, payload{Referral: uuid.New()}},
		{jobRelease.name, payload{Wave: 1000}},
		{jobRoute.name, payload{Referral: missing.ReferralID}},
		{jobRoute.name, payload{Referral: later.ReferralID}},
	})
	if err == nil {
		t.Error("the faults are not told")
	}
	if !b.routed(missing.ReferralID) || !b.routed(later.ReferralID) {
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
