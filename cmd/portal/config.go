package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/sealed"
	"intake/internal/store"
	"intake/migrations"
	"intake/worker"
)

// database is what commands need that work on the ledger alone.
type database struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" help:"PostgreSQL, like postgres://USER:PASSWORD@HOST/NAME?sslmode=verify-full." placeholder:"URL"`
}

func (d database) open(ctx context.Context, opt store.Options) (*store.Store, error) {
	if d.DatabaseURL == "" {
		return nil, errors.New("DATABASE_URL is not set: say where PostgreSQL is, like postgres://portal@127.0.0.1/portal")
	}
	ledger, err := store.Open(ctx, d.DatabaseURL, opt)
	if err != nil {
		return nil, err
	}
	mixes, err := ledger.MayMixStatements(ctx)
	if mixes {
		err = errors.New("DATABASE_URL leads through a pooler in transaction mode, where queries can run as other clients' statements: add binary_parameters=yes to it, and start again")
	}
	if err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	return ledger, nil
}

// direct is what commands need besides that change the schema: they hold a lock
// for a session, which a pooler in transaction mode cannot.
type direct struct {
	DirectURL string `name:"database-direct-url" env:"DATABASE_DIRECT_URL" help:"PostgreSQL itself, where DATABASE_URL leads through a pooler." placeholder:"URL"`
}

// around gives the address that leads around a pooler.
func (d direct) around(database database) string { return cmp.Or(d.DirectURL, database.DatabaseURL) }

// settings are the environment of the serving commands.
type settings struct {
	database
	RedisURL         string   `name:"redis-url" env:"REDIS_URL" help:"The queue: redis://, redis+sentinel:// or redis+cluster://." placeholder:"URL"`
	Keyset           string   `env:"PORTAL_KEYSET" help:"The sealing keys, as portal keyset new prints them." placeholder:"KEYS"`
	OrganisationFile string   `env:"PORTAL_ORGANISATION_FILE" help:"organisation.yaml; the demo organisation if not set." placeholder:"FILE"`
	RulesFile        string   `env:"PORTAL_RULES_FILE" help:"The routing rules; the built-in ones if not set." placeholder:"FILE"`
	BaseURL          string   `name:"base-url" env:"PORTAL_BASE_URL" help:"What links begin with, like https://portal.example.org." placeholder:"URL"`
	Addr             string   `env:"PORTAL_ADDR" default:"127.0.0.1:8080" help:"Where the web server listens."`
	AdminAddr        string   `env:"PORTAL_ADMIN_ADDR" help:"Where each process serves /metrics, /healthz and /readyz of its own; nowhere if not set. Keep it private." placeholder:"ADDR"`
	TrustedProxies   []string `env:"PORTAL_TRUSTED_PROXIES" help:"Proxies whose forwarded client address counts, like 10.0.0.0/8; none if not set."`
	Offline          string   `env:"PORTAL_OFFLINE" enum:"on,off" default:"on" help:"Whether the survey may keep itself on people's own phones; off takes it back from those that have it, but not their answers."`
	RateLimit        string   `env:"PORTAL_RATE_LIMIT" default:"120" help:"Public posts per client and minute, or off."`
	DrainDelay       string   `env:"PORTAL_DRAIN_DELAY" default:"0s" help:"How long web serves on after it was told to stop, while /readyz says so, like 10s: as long as the load balancer takes to notice." placeholder:"TIME"`
	SMTPURL          string   `name:"smtp-url" env:"PORTAL_SMTP_URL" help:"The mail server, like smtps://USER:PASSWORD@mail.example.org." placeholder:"URL"`
	MailFrom         string   `env:"PORTAL_MAIL_FROM" help:"The sender of emails to teams; portal@ the base URL's host if not set." placeholder:"EMAIL"`
}

