package store_test

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"intake/internal/store"
)

const referenceLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// withCheck finds the one last character that makes seven a reference.
func withCheck(t rapid.TB, seven string) string {
	var found []string
	for _, c := range referenceLetters {
		if reference, ok := store.ParseReference(seven + string(c)); ok {
			found = append(found, reference)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d check characters: %q", seven, len(found), found)
	}
	return found[0]
}

func TestEveryWrongCharacterOfAReferenceIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		reference := withCheck(t, rapid.StringOfN(rapid.RuneFrom([]rune(referenceLetters)), 7, 7, 7).Draw(t, "seven"))
		for at := range len(reference) {
			if at < 3 || reference[at] == '-' {
				continue
			}
			for _, c := range referenceLetters {
				wrong := reference[:at] + string(c) + reference[at+1:]
				if read, ok := store.ParseReference(wrong); ok && wrong != reference {
					t.Fatalf("%s typed as %s is read as %s", reference, wrong, read)
				}
			}
		}
	})
}

func TestMostSwappedNeighboursInAReferenceAreFound(t *testing.T) {
	t.Parallel()
	swapped, missed := 0, 0
	for range 500 {
		body := []byte(rand.Text()[:7]) // letters and 2 to 7
		for i, c := range body {
			if strings.IndexByte(referenceLetters, c) < 0 {
				body[i] = '0'
			}
		}
		reference := withCheck(t, string(body))
		plain := strings.ReplaceAll(strings.TrimPrefix(reference, "SG-"), "-", "")
		for i := range 7 {
			wrong := []byte(plain)
			wrong[i], wrong[i+1] = wrong[i+1], wrong[i]
			if string(wrong) == plain {
				continue
			}
			swapped++
			if _, ok := store.ParseReference(string(wrong)); ok {
				missed++
			}
		}
	}
	if missed*50 > swapped {
		t.Errorf("%d of %d swaps go unnoticed", missed, swapped)
	}
}

func TestReferencesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	reference := withCheck(t, "7K3M01Z")
	short := strings.TrimPrefix(reference, "SG-")
	for _, typed := range []string{
		reference, strings.ToLower(reference), " " + reference + "\n", short, strings.ReplaceAll(reference, "-", ""),
		strings.ReplaceAll(reference, "-", " "), strings.ReplaceAll(reference, "-", "\u2011"), strings.ReplaceAll(reference, "-", "\u2013"),
		strings.ReplaceAll(reference, "-", "\u00a0"), "sg " + strings.ToLower(short),
		strings.ReplaceAll(reference, "0", "O"), strings.ReplaceAll(reference, "1", "I"), strings.ReplaceAll(reference, "1", "l"),
	} {
		if read, ok := store.ParseReference(typed); !ok || read != reference {
			t.Errorf("%q is read as %q, %v", typed, read, ok)
		}
	}
	for _, typed := range []string{
		"", "SG", "SG-", "SG-7K3M", reference + "0", short[1:], "XX-" + short, "SG-7K3M-92Q\x00", "SG-7K3M-92Qé",
		"'; DROP TABLE referrals; --", strings.Repeat("A", 10000), "SG-UUUU-UUUU",
	} {
		if read, ok := store.ParseReference(typed); ok {
			t.Errorf("%q is read as %q", typed, read)
		}
	}
}

func TestReferencesOfReferrals(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	shape := regexp.MustCompile(`^SG-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[string]bool{}
	for range 50 {
		reference := l.submit(submission(uuid.New(), concern(nil), tuesday)).Reference
		read, ok := store.ParseReference(reference)
		if !shape.MatchString(reference) || !ok || read != reference || seen[reference] {
			t.Errorf("reference %q, read as %q, %v, seen %v", reference, read, ok, seen[reference])
		}
		seen[reference] = true
	}
}
