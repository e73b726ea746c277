package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

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

// addDemo adds, on the first run, managers, marked demo data and a wave.
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
	if len(waves) == 0 {
		t.say("First run: making demo data (marked as demo), %d responses and %d referrals.", d.Responses, d.Referrals)
		if err := d.firstDemo(context.WithoutCancel(ctx), t, c, ledger); err != nil {
			return nil, err
		}
		return users, c.seedResponses(ctx, t, ledger, d.Responses)
	}
	// Seeding ends with a release: without one it was stopped half-way.
	if wave := waves[0]; len(waves) == 1 && wave.Demo && wave.Releases == 0 && wave.Open(now()) {
		have, err := ledger.LiveTotal(ctx, wave.ID)
		if err != nil {
			return nil, err
		}
		if missing := d.Responses - have; missing > 0 {
			t.say("An earlier first run was stopped: making the %d demo responses that are missing.", missing)
			return users, c.seedResponses(ctx, t, ledger, missing)
		}
	}
	return users, nil
}

// firstDemo makes the referrals and then opens the wave, which says that they
// are all there. It takes a few seconds and is not to be interrupted: the rest
// of a story cannot be told later.
func (d *devCommand) firstDemo(ctx context.Context, t terminal, c *config, ledger *store.Store) error {
	if err := c.seedReferrals(ctx, t, ledger, d.Referrals); err != nil {
		return err
	}
	wave := store.NewWave{
		Survey: c.survey.ID, Code: now().Format("2006-01"), Versions: []int64{int64(c.survey.Version)},
		OpensAt: now().AddDate(0, 0, -21), Demo: true, Published: true,
	}
	if err := ledger.OpenWave(ctx, deed(), wave); err != nil {
		return err
	}
	opened, err := ledger.WaveByCode(ctx, wave.Survey, wave.Code)
	if err != nil {
		return err
	}
	if _, err := ledger.AddOpenCollector(ctx, deed(), opened.ID, "Poster in staff rooms"); err != nil {
		return err
	}
	_, err = ledger.AddClosedCollector(ctx, deed(), opened.ID, "Letters to home care workers", demoInvitations)
	return err
}

// demoInvitations is how many letters the demo has sent.
const demoInvitations = 48

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

type seedCommand struct {
	settings
	Responses int `default:"2000" help:"How many responses to add to the current wave, which must be a demo wave."`
	Referrals int `default:"60" help:"How many referrals to add."`
}

// Run adds demo data to a ledger that was made for it.
func (s *seedCommand) Run(ctx context.Context, t terminal) (err error) {
	c, err := s.read(t.err)
	if err != nil {
		return err
	}
	ledger, err := c.openLedger(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	// The wave first: a ledger in real use gets no demo managers either.
	if _, err := c.demoWave(ctx, ledger); err != nil {
		return err
	}
	if _, err := c.addDemoUsers(ctx, ledger); err != nil {
		return err
	}
	if err := c.seedResponses(ctx, t, ledger, s.Responses); err != nil {
		return err
	}
	return c.seedReferrals(ctx, t, ledger, s.Referrals)
}

// demoWave is the current wave, which must be a demo wave.
func (c *config) demoWave(ctx context.Context, ledger *store.Store) (*store.Wave, error) {
	wave, err := ledger.CurrentWave(ctx, c.survey.ID, now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errors.New("there is no wave to seed: open one with `portal wave open CODE --demo`")
	case err != nil:
		return nil, err
	case !wave.Demo:
		return nil, fmt.Errorf("wave %s is real: demo data goes into demo waves only", wave.Code)
	case !wave.Open(now()):
		return nil, fmt.Errorf("wave %s has closed: open another with `portal wave open CODE --demo`", wave.Code)
	}
	return wave, nil
}

// seedResponses adds n demo responses to the current wave.
func (c *config) seedResponses(ctx context.Context, t terminal, ledger *store.Store, n int) error {
	wave, err := c.demoWave(ctx, ledger)
	if err != nil {
		return err
	}
	deps := c.demoDeps(t, ledger)
	if deps.Invitations, err = demoAnswered(ctx, ledger, wave); err != nil {
		return err
	}
	if err := demo.Responses(ctx, deps, *wave, n); err != nil {
		return fmt.Errorf("seed responses: %w", err)
	}
	return nil
}

// demoAnswered are the codes of two thirds of the demo's letters: those that
// were answered.
func demoAnswered(ctx context.Context, ledger *store.Store, wave *store.Wave) ([]string, error) {
	collectors, err := ledger.Collectors(ctx, wave.ID)
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, collector := range collectors {
		if collector.Kind != store.ClosedCollector || !collector.Open(now()) {
			continue
		}
		err := ledger.Invitations(ctx, collector.ID, 1, demoInvitations*2/3, func(i store.Invitation) error {
			codes = append(codes, i.Code)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return codes, nil
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
		Progress: func(done, total int, what string) {
			if done == total {
				t.say("  %d %s", total, what)
			}
		},
	}
	for _, d := range c.organisation.Districts {
		deps.Districts = append(deps.Districts, d.Slug)
	}
	return deps
}
