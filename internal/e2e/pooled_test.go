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
	right := askMuch(t, sound, sound, 0)
	if len(right.faults) > 0 {
		t.Errorf("of %d answers %d were wrong, such as:\n%v", right.answers, len(right.faults), errors.Join(right.faults[:min(5, len(right.faults))]...))
	}
	mixed := askMuch(t, sound, unsound, 200)
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
// wrong. What they ask about is made by way of another one.
func askMuch(t *testing.T, made, ledger *store.Store, most int) *asked {
	t.Helper()
	var result asked
	var clients sync.WaitGroup
	until := time.Now().Add(pooledFor)
	for n := range pooledClients {
		clients.Go(func() {
			// What was begun by then is finished.
			ctx, cancel := context.WithTimeout(context.Background(), 3*pooledFor)
			defer cancel()
			c := &pooledClient{Store: made, rng: rand.New(rand.NewPCG(rand.Uint64(), uint64(n))), now: time.Now().Truncate(time.Second)}
			if err := c.prepare(ctx); err != nil {
				result.add(fmt.Errorf("prepare: %w", err))
				return
			}
			c.Store = ledger
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

func (c *pooledClient) prepare(ctx context.Context) error {
	c.name = strings.ToLower(uuid.NewString()[:13])
	var districts []forms.Option
	for _, d := range demoCouncil.Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	var errs []error
	for id, form := range map[string]**forms.Form{"safeguarding-referral": &c.form, "care-worker-survey": &c.survey} {
		source, _ := forms.BuiltIn(id)
		loaded, err := forms.Load(source, forms.Lists{"districts": districts})
		if err != nil {
			return err
		}
		*form = loaded
		errs = append(errs, c.PublishForm(ctx, loaded, source))
	}
	errs = append(errs, c.PutTeam(ctx, store.Team{Slug: c.name, Name: "Team " + c.name, Email: c.name + "@example.org"}))
	_, err := c.AddUser(ctx, store.NewUser{Email: c.name + "@example.org", Name: c.name, Role: store.Triage, Teams: []string{c.name}})
	errs = append(errs, err)
	c.user, err = c.UserByEmail(ctx, c.name+"@example.org")
	errs = append(errs, err, c.OpenWave(ctx, store.Deed{By: c.user, At: c.now}, store.NewWave{Survey: c.survey.ID, Code: c.name, Versions: []int64{1}, OpensAt: c.now}))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	wave, err := c.WaveByCode(ctx, c.survey.ID, c.name)
	if err != nil {
		return err
	}
	c.closed, err = c.AddClosedCollector(ctx, store.Deed{By: c.user, At: c.now}, wave.ID, c.name, 40)
	if err != nil {
		return err
	}
	err = c.Invitations(ctx, c.closed.ID, 1, 0, func(i store.Invitation) error {
		c.codes = append(c.codes, i.Code)
		return nil
	})
	c.wave = wave
	return errors.Join(err, same("invitations", len(c.codes), 40))
}
