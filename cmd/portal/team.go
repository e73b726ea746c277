package main

import (
	"context"
	"fmt"
	"net/mail"
	"regexp"

	"intake/internal/store"
)

type teamCommand struct {
	Add  teamAddCommand  `cmd:"" help:"Add a team, or renew its name and email."`
	List teamListCommand `cmd:"" help:"List teams."`
}

type teamAddCommand struct {
	database
	Slug  string `arg:"" help:"How rules name it, like north-east."`
	Name  string `required:"" help:"How people name it."`
	Email string `required:"" help:"Where it is told of referrals; no personal data goes there."`

	OrganisationFile string `env:"PORTAL_ORGANISATION_FILE" help:"The organisation, whose own teams are changed there." placeholder:"FILE"`
}

var teamSlug = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// Run adds the team.
func (c *teamAddCommand) Run(ctx context.Context, t terminal) error {
	if address, err := mail.ParseAddress(c.Email); err != nil || address.Address != c.Email {
		return fmt.Errorf("%q is not an email address", c.Email)
	}
	if !teamSlug.MatchString(c.Slug) {
		return fmt.Errorf("a team is named with small letters, digits and hyphens, like north-east, not %q", c.Slug)
	}
	org, err := loadOrganisation(c.OrganisationFile)
	if err != nil {
		return err
	}
	if org.Team(c.Slug) != nil {
		return fmt.Errorf("team %s is one of the organisation's own: change it in organisation.yaml, which counts at every start", c.Slug)
	}
	return c.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.PutTeam(ctx, store.Team{Slug: c.Slug, Name: c.Name, Email: c.Email}); err != nil {
			return err
		}
		t.say("Team %s is told at %s.", c.Slug, c.Email)
		return nil
	})
}

type teamListCommand struct{ database }

// Run lists the teams.
func (c *teamListCommand) Run(ctx context.Context, t terminal) error {
	return c.withLedger(ctx, func(ledger *store.Store) error {
		teams, err := ledger.Teams(ctx)
		if err != nil {
			return err
		}
		rows := [][]string{{"TEAM", "EMAIL", "NAME"}}
		for _, team := range teams {
			rows = append(rows, []string{team.Slug, team.Email, team.Name})
		}
		return t.table(rows)
	})
}