// config is what the settings mean.
type config struct {
	settings
	organisation *organisation.Organisation
	calendar     *routing.Calendar
	rules        *routing.RuleSet
	survey       *forms.Form
	referral     *forms.Form
	keys         *sealed.Keyset
	rateLimit    int
	drainDelay   time.Duration
	baseURL      string
	mailFrom     string
	mailer       *worker.Mailer
	log          *slog.Logger
	writeLog     func() // what waits to be written; called at the end
}

// read checks the settings and reports all faults at once.
func (s settings) read(logTo io.Writer) (*config, error) {
	cfg, faults := s.understand()
	if faults = append(s.missing(), faults...); len(faults) > 0 {
		return nil, cannotStart(faults)
	}
	cfg.log, cfg.writeLog = newLog(logTo)
	return cfg, nil
}

func cannotStart(faults []error) error {
	return fmt.Errorf("the portal cannot start:\n%w", errors.Join(faults...))
}

// missing names the settings without which nothing can be served.
func (s settings) missing() []error {
	var faults []error
	for _, need := range []struct{ name, value string }{
		{"DATABASE_URL", s.DatabaseURL}, {"REDIS_URL", s.RedisURL}, {"PORTAL_KEYSET", s.Keyset},
		{"PORTAL_BASE_URL", s.BaseURL}, {"PORTAL_SMTP_URL", s.SMTPURL},
	} {
		if need.value == "" {
			faults = append(faults, fmt.Errorf("%s is not set; see .env.example", need.name))
		}
	}
	return faults
}

// understand works out what the settings mean, as far as they are set, and
// all that is wrong with them.
func (s settings) understand() (*config, []error) {
	cfg := &config{settings: s}
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if s.Keyset != "" {
		var err error
		cfg.keys, err = sealed.Parse(s.Keyset)
		if err != nil {
			fault(fmt.Errorf("PORTAL_KEYSET: %w", err))
		}
	}
	var err error
	cfg.rateLimit, err = readRateLimit(s.RateLimit)
	fault(err)
	cfg.drainDelay, err = readDrainDelay(s.DrainDelay)
	fault(err)
	if s.BaseURL != "" {
		fault(cfg.readBaseURL())
	}
	if s.SMTPURL != "" {
		cfg.mailer, err = worker.NewMailer(s.SMTPURL, cfg.mailFrom, cfg.baseURL, routing.London)
		fault(err)
	}
	if s.RedisURL != "" {
		// Only to see whether the address can be read: nothing is connected yet.
		client, err := worker.DialRedis(s.RedisURL)
		if err == nil {
			err = client.Close()
		}
		fault(err)
	}
	fault(checkProxies(s.TrustedProxies))
	fault(cfg.readOrganisation())
	return cfg, faults
}

// readBaseURL reads what links begin with, and the sender of emails after it.
func (c *config) readBaseURL() error {
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" ||
		strings.Trim(base.Path, "/") != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return errors.New("PORTAL_BASE_URL must be an address without a path, like https://portal.example.org")
	}
	c.baseURL, c.mailFrom = base.Scheme+"://"+base.Host, c.MailFrom
	if c.mailFrom != "" {
		return nil
	}
	host := base.Hostname()
	if net.ParseIP(host) != nil {
		host = "localhost" // a bare number is no host of an email address
	}
	c.mailFrom = "portal@" + host
	return nil
}

func checkProxies(proxies []string) error {
	for _, proxy := range proxies {
		_, errNetwork := netip.ParsePrefix(proxy)
		_, errAddress := netip.ParseAddr(proxy)
		if errNetwork != nil && errAddress != nil {
			return fmt.Errorf("PORTAL_TRUSTED_PROXIES must list addresses or networks, like 10.0.0.0/8, not %q", proxy)
		}
	}
	return nil
}

func readDrainDelay(value string) (time.Duration, error) {
	delay, err := time.ParseDuration(value)
	if err != nil || delay < 0 || delay > 5*time.Minute { // supervisors kill what does not end
		return 0, fmt.Errorf("PORTAL_DRAIN_DELAY must be a time like 10s, of at most 5 minutes, not %q", value)
	}
	return delay, nil
}

