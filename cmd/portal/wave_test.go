package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

// published is a database that has the definitions, as after a first start.
func published(t *testing.T) *testenv.DB {
	t.Helper()
	db := testenv.Open(t)
	c, err := sound(t).read(&strings.Builder{})
	must(t, err)
	must(t, c.fitLedger(t.Context(), db.Store))
	return db
}

func TestWaves(t *testing.T) {
	t.Parallel()
	portal(t, "wave", "open", "2026-11", "--database-url", testenv.Open(t).DSN).
		wants(1, "no version of care-worker-survey is published: start `portal web` once")
	db := published(t)
	wave := func(args ...string) result {
		return portal(t, append(append([]string{"wave"}, args...), "--database-url", db.DSN)...)
	}
	day := func(days int) string { return time.Now().In(routing.London).AddDate(0, 0, days).Format(time.DateOnly) }

	wave("open", "2026-11", "--until", day(2)).wants(0, "Wave 2026-11 of care-worker-survey is open.")
	row, err := db.Store.WaveByCode(t.Context(), "care-worker-survey", "2026-11")
	must(t, err)
	if got := row.ClosesAt.In(routing.London).Format(time.DateTime); got != day(3)+" 00:00:00" {
		t.Errorf("it closes at %s in London", got)
	}
	if row.ByInvitation || row.Published {
		t.Errorf("opened as %+v", row)
	}
	wave("open", "2026-11").wants(1, "has a wave 2026-11 already")
	wave("open", "Autumn 2026").wants(1, "like 2026-11")
	wave("open", "old", "--until", "2020-01-01").wants(1, "would be closed already")
	wave("open", "back", "--from", day(5), "--until", day(4)).wants(1, "choose a later last day")
	wave("open", "x", "--survey", "nope").wants(1, "no version of nope is published")
	wave("open", "demo", "--demo").wants(0)
	wave("open", "invited", "--from", day(3), "--until", day(4), "--by-invitation", "--publish").
		wants(0, "Wave invited of care-worker-survey opens on ", " at 00:00.", "portal collector invite invited NAME N")
	if row, err = db.Store.WaveByCode(t.Context(), "care-worker-survey", "invited"); err != nil || !row.ByInvitation || !row.Published ||
		row.OpensAt.In(routing.London).Format(time.DateTime) != day(3)+" 00:00:00" {
		t.Errorf("opened as %+v, %v", row, err)
	}
	wave("unpublish", "invited").wants(0, "Only managers may see the results of wave invited")
	wave("publish", "2026-11").wants(0, "Anyone may see the results of wave 2026-11 of care-worker-survey so far.")
	for _, act := range [][]string{{"publish", "nope"}, {"unpublish", "nope"}, {"accept", "nope", "1"}} {
		wave(act...).wants(1, "care-worker-survey has no wave nope: `portal wave list` lists the waves")
	}
	wave("list").wants(0, "open, demo", "not yet open, by invitation")

	closed := wave("close", "2026-11").wants(0, "Wave 2026-11 of care-worker-survey is closed.", "taken for 72 hours, until ", "released then")
	if until := time.Now().Add(72 * time.Hour).In(routing.London).Format("2 January 2006"); !strings.Contains(closed.out, until) {
		t.Errorf("late answers are taken until another day than %s: %s", until, closed.out)
	}
	wave("close", "2026-11").wants(1, "has no open wave 2026-11")
	wave("close", "nope").wants(1, "has no open wave nope")
	got := wave("list").wants(0)
	for _, line := range []string{`2026-11 +closed, late answers taken +\d{4}-\d\d-\d\d +1 +public +0 +0`, `invited +not yet open, by invitation +\S+ +1 +for managers`} {
		if !regexp.MustCompile(line).MatchString(got.out) {
			t.Errorf("no line like %q in\n%s", line, got.out)
		}
	}
	must(t, db.Store.CloseWave(t.Context(), store.Deed{At: now().Add(-73 * time.Hour)}, "care-worker-survey", "demo"))
	if got := wave("list").wants(0); !regexp.MustCompile(`demo +closed, demo`).MatchString(got.out) {
		t.Errorf("the wave that ended is listed as\n%s", got.out)
	}
}

// What is listed of a wave by invitation does not move by one answer.
func TestWavesByInvitationAreListedInTens(t *testing.T) {
	t.Parallel()
	db := published(t)
	portal(t, "wave", "open", "invited", "--by-invitation", "--database-url", db.DSN).wants(0)
	wave, err := db.Store.WaveByCode(t.Context(), "care-worker-survey", "invited")
	must(t, err)
	collector, err := db.Store.AddClosedCollector(t.Context(), deed(), wave.ID, "Providers", 15)
	must(t, err)
	lists := func(columns string) {
		t.Helper()
		if got := portal(t, "wave", "list", "--database-url", db.DSN).wants(0); !regexp.MustCompile(`managers +` + columns + `\n`).MatchString(got.out) {
			t.Errorf("not listed with %q:\n%s", columns, got.out)
		}
	}
	lists("fewer than 10 +0")
	n := 0
	must(t, db.Store.Invitations(t.Context(), collector.ID, 1, 0, func(i store.Invitation) error {
		_, err := db.Store.Append(t.Context(), store.Response{Key: uuid.New(), WaveID: wave.ID, FormVersion: 1,
			Answers: forms.Answers{"overall": {"good"}}, Invitation: i.Code}, now())
		if n++; n == 9 {
			lists("fewer than 10 +0")
		}
		return err
	}))
	lists("at least 10 +0")
	_, err = db.Store.Release(t.Context(), wave.ID, now())
	must(t, err)
	lists("at least 10 +15")
}

func TestAWaveAcceptsANewerVersion(t *testing.T) {
	t.Parallel()
	db := published(t)
	wave := func(args ...string) result {
		return portal(t, append(append([]string{"wave"}, args...), "--database-url", db.DSN)...)
	}
	wave("open", "2026-11").wants(0)
	wave("accept", "2026-11", "2").wants(1, "version 2 of care-worker-survey is not published: start `portal web`")
	source, _ := forms.BuiltIn("care-worker-survey")
	publish := func(version int, from, to string) {
		t.Helper()
		changed := strings.Replace(string(source), "\nversion: 1\n", fmt.Sprintf("\nversion: %d\n", version), 1)
		if !strings.Contains(changed, from) {
			t.Fatalf("the survey does not say %q", from)
		}
		changed = strings.ReplaceAll(changed, from, to)
		must(t, db.Store.PublishForm(t.Context(), &forms.Form{ID: "care-worker-survey", Version: version}, []byte(changed)))
	}
	publish(2, "", "")
	wave("accept", "2026-11", "2").wants(0, "counts answers to version 2. Its pages are given out in version 2.")
	wave("accept", "2026-11", "1").wants(0, "counts answers to version 1. Its pages are given out in version 2.")
	publish(3, "very_good", "excellent")
	wave("accept", "2026-11", "3").wants(1, "wave 2026-11 cannot count answers to version 3 together with those that it has:",
		`Question "pay_rating" has the option "excellent" only in version 3.`, `Question "pay_rating" has the option "very_good" only in version 2.`, "portal wave open")
	publish(4, "pages:", "pages_of_another_release:")
	wave("accept", "2026-11", "4").wants(1, "version 4 of care-worker-survey, as it was published, cannot be read", "pages_of_another_release")
	if got := wave("list").wants(0); !strings.Contains(got.out, "  1,2  ") {
		t.Errorf("the versions are listed as\n%s", got.out)
	}
}
