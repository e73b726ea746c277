package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"intake/internal/demo"
	"intake/internal/sealed"
	"intake/internal/store"
)

// demoUser is a manager of the demo, with the password to print.
type demoUser struct {
	role     store.Role
	email    string
	password string
}

// demoManagers are one of each role, and two of triage so that one team can be
// seen not to read the other's referrals.
var demoManagers = []store.NewUser{
	{Role: store.SurveyManager, Email: "survey@demo.example", Name: "Sam Survey"},
	{Role: store.Triage, Email: "triage@demo.example", Name: "Tariq Triage", Teams: []string{"triage-central", "mid", "edt"}},
	{Role: store.Triage, Email: "west@demo.example", Name: "Wendy West", Teams: []string{"west"}},
	{Role: store.SafeguardingLead, Email: "lead@demo.example", Name: "Lena Lead"},
	{Role: store.Admin, Email: "admin@demo.example", Name: "Adi Admin"},
}

// addDemoUsers makes the demo's managers where they are missing. A password
// is derived from the keyset, so that it is the same at every run of one
// installation and of no use at another.
func (c *config) addDemoUsers(ctx context.Context, ledger *store.Store) ([]demoUser, error) {
	var users []demoUser
	for _, manager := range demoManagers {
		secret := c.keys.BlindIndex("demo_password", manager.Email)
		password := base64.RawURLEncoding.EncodeToString(secret[len(secret)-12:])
		_, err := ledger.UserByEmail(ctx, manager.Email)
		if err == nil {
			users = append(users, demoUser{manager.Role, manager.Email, password})
			continue
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		hash, err := sealed.HashPassword(ctx, password)
		if err != nil {
			return nil, err
		}
		manager.PasswordHash, manager.Demo = &hash, true
		_, err = ledger.AddUser(ctx, manager)
		if errors.Is(err, store.ErrExists) {
			continue // somebody has ended the account, and ended it stays
		} else if err != nil {
			return nil, err
		}
		users = append(users, demoUser{manager.Role, manager.Email, password})
	}
	return users, nil
}

// addDemo adds, on the first run, managers, marked demo data and waves.
func (d *devCommand) addDemo(ctx context.Context, t terminal, c *config, ledger *store.Store) ([]demoUser, error) {
	if err := refuseRealLedger(ctx, ledger); err != nil {
		return nil, err
	}
	users, err := c.addDemoUsers(ctx, ledger)
	if err != nil {
		return nil, err
	}
	waves, err := ledger.Waves(ctx, c.survey.ID)
	if err != nil {
		return nil, err
	}
	first := len(waves) == 0
	if first {
		t.say("First run: making demo data (marked as demo), %d responses to each of %d waves and %d referrals.", d.Responses, d.Waves, d.Referrals)
		if err := d.firstDemo(context.WithoutCancel(ctx), t, c, ledger); err != nil {
			return nil, err
		}
		if waves, err = ledger.Waves(ctx, c.survey.ID); err != nil {
			return nil, err
		}
	}
	for _, wave := range slices.Backward(waves) { // the oldest first
		missing, err := d.missing(ctx, ledger, &wave)
		if err != nil {
			return nil, err
		}
		if missing <= 0 {
			continue
		}
		if !first {
			t.say("An earlier first run was stopped: making the %d demo responses that wave %s is short of.", missing, wave.Code)
		}
		if err := c.seedResponses(ctx, t, ledger, &wave, missing); err != nil {
			return nil, err
		}
	}
	return users, nil
}

// missing is how many responses a wave of the first run is short of, while it
// has no release: filling it ends with one.
func (d *devCommand) missing(ctx context.Context, ledger *store.Store, wave *store.Wave) (int, error) {
	if !wave.Demo || wave.Releases > 0 {
		return 0, nil
	}
	// Demo waves that people have opened since are for them to fill.
	ours, err := isOfFirstRun(ctx, ledger, wave)
	if err != nil || !ours {
		return 0, err
	}
	have, err := ledger.LiveTotal(ctx, wave.ID)
	return d.Responses - have, err
}

// demoPoster is the collector that the waves of a first run are known by.
const demoPoster = "Poster in staff rooms"

func isOfFirstRun(ctx context.Context, ledger *store.Store, wave *store.Wave) (bool, error) {
	collectors, err := ledger.Collectors(ctx, wave.ID)
	return slices.ContainsFunc(collectors, func(c store.Collector) bool { return c.Name == demoPoster }), err
}

// firstDemo makes the referrals and then the waves, which say that they are all
// there. It takes a few seconds and is not to be interrupted: the rest of a
// story cannot be told later.
func (d *devCommand) firstDemo(ctx context.Context, t terminal, c *config, ledger *store.Store) error {
	if err := c.seedReferrals(ctx, t, ledger, d.Referrals); err != nil {
		return err
	}
	current := store.NewWave{
		Survey: c.survey.ID, Code: now().Format(monthly), Versions: []int64{int64(c.survey.Version)},
		OpensAt: now().AddDate(0, 0, -21), Demo: true, Published: true,
	}
	// The current one last: it says that the others are there.
	for ago := d.Waves - 1; ago >= 0; ago-- {
		if _, err := c.openDemoWave(ctx, ledger, earlierWave(current, ago)); err != nil {
			return err
		}
	}
	return nil
}

type seedCommand struct {
	settings
	Responses int `default:"2000" help:"How many responses to add to each wave: to the current one, which must be a demo wave, and to those before it. 1600000 take a minute or two."`
	Waves     int `default:"2" help:"How many waves to fill: the current one and closed demo waves at half-year steps before it, which are made where they are missing."`
	Referrals int `default:"60" help:"How many referrals to add."`
}

// Run adds demo data to a ledger that was made for it.
func (s *seedCommand) Run(ctx context.Context, t terminal) (err error) {
	if s.Waves < 1 {
		return errTooFewWaves
	}
	c, err := s.read(t.err)
	if err != nil {
		return err
	}
	defer c.writeLog()
	ledger, err := c.openLedger(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	// The waves first: a ledger in real use gets no demo managers either.
	waves, err := c.demoWaves(ctx, ledger, s.Waves)
	if err != nil {
		return err
	}
	if _, err := c.addDemoUsers(ctx, ledger); err != nil {
		return err
	}
	for _, wave := range waves {
		if err := c.seedResponses(ctx, t, ledger, wave, s.Responses); err != nil {
			return err
		}
	}
	return c.seedReferrals(ctx, t, ledger, s.Referrals)
}

// seedReferrals adds n demo referrals to the desk.
func (c *config) seedReferrals(ctx context.Context, t terminal, ledger *store.Store, n int) error {
	deps := c.demoDeps(t, ledger)
	deps.Users = map[store.Role]*store.User{}
	for _, manager := range demoManagers {
		if deps.Users[manager.Role] != nil {
			continue
		}
		user, err := ledger.UserByEmail(ctx, manager.Email)
		if errors.Is(err, store.ErrNotFound) {
			continue // ended
		} else if err != nil {
			return err
		}
		deps.Users[manager.Role] = user
	}
	if err := demo.Referrals(ctx, deps, n); err != nil {
		return fmt.Errorf("seed referrals: %w", err)
	}
	return nil
}

func (c *config) demoDeps(t terminal, ledger *store.Store) demo.Deps {
	deps := demo.Deps{
		Store: ledger, Survey: c.survey, Referral: c.referral, Rules: c.rules, Calendar: c.calendar, Now: now(),
		Progress: t.progress(),
	}
	for _, d := range c.organisation.Districts {
		deps.Districts = append(deps.Districts, d.Slug)
	}
	return deps
}

// progress says how far something is, not more than once in a few seconds, and
// what it took in the end if anybody had to wait.
func (t terminal) progress() func(done, total int, what string) {
	const patience = 3 * time.Second
	began := time.Now()
	said := began
	return func(done, total int, what string) {
		switch took := time.Since(began); {
		case done == total && took >= patience:
			t.say("  %d %s in %s, %.0f a second", total, what, took.Round(time.Second), float64(total)/took.Seconds())
		case done == total:
			t.say("  %d %s", total, what)
		case time.Since(said) >= patience:
			said = time.Now()
			t.say("  %d thousand of %d %s", done/1000, total, what)
		}
	}
}

// refuseRealLedger keeps the demo, whose passwords are printed, out of a
// ledger that real work is done in.
func refuseRealLedger(ctx context.Context, ledger *store.Store) error {
	waves, err := ledger.Waves(ctx, "")
	if err != nil {
		return err
	}
	users, err := ledger.Users(ctx)
	if err != nil {
		return err
	}
	isDemo := slices.ContainsFunc(waves, func(w store.Wave) bool { return w.Demo }) ||
		slices.ContainsFunc(users, func(u store.User) bool { return u.Demo })
	if len(waves)+len(users) > 0 && !isDemo {
		return errors.New("the database at DATABASE_URL is in real use, and `portal dev` would add demo managers " +
			"and print their passwords: start `portal web` and `portal worker` instead, or give it a database of its own")
	}
	return nil
}
