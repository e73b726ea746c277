package main

import (
	"context"
	"errors"
	"fmt"

	"intake/internal/sealed"
	"intake/internal/store"
)

// checkLedger proves that the ledger at DATABASE_URL is whole and that the
// keyset opens it, as one has to know of a copy that was restored. It prints
// numbers alone.
func (c *checkCommand) checkLedger(ctx context.Context, t terminal) error {
	if len(c.Files) > 0 {
		return errors.New("--ledger checks the ledger at DATABASE_URL, and takes no files")
	}
	if c.Keyset == "" {
		return errors.New("PORTAL_KEYSET is not set: --ledger opens what is sealed, with the keys of `portal web`")
	}
	keys, err := sealed.Parse(c.Keyset)
	if err != nil {
		return fmt.Errorf("PORTAL_KEYSET: %w", err)
	}
	return c.withKeys(ctx, keys, func(ledger *store.Store) error {
		proof, err := ledger.Prove(ctx)
		if err != nil {
			return err
		}
		opens, whole := t.sayOpened(proof), t.sayAgreements(proof)
		wrong, err := c.indexFaults(ctx, t, ledger)
		if err != nil {
			return err
		}
		switch {
		case !opens:
			t.say("Some of what is sealed does not open. If nothing in a table does, PORTAL_KEYSET is another keyset than the one that it was sealed with: find that one, nothing else opens it. Otherwise the rows were changed, or come from another ledger.")
		case !whole:
			t.say("The parts of the ledger do not agree: it is not a copy of one moment, or rows were changed or lost. Restore another dump.")
		case wrong > 0:
			t.say("All data is there. Run `portal check --index --rebuild` to store the index anew.")
		case !proof.HasSealed():
			t.say("The ledger is whole. Nothing in it is sealed, so that nothing shows whether PORTAL_KEYSET is the right one.")
			return nil
		default:
			t.say("The ledger is whole, and PORTAL_KEYSET opens it.")
			return nil
		}
		return errFindings
	})
}

// sayOpened prints what opened, and reports whether everything did.
func (t terminal) sayOpened(proof *store.Proof) bool {
	sound := true
	for _, v := range proof.Sealed {
		told := fmt.Sprintf("%s, %s: %d of %d opened", v.Table, v.Column, v.Opened, v.Values)
		if v.Indexed > 0 {
			told += fmt.Sprintf(", %d of %d found by what they are looked up by", v.Found, v.Indexed)
		}
		if !v.Sound() {
			told = "WRONG: " + told
			sound = false
		}
		t.say("%s", told)
	}
	t.say("drafts: %d, which only the words of their writers open", proof.Drafts)
	return sound
}

// sayAgreements prints what does not hold, and reports whether all holds.
func (t terminal) sayAgreements(proof *store.Proof) bool {
	whole := true
	for _, a := range proof.Agreements {
		if a.Broken > 0 {
			whole = false
			t.say("WRONG: %s: this does not hold, %d times", a.What, a.Broken)
		}
	}
	if whole {
		t.say("%d rules between the tables hold", len(proof.Agreements))
	}
	return whole
}
