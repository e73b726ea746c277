// Package redact finds in a text what may show who somebody is, and puts a
// word in its place. What is found is a suggestion: a person decides. Patterns
// and lists of words belong inside. It is pure and knows nothing of surveys.
//
// What counts as an email address, a phone number, a postcode and an NHS
// number is what the survey's page points out to those who write, before they
// send it.
package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a span shows.
type Kind string

// The kinds of span.
const (
	Email     Kind = "email"
	Web       Kind = "web"
	NHSNumber Kind = "nhs_number"
	Phone     Kind = "phone"
	Postcode  Kind = "postcode"
	Name      Kind = "name"
)

var replacements = map[Kind]string{
	Email:     "[email address]",
	Web:       "[web address]",
	NHSNumber: "[NHS number]",
	Phone:     "[phone number]",
	Postcode:  "[postcode]",
	Name:      "[name]",
}

// Replacement is what is put in the place of such a span.
func (k Kind) Replacement() string { return replacements[k] }

// Certain reports whether spans of this kind are seldom anything else. Names
// are guessed.
func (k Kind) Certain() bool { return k != Name }

// Span is a part of a text, in bytes, at boundaries of runes.
type Span struct {
	Start, End int
	Kind       Kind
}

// Find lists what it finds in a text, in order, no two overlapping. Names that
// are among ordinary, such as those of the districts, are no names of people;
// their case does not count.
func Find(text string, ordinary ...string) []Span {
	f := newFinding(text)
	for _, p := range patterns {
		f.look(p)
	}
	f.names(ordinary)
	slices.SortFunc(f.spans, func(a, b Span) int { return a.Start - b.Start })
	return f.spans
}

// Redact replaces what Find finds, until it finds nothing: a word may be
// recognised only once what stood beside it is gone.
func Redact(text string, ordinary ...string) string {
	for {
		spans := Find(text, ordinary...)
		if len(spans) == 0 {
			return text
		}
		var out strings.Builder
		at := 0
		for _, s := range spans {
			out.WriteString(text[at:s.Start])
			out.WriteString(s.Kind.Replacement())
			at = s.End
		}
		out.WriteString(text[at:])
		text = out.String()
	}
}

// finding is a text that is looked through. In plain, digits of other scripts
// are turned into ours, and what was found or replaced before is taken out.
type finding struct {
	plain  []byte
	places []int // of each byte of plain, in the text; one more for the end
	spans  []Span
}

// gone stands in plain where something was taken out. No pattern matches it.
const gone = '\x00'

func newFinding(text string) *finding {
	f := &finding{plain: make([]byte, 0, len(text)), places: make([]int, 0, len(text)+1)}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if digit := digitOf(r); digit >= 0 {
			f.plain, f.places = append(f.plain, byte('0'+digit)), append(f.places, at) //nolint:gosec // one of ten digits
		} else {
			for i := range size {
				f.plain, f.places = append(f.plain, text[at+i]), append(f.places, at+i)
			}
		}
		at += size
	}
	f.places = append(f.places, len(text))
	for _, replacement := range replacements {
		for at := 0; ; {
			found := strings.Index(string(f.plain[at:]), replacement)
			if found < 0 {
				break
			}
			f.takeOut(at+found, at+found+len(replacement))
			at += found + len(replacement)
		}
	}
	return f
}

// digitOf gives the value of a digit that people may type in the languages of
// the survey, -1 for anything else.
func digitOf(r rune) int {
	for _, zero := range []rune{'0', '\u0660', '\u06f0', '\u0966'} {
		if r >= zero && r < zero+10 {
			return int(r - zero)
		}
	}
	return -1
}

func (f *finding) takeOut(start, end int) {
	for i := start; i < end; i++ {
		f.plain[i] = gone
	}
}

func (f *finding) add(start, end int, kind Kind) {
	f.spans = append(f.spans, Span{f.places[start], f.places[end], kind})
	f.takeOut(start, end)
}