func readRateLimit(value string) (int, error) {
	if value == "off" {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("PORTAL_RATE_LIMIT must be a number of posts a minute, or off, not %q", value)
	}
	return n, nil
}

// readOrganisation reads the organisation and what depends on it.
func (c *config) readOrganisation() error {
	var err error
	if c.organisation, err = loadOrganisation(c.OrganisationFile); err != nil {
		return err
	}
	for _, code := range c.organisation.Languages {
		if forms.LocaleIn(code) == nil {
			return fmt.Errorf("the organisation switches on the language %q, which has no file: there are %s", code, strings.Join(forms.LocaleCodes(), ", "))
		}
	}
	c.calendar = c.organisation.Calendar()
	rules := routing.BuiltIn()
	if c.RulesFile != "" {
		if rules, err = os.ReadFile(c.RulesFile); err != nil {
			return fmt.Errorf("PORTAL_RULES_FILE: %w", err)
		}
	}
	var errRules, errSurvey, errReferral error
	if c.rules, errRules = routing.Load(rules, c.organisation.RoutingNames()); errRules != nil {
		errRules = fmt.Errorf("routing rules: %w", errRules)
	} else if !c.rules.InForce(now()) {
		errRules = fmt.Errorf("the routing rules are not in force before %s: set PORTAL_RULES_FILE to the ones that are", c.rules.Effective)
	}
	lists := listsOf(c.organisation)
	c.survey, errSurvey = loadBuiltIn("care-worker-survey", lists)
	c.referral, errReferral = loadBuiltIn("safeguarding-referral", lists)
	return errors.Join(errRules, errSurvey, errReferral)
}

// listsOf are the options that definitions take from the organisation.
func listsOf(o *organisation.Organisation) forms.Lists {
	var districts []forms.Option
	for _, d := range o.Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	return forms.Lists{"districts": districts}
}

func loadOrganisation(file string) (*organisation.Organisation, error) {
	if file == "" {
		return organisation.Demo(), nil
	}
	source, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("PORTAL_ORGANISATION_FILE: %w", err)
	}
	o, err := organisation.Load(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return o, nil
}

func loadBuiltIn(id string, lists forms.Lists) (*forms.Form, error) {
	source, ok := forms.BuiltIn(id)
	if !ok {
		return nil, fmt.Errorf("no built-in definition %q", id)
	}
	f, err := forms.Load(source, lists)
	if err != nil {
		return nil, fmt.Errorf("definition %s: %w", id, err)
	}
	return f, nil
}

// openLedger opens the store on an up-to-date schema and makes sure that it
// knows the organisation's teams and the definitions.
func (c *config) openLedger(ctx context.Context) (*store.Store, error) {
	if err := migrations.Check(ctx, c.DatabaseURL); err != nil {
		return nil, err
	}
	ledger, err := c.open(ctx, store.Options{Keys: c.keys, MaxConns: ledgerConns})
	if err != nil {
		return nil, err
	}
	if err := c.fitLedger(ctx, ledger); err != nil {
		return nil, errors.Join(err, ledger.Close())
	}
	return ledger, nil
}

func (c *config) fitLedger(ctx context.Context, ledger *store.Store) error {
	for _, t := range c.organisation.Teams {
		if err := ledger.PutTeam(ctx, store.Team{Slug: t.Slug, Name: t.Name, Email: t.Email}); err != nil {
			return err
		}
	}
	for _, f := range []*forms.Form{c.survey, c.referral} {
		source, _ := forms.BuiltIn(f.ID)
		if err := ledger.PublishForm(ctx, f, source); err != nil {
			return err
		}
	}
	return nil
}

// now is the clock of the serving commands. Times are kept to the microsecond,
// as PostgreSQL keeps them.
func now() time.Time { return time.Now().Truncate(time.Microsecond) }
