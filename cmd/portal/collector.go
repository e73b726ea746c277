package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"intake/internal/sealed"
	"intake/internal/store"
)

type collectorCommand struct {
	Open   collectorOpenCommand   `cmd:"" help:"Make a short link for anyone."`
	Invite collectorInviteCommand `cmd:"" help:"Make invitations that count once each, or more of them."`
	Export collectorExportCommand `cmd:"" help:"Write invitations as CSV for a mail merge."`

	Reissue collectorReissueCommand `cmd:"" help:"Give an invitation that was lost a new code; the old one stops working."`
	List    collectorListCommand    `cmd:"" help:"List a wave's collectors, and how many came back."`
	Close   collectorCloseCommand   `cmd:"" help:"Close a collector; what phones still hold is taken for 72 hours."`
}

// collectorOf says which wave's collectors a command is about.
type collectorOf struct {
	database
	Survey string `default:"care-worker-survey" help:"Of which survey."`
	Wave   string `arg:"" help:"Of which wave."`
}

// linked is what commands need that print links.
type linked struct {
	BaseURL string `name:"base-url" env:"PORTAL_BASE_URL" help:"What links begin with, like https://portal.example.org." placeholder:"URL"`
}

func (l linked) base() (string, error) {
	if l.BaseURL == "" {
		return "", errNoBaseURL
	}
	base, err := url.Parse(l.BaseURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || strings.Trim(base.Path, "/") != "" {
		return "", errors.New("PORTAL_BASE_URL must be an address without a path, like https://portal.example.org")
	}
	return base.Scheme + "://" + base.Host, nil
}

// inviting is what commands need that open or make codes of invitations.
type inviting struct {
	linked
	Keyset string `env:"PORTAL_KEYSET" help:"The sealing keys, as portal keyset new prints them." placeholder:"KEYS"`
}

func (i inviting) read() (base string, keys *sealed.Keyset, err error) {
	if base, err = i.base(); err != nil {
		return "", nil, err
	}
	if i.Keyset == "" {
		return "", nil, errors.New("PORTAL_KEYSET is not set: invitations are sealed with the portal's keys, and those of `portal web` have to be the same")
	}
	if keys, err = sealed.Parse(i.Keyset); err != nil {
		return "", nil, fmt.Errorf("PORTAL_KEYSET: %w", err)
	}
	return base, keys, nil
}

// withWave runs do on the ledger and the wave. keys may be nil.
func (c collectorOf) withWave(ctx context.Context, keys *sealed.Keyset, do func(*store.Store, *store.Wave) error) error {
	return c.withKeys(ctx, keys, func(ledger *store.Store) error {
		wave, err := ledger.WaveByCode(ctx, c.Survey, c.Wave)
		if errors.Is(err, store.ErrNotFound) {
			return namedWave{Survey: c.Survey}.missing(c.Wave)
		} else if err != nil {
			return err
		}
		return do(ledger, wave)
	})
}

// withCollector runs do on the ledger and the wave's collector of that name.
func (c collectorOf) withCollector(ctx context.Context, keys *sealed.Keyset, name string, do func(*store.Store, *store.Wave, *store.Collector) error) error {
	return c.withWave(ctx, keys, func(ledger *store.Store, wave *store.Wave) error {
		collector, err := collectorNamed(ctx, ledger, wave, name)
		if err != nil {
			return err
		}
		return do(ledger, wave, collector)
	})
}

// withInvitations is withCollector for one that has invitations.
func (c collectorOf) withInvitations(ctx context.Context, keys *sealed.Keyset, name string, do func(*store.Store, *store.Wave, *store.Collector) error) error {
	return c.withCollector(ctx, keys, name, func(ledger *store.Store, wave *store.Wave, collector *store.Collector) error {
		if collector.Kind != store.ClosedCollector {
			return fmt.Errorf("%q is a short link for anyone: it has no invitations", name)
		}
		return do(ledger, wave, collector)
	})
}

func collectorNamed(ctx context.Context, ledger *store.Store, wave *store.Wave, name string) (*store.Collector, error) {
	collectors, err := ledger.Collectors(ctx, wave.ID)
	if err != nil {
		return nil, err
	}
	for i := range collectors {
		if collectors[i].Name == name {
			return &collectors[i], nil
		}
	}
	return nil, fmt.Errorf("wave %s has no collector %q: `portal collector list %s` lists them", wave.Code, name, wave.Code)
}

// refuseClosed: what leads to a closed wave leads nowhere.
func refuseClosed(w *store.Wave) error {
	if w.ClosesAt != nil && !w.ClosesAt.After(now()) {
		return fmt.Errorf("wave %s has closed: open another with `portal wave open`", w.Code)
	}
	return nil
}

func checkCollectorName(name string) error {
	if name == "" || strings.TrimSpace(name) != name || len([]rune(name)) > 100 || strings.ContainsFunc(name, unicode.IsControl) {
		return errors.New("a collector is named with 1 to 100 characters on one line, without spaces around them")
	}
	return nil
}

type collectorOpenCommand struct {
	collectorOf
	linked
	Name string `arg:"" help:"How managers name it, like \"Poster in day centres\"."`
}

// Run makes the short link.
func (c *collectorOpenCommand) Run(ctx context.Context, t terminal) error {
	if err := checkCollectorName(c.Name); err != nil {
		return err
	}
	base, err := c.base()
	if err != nil {
		return err
	}
	return c.withWave(ctx, nil, func(ledger *store.Store, wave *store.Wave) error {
		if err := refuseClosed(wave); err != nil {
			return err
		}
		if wave.ByInvitation {
			return fmt.Errorf("only invitations may answer wave %s: make some with `portal collector invite`", wave.Code)
		}
		collector, err := ledger.AddOpenCollector(ctx, deed(), wave.ID, c.Name)
		if errors.Is(err, store.ErrExists) {
			return fmt.Errorf("wave %s has a collector %q already: choose another name", wave.Code, c.Name)
		} else if err != nil {
			return err
		}
		t.say("%s", openLink(base, collector.Code))
		return nil
	})
}

func openLink(base, code string) string { return base + "/s/" + code }

type collectorCloseCommand struct {
	collectorOf
	Name string `arg:"" help:"Which collector."`
}

// Run closes the collector now.
func (c *collectorCloseCommand) Run(ctx context.Context, t terminal) error {
	return c.withCollector(ctx, nil, c.Name, func(ledger *store.Store, _ *store.Wave, collector *store.Collector) error {
		closing := deed()
		if err := ledger.CloseCollector(ctx, closing, collector.ID); errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%q is closed already", c.Name)
		} else if err != nil {
			return err
		}
		t.say("%q no longer leads to the survey. Answers that phones still hold are taken for 72 hours, until %s.",
			c.Name, spoken(closing.At.Add(store.LateFor)))
		return nil
	})
}

