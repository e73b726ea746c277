package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"intake/forms"
	"intake/internal/store"
)

// publish publishes an empty-handed version of a survey.
func (l *ledger) publish(id string, version string) []byte {
	l.t.Helper()
	source := []byte("id: " + id + "\nversion: " + version + `
kind: survey
title: {en: "Tiny"}
languages: [en]
pages:
  - id: only
    title: {en: "Only"}
    questions:
      - {id: overall, kind: choice, label: {en: "How is it?"}, options: [{code: good, label: {en: "Good"}}, {code: bad, label: {en: "Bad"}}]}
`)
	form, err := forms.Load(source, nil)
	l.must(err)
	l.must(l.PublishForm(l.t.Context(), form, source))
	return source
}

func TestAWaveAcceptsTheVersionsThatItLists(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	l.must(l.OpenWave(t.Context(), byCommand, store.NewWave{Survey: "tiny", Code: "one", Versions: pq.Int64Array{1}, OpensAt: tuesday}))
	l.publish("tiny", "1")
	second := l.publish("tiny", "2")
	l.publish("tiny", "4")
	l.publish("other", "3")
	if published, err := l.PublishedVersions(t.Context(), "tiny"); err != nil || !slices.Equal(published, []int{1, 2, 4}) {
		t.Errorf("published: %v, %v", published, err)
	}
	if source, err := l.FormSource(t.Context(), "tiny", 2); err != nil || string(source) != string(second) {
		t.Errorf("source: %q, %v", source, err)
	}
	if _, err := l.FormSource(t.Context(), "tiny", 3); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the source of a version that is not published: %v", err)
	}

	wave := func() *store.Wave {
		w, err := l.WaveByCode(t.Context(), "tiny", "one")
		l.must(err)
		return w
	}
	answer := func(version int) error {
		r := response(wave().ID, uuid.New(), "x")
		r.FormVersion = version
		_, err := l.Append(t.Context(), r, tuesday)
		return err
	}
	if err := answer(2); !errors.Is(err, store.ErrVersion) {
		t.Errorf("a version that the wave does not list: %v", err)
	}
	l.expect("spent keys", 0, `SELECT count(*) FROM submission_keys`)
	for _, version := range []int{4, 2, 4} {
		l.must(l.AcceptVersion(t.Context(), byCommand, "tiny", "one", version))
	}
	for name, err := range map[string]error{
		"a version that is not published": l.AcceptVersion(t.Context(), byCommand, "tiny", "one", 3),
		"no such wave":                    l.AcceptVersion(t.Context(), byCommand, "tiny", "two", 2),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w := wave(); !slices.Equal(w.Versions, []int64{1, 2, 4}) || w.Version() != 4 {
		t.Errorf("the wave accepts %v and gives out %d", w.Versions, w.Version())
	}
	for _, version := range []int{1, 2, 4} {
		l.must(answer(version))
	}
}

func TestAWaveByInvitationThatOpensLater(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	opens, closes := tuesday.Add(time.Hour), tuesday.Add(2*time.Hour)
	l.must(l.OpenWave(t.Context(), byCommand, store.NewWave{
		Survey: "tiny", Code: "one", Versions: pq.Int64Array{1}, OpensAt: opens, ClosesAt: &closes, ByInvitation: true, Published: true,
	}))
	w, err := l.WaveByCode(t.Context(), "tiny", "one")
	l.must(err)
	if !w.ByInvitation || !w.Published || w.Open(tuesday) || w.Takes(tuesday) || !w.Open(opens) || w.Open(closes) || !w.Takes(closes) {
		t.Errorf("wave: %+v", w)
	}
	l.must(l.PublishResults(t.Context(), byCommand, "tiny", "one", false))
	if w, err = l.WaveByCode(t.Context(), "tiny", "one"); err != nil || w.Published {
		t.Errorf("after unpublishing: %+v, %v", w, err)
	}
	if err := l.PublishResults(t.Context(), byCommand, "tiny", "two", true); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("publishing no wave: %v", err)
	}
}
