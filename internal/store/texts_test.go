package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

const question = "one_change"

// written releases n responses of a wave, whose words are their numbers, and
// puts them into the queue.
func (l *ledger) written(code string, n int) int64 {
	l.t.Helper()
	wave := l.wave(code)
	l.fill(wave, 0, n)
	l.release(wave, tuesday)
	l.looked(code, tuesday)
	l.queued(wave, n)
	return wave
}

func (l *ledger) queued(wave int64, below int) {
	l.t.Helper()
	if more, err := l.QueueTexts(l.t.Context(), wave, question, below); err != nil || more {
		l.t.Fatalf("queue: more %t, %v", more, err)
	}
}

func (l *ledger) nextText(wave int64, after uuid.UUID) *store.Text {
	l.t.Helper()
	text, err := l.NextText(l.t.Context(), wave, after)
	l.must(err)
	return text
}

func refOf(wave int64, text *store.Text) store.TextRef {
	return store.TextRef{WaveID: wave, ID: text.ID, Version: text.Version}
}

func (l *ledger) expectTexts(wave int64, waiting, released, held int) {
	l.t.Helper()
	counts, err := l.TextCounts(l.t.Context(), wave)
	l.must(err)
	if got := [3]int{counts[store.TextWaiting], counts[store.TextReleased], counts[store.TextHeld]}; got != [3]int{waiting, released, held} {
		l.t.Errorf("waiting, released and held: %v, want %v", got, [3]int{waiting, released, held})
	}
}

// TestTextsAreReadOnceEachInAnOrderThatSaysNothing goes through the queue.
func TestTextsAreReadOnceEachInAnOrderThatSaysNothing(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.written("one", 40)
	other := l.written("two", 12)
	l.queued(wave, 40) // again
	l.expectTexts(wave, 40, 0, 0)
	var words []string
	after := uuid.UUID{}
	for range 40 {
		text := l.nextText(wave, after)
		if text.State != store.TextWaiting || text.Question != question || text.Words != "" || text.By != "" {
			t.Fatalf("a text that waits is %+v", text)
		}
		words, after = append(words, text.Original), text.ID
	}
	if again := l.nextText(wave, after); again.Original != words[0] {
		t.Errorf("after the last comes %q, not the first, %q", again.Original, words[0])
	}
	stored := l.texts(`SELECT answers->'one_change'->>0 FROM responses WHERE wave_id = $1 ORDER BY ordinal`, wave)
	if slices.Equal(words, stored) {
		t.Error("they are read in the order of the responses")
	}
	slices.Sort(words)
	slices.Sort(stored)
	if !slices.Equal(words, stored) {
		t.Errorf("read were %v", words)
	}
	if _, err := l.TextByID(t.Context(), other, after); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the other wave has it too: %v", err)
	}
	if _, err := l.NextText(t.Context(), 0, uuid.UUID{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no wave has a text: %v", err)
	}
}

// TestOnlyTextsOfAnEditionAreQueued: later ones follow when they are of one.
func TestOnlyTextsOfAnEditionAreQueued(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 30)
	quiet := response(wave, uuid.New(), "")
	delete(quiet.Answers.(forms.Answers), question)
	_, err := l.Append(t.Context(), quiet, tuesday)
	l.must(err)
	l.release(wave, tuesday)
	l.queued(wave, 0)
	l.expectTexts(wave, 0, 0, 0)
	l.queued(wave, 12)
	l.queued(wave, 5)
	l.queued(wave, 31)
	l.expectTexts(wave, 30, 0, 0)
}

func TestWhatBecomesOfAText(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.written("one", 30)
	sara := l.user("sara@example.org", store.SurveyManager)
	deed := store.Deed{By: sara, At: tuesday}
	first := l.nextText(wave, uuid.UUID{})
	second := l.nextText(wave, first.ID)
	l.must(l.ReleaseText(t.Context(), deed, refOf(wave, first), "Ask [name]", []string{"pay", "hours"}))
	l.must(l.HoldText(t.Context(), deed, refOf(wave, second)))
	l.expectTexts(wave, 28, 1, 1)
	if next := l.nextText(wave, uuid.UUID{}); next.ID == first.ID || next.ID == second.ID {
		t.Error("what was decided waits still")
	}
	released, err := l.Texts(t.Context(), wave, store.TextReleased, 10, 0)
	l.must(err)
	if len(released) != 1 || released[0].Words != "Ask [name]" || released[0].Original != first.Original ||
		!slices.Equal(released[0].Themes, []string{"pay", "hours"}) || released[0].By != sara.Name || !released[0].At.Equal(tuesday) {
		t.Errorf("released: %+v", released)
	}
	// What was written stays as it is.
	l.expect("originals", 1, `SELECT count(*) FROM responses WHERE wave_id = $1 AND answers->'one_change'->>0 = $2`, wave, first.Original)

	for what, err := range map[string]error{
		"releasing what is released": l.ReleaseText(t.Context(), deed, refOf(wave, first), "x", nil),
		"holding what is held":       l.HoldText(t.Context(), deed, refOf(wave, second)),
		"taking back what waits":     l.TakeBackText(t.Context(), deed, refOf(wave, l.nextText(wave, uuid.UUID{}))),
	} {
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("%s: %v", what, err)
		}
	}
	elsewhere := refOf(wave+1, first)
	if err := l.HoldText(t.Context(), deed, elsewhere); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a text of another wave: %v", err)
	}

	l.must(l.TakeBackText(t.Context(), deed, refOf(wave, &released[0])))
	back, err := l.TextByID(t.Context(), wave, first.ID)
	l.must(err)
	if back.State != store.TextWaiting || back.Words != "" || len(back.Themes) > 0 || back.By != "" || back.Version != first.Version+2 {
		t.Errorf("taken back: %+v", back)
	}
	l.must(l.ReleaseText(t.Context(), deed, refOf(wave, back), "Ask somebody", nil))

	// The history says who did what to which text, and nothing of what it says.
	events, err := l.Audit(t.Context(), 100)
	l.must(err)
	var did []string
	for _, e := range events {
		if e.Detail.Text != "" {
			did = append(did, string(e.Kind))
			if e.Wave == nil || *e.Wave != "one" || e.ActorName == nil || *e.ActorName != sara.Name {
				t.Errorf("the history says %+v", e)
			}
		}
	}
	slices.Reverse(did)
	if got := strings.Join(did, " "); got != "text_released text_held text_taken_back text_released" {
		t.Errorf("the history has %s", got)
	}
	l.expect("events with words", 0, `SELECT count(*) FROM events WHERE sealed IS NOT NULL OR detail::text LIKE '%Ask%'`)
}

