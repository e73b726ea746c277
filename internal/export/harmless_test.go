package export

import (
	"strings"
	"testing"
	"unicode"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Home care": "Home care", "5": "5", "a=b": "a=b", "(grouped)": "(grouped)", "it’s -1": "it’s -1",
		"=1+1": "'=1+1", "+44": "'+44", "-1": "'-1", "@sum": "'@sum", "\tx": "'\tx", "\rx": "'\rx",
		"  =1": "'  =1", "\"=1": "'\"=1", "'=1": "''=1", "\u200b=1": "'\u200b=1", "＝1": "'＝1",
	} {
		if got := Harmless(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// FuzzHarmless looks for a text that a spreadsheet could take for a formula.
func FuzzHarmless(f *testing.F) {
	for _, seed := range []string{"", "=", "+1", " -", "\"@", "'='", "\u00a0=", "x=", "\ufeff=cmd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Harmless(text)
		if got != text && got != "'"+text {
			t.Fatalf("%q became %q", text, got)
		}
		first := strings.TrimLeftFunc(text, func(r rune) bool {
			return r != '\t' && r != '\r' && r != '\n' && (unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) || strings.ContainsRune("'\"`‘’“”", r)
		})
		if strings.IndexAny(first, formulaStarts) == 0 && got == text {
			t.Fatalf("%q stays as it is", text)
		}
		if text != "" && strings.IndexAny(text[:1], "=+-@\t\r\n") == 0 && !strings.HasPrefix(got, "'") {
			t.Fatalf("%q stays as it is", text)
		}
	})
}
