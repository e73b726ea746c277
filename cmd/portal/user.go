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
	"time"

	"golang.org/x/term"

	"intake/internal/sealed"
	"intake/internal/store"
)

type userCommand struct {
	Add     userAddCommand     `cmd:"" help:"Add a manager; asks for a password, or prints a one-time set-up link."`
	List    userListCommand    `cmd:"" help:"List managers."`
	Link    userLinkCommand    `cmd:"" help:"Print a one-time link with which a manager sets a new password."`
	Disable userDisableCommand `cmd:"" help:"End a manager's account and sessions."`
	SignOut userSignOutCommand `cmd:"" help:"End a manager's sessions everywhere."`
	Enable  userEnableCommand  `cmd:"" help:"Let a disabled manager sign in again."`
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
	if u.Link && u.BaseURL == "" {
		return errNoBaseURL
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
			return fmt.Errorf("there is a manager %s already: `portal user link` renews the password, `portal user enable` lets a disabled one in", u.Email)
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("%w; `portal team list` lists the teams", err)
		case err != nil:
			return err
		}
		t.say("Added %s as %s.", u.Email, u.Role)
		if !u.Link {
			return nil
		}
		return printLink(ctx, t, ledger, id, u.BaseURL)
	})
}

// printLink makes a one-time set-up link and prints it.
func printLink(ctx context.Context, t terminal, ledger *store.Store, user int64, baseURL string) error {
	code := rand.Text()
	hash := sha256.Sum256([]byte(code))
	if err := ledger.AddSetupCode(ctx, user, hash[:], now().Add(setupValid)); err != nil {
		return err
	}
	t.say("Give them this link; it works once, for 72 hours:\n%s/manage/set-password/%s", strings.TrimSuffix(baseURL, "/"), code)
	return nil
}

type userLinkCommand struct {
	database
	Email   string `arg:"" help:"Whose password."`
	BaseURL string `name:"base-url" env:"PORTAL_BASE_URL" help:"What the link begins with." placeholder:"URL"`
}

// Run prints a link; the old password works until it is used.
func (u *userLinkCommand) Run(ctx context.Context, t terminal) error {
	if u.BaseURL == "" {
		return errNoBaseURL
	}
	return u.withUser(ctx, u.Email, func(ledger *store.Store, user *store.User) error {
		return printLink(ctx, t, ledger, user.ID, u.BaseURL)
	})
}

// withUser runs do on the ledger and a manager who may sign in.
func (d database) withUser(ctx context.Context, email string, do func(*store.Store, *store.User) error) error {
	return d.withLedger(ctx, func(ledger *store.Store) error {
		user, err := ledger.UserByEmail(ctx, email)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no manager %s who may sign in", email)
		} else if err != nil {
			return err
		}
		return do(ledger, user)
	})
}

var errNoBaseURL = errors.New("PORTAL_BASE_URL is not set: the link has to begin with the portal's address")

type userSignOutCommand struct {
	database
	Email string `arg:"" help:"Whose sessions."`
}

// Run ends the manager's sessions; they may sign in anew.
func (u *userSignOutCommand) Run(ctx context.Context, t terminal) error {
	return u.withUser(ctx, u.Email, func(ledger *store.Store, user *store.User) error {
		if err := ledger.EndSessions(ctx, user.ID); err != nil {
			return err
		}
		t.say("%s is signed out everywhere.", user.Email)
		return nil
	})
}

type userEnableCommand struct {
	database
	Email string `arg:"" help:"Whose account."`
}

// Run takes back a disable.
func (u *userEnableCommand) Run(ctx context.Context, t terminal) error {
	return u.withLedger(ctx, func(ledger *store.Store) error {
		if err := ledger.EnableUser(ctx, u.Email); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no disabled manager %s", u.Email)
		} else if err != nil {
			return err
		}
		t.say("%s can sign in again.", u.Email)
		return nil
	})
}

// minPassword is the least length of a password, in characters.
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
