package store_test

import (
	"database/sql"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// tuesday is when most tests play: 10:00 in London, the office is open.
var tuesday = time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)

// ended is when a wave that closed on tuesday has released everything.
var ended = tuesday.Add(store.LateFor + time.Minute)

var (
	council  = organisation.Demo()
	referral = builtIn("safeguarding-referral")
	rules    = demoRules()
)

func builtIn(id string) *forms.Form {
	source, _ := forms.BuiltIn(id)
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

func demoRules() *routing.RuleSet {
	rules, err := routing.Load(routing.BuiltIn(), council.RoutingNames())
	if err != nil {
		panic(err)
	}
	return rules
}

// ledger is a database with the demo organisation's teams, seen through the
// store and, as raw, from outside.
type ledger struct {
	*store.Store
	raw *sql.DB
	dsn string
	t   *testing.T
}

func openLedger(t *testing.T) *ledger {
	t.Helper()
	db := testenv.Open(t)
	return openLedgerOn(t, db)
}

func openLedgerOn(t *testing.T, db *testenv.DB) *ledger {
	t.Helper()
	raw, err := sql.Open("postgres", db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := raw.Close(); err != nil {
			t.Error(err)
		}
	})
	l := &ledger{Store: db.Store, raw: raw, dsn: db.DSN, t: t}
	for _, team := range council.Teams {
		l.must(l.PutTeam(t.Context(), store.Team{Slug: team.Slug, Name: team.Name, Email: team.Email}))
	}
	return l
}

func (l *ledger) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// scan reads the one row that a query gives.
func (l *ledger) scan(into any, query string, args ...any) {
	l.t.Helper()
	l.must(l.raw.QueryRowContext(l.t.Context(), query, args...).Scan(into))
}

func (l *ledger) count(query string, args ...any) int {
	l.t.Helper()
	var n int
	l.scan(&n, query, args...)
	return n
}

// texts reads the first column of every row.
func (l *ledger) texts(query string, args ...any) []string {
	l.t.Helper()
	rows, err := l.raw.QueryContext(l.t.Context(), query, args...)
	l.must(err)
	defer func() { l.must(rows.Close()) }()
	var out []string
	for rows.Next() {
		var s string
		l.must(rows.Scan(&s))
		out = append(out, s)
	}
	l.must(rows.Err())
	return out
}

// expect compares a count with what it should be.
func (l *ledger) expect(what string, want int, query string, args ...any) {
	l.t.Helper()
	if got := l.count(query, args...); got != want {
		l.t.Errorf("%s: %d, want %d", what, got, want)
	}
}

// byCommand is what whoever runs the portal's commands does on tuesday.
var byCommand = store.Deed{At: tuesday}

// wave opens a wave a week before tuesday and gives its id.
func (l *ledger) wave(code string) int64 {
	l.t.Helper()
	l.must(l.OpenWave(l.t.Context(), byCommand, store.NewWave{
		Survey: "care-worker-survey", Code: code, Versions: []int64{1}, OpensAt: tuesday.AddDate(0, 0, -7),
	}))
	wave, err := l.WaveByCode(l.t.Context(), "care-worker-survey", code)
	l.must(err)
	return wave.ID
}

func (l *ledger) closeWave(code string, at time.Time) {
	l.t.Helper()
	l.must(l.CloseWave(l.t.Context(), store.Deed{At: at}, "care-worker-survey", code))
}

// response is one whose words are the given ones.
func response(wave int64, key uuid.UUID, words string) store.Response {
	return store.Response{Key: key, WaveID: wave, FormVersion: 1, Answers: forms.Answers{"overall": {"good"}, "one_change": {words}}}
}

// fill appends n responses; the words of each are its number, from first on.
func (l *ledger) fill(wave int64, first, n int) {
	l.t.Helper()
	l.fillAt(wave, first, n, tuesday)
}

func (l *ledger) fillAt(wave int64, first, n int, at time.Time) {
	l.t.Helper()
	for i := first; i < first+n; i++ {
		duplicate, err := l.Append(l.t.Context(), response(wave, uuid.New(), fmt.Sprint(i)), at)
		if err != nil || duplicate {
			l.t.Fatalf("append response %d: duplicate %v, error %v", i, duplicate, err)
		}
	}
}

func (l *ledger) release(wave int64, at time.Time) int {
	l.t.Helper()
	moved, err := l.Release(l.t.Context(), wave, at)
	l.must(err)
	return moved
}

// concern is what a neighbour might tell, with changes made to it.
func concern(changes forms.Answers) forms.Answers {
	answers := forms.Answers{
		"immediate_danger": {"no"}, "adult_age": {"adult"}, "referral_kind": {"safeguarding"},
		"referrer_role": {"neighbour_public"}, "anonymous": {"yes"}, "adult_name": {"Ada Example"},
		"adult_district": {"maldon"}, "allegations.0.types": {"neglect"}, "what_happened": {"There is no food."},
	}
	maps.Copy(answers, changes)
	return answers
}

// submission is a referral as the handlers submit it.
func submission(key uuid.UUID, answers forms.Answers, at time.Time) store.Submission {
	return store.Submission{
		Key: key, Form: referral, Answers: answers, ReceivedAt: at,
		Facts: routing.FactsOf(answers, at, council.Calendar()),
	}
}

func (l *ledger) submit(sub store.Submission) store.Receipt {
	l.t.Helper()
	receipt, err := l.Submit(l.t.Context(), sub)
	l.must(err)
	return receipt
}

// refer submits a new concern and routes it.
func (l *ledger) refer(changes forms.Answers) store.Receipt {
	l.t.Helper()
	receipt := l.submit(submission(uuid.New(), concern(changes), tuesday))
	l.route(receipt.ReferralID)
	return receipt
}

func (l *ledger) route(id uuid.UUID) bool {
	l.t.Helper()
	decided, err := l.Route(l.t.Context(), id, tuesday, decide)
	l.must(err)
	return decided
}

// decide is what a worker does, without the duty team.
func decide(facts routing.Facts) store.Routing {
	decision := rules.Decide(facts, council.Calendar())
	return store.Routing{Decision: decision, Tell: []string{decision.Team}}
}

// user adds a manager.
func (l *ledger) user(email string, role store.Role, teams ...string) *store.User {
	l.t.Helper()
	_, err := l.AddUser(l.t.Context(), store.NewUser{Email: email, Name: "Name of " + email, Role: role, Teams: teams})
	l.must(err)
	user, err := l.UserByEmail(l.t.Context(), email)
	l.must(err)
	return user
}

// together runs do n times at once and gives the errors.
func together(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	running.Wait()
	return errs
}
