package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

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
		users = append(users, demoUser{manager.Role, manager.Email, password})
		_, err := ledger.UserByEmail(ctx, manager.Email)
		if err == nil {
			continue
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		hash, err := sealed.HashPassword(ctx, password)
		if err != nil {
			return nil, err
		}
		manager.PasswordHash, manager.Demo = &hash, true
		if _, err := ledger.AddUser(ctx, manager); err != nil {
			return nil, err
		}
	}
	return users, nil
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
	if _, err := c.addDemoUsers(ctx, ledger); err != nil {
		return err
	}
	return c.seed(ctx, t, ledger, s.Responses, s.Referrals)
}

// seed adds demo data to the current wave and to the desk.
func (c *config) seed(ctx context.Context, t terminal, ledger *store.Store, responses, referrals int) error {
	wave, err := ledger.CurrentWave(ctx, c.survey.ID, now())
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("there is no wave to seed: open one with `portal wave open --demo`")
	} else if err != nil {
		return err
	}
	if !wave.Demo {
		return fmt.Errorf("wave %s is real: demo data goes into demo waves only", wave.Code)
	}
	users := map[store.Role]*store.User{}
	for _, manager := range demoManagers {
		if users[manager.Role] != nil {
			continue
		}
		if users[manager.Role], err = ledger.UserByEmail(ctx, manager.Email); err != nil {
			return err
		}
	}
	var districts []string
	for _, d := range c.organisation.Districts {
		districts = append(districts, d.Slug)
	}
	deps := demo.Deps{
		Store: ledger, Survey: c.survey, Referral: c.referral, Rules: c.rules, Calendar: c.calendar,
		Districts: districts, Now: now(), Users: users,
		Progress: func(done, total int, what string) {
			if done == total {
				t.say("  %d %s", total, what)
			}
		},
	}
	if err := demo.Responses(ctx, deps, *wave, responses); err != nil {
		return fmt.Errorf("seed responses: %w", err)
	}
	if err := demo.Referrals(ctx, deps, referrals); err != nil {
		return fmt.Errorf("seed referrals: %w", err)
	}
	return nil
}
