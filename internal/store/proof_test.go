package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

// wholeLedger holds some of everything that a proof looks at.
func wholeLedger(t *testing.T) (*ledger, *testenv.DB) {
	t.Helper()
	db := testenv.Open(t)
	l := openLedgerOn(t, db)
	source, _ := forms.BuiltIn("care-worker-survey")
	l.must(l.PublishForm(t.Context(), builtIn("care-worker-survey"), source))
	wave := l.wave("spring")
	invited, err := l.AddClosedCollector(t.Context(), byCommand, wave, "Home care", 3)
	l.must(err)
	var codes []string
	l.must(l.Invitations(t.Context(), invited.ID, 1, 0, func(i store.Invitation) error {
		codes = append(codes, i.Code)
		return nil
	}))
	spend := func(code string) {
		answered := response(wave, uuid.New(), "by invitation")
		answered.Invitation = code
		_, err := l.Append(t.Context(), answered, tuesday)
		l.must(err)
	}
	l.fill(wave, 0, 11)
	spend(codes[0])
	l.release(wave, tuesday)
	read, err := l.WaveByCode(t.Context(), "care-worker-survey", "spring")
	l.must(err)
	_, err = l.Editions(t.Context(), read, 12, tuesday)
	l.must(err)
	_, err = l.QueueTexts(t.Context(), wave, "one_change", 12)
	l.must(err)
	l.fill(wave, 100, 2)
	spend(codes[1])

	mid := l.user("mid@example.org", store.Triage, "mid")
	first := l.refer(forms.Answers{"adult_nhs_number": {"9434765919"}})
	open := func() store.Action {
		seen, err := l.OpenReferral(t.Context(), mid, first.Reference, tuesday)
		l.must(err)
		return store.Action{Actor: mid, Reference: first.Reference, Version: seen.Version, At: tuesday}
	}
	l.must(l.AddNote(t.Context(), open(), "A note."))
	l.must(l.StartScreening(t.Context(), open()))
	l.must(l.Decide(t.Context(), open(), store.NewDecision{Outcome: "other", Reasons: store.Reasons{Outcome: "A reason."}}))
	owed, err := l.DueNotifications(t.Context(), first.ReferralID, tuesday, 10)
	l.must(err)
	for _, id := range owed {
		l.must(l.Tell(t.Context(), id, tuesday, func(context.Context, store.Notice) error { return nil }))
	}
	amended := uuid.New()
	l.submit(submission(amended, concern(nil), tuesday))
	l.submit(submission(amended, concern(forms.Answers{"what_happened": {"More."}}), tuesday))
	l.must(l.PutDraft(t.Context(), store.Draft{ID: []byte("draft"), FormVersion: 1, Sealed: []byte("sealed"), ExpiresAt: ended}, nil))

	file, err := l.AskExport(t.Context(), store.Deed{By: mid, At: tuesday}, wave, store.ExportResponses)
	l.must(err)
	begun, err := l.BeginExport(t.Context(), file, tuesday)
	l.must(err)
	writer := l.WriteExport(t.Context(), begun)
	_, err = writer.Write([]byte("a file"))
	l.must(err)
	l.must(writer.Close())
	l.must(l.FinishExport(t.Context(), begun, writer.Size(), tuesday))
	return l, db
}

// broken are the agreements that a proof finds not to hold.
func (l *ledger) broken() (what []string) {
	l.t.Helper()
	proof, err := l.Prove(l.t.Context())
	l.must(err)
	for _, a := range proof.Agreements {
		if a.Broken != 0 {
			what = append(what, a.What)
		}
	}
	return what
}

