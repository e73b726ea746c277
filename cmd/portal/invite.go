package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"intake/internal/store"
)

type collectorInviteCommand struct {
	collectorOf
	inviting
	Name   string `arg:"" help:"How managers name it, like \"Home care providers\"; one that is there gets more invitations."`
	Number int    `arg:"" help:"How many invitations, 50,000 at most."`
	CSV    string `name:"csv" help:"Write the new ones to this file, or - to standard output." placeholder:"FILE"`
}

// Run makes the invitations.
func (c *collectorInviteCommand) Run(ctx context.Context, t terminal) error {
	if err := checkCollectorName(c.Name); err != nil {
		return err
	}
	if c.Number < 1 || c.Number > store.MaxInvitations {
		return fmt.Errorf("between 1 and 50,000 invitations can be made at once, not %d", c.Number)
	}
	base, keys, err := c.read()
	if err != nil {
		return err
	}
	return c.withWave(ctx, keys, func(ledger *store.Store, wave *store.Wave) error {
		if err := refuseClosed(wave); err != nil {
			return err
		}
		// The file first: invitations that cannot be written down are of no use.
		return t.writeNew(c.CSV, func(out io.Writer) error {
			collector, err := c.add(ctx, ledger, wave)
			if err != nil {
				return err
			}
			first := collector.Issued - c.Number + 1
			if out == nil {
				t.say("Made %d invitations, numbers %d to %d: `portal collector export` writes them down.", c.Number, first, collector.Issued)
				return nil
			}
			if err := writeInvitations(ctx, ledger, collector, base, first, out); err != nil {
				return fmt.Errorf("the invitations are made, and `portal collector export` can write them down, which failed now: %w", err)
			}
			_, err = fmt.Fprintf(t.err, "Made %d invitations, numbers %d to %d. Whoever has a code can answer with it: keep the file safe and delete it once it is used.\n",
				c.Number, first, collector.Issued)
			return err
		})
	})
}

// add makes the collector, or gives the one of that name more.
func (c *collectorInviteCommand) add(ctx context.Context, ledger *store.Store, wave *store.Wave) (*store.Collector, error) {
	collector, err := ledger.AddClosedCollector(ctx, deed(), wave.ID, c.Name, c.Number)
	if !errors.Is(err, store.ErrExists) {
		return collector, err
	}
	if collector, err = collectorNamed(ctx, ledger, wave, c.Name); err != nil {
		return nil, err
	}
	if collector.Kind != store.ClosedCollector {
		return nil, fmt.Errorf("wave %s has a short link named %q: choose another name", wave.Code, c.Name)
	}
	err = ledger.AddInvitations(ctx, deed(), collector.ID, collector.Issued, c.Number)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("%q is closed: choose another name", c.Name)
	case errors.Is(err, store.ErrStale):
		return nil, fmt.Errorf("somebody has just added invitations to %q, and none were added now: see with `portal collector list %s` how many there are", c.Name, wave.Code)
	case err != nil:
		return nil, err
	}
	collector.Issued += c.Number
	return collector, nil
}

type collectorExportCommand struct {
	collectorOf
	inviting
	Name string `arg:"" help:"Which collector."`
	CSV  string `name:"csv" default:"-" help:"The file to write, or - for standard output." placeholder:"FILE"`
	From int    `default:"1" help:"The first number to write."`
}

// Run writes the invitations down, used or not.
func (c *collectorExportCommand) Run(ctx context.Context, t terminal) error {
	base, keys, err := c.read()
	if err != nil {
		return err
	}
	return c.withInvitations(ctx, keys, c.Name, func(ledger *store.Store, _ *store.Wave, collector *store.Collector) error {
		return t.writeNew(c.CSV, func(out io.Writer) error {
			return writeInvitations(ctx, ledger, collector, base, c.From, out)
		})
	})
}

type collectorReissueCommand struct {
	collectorOf
	inviting
	Name   string `arg:"" help:"Which collector."`
	Number int    `arg:"" help:"The number of the invitation."`
}

// Run gives the invitation a new code.
func (c *collectorReissueCommand) Run(ctx context.Context, t terminal) error {
	base, keys, err := c.read()
	if err != nil {
		return err
	}
	return c.withInvitations(ctx, keys, c.Name, func(ledger *store.Store, wave *store.Wave, collector *store.Collector) error {
		if err := refuseClosed(wave); err != nil {
			return err
		}
		if !collector.InUse(wave, now()) {
			return fmt.Errorf("%q is closed: its invitations cannot be re-issued", c.Name)
		}
		code, err := ledger.Reissue(ctx, deed(), collector.ID, c.Number)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%q has no invitation %d: it has numbers 1 to %d", c.Name, c.Number, collector.Issued)
		} else if err != nil {
			return err
		}
		t.say("%s\n%s", store.FormatInvitation(code), invitationLink(base, code))
		_, err = fmt.Fprintln(t.err, "The old code no longer works. If the invitation had been used, it stays used; the portal does not tell.")
		return err
	})
}

func invitationLink(base, code string) string { return base + "/i/" + code }

var csvHeading = []string{"number", "code", "link"}

// writeInvitations writes a row for each invitation from that number on. No
// cell can be taken for a formula: they begin with a digit, a letter of the
// code or the link.
func writeInvitations(ctx context.Context, ledger *store.Store, collector *store.Collector, base string, from int, out io.Writer) error {
	if err := ledger.RecordExported(ctx, deed(), collector.ID); err != nil {
		return err
	}
	w := csv.NewWriter(out)
	if err := w.Write(csvHeading); err != nil {
		return fmt.Errorf("write invitations: %w", err)
	}
	rows := 0
	err := ledger.Invitations(ctx, collector.ID, from, 0, func(i store.Invitation) error {
		rows++
		return w.Write([]string{fmt.Sprint(i.Number), store.FormatInvitation(i.Code), invitationLink(base, i.Code)})
	})
	w.Flush()
	if err := errors.Join(err, w.Error()); err != nil {
		return fmt.Errorf("write invitations: %w", err)
	}
	if rows == 0 && from <= collector.Issued {
		return fmt.Errorf("the codes of %q are no longer kept: it ended more than 72 hours ago", collector.Name)
	} else if rows == 0 {
		return fmt.Errorf("%q has no invitation %d: it has numbers 1 to %d", collector.Name, from, collector.Issued)
	}
	return nil
}

// writeNew calls write with a new file that only its owner may read, with
// standard output for "-", or with nil for "". A file that is there is not
// touched; a new one goes again if write fails.
func (t terminal) writeNew(file string, write func(io.Writer) error) (err error) {
	switch file {
	case "":
		return write(nil)
	case "-":
		return write(t.out)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: name a new file", file)
	} else if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(file))
		}
	}()
	return write(f)
}
