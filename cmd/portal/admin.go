package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"intake/internal/sealed"
	"intake/internal/store"
	"intake/migrations"
)

type migrateCommand struct{ database }

// Run applies the migrations that are missing.
func (m *migrateCommand) Run(ctx context.Context, t terminal) error {
	if m.DatabaseURL == "" {
		return errors.New("DATABASE_URL is not set: say where PostgreSQL is, by a direct connection and not through a pooler")
	}
	if err := migrations.Up(ctx, m.DatabaseURL); err != nil {
		return err
	}
	t.say("The schema is up to date.")
	return nil
}

// withLedger runs do on the ledger.
func (d database) withLedger(ctx context.Context, do func(*store.Store) error) (err error) {
	ledger, err := d.open(ctx, store.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	return do(ledger)
}

// table prints aligned columns.
func (t terminal) table(rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

type userCommand struct {
	Add     userAddCommand     `cmd:"" help:"Add a manager; asks for a password, or prints a one-time set-up link."`
	List    userListCommand    `cmd:"" help:"List managers."`
	Disable userDisableCommand `cmd:"" help:"End a manager's account and sessions."`
}

type userAddCommand struct {
	database
	Email   string     `arg:"" help:"The email to sign in with."`
	Role    store.Role `required:"" enum:"survey_manager,triage,safeguarding_lead,admin" help:"One of ${enum}."`
	Team    []string   `help:"A team that the manager reads referrals of; may be repeated."`
	Name    string     `help:"The name that colleagues see; the email's first part if not set."`
	Link    bool       `help:"Print a one-time set-up link instead of asking for a password."`
	BaseURL string     `name:"base-url" env:"PORTAL_BASE_URL" help:"What the link begins with." placeholder:"URL"`
}

// setupValid is how long a set-up link may be used.
const setupValid = 72 * time.Hour

// Run adds the manager.
func (u *userAddCommand) Run(ctx context.Context, t terminal) error {
	address, err := mail.ParseAddress(u.Email)
	if err != nil || address.Address != u.Email {
		return fmt.Errorf("%q is not an email address", u.Email)
	}
	if u.Role == store.Triage && len(u.Team) == 0 {
		return errors.New("a triage manager reads the referrals of teams: name at least one with --team (see `portal team list`)")
	}
	if u.Name == "" {
		u.Name, _, _ = strings.Cut(u.Email, "@")
	}
	user := store.NewUser{Email: u.Email, Name: u.Name, Role: u.Role, Teams: u.Team}
	if !u.Link {
		hash, err := askPassword(ctx, t)
		if err != nil {
			return err
		}
		user.PasswordHash = &hash
	}
	return u.withLedger(ctx, func(ledger *store.Store) error {
		id, err := ledger.AddUser(ctx, user)
		switch {
		case errors.Is(err, store.ErrExists):
			return fmt.Errorf("there is a manager %s already", u.Email)
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("%w; `portal team list` lists the teams", err)
		case err != nil:
			return err
		}
		t.say("Added %s as %s.", u.Email, u.Role)
		if !u.Link {
			return nil
		}
		code := rand.Text()
		hash := sha256.Sum256([]byte(code))
		if err := ledger.AddSetupCode(ctx, id, hash[:], now().Add(setupValid)); err != nil {
			return err
		}
		t.say("Give them this link; it works once, for 72 hours:\n%s/manage/set-password/%s", strings.TrimSuffix(u.BaseURL, "/"), code)
		return nil
	})
}

// MinPassword is the least length of a password, in characters.
const minPassword = 12

// askPassword reads a password, hidden and twice at a terminal, one line
// otherwise, and returns its hash.
func askPassword(ctx context.Context, t terminal) (string, error) {
	var password string
	if file, ok := t.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a descriptor fits an int
		read := func(prompt string) (string, error) {
			_, _ = fmt.Fprint(t.err, prompt)
			typed, err := term.ReadPassword(int(file.Fd())) //nolint:gosec // a descriptor fits an int
			_, _ = fmt.Fprintln(t.err)
			return string(typed), err
		}
		first, err := read("Password: ")
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		second, err := read("The same again: ")
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		if first != second {
			return "", errors.New("the two passwords differ: nothing was added")
		}
		password = first
	} else {
		line, err := bufio.NewReader(t.in).ReadString('\n')
		if err != nil && line == "" {
			return "", errors.New("no password on standard input: type one, or use --link")
		}
		password = strings.TrimRight(line, "\r\n")
	}
	if len([]rune(password)) < minPassword {
		return "", fmt.Errorf("a password has at least %d characters: nothing was added", minPassword)
	}
	return sealed.HashPassword(ctx, password)
}

type userListCommand struct{ database }

// Run lists the managers.
func (u *userListCommand) Run(ctx context.Context, t terminal) error {
	return u.withLedger(ctx, func(ledger *store.Store) error {
		users, err := ledger.Users(ctx)
		if err != nil {
			return err
		}
		rows := [][]string{{"EMAIL", "ROLE", "TEAMS", "NAME"}}
		for _, user := range users {
			rows = append(rows, []string{user.Email, string(user.Role), strings.Join(user.Teams, ","), user.Name})
		}
		return t.table(rows)
	})
}

type userDisableCommand struct {
	database
	Email string `arg:"" help:"Whose account."`
}

// Run ends the account.
func (u *userDisableCommand) Run(ctx context.Context, t terminal) error {
	return u.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.DisableUser(ctx, u.Email); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no manager %s", u.Email)
		} else if err != nil {
			return err
		}
		t.say("%s can no longer sign in.", u.Email)
		return nil
	})
}

