package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"intake/handlers"
	"intake/internal/embedded"
	"intake/internal/sealed"
	"intake/migrations"
)

type devCommand struct {
	settings
	direct
	Data      string `env:"PORTAL_DATA" default:"./.data" help:"Where the private services keep their data." placeholder:"DIR"`
	Responses int    `default:"2000" help:"Demo responses of the first run, to each wave."`
	Waves     int    `default:"2" help:"Demo waves of the first run: the current one and earlier ones at half-year steps, closed."`
	Referrals int    `default:"60" help:"Demo referrals of the first run."`
}

// stopPatience bounds the end of each private service.
const stopPatience = 20 * time.Second

// Run starts what is missing, serves, and stops what it started, the web
// server first and PostgreSQL last.
func (d *devCommand) Run(ctx context.Context, t terminal) (err error) {
	// The address first: a port that is taken is the commonest fault, and
	// nothing should have been started by then.
	listener, err := listen(ctx, d.Addr)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // the server closes it first; this is for faults before that
	if d.BaseURL == "" {
		d.BaseURL = "http://" + localAddr(listener.Addr().String())
	}
	if d.Waves < 1 {
		return errTooFewWaves
	}
	// What is set is looked at before anything is started for what is not.
	if _, faults := d.understand(); len(faults) > 0 {
		return cannotStart(faults)
	}
	logFile, err := d.makeData()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var closers []func() error
	defer func() {
		for i := len(closers) - 1; i >= 0; i-- {
			err = errors.Join(err, closers[i]())
		}
	}()
	mailbox, err := d.startServices(ctx, t, cancel, &closers)
	if err != nil {
		return err
	}
	c, err := d.read(logFile)
	if err != nil {
		return err
	}
	closers = append(closers, func() error { c.writeLog(); return nil })
	if err := migrations.Up(ctx, d.around(d.database)); err != nil {
		return err
	}
	opened, err := c.openServices(ctx)
	if err != nil {
		return err
	}
	closers = append(closers, opened.close)

	users, err := d.addDemo(ctx, t, c, opened.ledger)
	if err != nil {
		return err
	}
	err = c.withAdmin(ctx, opened, func() error {
		working, stopWorking := context.WithCancel(context.WithoutCancel(ctx))
		worked := make(chan struct{})
		go func() {
			defer close(worked)
			c.work(working, opened)
		}()
		d.printWelcome(t, c, users, mailbox != nil)
		err := c.serveWeb(ctx, listener, opened, mailbox)
		stopWorking()
		<-worked
		return err
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	t.say("Stopped.")
	return err
}

// makeData makes the data folder and opens the log in it.
func (d *devCommand) makeData() (*os.File, error) {
	abs, err := filepath.Abs(d.Data)
	if err != nil {
		return nil, fmt.Errorf("find the data folder: %w", err)
	}
	d.Data = abs
	// 0711: PostgreSQL may run as another user and has to pass through.
	if err := os.MkdirAll(d.Data, 0o711); err != nil {
		return nil, fmt.Errorf("the data folder %s can't be made (%w). Set PORTAL_DATA to a folder that you may write to", d.Data, err)
	}
	logFile, err := os.OpenFile(filepath.Join(d.Data, "portal.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder %s can't be written to (%w). Set PORTAL_DATA to a folder that you may write to", d.Data, err)
	}
	return logFile, nil
}

// startServices starts the private services in place of those that the
// environment does not name, and fills the settings in.
func (d *devCommand) startServices(ctx context.Context, t terminal, fail context.CancelCauseFunc, closers *[]func() error) (handlers.Mailbox, error) {
	stopper := func(stop func(context.Context) error) func() error {
		return func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
			defer cancel()
			return stop(ctx)
		}
	}
	watch := func(done <-chan struct{}, what string) {
		go func() {
			select {
			case <-done:
				fail(fmt.Errorf("%s ended by itself; see portal.log in %s", what, d.Data))
			case <-ctx.Done():
			}
		}()
	}
	if d.Keyset == "" {
		keys, err := d.ownKeyset()
		if err != nil {
			return nil, err
		}
		d.Keyset = keys
	}
	if d.DatabaseURL == "" {
		postgres, err := embedded.StartPostgres(ctx, filepath.Join(d.Data, "postgres"),
			embedded.Options{Fsync: true, Notice: func(sentence string) { t.say("%s", sentence) }})
		if err != nil {
			return nil, err
		}
		*closers = append(*closers, stopper(postgres.Stop))
		watch(postgres.Done(), "the private PostgreSQL")
		d.DatabaseURL, d.DirectURL = postgres.DSN(), ""
	}
	if d.RedisURL == "" {
		redis, err := embedded.StartRedis(ctx, filepath.Join(d.Data, "redis"))
		if err != nil {
			return nil, err
		}
		*closers = append(*closers, stopper(redis.Stop))
		watch(redis.Done(), "the private Redis")
		d.RedisURL = redis.URL()
		if redis.Kind() == embedded.MiniRedis {
			t.say("No redis-server on this machine: the queue lives in this process.")
		}
	}
	if d.SMTPURL != "" {
		return nil, nil
	}
	mail, err := embedded.StartMail(ctx)
	if err != nil {
		return nil, err
	}
	*closers = append(*closers, mail.Stop)
	d.SMTPURL = mail.URL()
	return caughtMail{mail}, nil
}

// ownKeyset reads the keys of earlier runs, or makes them at the first.
func (d *devCommand) ownKeyset() (string, error) {
	file := filepath.Join(d.Data, "keyset")
	kept, err := os.ReadFile(file) //nolint:gosec // in our own folder
	if err == nil {
		return strings.TrimSpace(string(kept)), nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the demo's keys: %w", err)
	}
	keys, err := sealed.New()
	if err != nil {
		return "", err
	}
	text, err := keys.Export()
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the demo's keys: %w", err)
	}
	return text, nil
}

// caughtMail shows the catcher's messages.
type caughtMail struct{ mail *embedded.Mail }

func (m caughtMail) Mails() []handlers.Mail {
	messages := m.mail.Messages()
	mails := make([]handlers.Mail, len(messages))
	for i, message := range messages {
		mails[i] = handlers.Mail{
			At: message.At, To: strings.Join(message.To, ", "), Subject: message.Subject, Body: message.Body,
		}
	}
	return mails
}

func (d *devCommand) printWelcome(t terminal, c *config, users []demoUser, catches bool) {
	t.say("")
	t.say("The portal runs. Demo organisation and demo data: do not enter real people.")
	t.say("  home      %s/", c.baseURL)
	t.say("  survey    %s/survey/%s", c.baseURL, c.survey.ID)
	t.say("  referral  %s/refer", c.baseURL)
	t.say("  managers  %s/manage", c.baseURL)
	if catches {
		t.say("  mail      %s/dev/mail", c.baseURL)
	}
	t.say("  log       %s", filepath.Join(d.Data, "portal.log"))
	for _, u := range users {
		t.say("demo sign-in  %s  %s  %s", u.role, u.email, u.password)
	}
	t.say("Press Ctrl-C to stop.")
}

// say prints a line for the person at the keyboard.
func (t terminal) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.out, format+"\n", args...)
}
