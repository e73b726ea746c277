package main

import (
	"database/sql"
	"strings"
	"testing"

	"intake/internal/testenv"
)

// TestCheckLedger proves a ledger of demo data, and finds what is wrong with
// it: the keyset, the rows, the index.
func TestCheckLedger(t *testing.T) {
	t.Parallel()
	db, redis := testenv.Open(t), testenv.Redis(t)
	s := sound(t)
	seed := []string{"seed", "--database-url", db.DSN, "--redis-url", redis, "--keyset", s.Keyset, "--base-url", s.BaseURL,
		"--smtp-url", s.SMTPURL, "--responses", "60", "--referrals", "20"}
	portal(t, seed...).wants(1, "there is no wave to seed") // publishes the survey
	portal(t, "wave", "open", "spring", "--demo", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(0)
	check := func(args ...string) result {
		t.Helper()
		return portal(t, append([]string{"check", "--ledger", "--database-url", db.DSN}, args...)...)
	}
	got := check("--keyset", s.Keyset).wants(0, "referrals, rest_sealed: 20 of 20 opened", "The ledger is whole, and PORTAL_KEYSET opens it.")
	if strings.Contains(got.out, "SG-") || strings.Contains(got.out, "WRONG") {
		t.Errorf("it says too much:\n%s", got.out)
	}
	check().wants(1, "PORTAL_KEYSET is not set")
	check("--keyset", "nonsense").wants(1, "PORTAL_KEYSET: ", "this is not a usable keyset")
	check("--keyset", s.Keyset, "file.yaml").wants(1, "takes no files")
	check("--keyset", s.Keyset, "--index").wants(1, "leave --index out")

	other, err := testenv.Keyset(t).Export()
	must(t, err)
	check("--keyset", other).wants(1, "WRONG: referrals, reporter_sealed: 0 of 20 opened", "PORTAL_KEYSET is another keyset")

	raw, err := sql.Open("postgres", db.DSN)
	must(t, err)
	defer func() { must(t, raw.Close()) }()
	harm := func(statement string) {
		t.Helper()
		_, err := raw.ExecContext(t.Context(), statement)
		must(t, err)
	}
	portal(t, "check", "--index", "--rebuild", "--database-url", db.DSN).wants(0)
	harm(`UPDATE result_chunks SET bits = set_byte(bits, 30, 255 - get_byte(bits, 30))`)
	check("--keyset", s.Keyset).wants(1, "is not what was stored", "All data is there. Run `portal check --index --rebuild`")
	harm(`DELETE FROM events WHERE kind = 'received'`)
	check("--keyset", s.Keyset).wants(1, "WRONG: Each referral was received once: this does not hold, 20 times", "Restore another dump.")
}

// A ledger without a referral shows nothing about the keyset.
func TestCheckLedgerOfNothing(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	keys, err := db.Keys.Export()
	must(t, err)
	portal(t, "check", "--ledger", "--database-url", db.DSN, "--keyset", keys).wants(0, "The ledger is whole. Nothing in it is sealed")
}
