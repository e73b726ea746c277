package results

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"intake/forms"
)

// twoVersions are the survey under attack and a second version that lacks a
// question, has another one, and another option.
func twoVersions(t testing.TB) (first, second *forms.Form) {
	t.Helper()
	first = attackedForm(t)
	second, err := forms.Load([]byte(`
id: attacked
version: 2
kind: survey
title: {en: Attacked}
languages: [en]
pages:
  - id: all
    title: {en: All}
    questions:
      - id: district
        kind: choice
        label: {en: "Where?"}
        options: [{code: new, label: {en: New}}, {code: e, label: {en: E}}, {code: d, label: {en: D}}, {code: c, label: {en: C}}, {code: b, label: {en: B}}, {code: a, label: {en: A}}]
      - id: added
        kind: choices
        label: {en: "Which?"}
        options: [{code: x, label: {en: X}}, {code: y, label: {en: Y}}]
      - id: worn_out
        kind: choice
        label: {en: "Worn out?"}
        sensitive: true
        options: [{code: never, label: {en: Never}}, {code: often, label: {en: Often}}, {code: always, label: {en: Always}}]
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	return first, second
}

// TestChunksAreStored adds the same responses at once, and in two parts with
// the first one stored and read in between, by a layout of fewer versions.
func TestChunksAreStored(t *testing.T) {
	t.Parallel()
	first, second := twoVersions(t)
	rapid.Check(t, func(t *rapid.T) {
		var old, late []forms.Answers
		for range rapid.IntRange(1, 60).Draw(t, "old") {
			old = append(old, drawResponse(t, first, 0))
		}
		for range rapid.IntRange(0, 60).Draw(t, "late") {
			late = append(late, drawResponse(t, second, 0))
		}
		before := NewIndexer(NewLayout(first))
		addAll(t, before, 1, old)
		stored, size, err := before.Index().Chunk(0, "1/0")
		if err != nil || size != len(old) {
			t.Fatal(size, err)
		}
		both := NewLayout(first, second)
		parts, whole := NewIndexer(both), NewIndexer(both)
		if err := parts.AddChunk("1/0", stored, size); err != nil {
			t.Fatal(err)
		}
		addAll(t, parts, 2, late)
		addAll(t, whole, 1, old)
		addAll(t, whole, 2, late)
		if !parts.Index().Equal(whole.Index()) {
			t.Fatal("what was read back differs from what is counted anew")
		}
	})
}

// TestAnOptionThatIsNoMore reads a chunk after districts were taken off the
// list: it is as if the responses had been counted since.
func TestAnOptionThatIsNoMore(t *testing.T) {
	t.Parallel()
	list := func(codes ...string) *forms.Form {
		var districts []forms.Option
		for _, code := range codes {
			districts = append(districts, forms.Option{Code: code, Label: forms.Text{"en": code}})
		}
		form, err := forms.Load([]byte(`
id: listed
version: 1
kind: survey
title: {en: Listed}
languages: [en]
pages:
  - id: all
    title: {en: All}
    questions:
      - {id: district, kind: choice, label: {en: "Where?"}, options_from: districts}
      - {id: served, kind: choices, label: {en: "Where else?"}, options_from: districts}
`), forms.Lists{"districts": districts})
		if err != nil {
			t.Fatal(err)
		}
		return form
	}
	before, after := list("a", "b", "c"), list("a", "c")
	rapid.Check(t, func(t *rapid.T) {
		then, now := NewIndexer(NewLayout(before)), NewIndexer(NewLayout(after))
		for range rapid.IntRange(1, 40).Draw(t, "people") {
			answers := drawResponse(t, before, 0)
			addAll(t, then, 1, []forms.Answers{answers})
			addAll(t, now, 1, []forms.Answers{answers})
		}
		stored, size, err := then.Index().Chunk(0, "1/0")
		if err != nil {
			t.Fatal(err)
		}
		read := NewIndexer(NewLayout(after))
		if err := read.AddChunk("1/0", stored, size); err != nil {
			t.Fatal(err)
		}
		if !read.Index().Equal(now.Index()) {
			t.Fatal("the stored chunk differs from what is counted anew")
		}
	})
}

func addAll(t *rapid.T, to *Indexer, version int, responses []forms.Answers) {
	for _, answers := range responses {
		if err := to.Add(version, answers); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCorruptChunks changes, cuts and prolongs a stored chunk at every byte.
func TestCorruptChunks(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	index := indexOf(t, form, []forms.Answers{{"district": {"a"}}, {"district": {"b"}, "worn_out": {"never"}}})
	stored, _, err := index.Chunk(0, "1/0")
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, damaged []byte) {
		i := NewIndexer(NewLayout(form))
		if err := i.AddChunk("1/0", damaged, 2); !errors.Is(err, ErrCorrupt) || i.Size() != 0 {
			t.Fatalf("%s: %v, size %d", what, err, i.Size())
		}
	}
	for at := range stored {
		changed := slices.Clone(stored)
		changed[at] ^= byte(1 + rand.IntN(255)) //nolint:gosec // a test
		refused("changed", changed)
		refused("cut", stored[:at])
	}
	refused("prolonged", append(slices.Clone(stored), 0))
	i := NewIndexer(NewLayout(form))
	if err := i.AddChunk("1/1", stored, 2); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another chunk is taken for this one (%v)", err)
	}
	if err := i.AddChunk("1/0", stored, 3); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a chunk of two is taken for one of three (%v)", err)
	}
}

// TestAnIndexGoesOn adds to an index past the end of a chunk; the first one
// stays as it was.
func TestAnIndexGoesOn(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	answers := []forms.Answers{{"district": {"a"}}, {"district": {"b"}, "worn_out": {"often"}}, {}}
	add := func(i *Indexer, n int) {
		for range n {
			if err := i.Add(1, answers[i.Size()%len(answers)]); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := NewIndexer(NewLayout(form))
	add(first, ChunkSize-5)
	index := first.Index()
	before, _, err := index.Chunk(0, "1/0")
	if err != nil {
		t.Fatal(err)
	}
	longer := index.Indexer()
	add(longer, 20)
	onceMore := longer.Index()
	if index.Released() != ChunkSize-5 || onceMore.Released() != ChunkSize+15 || onceMore.Chunks() != 2 {
		t.Errorf("%d, then %d in %d chunks", index.Released(), onceMore.Released(), onceMore.Chunks())
	}
	after, _, err := index.Chunk(0, "1/0")
	if err != nil || !slices.Equal(before, after) {
		t.Errorf("adding to an index changed it (%v)", err)
	}
	whole := NewIndexer(index.layout)
	add(whole, ChunkSize+15)
	if !whole.Index().Equal(onceMore) {
		t.Error("an index made in two steps differs from one made in one")
	}
	if err := onceMore.Indexer().Add(7, answers[0]); err == nil {
		t.Error("a version that the wave does not accept was added")
	}
}