type teamCommand struct {
	Add  teamAddCommand  `cmd:"" help:"Add a team, or renew its name and email."`
	List teamListCommand `cmd:"" help:"List teams."`
}

type teamAddCommand struct {
	database
	Slug  string `arg:"" help:"How rules name it, like north-east."`
	Name  string `required:"" help:"How people name it."`
	Email string `required:"" help:"Where it is told of referrals; no personal data goes there."`
}

// Run adds the team.
func (c *teamAddCommand) Run(ctx context.Context, t terminal) error {
	if _, err := mail.ParseAddress(c.Email); err != nil {
		return fmt.Errorf("%q is not an email address", c.Email)
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

type waveCommand struct {
	Open  waveOpenCommand  `cmd:"" help:"Open a wave."`
	Close waveCloseCommand `cmd:"" help:"Close a wave; what waits in its inbox is then released."`
	List  waveListCommand  `cmd:"" help:"List waves."`
}

type waveOpenCommand struct {
	database
	Code   string     `arg:"" help:"Its name in addresses, like 2026-11."`
	Survey string     `default:"care-worker-survey" help:"Which survey."`
	Until  *time.Time `format:"2006-01-02" help:"The day at whose start it closes; never if not set."`
	Demo   bool       `help:"Mark it as demo."`
}

// Run opens the wave now, for the newest version of the survey.
func (w *waveOpenCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		version, err := ledger.NewestVersion(ctx, w.Survey)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("no version of %s is published: start `portal web` once, which publishes it", w.Survey)
		} else if err != nil {
			return err
		}
		err = ledger.OpenWave(ctx, store.NewWave{
			Survey: w.Survey, Code: w.Code, Versions: []int64{int64(version)}, OpensAt: now(), ClosesAt: w.Until, Demo: w.Demo,
		})
		if errors.Is(err, store.ErrExists) {
			return fmt.Errorf("%s has a wave %s already: choose another code", w.Survey, w.Code)
		} else if err != nil {
			return err
		}
		t.say("Wave %s of %s is open.", w.Code, w.Survey)
		return nil
	})
}

type waveCloseCommand struct {
	database
	Code   string `arg:"" help:"Which wave."`
	Survey string `default:"care-worker-survey" help:"Of which survey."`
}

// Run closes the wave now.
func (w *waveCloseCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.CloseWave(ctx, w.Survey, w.Code, now()); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s has no open wave %s", w.Survey, w.Code)
		} else if err != nil {
			return err
		}
		t.say("Wave %s of %s is closed.", w.Code, w.Survey)
		return nil
	})
}

