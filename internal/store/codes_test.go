package store_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"intake/internal/store"
)

// drawCode draws the code of an invitation, by finding check characters.
func drawCode(t *rapid.T) string {
	body := rapid.StringOfN(rapid.RuneFrom([]rune(referenceLetters)), 10, 10, 10).Draw(t, "body")
	var found []string
	for _, a := range referenceLetters {
		for _, b := range referenceLetters {
			if code, ok := store.ParseInvitation(body + string(a) + string(b)); ok {
				found = append(found, code)
			}
		}
	}
	// 1024 pairs and 1021 remainders: three remainders have two pairs.
	if len(found) < 1 || len(found) > 2 {
		t.Fatalf("%s has %d pairs of check characters: %q", body, len(found), found)
	}
	return found[0]
}

func TestEveryWrongCharacterAndSwapInAnInvitationIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := drawCode(t)
		for at := range len(code) {
			for _, c := range referenceLetters {
				wrong := code[:at] + string(c) + code[at+1:]
				if _, ok := store.ParseInvitation(wrong); ok && wrong != code {
					t.Fatalf("%s typed as %s is taken", code, wrong)
				}
			}
			for other := at + 1; other < min(at+3, len(code)); other++ {
				wrong := []byte(code)
				wrong[at], wrong[other] = wrong[other], wrong[at]
				if _, ok := store.ParseInvitation(string(wrong)); ok && string(wrong) != code {
					t.Fatalf("%s typed as %s is taken", code, wrong)
				}
			}
		}
	})
}

func TestInvitationsAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := drawCode(t)
		printed := store.FormatInvitation(code)
		if len(printed) != 14 || printed[4] != '-' || printed[9] != '-' {
			t.Fatalf("%s is printed as %s", code, printed)
		}
		for _, typed := range []string{
			code, printed, strings.ToLower(printed), " " + printed + "\r\n", strings.ReplaceAll(printed, "-", " "),
			strings.ReplaceAll(printed, "-", "\u2011"), strings.ReplaceAll(printed, "-", "\u2013"), strings.ReplaceAll(printed, "-", "\u00a0"),
			strings.ReplaceAll(printed, "0", "O"), strings.ReplaceAll(printed, "1", "i"), strings.ReplaceAll(printed, "1", "L"),
		} {
			if read, ok := store.ParseInvitation(typed); !ok || read != code {
				t.Fatalf("%q is read as %q, %v", typed, read, ok)
			}
		}
	})
	for _, typed := range []string{
		"", "7K3M", "000000000000", strings.Repeat("A", 10_000), "'; DROP TABLE x", "7K3M-92QF-8TX\x00", "7K3M-92QF-8TXé", "UUUUUUUUUUUU",
	} {
		if code, ok := store.ParseInvitation(typed); ok {
			t.Errorf("%q is read as %q", typed, code)
		}
	}
}

func TestWaveCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"2026-11": true, "a": true, strings.Repeat("a", 40): true,
		"": false, "-a": false, "Autumn": false, "a b": false, "a\n": false, "é": false, strings.Repeat("a", 41): false,
	} {
		if got := store.ValidWaveCode(code); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
