package main

import (
	"context"
	"errors"
	"fmt"

	"intake/internal/counting"
	"intake/internal/results"
	"intake/internal/store"
)

// checkIndex holds the stored index of every wave against a recount of its
// released responses, and with rebuild stores anew what is wrong or lags.
func (c *checkCommand) checkIndex(ctx context.Context, t terminal) error {
	if len(c.Files) > 0 {
		return errors.New("--index checks the ledger at DATABASE_URL, and takes no files")
	}
	return c.withLedger(ctx, func(ledger *store.Store) error {
		wrong, err := c.indexFaults(ctx, t, ledger)
		switch {
		case err != nil:
			return err
		case wrong > 0 && !c.Rebuild:
			t.say("The portal does not show a chunk that is corrupt or missing: it counts the responses instead, which takes longer. Run `portal check --index --rebuild` to store the index anew.")
			return errFindings
		case wrong > 0:
			t.say("What was wrong has been stored anew.")
		}
		return nil
	})
}

// indexFaults prints how the index of each wave is, and counts the chunks that
// are wrong.
func (c *checkCommand) indexFaults(ctx context.Context, t terminal, ledger *store.Store) (wrong int, err error) {
	org, err := loadOrganisation(c.OrganisationFile)
	if err != nil {
		return 0, err
	}
	waves, err := ledger.Waves(ctx, "")
	if err != nil {
		return 0, err
	}
	counter := counting.Counter{Store: ledger, Versions: ledger.Versions(listsOf(org))}
	for _, wave := range waves {
		err := counter.Check(ctx, wave.ID, c.Rebuild, func(f counting.Finding) {
			if f.Fault != nil {
				wrong++
			}
			t.say("wave %s of %s, chunk %d of %d: %s", wave.Code, wave.Survey, f.Chunk+1,
				max(f.Chunk+1, (f.Wave.Released+results.ChunkSize-1)/results.ChunkSize), toldOf(f, c.Rebuild))
		})
		if err != nil {
			return wrong, fmt.Errorf("wave %s: %w", wave.Code, err)
		}
	}
	return wrong, nil
}

func toldOf(f counting.Finding, rebuilt bool) string {
	told := fmt.Sprintf("%d responses, as in a recount", f.Stored)
	switch {
	case f.Fault != nil:
		told = fmt.Sprintf("it %v", f.Fault)
	case f.Stored == 0:
		told = "not stored yet; the responses are counted when somebody looks"
	}
	if rebuilt {
		told += "; stored anew"
	}
	return told
}
