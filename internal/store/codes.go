package store

import (
	"crypto/rand"
	"regexp"
	"strings"
	"unicode"
)

// Crockford's base 32: no I, L, O or U to misread or to form words with.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// randomCode draws n characters, five bits each.
func randomCode(n int) string {
	code := make([]byte, n)
	if _, err := rand.Read(code); err != nil {
		panic("store: no randomness: " + err.Error()) // crypto/rand never returns one
	}
	for i, b := range code {
		code[i] = codeAlphabet[b%32]
	}
	return string(code)
}

// typedCode brings a code as people type it into one form: any case, with or
// without spaces and dashes, O for 0, I and L for 1. What cannot be a
// character of a code is kept, for isCode to refuse.
func typedCode(typed string) string {
	s := strings.Map(func(r rune) rune {
		// Word processors bring spaces and dashes of their own.
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), r == '\u2212':
			return -1
		case unicode.Is(unicode.Cf, r):
			return -1 // marks of direction, which come with a paste from a chat
		case unicode.Is(unicode.Nd, r):
			return digitOf(r)
		}
		return unicode.ToUpper(r)
	}, typed)
	return lookalikes.Replace(s)
}

var lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1")

// digitOf brings a decimal digit of any script into ours. The digits of a
// script follow each other in ten places, from its nought.
func digitOf(r rune) rune {
	if r <= '9' {
		return r
	}
	for nought := r; nought > r-10; nought-- {
		if !unicode.Is(unicode.Nd, nought-1) {
			return '0' + r - nought
		}
	}
	return r
}

// isCode reports whether s is that many characters of the alphabet.
func isCode(s string, length int) bool {
	return len(s) == length && strings.Trim(s, codeAlphabet) == ""
}

// checkCharacter is Luhn's algorithm modulo 32: it finds every single wrong
// character and nearly every swap of neighbours.
func checkCharacter(body string) byte {
	sum := 0
	for i := range len(body) {
		v := strings.IndexByte(codeAlphabet, body[len(body)-1-i])
		if i%2 == 0 {
			v *= 2
			v = v/32 + v%32
		}
		sum += v
	}
	return codeAlphabet[(32-sum%32)%32]
}

// A collector's code is short, to be typed from a poster. It is no secret.
const collectorCodeLength = 6

func newCollectorCode() string {
	body := randomCode(collectorCodeLength - 1)
	return body + string(checkCharacter(body))
}

// parseCollectorCode is forgiving like ParseReference.
func parseCollectorCode(typed string) (string, bool) {
	code := typedCode(typed)
	if !isCode(code, collectorCodeLength) || checkCharacter(code[:collectorCodeLength-1]) != code[collectorCodeLength-1] {
		return "", false
	}
	return code, true
}

// An invitation's code is a secret of 50 bits and two check characters: read
// as a number in base 32, the whole leaves 1 when divided by 1021. As that is
// prime and 32 to the power of two is just above it, every wrong character
// and every swap of neighbours is found, and of all else 1020 in 1021.
const (
	invitationSecret = 10
	invitationLength = invitationSecret + 2
	invitationPrime  = 1021
)

func newInvitationCode() string {
	body := randomCode(invitationSecret)
	check := (1 + invitationPrime - codeRemainder(body+"00")) % invitationPrime
	return body + string(codeAlphabet[check/32]) + string(codeAlphabet[check%32])
}

func codeRemainder(code string) int {
	n := 0
	for i := range len(code) {
		n = (n*32 + strings.IndexByte(codeAlphabet, code[i])) % invitationPrime
	}
	return n
}

// ParseInvitation reads an invitation's code as people type it, forgiving like
// ParseReference. It returns the twelve characters that links carry and the
// store takes, or false if it cannot be a code, as for a mistyped one.
func ParseInvitation(typed string) (code string, ok bool) {
	code = typedCode(typed)
	if !isCode(code, invitationLength) || codeRemainder(code) != 1 {
		return "", false
	}
	return code, true
}

// FormatInvitation is the code as it is printed, like 7K3M-92QF-8TXW.
func FormatInvitation(code string) string {
	return code[:4] + "-" + code[4:8] + "-" + code[8:]
}

var waveCode = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// ValidWaveCode reports whether a wave may be called that: 1 to 40 small
// letters, digits and hyphens, of which the first is no hyphen.
func ValidWaveCode(code string) bool { return waveCode.MatchString(code) }