// TestProofFindsWhatDoesNotAgree does one harm after the other, until nothing
// agrees any more.
func TestProofFindsWhatDoesNotAgree(t *testing.T) {
	t.Parallel()
	l, _ := wholeLedger(t)
	if odd := l.broken(); len(odd) > 0 {
		t.Fatalf("in a whole ledger these do not hold: %q", odd)
	}
	var found []string
	for _, harm := range []struct{ breaks, statement string }{
		{"Each release has as many responses as it counts", `UPDATE releases SET size = size + 1`},
		{"Each wave has as many releases as it counts", `UPDATE waves SET releases = releases + 1`},
		{"Figures were shown only of responses that are there", `UPDATE editions SET size = 1000`},
		{"Each text that is read is in a response that is there", `UPDATE texts SET ordinal = ordinal + 1000`},
		{"No key of a response is missing", `DELETE FROM submission_keys WHERE submission_key = (
			SELECT submission_key FROM submission_keys EXCEPT SELECT submission_key FROM inbox LIMIT 1)`},
		{"Each response that waits has its key", `DELETE FROM submission_keys WHERE submission_key = (SELECT submission_key FROM inbox LIMIT 1)`},
		{"No key is without its response", `INSERT INTO submission_keys SELECT gen_random_uuid() FROM generate_series(1, 50)`},
		{"Each response is of a wave and answers a published definition that the wave accepts", `UPDATE inbox SET form_version = 9`},
		{"Each collector has as many invitations as it has issued", `UPDATE collectors SET issued = 99`},
		{"As many invitations are used as responses came by them", `UPDATE invitations SET spent = true`},
		{"Each email that was sent is in the history of its referral", `DELETE FROM events WHERE kind = 'team_told'`},
		{"Each referral that is decided has its decision, and no other", `DELETE FROM decisions`},
		{"Each amendment is in the history of its referral", `DELETE FROM events WHERE kind = 'amended'`},
		{"Each referral that has a team was routed once, and no other", `UPDATE referrals SET routed_at = NULL`},
		{"Each referral was received once", `DELETE FROM events WHERE kind = 'received'`},
		{"Each file that is ready is whole", `DELETE FROM export_parts`},
		{"Responses lie in the order of their releases", `UPDATE responses SET release = 7 WHERE ordinal = 0`},
		{"Each wave has as many responses as it counts, without a gap", `DELETE FROM responses WHERE ordinal = 5`},
		{"New rows get numbers that no row has", `ALTER SEQUENCE waves_id_seq RESTART`},
	} {
		if slices.Contains(l.broken(), harm.breaks) {
			t.Errorf("%q does not hold before %s", harm.breaks, harm.statement)
		}
		_, err := l.raw.ExecContext(t.Context(), harm.statement)
		l.must(err)
		if !slices.Contains(l.broken(), harm.breaks) {
			t.Errorf("%q still holds after %s", harm.breaks, harm.statement)
		}
		found = append(found, harm.breaks)
	}
	proof, err := l.Prove(t.Context())
	l.must(err)
	for _, a := range proof.Agreements {
		if !slices.Contains(found, a.What) {
			t.Errorf("nothing was done against %q", a.What)
		}
	}
}

// TestProofOpensWhatIsSealed looks whether every sealed column is opened, and
// whether one value that was changed is found, and one in another's place.
func TestProofOpensWhatIsSealed(t *testing.T) {
	t.Parallel()
	l, db := wholeLedger(t)
	proof, err := l.Prove(t.Context())
	l.must(err)
	var columns []string
	indexed := 0
	for _, v := range proof.Sealed {
		columns = append(columns, v.Table+"."+v.Column)
		if !v.Sound() || v.Values == 0 {
			t.Errorf("of a whole ledger: %+v", v)
		}
		indexed += v.Indexed
	}
	if indexed != 1+3 || proof.Drafts != 1 {
		t.Errorf("%d values with an index and %d drafts, want 4 and 1", indexed, proof.Drafts)
	}
	slices.Sort(columns)
	want := l.texts(`SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name LIKE '%sealed' AND table_name <> 'drafts' ORDER BY 1`)
	if !slices.Equal(columns, want) {
		t.Errorf("opened are %q, sealed are %q", columns, want)
	}

	for i, v := range proof.Sealed {
		// The last byte is of the tag that seals it.
		_, err := l.raw.ExecContext(t.Context(), `UPDATE `+v.Table+` SET `+v.Column+` = set_byte(`+v.Column+`, length(`+v.Column+`) - 1,
			255 - get_byte(`+v.Column+`, length(`+v.Column+`) - 1)) WHERE ctid = (SELECT min(ctid) FROM `+v.Table+` WHERE `+v.Column+` IS NOT NULL)`)
		l.must(err)
		after, err := l.Prove(t.Context())
		l.must(err)
		if got := after.Sealed[i]; got.Opened != v.Values-1 || got.Values != v.Values || got.Sound() {
			t.Errorf("a changed value: %+v, was %+v", got, v)
		}
	}
	_, err = l.raw.ExecContext(t.Context(), `UPDATE invitations SET code_index = sha256(code_index)`)
	l.must(err)
	after, err := l.Prove(t.Context())
	l.must(err)
	if last := after.Sealed[len(after.Sealed)-1]; last.Found != 0 || last.Indexed != 2 {
		t.Errorf("codes that nothing finds: %+v", last)
	}

	other, err := store.Open(t.Context(), db.DSN, store.Options{Keys: testenv.Keyset(t)})
	l.must(err)
	defer func() { l.must(other.Close()) }()
	strange, err := other.Prove(t.Context())
	l.must(err)
	for _, v := range strange.Sealed {
		if v.Opened != 0 || v.Values == 0 {
			t.Errorf("with another keyset: %+v", v)
		}
	}
	rotated, err := db.Keys.Rotate()
	l.must(err)
	renewed, err := store.Open(t.Context(), db.DSN, store.Options{Keys: rotated})
	l.must(err)
	defer func() { l.must(renewed.Close()) }()
	again, err := renewed.Prove(t.Context())
	l.must(err)
	if !slices.Equal(again.Sealed, after.Sealed) {
		t.Errorf("with a rotated keyset: %+v, want %+v", again.Sealed, after.Sealed)
	}
}
