package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/store"
)

func TestWaves(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	const survey = "care-worker-survey"
	if _, err := l.CurrentWave(t.Context(), survey, tuesday); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("current wave of none: %v", err)
	}
	l.wave("old")
	l.must(l.OpenWave(t.Context(), byCommand, store.NewWave{Survey: survey, Code: "next", Versions: []int64{1, 2}, OpensAt: tuesday.Add(time.Hour)}))
	if err := l.OpenWave(t.Context(), byCommand, store.NewWave{Survey: survey, Code: "next", Versions: []int64{1}, OpensAt: tuesday}); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same code again: %v", err)
	}
	for at, want := range map[time.Time]string{tuesday: "old", tuesday.Add(time.Hour): "next"} {
		wave, err := l.CurrentWave(t.Context(), survey, at)
		if err != nil || wave.Code != want {
			t.Errorf("current wave at %v: %+v, %v, want %s", at, wave, err, want)
		}
	}
	l.closeWave("old", tuesday)
	if err := l.CloseWave(t.Context(), store.Deed{At: tuesday.Add(time.Hour)}, survey, "old"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("closing a closed wave: %v", err)
	}
	old, err := l.WaveByCode(t.Context(), survey, "old")
	l.must(err)
	if old.Open(tuesday) || !old.Open(tuesday.Add(-time.Second)) {
		t.Errorf("a wave that closed at %v says otherwise", old.ClosesAt)
	}
	waves, err := l.Waves(t.Context(), "")
	l.must(err)
	if len(waves) != 2 || waves[0].Code != "next" || !slices.Equal(waves[0].Versions, []int64{1, 2}) {
		t.Errorf("waves: %+v", waves)
	}
	if _, err := l.LiveTotal(t.Context(), old.ID+1000); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("live total of no wave: %v", err)
	}
}

func TestPublishedFormsDoNotChange(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	source := func(title string) []byte {
		return []byte(`
id: tiny
version: 3
kind: survey
title: {en: "` + title + `"}
languages: [en]
pages:
  - id: only
    title: {en: "Only"}
    questions:
      - {id: overall, kind: choice, label: {en: "How is it?"}, options: [{code: good, label: {en: "Good"}}, {code: bad, label: {en: "Bad"}}]}
`)
	}
	load := func(title string) *forms.Form {
		f, err := forms.Load(source(title), nil)
		if err != nil {
			t.Error(err)
		}
		return f
	}
	// Two processes start at once: the second waits for the first to commit.
	first, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	_, err = first.ExecContext(t.Context(), `INSERT INTO form_versions (form, version, hash, source) VALUES ('tiny', 3, $1, $2)`,
		load("First").Hash(), string(source("First")))
	l.must(err)
	second := make(chan error, 1)
	go func() { second <- l.PublishForm(t.Context(), load("First"), source("First")) }()
	for start := time.Now(); l.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0; {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the second process does not wait")
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.must(first.Commit())
	l.must(<-second)
	l.must(errors.Join(together(8, func(int) error { return l.PublishForm(t.Context(), load("First"), source("First")) })...))
	if err := l.PublishForm(t.Context(), load("Other"), source("Other")); !errors.Is(err, store.ErrExists) {
		t.Errorf("other content under the same version: %v", err)
	}
	if kept := l.texts(`SELECT source FROM form_versions`); len(kept) != 1 || kept[0] != string(source("First")) {
		t.Errorf("kept: %q", kept)
	}
	if version, err := l.NewestVersion(t.Context(), "tiny"); err != nil || version != 3 {
		t.Errorf("newest version: %d, %v", version, err)
	}
	if _, err := l.NewestVersion(t.Context(), "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("newest version of no form: %v", err)
	}
}

func TestEndingsAreCountedByDay(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	for i := range 3 {
		l.must(l.CountEnding(t.Context(), "safeguarding-referral", "children_only", tuesday.AddDate(0, 0, i/2)))
	}
	if got := l.texts(`SELECT day || ' ' || n FROM endings ORDER BY day`); !slices.Equal(got, []string{"2026-11-24 2", "2026-11-25 1"}) {
		t.Errorf("endings: %q", got)
	}
}
