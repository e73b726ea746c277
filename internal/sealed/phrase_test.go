package sealed

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func draftKey(t testing.TB, k *Keyset, phrase Phrase) DraftKey {
	t.Helper()
	key, err := k.DraftKey(t.Context(), phrase)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestNewPhrasesAreFourWordsThatParseAsThemselves(t *testing.T) {
	t.Parallel()
	seen := map[Phrase]bool{}
	for range 2000 {
		phrase, err := NewPhrase()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(strings.Fields(string(phrase))); n != 4 {
			t.Fatalf("%q has %d words", phrase, n)
		}
		if seen[phrase] {
			t.Fatalf("%q came twice", phrase)
		}
		seen[phrase] = true
		if again, err := ParsePhrase(string(phrase)); err != nil || again != phrase {
			t.Fatalf("%q parses as %q, %v", phrase, again, err)
		}
	}
	if n := len(listedWords()); n != 7772 {
		t.Errorf("the list has %d words, want 7,776 less the four with a hyphen", n)
	}
}

func TestParsePhrase(t *testing.T) {
	t.Parallel()
	const want = "garlic mustang velvet pebble"
	for _, typed := range []string{
		want, "Garlic Mustang VELVET pebble", "  garlic\tmustang\n velvet   pebble. ",
		"garlic-mustang-velvet-pebble", "garlic, mustang, velvet, pebble", "garlic\u00a0mustang\u2013velvet pebble",
	} {
		if got, err := ParsePhrase(typed); err != nil || got != want {
			t.Errorf("%q: got %q, %v", typed, got, err)
		}
	}
	for typed, sentence := range map[string]string{
		"":                                    "Enter the four words that you were given, like “garlic mustang velvet pebble”.",
		" - ":                                 "Enter the four words that you were given, like “garlic mustang velvet pebble”.",
		"garlic":                              "Enter all four words. You have entered 1.",
		"garlic mustang":                      "Enter all four words. You have entered 2.",
		want + " pebble":                      "Enter only the four words. You have entered 5.",
		"garlic mustan velvet":                "“mustan” is not one of the words that we use. Check how it is spelt.",
		"garlic mustang velvet p3bble":        "“p3bble” is not one of the words that we use. Check how it is spelt.",
		"garlic mustang velvet перо":          "“перо” is not one of the words that we use. Check how it is spelt.",
		"garlic " + strings.Repeat("ż", 3000): "“" + strings.Repeat("ż", 20) + "…” is not one of the words that we use. Check how it is spelt.",
	} {
		_, err := ParsePhrase(typed)
		var fault *PhraseError
		if !errors.As(err, &fault) || fault.Sentence != sentence {
			t.Errorf("%.40q: got %v %+v, want %q", typed, err, fault, sentence)
			continue
		}
		if strings.Contains(err.Error(), "mustan") {
			t.Errorf("the loggable message quotes what was typed: %v", err)
		}
	}
}

func TestDraftKeyDependsOnPhraseAndKeyset(t *testing.T) {
	t.Parallel()
	mine, theirs := newKeyset(t), newKeyset(t)
	const phrase = Phrase("garlic mustang velvet pebble")
	key := draftKey(t, mine, phrase)
	sealed, err := key.Seal([]byte("what happened"))
	if err != nil {
		t.Fatal(err)
	}
	again := draftKey(t, mine, "Garlic-Mustang-Velvet-Pebble")
	if plain, err := again.Open(sealed); err != nil || string(plain) != "what happened" {
		t.Errorf("the same words again: %q, %v", plain, err)
	}
	if !bytes.Equal(key.ID(), again.ID()) {
		t.Error("the same words find another draft")
	}
	for what, other := range map[string]DraftKey{
		"other words":   draftKey(t, mine, "garlic mustang velvet anchor"),
		"another order": draftKey(t, mine, "mustang garlic velvet pebble"),
		"other keys":    draftKey(t, theirs, phrase),
	} {
		if _, err := other.Open(sealed); !errors.Is(err, ErrUnopened) {
			t.Errorf("%s: %v", what, err)
		}
		if bytes.Equal(other.ID(), key.ID()) {
			t.Errorf("%s find the same draft", what)
		}
	}
	if _, err := mine.DraftKey(t.Context(), "not a phrase"); err == nil {
		t.Error("a draft key was derived from something that is not a phrase")
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	hash, err := HashPassword(t.Context(), "river-otter-lamp")
	if err != nil {
		t.Fatal(err)
	}
	const cost = "$argon2id$v=19$m=19456,t=2,p=1$"
	for _, h := range []string{hash, DummyHash()} {
		if !strings.HasPrefix(h, cost) || len(h) != len(hash) {
			t.Errorf("%s: want the cost %s", h, cost)
		}
	}
	for _, c := range []struct {
		password, hash string
		want           bool
	}{
		{"river-otter-lamp", hash, true},
		{"river-otter-lamP", hash, false},
		{"", hash, false},
		{"river-otter-lamp", DummyHash(), false},
	} {
		if got, err := PasswordMatches(t.Context(), c.password, c.hash); err != nil || got != c.want {
			t.Errorf("%q: got %v, %v; want %v", c.password, got, err, c.want)
		}
	}
	if _, err := PasswordMatches(t.Context(), "x", "not a hash"); err == nil {
		t.Error("a hash that isn't one gave no error")
	}
}

// Not parallel: it takes every turn of the process.
func TestHashingWaitsForItsTurnAndGivesUpWithTheRequest(t *testing.T) {
	for range 2 {
		release, err := hashingTurn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := HashPassword(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third hash at once: %v", err)
	}
	if _, err := newKeyset(t).DraftKey(ctx, "garlic mustang velvet pebble"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third derivation at once: %v", err)
	}
}
