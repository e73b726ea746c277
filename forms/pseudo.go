package forms

import (
	"regexp"
	"strings"
)

// PseudoCode is a language for tests: English with accents, a third longer,
// from right to left. Whatever a page shows without accents is not in a
// language file; whatever does not fit will not fit in German either. The code
// lies in the range that BCP 47 leaves to private use.
const PseudoCode = "qps"

func pseudo(from *Locale) *Locale {
	made := func(source map[string]Translation) map[string]Translation {
		out := make(map[string]Translation, len(source))
		for key, t := range source {
			out[key] = Translation{Hash: WordingHash(t.Text), Text: pseudoText(t.Text)}
		}
		return out
	}
	return &Locale{
		Code: PseudoCode, Name: pseudoText("Pseudo"), Direction: "rtl",
		Words: made(from.Words), Messages: made(from.Messages),
	}
}

var (
	accents = strings.NewReplacer(
		"a", "á", "c", "ç", "d", "đ", "e", "ê", "g", "ğ", "h", "ħ", "i", "ï", "l", "ľ", "n", "ñ", "o", "ø", "s", "š", "t", "ţ", "u", "û", "y", "ý", "z", "ž",
		"A", "Á", "C", "Ç", "D", "Đ", "E", "Ê", "G", "Ğ", "H", "Ħ", "I", "Ï", "L", "Ľ", "N", "Ñ", "O", "Ø", "S", "Š", "T", "Ţ", "U", "Û", "Y", "Ý", "Z", "Ž",
	)
	kept = regexp.MustCompile(`\{[a-z_]+\}`)
)

// pseudoText keeps {placeholders} and the breaks between paragraphs.
func pseudoText(text string) string {
	var out strings.Builder
	at := 0
	for _, m := range kept.FindAllStringIndex(text, -1) {
		out.WriteString(accents.Replace(text[at:m[0]]))
		out.WriteString(text[m[0]:m[1]])
		at = m[1]
	}
	out.WriteString(accents.Replace(text[at:]))
	return out.String() + strings.Repeat("·", len(text)/3)
}