// TestOneOfSeveralReadersDecides: the others are told.
func TestOneOfSeveralReadersDecides(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.written("one", 20)
	sara := l.user("sara@example.org", store.SurveyManager)
	ref := refOf(wave, l.nextText(wave, uuid.UUID{}))
	done := 0
	for _, err := range together(8, func(i int) error {
		d := store.Deed{By: sara, At: tuesday}
		if i%2 == 0 {
			return l.HoldText(t.Context(), d, ref)
		}
		return l.ReleaseText(t.Context(), d, ref, fmt.Sprint(i), nil)
	}) {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, store.ErrStale):
			t.Error(err)
		}
	}
	if done != 1 {
		t.Errorf("%d of 8 decided", done)
	}
	l.expect("events", 1, `SELECT count(*) FROM events WHERE detail ? 'text'`)
}

// TestQueueingAtOnceQueuesOnce has several pages opened together.
func TestQueueingAtOnceQueuesOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 50)
	l.release(wave, tuesday)
	for _, err := range together(6, func(int) error {
		_, err := l.QueueTexts(t.Context(), wave, question, 50)
		return err
	}) {
		l.must(err)
	}
	l.expectTexts(wave, 50, 0, 0)
}

func TestReleasedTextsOfAView(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	for i := range 24 {
		r := response(wave, uuid.New(), fmt.Sprint(i))
		r.Answers.(forms.Answers)["service"] = []string{[]string{"home_care", "care_home"}[i%2]}
		if i%3 > 0 {
			r.Answers.(forms.Answers)["district"] = []string{[]string{"maldon", "harlow"}[i%3-1]}
		}
		_, err := l.Append(t.Context(), r, tuesday)
		l.must(err)
	}
	l.release(wave, tuesday)
	l.queued(wave, 24)
	deed := store.Deed{By: l.user("sara@example.org", store.SurveyManager), At: tuesday}
	for range 23 {
		text := l.nextText(wave, uuid.UUID{})
		l.must(l.ReleaseText(t.Context(), deed, refOf(wave, text), text.Original, []string{"pay"}))
	}
	left := l.nextText(wave, uuid.UUID{}).Original
	view := func(filters map[string]string, below int) map[string]store.ReleasedText {
		t.Helper()
		texts, err := l.ReleasedTexts(t.Context(), store.TextView{WaveID: wave, Question: question, Filters: filters,
			Dimensions: []string{"service", "district"}, Below: below})
		l.must(err)
		byWords := map[string]store.ReleasedText{}
		for _, text := range texts {
			byWords[text.Words] = text
		}
		return byWords
	}
	for name, c := range map[string]struct {
		filters map[string]string
		meets   func(i int) bool
	}{
		"all":         {nil, func(int) bool { return true }},
		"home care":   {map[string]string{"service": "home_care"}, func(i int) bool { return i%2 == 0 }},
		"in Maldon":   {map[string]string{"service": "home_care", "district": "maldon"}, func(i int) bool { return i%2 == 0 && i%3 == 1 }},
		"nobody said": {map[string]string{"district": "tendring"}, func(int) bool { return false }},
	} {
		got := view(c.filters, 24)
		for i := range 24 {
			words := fmt.Sprint(i)
			text, there := got[words]
			if there != (c.meets(i) && words != left) {
				t.Errorf("%s: %d is there: %t", name, i, there)
			}
			if there && (len(text.Writer) != 2-btoi(i%3 == 0) || text.Writer[question] != nil || !slices.Equal(text.Themes, []string{"pay"})) {
				t.Errorf("%s: %d is %+v", name, i, text)
			}
		}
	}
	for words, text := range view(nil, 7) {
		if text.Ordinal >= 7 {
			t.Errorf("%s is not among the first 7, but at %d", words, text.Ordinal)
		}
	}
	if got := view(nil, 0); len(got) > 0 {
		t.Errorf("%d texts of no response", len(got))
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestAReleaseMayReplaceResponsesBesideQueuedTexts: the few at the end join
// the release before them only if nobody has seen it, so that no text loses
// its response.
func TestAReleaseMayReplaceResponsesBesideQueuedTexts(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.written("one", 20)
	l.fill(wave, 20, 25)
	l.release(wave, tuesday) // leaves ten
	l.closeWave("one", tuesday)
	l.release(wave, ended)
	l.looked("one", ended)
	l.queued(wave, 45)
	l.expectTexts(wave, 45, 0, 0)
	l.expectLedgerAgrees(wave)
}