type waveListCommand struct{ database }

// Run lists the waves.
func (w *waveListCommand) Run(ctx context.Context, t terminal) error {
	return w.withLedger(ctx, func(ledger *store.Store) error {
		waves, err := ledger.Waves(ctx, "")
		if err != nil {
			return err
		}
		rows := [][]string{{"SURVEY", "WAVE", "STATE", "OPENED", "RESPONSES", "RELEASED"}}
		for _, wave := range waves {
			total, err := ledger.LiveTotal(ctx, wave.ID)
			if err != nil {
				return err
			}
			state := "closed"
			if wave.Open(now()) {
				state = "open"
			} else if wave.OpensAt.After(now()) {
				state = "not yet open"
			}
			if wave.Demo {
				state += ", demo"
			}
			rows = append(rows, []string{wave.Survey, wave.Code, state, wave.OpensAt.Format(time.DateOnly),
				fmt.Sprint(total), fmt.Sprint(wave.Released)})
		}
		return t.table(rows)
	})
}

type keysetCommand struct {
	New    keysetNewCommand    `cmd:"" help:"Print a new keyset for PORTAL_KEYSET."`
	Rotate keysetRotateCommand `cmd:"" help:"Print the keyset with a new first key; older data stays readable."`
}

const keysetWarning = `KEEP THIS SAFE AND KEEP A COPY ELSEWHERE.
Whoever loses it loses every sealed referral for good: nobody can open them without it.
Whoever has it and the database can read everything. Never put it in a file that is backed up with the database.`

type keysetNewCommand struct{}

// Run prints a new keyset.
func (*keysetNewCommand) Run(t terminal) error {
	keys, err := sealed.New()
	if err != nil {
		return err
	}
	return printKeyset(t, keys)
}

type keysetRotateCommand struct {
	Keyset string `env:"PORTAL_KEYSET" required:"" help:"The keyset in use."`
}

// Run prints the rotated keyset.
func (k *keysetRotateCommand) Run(t terminal) error {
	keys, err := sealed.Parse(k.Keyset)
	if err != nil {
		return fmt.Errorf("PORTAL_KEYSET: %w", err)
	}
	if keys, err = keys.Rotate(); err != nil {
		return err
	}
	return printKeyset(t, keys)
}

func printKeyset(t terminal, keys *sealed.Keyset) error {
	text, err := keys.Export()
	if err != nil {
		return err
	}
	t.say("%s", text)
	_, err = fmt.Fprintln(t.err, keysetWarning)
	return err
}

type partnerCommand struct {
	Add    partnerAddCommand    `cmd:"" help:"Make a bearer key for the JSON API and print it once."`
	Revoke partnerRevokeCommand `cmd:"" help:"End a bearer key."`
}

type partnerAddCommand struct {
	database
	Name  string   `arg:"" help:"Who gets it."`
	Right []string `required:"" enum:"referrals,results" help:"What it may do: referrals (send), results (read); may be repeated."`
}

// Run makes the key.
func (p *partnerAddCommand) Run(ctx context.Context, t terminal) error {
	return p.withLedger(ctx, func(ledger *store.Store) error {
		key := "portal_" + rand.Text()
		hash := sha256.Sum256([]byte(key))
		if err := ledger.AddAPIKey(ctx, p.Name, hash[:], p.Right); errors.Is(err, store.ErrExists) {
			return fmt.Errorf("%s has a key already: revoke it first, or choose another name", p.Name)
		} else if err != nil {
			return err
		}
		t.say("%s", key)
		_, err := fmt.Fprintln(t.err, "This is the only time that the key is shown.")
		return err
	})
}

type partnerRevokeCommand struct {
	database
	Name string `arg:"" help:"Whose key."`
}

// Run ends the key.
func (p *partnerRevokeCommand) Run(ctx context.Context, t terminal) error {
	return p.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.RevokeAPIKey(ctx, p.Name); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s has no key", p.Name)
		} else if err != nil {
			return err
		}
		t.say("The key of %s no longer works.", p.Name)
		return nil
	})
}