type collectorListCommand struct {
	collectorOf
	linked
}

// Run lists the collectors.
func (c *collectorListCommand) Run(ctx context.Context, t terminal) error {
	base, err := c.base()
	if err != nil {
		return err
	}
	return c.withWave(ctx, nil, func(ledger *store.Store, wave *store.Wave) error {
		collectors, err := ledger.Collectors(ctx, wave.ID)
		if err != nil {
			return err
		}
		rows := [][]string{{"NAME", "STATE", "ISSUED", "RE-ISSUED", "RETURNED", "RATE", "LINK"}}
		for i := range collectors {
			rows = append(rows, collectorRow(wave, &collectors[i], base))
		}
		return t.table(rows)
	})
}

// collectorRow shows what may be told of what came back, in the words of the
// managers' pages.
func collectorRow(wave *store.Wave, c *store.Collector, base string) []string {
	state, link, issued, reissued := "in use", "one for each invitation", fmt.Sprint(c.Issued), fmt.Sprint(c.Reissued)
	if !c.InUse(wave, now()) {
		state = "closed"
	}
	if c.Kind == store.OpenCollector {
		link, issued, reissued = openLink(base, c.Code), "-", "-"
	}
	returned, rate := "not shown", "-"
	if c.Returned != nil {
		returned = fmt.Sprint(*c.Returned)
	}
	if percent, ok := c.Rate(); ok {
		rate = fmt.Sprintf("%d %%", percent)
	}
	return []string{c.Name, state, issued, reissued, returned, rate, link}
}
