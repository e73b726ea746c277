package sealed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func newKeyset(t testing.TB) *Keyset {
	t.Helper()
	k, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealedDataOpensOnlyAtItsOwnPlace(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z_]{0,6}`)
		places := rapid.Custom(func(t *rapid.T) Place {
			return Place{name.Draw(t, "table"), name.Draw(t, "column"), name.Draw(t, "row")}
		})
		here, there := places.Draw(t, "here"), places.Draw(t, "there")
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")

		sealed, err := k.Seal(here, plain)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := k.Open(here, sealed)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("at its own place: got %q, %v; want %q", opened, err, plain)
		}
		if _, err := k.Open(there, sealed); here != there && !errors.Is(err, ErrUnopened) {
			t.Fatalf("sealed at %v, opened at %v: %v", here, there, err)
		}
	})
}

// Names that run into each other must not make the same place.
func TestPlacesDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	sealed, err := k.Seal(Place{"referrals", "reporter", "12"}, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []Place{
		{"referrals", "reporter1", "2"}, {"referralsreporter", "", "12"}, {"referrals", "reporter", "1"},
		{"referrals", "details", "12"}, {"drafts", "reporter", "12"}, {},
	} {
		if _, err := k.Open(other, sealed); !errors.Is(err, ErrUnopened) {
			t.Errorf("opened at %v: %v", other, err)
		}
	}
}

func TestTamperingIsRefused(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	at := Place{"referrals", "reporter", "1"}
	key := draftKey(t, k, "garlic mustang velvet pebble")
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "plain")
		inRow, err := k.Seal(at, plain)
		if err != nil {
			t.Fatal(err)
		}
		inDraft, err := key.Seal(plain)
		if err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			sealed []byte
			open   func([]byte) ([]byte, error)
		}{
			"row":   {inRow, func(b []byte) ([]byte, error) { return k.Open(at, b) }},
			"draft": {inDraft, key.Open},
		} {
			bit := rapid.IntRange(0, len(c.sealed)*8-1).Draw(t, "bit")
			flipped := bytes.Clone(c.sealed)
			flipped[bit/8] ^= 1 << (bit % 8)
			if _, err := c.open(flipped); !errors.Is(err, ErrUnopened) {
				t.Fatalf("%s with bit %d flipped: %v", what, bit, err)
			}
			if _, err := c.open(c.sealed[:bit/8]); !errors.Is(err, ErrUnopened) {
				t.Fatalf("%s cut to %d bytes: %v", what, bit/8, err)
			}
		}
	})
}

func TestAnotherKeysetOpensNothing(t *testing.T) {
	t.Parallel()
	mine, theirs := newKeyset(t), newKeyset(t)
	at := Place{"referrals", "details", "1"}
	sealed, err := mine.Seal(at, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Open(at, sealed); !errors.Is(err, ErrUnopened) {
		t.Errorf("opened with other keys: %v", err)
	}
	if bytes.Equal(mine.BlindIndex("nhs_number", "9434765919")[4:], theirs.BlindIndex("nhs_number", "9434765919")[4:]) {
		t.Error("two keysets give the same blind index")
	}
}

func TestBlindIndex(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	seen := map[string]string{}
	for _, kind := range []string{"nhs_number", "nhs", "client_address"} {
		for _, value := range []string{"", "9434765919", "number9434765919", "_number9434765919"} {
			index := k.BlindIndex(kind, value)
			if !bytes.Equal(index, k.BlindIndex(kind, value)) {
				t.Errorf("%s %q: not the same twice", kind, value)
			}
			if value != "" && bytes.Contains(index, []byte(value)) {
				t.Errorf("%s %q: the index holds the value", kind, value)
			}
			if before, clash := seen[string(index)]; clash {
				t.Errorf("%s %q has the index of %s", kind, value, before)
			}
			seen[string(index)] = kind + " " + value
		}
	}
}

func TestRotationKeepsEverythingReadable(t *testing.T) {
	t.Parallel()
	old := newKeyset(t)
	at := Place{"referrals", "reporter", "1"}
	sealed, err := old.Seal(at, []byte("before"))
	if err != nil {
		t.Fatal(err)
	}
	phrase := Phrase("garlic mustang velvet pebble")
	draft, err := draftKey(t, old, phrase).Seal([]byte("draft"))
	if err != nil {
		t.Fatal(err)
	}

	rotated, err := old.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	text, err := rotated.Export()
	if err != nil {
		t.Fatal(err)
	}
	rotated, err = Parse(text)
	if err != nil {
		t.Fatal(err)
	}

	if plain, err := rotated.Open(at, sealed); err != nil || string(plain) != "before" {
		t.Errorf("what the old key sealed: %q, %v", plain, err)
	}
	again, err := rotated.Seal(at, []byte("after"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.Open(at, again); !errors.Is(err, ErrUnopened) {
		t.Errorf("the old keyset opens what the new key sealed: %v", err)
	}

	before := old.BlindIndex("nhs_number", "9434765919")
	if bytes.Equal(rotated.BlindIndex("nhs_number", "9434765919"), before) {
		t.Error("the blind index did not change with the primary key")
	}
	indexes := rotated.BlindIndexes("nhs_number", "9434765919")
	if len(indexes) != 2 || !bytes.Equal(indexes[0], rotated.BlindIndex("nhs_number", "9434765919")) || !bytes.Equal(indexes[1], before) {
		t.Errorf("want the new index and then the old one, got %x", indexes)
	}

	keys, err := rotated.DraftKeys(t.Context(), phrase)
	if err != nil || len(keys) != 2 {
		t.Fatalf("want two draft keys, got %d, %v", len(keys), err)
	}
	if _, err := keys[0].Open(draft); !errors.Is(err, ErrUnopened) {
		t.Errorf("the new draft key opens an old draft: %v", err)
	}
	if plain, err := keys[1].Open(draft); err != nil || string(plain) != "draft" {
		t.Errorf("an old draft: %q, %v", plain, err)
	}
}

func TestKeysetSurvivesItsTextForm(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	text, err := k.Export()
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '$' }) {
		t.Errorf("not one plain word: %q", text)
	}
	same, err := Parse("\n " + text + "\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.BlindIndex("a", "b"), same.BlindIndex("a", "b")) {
		t.Error("the blind index changed")
	}
}

func TestParseRefusesWhatIsNotAKeyset(t *testing.T) {
	t.Parallel()
	text, err := newKeyset(t).Export()
	if err != nil {
		t.Fatal(err)
	}
	swapped := func() string {
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		var parts exported
		if err := json.Unmarshal(raw, &parts); err != nil {
			t.Fatal(err)
		}
		parts.Sealing, parts.Indexing = parts.Indexing, parts.Sealing
		raw, _ = json.Marshal(parts)
		return base64.RawURLEncoding.EncodeToString(raw)
	}()
	for _, bad := range []string{
		"", "secret-passphrase", text[:len(text)/2], text[10:], text + "!", swapped,
		base64.RawURLEncoding.EncodeToString([]byte(`{"version":2}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"version":1}`)),
		base64.RawURLEncoding.EncodeToString([]byte(`{"version":1,"sealing":{"primaryKeyId":1},"indexing":{}}`)),
	} {
		_, err := Parse(bad)
		if !errors.Is(err, ErrKeyset) {
			t.Errorf("Parse(%.20q): %v", bad, err)
		}
		if err != nil && bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error quotes the text: %v", err)
		}
	}
}

func TestKeysAreNeverPrinted(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	phrase := Phrase("garlic mustang velvet pebble")
	key := draftKey(t, k, phrase)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		for _, secret := range []any{k, key, &key} {
			if got := fmt.Sprintf(verb, secret); got != redacted {
				t.Errorf("%s of %T prints %q", verb, secret, got)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "keyset", k, "draft", key, "phrase", phrase)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "keyset", k, "draft", key, "phrase", phrase)
	if strings.Contains(log.String(), "garlic") || strings.Count(log.String(), redacted) != 4 {
		t.Errorf("logged: %s", log.String())
	}
	if raw, err := json.Marshal(struct{ K, D any }{k, key}); err != nil || string(raw) != `{"K":{},"D":{}}` {
		t.Errorf("as JSON: %s, %v", raw, err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	k := newKeyset(t)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	expires := now.Add(10 * time.Minute)
	token, err := k.SealToken("received", []byte("SG-7K3M-92QF"), expires)
	if err != nil {
		t.Fatal(err)
	}
	inRow, err := k.Seal(Place{"token", "received", ""}, append(make([]byte, 8), 'x'))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, purpose, token string
		now                  time.Time
		want                 error
	}{
		{"in time", "received", token, now, nil},
		{"at the last moment", "received", token, expires, nil},
		{"a second late", "received", token, expires.Add(time.Second), ErrExpired},
		{"for another purpose", "resume", token, now, ErrUnopened},
		{"late and for another purpose", "resume", token, expires.Add(time.Hour), ErrUnopened},
		{"empty", "received", "", now, ErrUnopened},
		{"cut short", "received", token[:len(token)-4], now, ErrUnopened},
		{"not base64", "received", "%%%", now, ErrUnopened},
		{"a sealed column", "received", base64.RawURLEncoding.EncodeToString(inRow), now, ErrUnopened},
	} {
		plain, err := k.OpenToken(c.purpose, c.token, c.now)
		if !errors.Is(err, c.want) || (c.want == nil) != (string(plain) == "SG-7K3M-92QF") {
			t.Errorf("%s: got %q, %v; want %v", c.what, plain, err, c.want)
		}
	}
}
