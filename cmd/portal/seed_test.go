package main

import (
	"testing"
	"time"

	"intake/internal/store"
	"intake/internal/testenv"
)

func TestDemoKeepsOutOfRealLedgers(t *testing.T) {
	t.Parallel()
	db, redis := testenv.Open(t), testenv.Redis(t)
	s := sound(t)
	seed := []string{"seed", "--database-url", db.DSN, "--redis-url", redis, "--keyset", s.Keyset,
		"--base-url", s.BaseURL, "--smtp-url", s.SMTPURL, "--responses", "12", "--referrals", "3"}
	portal(t, seed...).wants(1, "there is no wave to seed")
	portal(t, "wave", "open", "spring", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(1, "wave spring is real: demo data goes into demo waves only")
	dev := startDev(t, db, redis, t.TempDir())
	dev.ends(1)
	dev.says("is in real use")
	users, err := db.Store.Users(t.Context())
	must(t, err)
	if len(users) != 0 {
		t.Errorf("a ledger in real use got %d demo managers", len(users))
	}

	portal(t, "wave", "close", "spring", "--database-url", db.DSN).wants(0)
	portal(t, "wave", "open", "trial", "--demo", "--database-url", db.DSN).wants(0)
	portal(t, append(seed, "--waves", "1")...).wants(0, "12 survey responses of wave trial", "3 referrals")
	expectResponses(t, db, 12, 0)
	if got := referrals(t, db); got != 3 {
		t.Errorf("there are %d referrals, want 3", got)
	}
	portal(t, append(seed, "--waves", "0")...).wants(1, "one wave at least")
	portal(t, "wave", "close", "trial", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(1, "wave trial has closed")
	portal(t, "wave", "open", "letters", "--demo", "--by-invitation", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(1, "wave letters takes answers by invitation only")
}

// Each wave gets as many; those that are missing are made, and what one run
// has made the next adds to.
func TestSeedFillsWaves(t *testing.T) {
	t.Parallel()
	db, redis := testenv.Open(t), testenv.Redis(t)
	s := sound(t)
	seed := func(args ...string) result {
		return portal(t, append([]string{"seed", "--database-url", db.DSN, "--redis-url", redis, "--keyset", s.Keyset,
			"--base-url", s.BaseURL, "--smtp-url", s.SMTPURL, "--referrals", "0"}, args...)...)
	}
	seed().wants(1, "there is no wave to seed") // publishes the survey
	portal(t, "wave", "open", "2026-05", "--demo", "--publish", "--database-url", db.DSN).wants(0)
	seed("--responses", "300").wants(0, "300 survey responses of wave 2025-11", "300 survey responses of wave 2026-05")
	expectResponses(t, db, 300, 300)
	seed("--responses", "100", "--waves", "3").wants(0, "100 survey responses of wave 2025-05")
	expectResponses(t, db, 400, 400, 100)
	waves, _ := demoWaves(t, db)
	for i, code := range []string{"2026-05", "2025-11", "2025-05"} {
		wave := waves[i]
		if wave.Code != code || !wave.Demo || !wave.Published || i > 0 && (wave.Takes(time.Now()) || wave.Released != []int{0, 400, 100}[i]) {
			t.Errorf("wave %d is %+v, want %s", i, wave, code)
		}
		if at, err := db.Store.LastRelease(t.Context(), wave.ID); err != nil || i > 0 && (at.Before(*wave.ClosesAt) || at.After(wave.ClosesAt.AddDate(0, 0, 4))) {
			t.Errorf("wave %s was last released at %v, %v", code, at, err)
		}
		people := map[string]int{}
		for _, a := range testenv.Released(t, db.Store, wave.ID) {
			people[string(a.Encode())]++
		}
		// Whoever is no carer answers one question, others many.
		twice := 0
		for answers, times := range people {
			if len(answers) > 400 && times > 1 {
				twice++
			}
		}
		if twice > 0 {
			t.Errorf("wave %s has %d people twice", code, twice)
		}
	}

	// None is made if one of them is real.
	portal(t, "wave", "close", "2026-05", "--database-url", db.DSN).wants(0)
	must(t, db.Store.OpenWave(t.Context(), deed(), store.NewWave{Survey: "care-worker-survey", Code: "2024-01", Versions: []int64{1}, OpensAt: now().AddDate(-2, 0, 0)}))
	must(t, db.Store.OpenWave(t.Context(), deed(), store.NewWave{Survey: "care-worker-survey", Code: "2025-01", Versions: []int64{1}, OpensAt: now(), Demo: true}))
	seed("--waves", "3").wants(1, "wave 2024-01 is real")
	if waves, _ := demoWaves(t, db); len(waves) != 5 {
		t.Errorf("there are %d waves, want 5", len(waves))
	}
}
