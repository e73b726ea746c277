package redact

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestRedact has what people write, and what becomes of it.
func TestRedact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		// Nothing to take out.
		"":                          "",
		"Better pay and more time.": "Better pay and more time.",
		"I miss my lunch. On Mondays we do Oliver McGowan training at NHS Essex, 24/7 since 2019.": "I miss my lunch. On Mondays we do Oliver McGowan training at NHS Essex, 24/7 since 2019.",
		"Pay us for the 30 miles to Maldon. Christmas is worse, English or not. I'm tired.":        "Pay us for the 30 miles to Maldon. Christmas is worse, English or not. I'm tired.",
		"PAY US MORE AND GIVE US PROPER BREAKS":                                                    "PAY US MORE AND GIVE US PROPER BREAKS",
		"the dr said so. We will mark it in may":                                                   "the dr said so. We will mark it in may",
		"£12.50 an hour, 10-12 hours, 2024-2025":                                                   "£12.50 an hour, 10-12 hours, 2024-2025",

		// How to reach somebody.
		"Write to ann.smith@example.org.":                       "Write to [email address].",
		"Ring 01632 960123 or (01632) 960 124, or 07700900123":  "Ring [phone number] or [phone number], or [phone number]",
		"01632 960123 01632 960124":                             "[phone number] [phone number]",
		"+44 7700 900123 and 0044 7700 900 123!":                "[phone number] and [phone number]!",
		"٠١٦٣٢٩٦٠١٢٣ and ०१६३२९६०१२३":                           "[phone number] and [phone number]",
		"I live at CM1 1QH, she at sw1a1aa":                     "I live at [postcode], she at [postcode]",
		"no postcode: ACM1 1QHX, CM1 1CO":                       "no postcode: ACM1 1QHX, CM1 1CO",
		"NHS number 943 476 5919, not 943 476 5918":             "NHS number [NHS number], not 943 476 5918",
		"See https://example.org/team?x=1, or www.example.org.": "See [web address], or [web address].",
		"example.co.uk and @worn_out_carer":                     "[web address] and [web address]",

		// Who somebody is.
		"My manager Sarah shouts.":            "My manager [name] shouts.",
		"my manager sarah shouts":             "my manager [name] shouts",
		"Ask Sarah Jones-Brown's sister.":     "Ask [name]'s sister.",
		"Mrs Okonkwo never listens":           "[name] never listens",
		"mr okonkwo never listens":            "[name] never listens",
		"Ask Dr. Patel about Mr. O’Neill":     "Ask [name] about [name]",
		"Get rid of Rosebud House, in Maldon": "Get rid of [name], in Maldon",
		"Sarah. Sarah Jones\nPriya":           "[name]. [name]\n[name]",
		"Nobody helps. Grzegorz does.":        "Nobody helps. Grzegorz does.", // whoever reads it sees it
		"GIVE SARAH A REST AND US MORE PAY":   "GIVE [name] A REST AND US MORE PAY",
	} {
		if got := Redact(text, "Maldon", "Castle Point", "Essex"); got != want {
			t.Errorf("%q\nbecomes %q\nwant    %q", text, got, want)
		}
	}
}

func TestFindSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	const text = "Żaneta: “ring Sarah on ٠١٦٣٢ ٩٦٠١٢٣”"
	var found []string
	for _, s := range Find(text) {
		found = append(found, string(s.Kind)+" "+text[s.Start:s.End])
	}
	if got := strings.Join(found, ", "); got != "name Sarah, phone ٠١٦٣٢ ٩٦٠١٢٣" {
		t.Errorf("found %s", got)
	}
	if Name.Certain() || !Phone.Certain() {
		t.Error("names are guessed, phone numbers are not")
	}
}

// pieces make texts that are more likely to hold something than random ones.
var pieces = []string{"Sarah", "sarah", "Mr", "Mrs.", "Dr", "Patel", "O’Neill's", "the", "manager", "I", "Monday", "Maldon", ".", ". ", "\n", " ",
	"01632 960123", "+44", "07700900123", "٠١٦٣٢", "(0", "CM1 1QH", "943 476 5919", "a@b.co", "@", "www.", "https://", "example.org", "/", "[name]",
	"[", "]", "[phone number]", "-", "'", "’s", "\x00", "\xff", "é", "न", "ł", ",", "9", "0"}

// TestWhateverTheText: spans are in order, apart, on boundaries of runes, and
// what is left holds nothing more to find.
func TestWhateverTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) string {
				return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 12).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
			}), rapid.String()).Draw(t, "text")
		checkSpans(t, text)
	})
}

func FuzzFind(f *testing.F) {
	f.Add("Ask Sarah Jones on 01632 960123, CM1 1QH")
	f.Add(strings.Join(pieces, " "))
	f.Fuzz(func(t *testing.T, text string) { checkSpans(t, text) })
}

func checkSpans(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	boundaries := map[int]bool{len(text): true}
	for i := range text {
		boundaries[i] = true
	}
	at := 0
	var rest strings.Builder
	for _, s := range Find(text, "Maldon") {
		if s.Start < at || s.End <= s.Start || !boundaries[s.Start] || !boundaries[s.End] || s.Kind.Replacement() == "" {
			t.Fatalf("%q: span %+v after %d", text, s, at)
		}
		rest.WriteString(text[at:s.Start] + s.Kind.Replacement())
		at = s.End
	}
	rest.WriteString(text[at:])
	once := Redact(text, "Maldon")
	if twice := Redact(once, "Maldon"); twice != once {
		t.Fatalf("%q becomes %q, and then %q", text, once, twice)
	}
	if left := Find(once, "Maldon"); len(left) > 0 {
		t.Fatalf("%q becomes %q, in which %+v are found", text, once, left)
	}
	if want := Redact(rest.String(), "Maldon"); want != once {
		t.Fatalf("%q becomes %q, but span by span %q", text, once, want)
	}
	if utf8.ValidString(text) && !utf8.ValidString(once) {
		t.Fatalf("%q becomes %q, which is no text", text, once)
	}
}
