package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/sealed"
	"intake/internal/store"
	"intake/migrations"
)

const (
	pooledClients = 16
	pooledConns   = 3
	pooledFor     = 4 * time.Second
)

// TestPoolerMixesNothing has many clients ask different things of the ledger
// through a pooler with few connections, and looks whether each answer is to
// what was asked. Without binary_parameters the same look finds answers that
// are not.
func TestPoolerMixesNothing(t *testing.T) {
	pooler := startPgBouncer(t, pooledConns)
	direct := newDatabase(t)
	must(t, migrations.Up(t.Context(), direct))
	keys, err := sealed.New()
	must(t, err)
	open := func(dsn string) *store.Store {
		ledger, err := store.Open(t.Context(), dsn, store.Options{Keys: keys, MaxConns: pooledClients})
		must(t, err)
		t.Cleanup(func() { must(t, ledger.Close()) })
		return ledger
	}
	sound, unsound := open(pooler.dsn(direct, oneMessage)), open(pooler.dsn(direct))
	clients := makeClients(t, sound)
	right := askMuch(clients, sound, 0)
	if right.answers < pooledClients || len(right.faults) > 0 {
		t.Errorf("of %d answers %d were wrong, such as:\n%v", right.answers, len(right.faults), errors.Join(right.faults[:min(5, len(right.faults))]...))
	}
	mixed := askMuch(clients, unsound, 200)
	silent := 0
	for _, fault := range mixed.faults {
		if errors.Is(fault, errNotAnswer) {
			silent++
		}
	}
	if len(mixed.faults) == 0 {
		t.Errorf("without %s all of %d answers are right: the test finds nothing", oneMessage, mixed.answers)
	}
	t.Logf("%d right answers through %d connections; without %s %d of %d went wrong, %d of them without an error",
		right.answers, pooledConns, oneMessage, len(mixed.faults), mixed.answers, silent)

	for ledger, want := range map[*store.Store]bool{open(direct): false, sound: false, unsound: true} {
		if mixes, err := ledger.MayMixStatements(t.Context()); err != nil || mixes != want {
			t.Errorf("a ledger may mix statements: %v, %v, want %v", mixes, err, want)
		}
	}
}

// asked is what came of a load.
type asked struct {
	mu      sync.Mutex
	answers int
	faults  []error
}

// askMuch has clients ask a ledger for a while, or until so many answers are
// wrong.
func askMuch(all []*pooledClient, ledger *store.Store, most int) *asked {
	var result asked
	var clients sync.WaitGroup
	// What was begun by then is finished.
	until := time.Now().Add(pooledFor)
	ctx, cancel := context.WithDeadline(context.Background(), until.Add(2*pooledFor))
	defer cancel()
	for _, c := range all {
		c.Store = ledger
		clients.Go(func() {
			for asks := c.asks(); time.Now().Before(until); {
				if wrong := result.add(asks[c.rng.IntN(len(asks))](ctx)); most > 0 && wrong >= most {
					return
				}
			}
		})
	}
	clients.Wait()
	return &result
}

func (a *asked) add(fault error) (wrong int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers++
	if fault != nil {
		a.faults = append(a.faults, fault)
	}
	return len(a.faults)
}

var (
	demoCouncil  = organisation.Demo()
	errNotAnswer = errors.New("this is no answer to what was asked")
)

// pooledClient has things of its own in the ledger, so that it knows every
// answer.
type pooledClient struct {
	*store.Store
	rng  *rand.Rand
	now  time.Time
	name string

	user   *store.User
	wave   *store.Wave
	closed *store.Collector
	codes  []string // of invitations that are not used
	form   *forms.Form
	survey *forms.Form
}

// same fails for an answer that is not what it should be.
func same[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: %w: %v, not %v", what, errNotAnswer, got, want)
	}
	return nil
}

// makeClients makes them with all that they ask about.
func makeClients(t *testing.T, ledger *store.Store) []*pooledClient {
	t.Helper()
	source, _ := forms.BuiltIn("care-worker-survey")
	survey, err := forms.Load(source, demoLists())
	must(t, err)
	referral := referralForm(t)
	for _, form := range []*forms.Form{referral, survey} {
		source, _ := forms.BuiltIn(form.ID)
		must(t, ledger.PublishForm(t.Context(), form, source))
	}
	all := make([]*pooledClient, pooledClients)
	faults := make([]error, pooledClients)
	var making sync.WaitGroup
	for n := range all {
		all[n] = &pooledClient{Store: ledger, rng: rand.New(rand.NewPCG(rand.Uint64(), uint64(n))), now: time.Now().Truncate(time.Second),
			form: referral, survey: survey, name: strings.ToLower(uuid.NewString()[:13])}
		making.Go(func() { faults[n] = all[n].prepare(t.Context()) })
	}
	making.Wait()
	must(t, errors.Join(faults...))
	return all
}

func (c *pooledClient) prepare(ctx context.Context) error {
	deed := store.Deed{At: c.now}
	email := c.name + "@example.org"
	err := c.PutTeam(ctx, store.Team{Slug: c.name, Name: "Team " + c.name, Email: email})
	if err != nil {
		return err
	}
	if _, err = c.AddUser(ctx, store.NewUser{Email: email, Name: c.name, Role: store.Triage, Teams: []string{c.name}}); err != nil {
		return err
	}
	if c.user, err = c.UserByEmail(ctx, email); err != nil {
		return err
	}
	if err = c.OpenWave(ctx, deed, store.NewWave{Survey: c.survey.ID, Code: c.name, Versions: []int64{1}, OpensAt: c.now}); err != nil {
		return err
	}
	if c.wave, err = c.WaveByCode(ctx, c.survey.ID, c.name); err != nil {
		return err
	}
	if c.closed, err = c.AddClosedCollector(ctx, deed, c.wave.ID, c.name, 40); err != nil {
		return err
	}
	return c.Invitations(ctx, c.closed.ID, 1, 0, func(i store.Invitation) error {
		c.codes = append(c.codes, i.Code)
		return nil
	})
}
