package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/internal/store"
)

// action is one that a manager writes.
func action(wave, said string) store.SurveyAction {
	return store.SurveyAction{Survey: "care-worker-survey", Question: "pay_rating", Wave: wave, Said: said, Did: "We pay for the miles", Public: true}
}

func (l *ledger) surveyActions() []store.SurveyAction {
	l.t.Helper()
	actions, err := l.SurveyActions(l.t.Context(), "care-worker-survey")
	l.must(err)
	return actions
}

// beside are what the actions say that are shown with a wave.
func (l *ledger) beside(code string, onlyPublic bool) string {
	l.t.Helper()
	wave, err := l.WaveByCode(l.t.Context(), "care-worker-survey", code)
	l.must(err)
	actions, err := l.ActionsBeside(l.t.Context(), wave, onlyPublic)
	l.must(err)
	var said []string
	for _, a := range actions {
		said = append(said, a.Said)
	}
	return strings.Join(said, ", ")
}

func TestActionsAreShownUntilTheyEnd(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	for i, code := range []string{"first", "second", "third"} {
		l.must(l.OpenWave(t.Context(), byCommand, store.NewWave{Survey: "care-worker-survey", Code: code, Versions: []int64{1},
			OpensAt: tuesday.AddDate(0, i, 0)}))
	}
	l.must(l.OpenWave(t.Context(), byCommand, store.NewWave{Survey: "another", Code: "first", Versions: []int64{1}, OpensAt: tuesday}))
	sara := l.user("sara@example.org", store.SurveyManager)
	deed := store.Deed{By: sara, At: tuesday}
	l.must(l.AddAction(t.Context(), deed, action("first", "pay")))
	l.must(l.AddAction(t.Context(), deed, action("second", "miles")))
	quiet := action("first", "rota")
	quiet.Public = false
	l.must(l.AddAction(t.Context(), deed, quiet))
	other := action("first", "elsewhere")
	other.Survey = "another"
	l.must(l.AddAction(t.Context(), deed, other))
	if err := l.AddAction(t.Context(), deed, action("fourth", "x")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an action for no wave: %v", err)
	}
	for _, c := range []struct {
		wave       string
		onlyPublic bool
		want       string
	}{
		{"first", true, "pay"}, {"first", false, "pay, rota"}, {"second", true, "pay, miles"}, {"third", false, "pay, miles, rota"},
	} {
		if got := l.beside(c.wave, c.onlyPublic); got != c.want {
			t.Errorf("with %s, only public %t: %s, want %s", c.wave, c.onlyPublic, got, c.want)
		}
	}

	pay := l.surveyActions()[2]
	if pay.Said != "pay" || pay.Wave != "first" || pay.By != sara.Name || !pay.WrittenAt.Equal(tuesday) || pay.Done || !pay.Public || pay.EndedAt != nil {
		t.Errorf("the oldest is %+v", pay)
	}
	changed := pay
	changed.Did, changed.Done, changed.Wave = "We paid", true, "second"
	l.must(l.ChangeAction(t.Context(), store.Deed{At: tuesday.Add(time.Hour)}, changed))
	if now := l.surveyActions()[2]; now.Did != "We paid" || !now.Done || now.Wave != "second" || now.By != "" || now.Version != 2 {
		t.Errorf("changed: %+v", now)
	}
	if got := l.beside("first", false); got != "rota" {
		t.Errorf("with the first wave: %s", got)
	}
	stranger := l.surveyActions()[2]
	stranger.Survey = "another"
	for what, err := range map[string]error{
		"changing an old version":      l.ChangeAction(t.Context(), deed, changed),
		"ending an old version":        l.EndAction(t.Context(), deed, pay),
		"ending one of another survey": l.EndAction(t.Context(), deed, stranger),
	} {
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("%s: %v", what, err)
		}
	}
	l.must(l.EndAction(t.Context(), deed, l.surveyActions()[2]))
	if got := l.beside("third", true); got != "miles" {
		t.Errorf("after the end: %s", got)
	}
	ended := l.surveyActions()[2]
	if ended.Said != "pay" || ended.EndedAt == nil {
		t.Errorf("the last of the list is %+v", ended)
	}
	if err := l.ChangeAction(t.Context(), deed, ended); !errors.Is(err, store.ErrStale) {
		t.Errorf("changing what has ended: %v", err)
	}

	events, err := l.Audit(t.Context(), 100)
	l.must(err)
	var did []string
	for _, e := range events {
		if e.Detail.Action == pay.ID {
			did = append(did, fmt.Sprintf("%s %s", e.Kind, *e.Wave))
		}
	}
	slices.Reverse(did)
	if got := strings.Join(did, ", "); got != "action_written first, action_changed second, action_ended second" {
		t.Errorf("the history has %s", got)
	}
}

func TestOneOfTwoWritersChangesAnAction(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	l.wave("one")
	l.must(l.AddAction(t.Context(), byCommand, action("one", "pay")))
	mine := l.surveyActions()[0]
	done := 0
	for _, err := range together(6, func(int) error { return l.ChangeAction(t.Context(), byCommand, mine) }) {
		if err == nil {
			done++
		} else if !errors.Is(err, store.ErrStale) {
			t.Error(err)
		}
	}
	if done != 1 {
		t.Errorf("%d of 6 changed it", done)
	}
}
