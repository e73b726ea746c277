package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"intake/forms"
	"intake/internal/store"
)

type waveAcceptCommand struct {
	namedWave
	Code    string `arg:"" help:"Which wave."`
	Version int    `arg:"" help:"Which published version of the survey."`

	OrganisationFile string `env:"PORTAL_ORGANISATION_FILE" help:"The organisation whose districts the versions ask for." placeholder:"FILE"`
}

// Run lets the wave accept the version, if what it asks can be counted
// together with what the wave has asked so far.
func (w *waveAcceptCommand) Run(ctx context.Context, t terminal) error {
	org, err := loadOrganisation(w.OrganisationFile)
	if err != nil {
		return err
	}
	return w.withLedger(ctx, func(ledger *store.Store) error {
		published, err := ledger.PublishedVersions(ctx, w.Survey)
		if err != nil {
			return err
		}
		if !slices.Contains(published, w.Version) {
			return fmt.Errorf("version %d of %s is not published: start `portal web` of the release that has it once, which publishes it", w.Version, w.Survey)
		}
		wave, err := ledger.WaveByCode(ctx, w.Survey, w.Code)
		if errors.Is(err, store.ErrNotFound) {
			return w.missing(w.Code)
		} else if err != nil {
			return err
		}
		if err := w.refuseApart(ctx, ledger, wave, listsOf(org)); err != nil {
			return err
		}
		if err := ledger.AcceptVersion(ctx, deed(), w.Survey, w.Code, w.Version); err != nil {
			return err
		}
		if wave, err = ledger.WaveByCode(ctx, w.Survey, w.Code); err != nil {
			return err
		}
		t.say("Wave %s of %s counts answers to version %d. Its pages are given out in version %d.", w.Code, w.Survey, w.Version, wave.Version())
		return nil
	})
}

// refuseApart says why the version cannot be counted with those that the wave
// counts, nil if it can.
func (w *waveAcceptCommand) refuseApart(ctx context.Context, ledger *store.Store, wave *store.Wave, lists forms.Lists) error {
	load := func(version int) (*forms.Form, error) {
		source, err := ledger.FormSource(ctx, w.Survey, version)
		if err != nil {
			return nil, err
		}
		form, err := forms.Load(source, lists)
		if err != nil {
			return nil, fmt.Errorf("version %d of %s, as it was published, cannot be read by this release:\n%w", version, w.Survey, err)
		}
		return form, nil
	}
	further, err := load(w.Version)
	if err != nil {
		return err
	}
	accepted := make([]*forms.Form, len(wave.Versions))
	for i, version := range wave.Versions {
		if accepted[i], err = load(int(version)); err != nil {
			return err
		}
	}
	if differences := forms.CountedWith(accepted, further); differences != nil {
		return fmt.Errorf("wave %s cannot count answers to version %d together with those that it has:\n%s\nOpen another wave for the new version with `portal wave open`",
			w.Code, w.Version, strings.Join(differences, "\n"))
	}
	return nil
}
