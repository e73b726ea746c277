package worker

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9/logging"

	"intake/forms"
	"intake/internal/counting"
	"intake/internal/embedded"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestMain(m *testing.M) {
	logging.Disable() // go-redis complains of every Redis that is away on purpose
	testenv.Main(m)
}

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
	db      *testenv.DB
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
	b := &bench{t: t, db: db, mail: testenv.Mail(t), log: &lockedBuffer{}}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	client, err := DialRedis(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	b.Worker = &Worker{
		Store: db.Store, Referrals: db.Store, Redis: client, Queue: NewQueue(client, log), Rules: rules, Calendar: council.Calendar(),
		DutyTeam: "edt", Log: log, Counter: counting.Counter{Store: db.Store, Versions: db.Store.Versions(nil)},
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
	rows, _, err := b.Store.Desk(b.t.Context(), &store.User{Role: store.SafeguardingLead}, store.DeskFilter{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	return slices.ContainsFunc(rows, func(row store.DeskRow) bool { return row.ID == id && row.RoutedAt != nil })
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