// pattern finds one kind of span. What is before and after it must not be of
// these sorts; accept says how much of a match counts, 0 for nothing.
type pattern struct {
	kind          Kind
	match         *regexp.Regexp
	before, after func(r rune) bool
	accept        func(match string) int
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isWord(r rune) bool { return isDigit(r) || unicode.IsLetter(r) || unicode.IsMark(r) || r == '_' }

func isPlainWord(r rune) bool { return isDigit(r) || r|0x20 >= 'a' && r|0x20 <= 'z' }

func never(rune) bool { return false }

func whole(match string) int { return len(match) }

// The order counts: what is taken out by one is not seen by the next.
var patterns = []pattern{
	{Email, regexp.MustCompile(`(?i)[^\s\pZ@<>()[\],;:"“”\x00]+@[^\s\pZ@<>()[\],;:"“”\x00]+\.[a-z]{2,}`), never, never, whole},
	{Web, regexp.MustCompile(`(?i)(https?://|www\.)[^\s\pZ<>"“”\x00]+`), isWord, never, withoutStop},
	{Web, regexp.MustCompile(`(?i)[a-z\d][a-z\d-]*(\.[a-z\d-]+)*\.(com|org|net|info|uk|eu|io|app)(/[^\s\pZ<>"“”\x00]*)?`), isWord, isWord, withoutStop},
	{Web, regexp.MustCompile(`(?i)@[a-z\d_][a-z\d_.]+[a-z\d_]`), isWord, never, whole},
	{NHSNumber, regexp.MustCompile(`\d{3}[ -]?\d{3}[ -]?\d{4}`), isDigit, isDigit, nhsNumber},
	{Phone, regexp.MustCompile(`(?:\+|\(?0)[\d ()-]{7,}\d`), isDigit, never, phone},
	{Postcode, regexp.MustCompile(`(?i)[a-z]{1,2}\d[a-z\d]? ?\d[abd-hjlnp-uw-z]{2}`), isPlainWord, isPlainWord, whole},
}

func (f *finding) look(p pattern) {
	for at := 0; at < len(f.plain); {
		loc := p.match.FindIndex(f.plain[at:])
		if loc == nil {
			return
		}
		start := at + loc[0]
		end := start + p.accept(string(f.plain[start:at+loc[1]]))
		before, _ := utf8.DecodeLastRune(f.plain[:start])
		after, _ := utf8.DecodeRune(f.plain[end:])
		if end == start || start > 0 && p.before(before) || end < len(f.plain) && p.after(after) {
			_, size := utf8.DecodeRune(f.plain[start:])
			at = start + size
			continue
		}
		f.add(start, end, p.kind)
		at = end
	}
}

// withoutStop leaves the end of a sentence out of an address.
func withoutStop(match string) int { return len(strings.TrimRight(match, ".,;:!?)'’")) }

// phone gives the length of the number that a run of digits, spaces and
// brackets begins with. One of the country has 10 or 11 digits with its 0;
// abroad they have up to 15 with the country's own. Years, hours and amounts
// have fewer.
func phone(match string) int {
	most := 11
	if strings.HasPrefix(match, "+") || strings.HasPrefix(strings.TrimPrefix(match, "("), "00") {
		most = 15
	}
	length, digits := 0, 0
	for i, r := range match {
		if !isDigit(r) {
			continue
		}
		digits++
		ends := i+1 == len(match) || !isDigit(rune(match[i+1]))
		if ends && digits >= 10 && digits <= most {
			length = i + 1
		}
	}
	return length
}

// nhsNumber accepts ten digits of which the last is the check digit, modulo 11.
func nhsNumber(match string) int {
	var digits []int
	for _, r := range match {
		if isDigit(r) {
			digits = append(digits, int(r-'0'))
		}
	}
	sum, same := 0, true
	for i, d := range digits[:9] {
		sum += d * (10 - i)
		same = same && d == digits[9]
	}
	if same || (11-sum%11)%11 != digits[9] {
		return 0
	}
	return len(match)
}
