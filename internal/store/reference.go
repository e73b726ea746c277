package store

import (
	"crypto/rand"
	"strings"
	"unicode"
)

// Crockford's base 32: no I, L, O or U to misread or to form words with.
const referenceAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newReference makes a referral's reference, like SG-7K3M-92QF: seven random
// characters (35 bits) and a check character.
func newReference() string {
	var random [7]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic("store: no randomness: " + err.Error()) // crypto/rand never returns one
	}
	body := make([]byte, len(random), len(random)+1)
	for i, b := range random {
		body[i] = referenceAlphabet[b%32]
	}
	body = append(body, checkCharacter(body))
	return "SG-" + string(body[:4]) + "-" + string(body[4:])
}

// checkCharacter is Luhn's algorithm modulo 32: it finds every single wrong
// character and nearly every swap of neighbours.
func checkCharacter(body []byte) byte {
	sum := 0
	for i := range body {
		v := strings.IndexByte(referenceAlphabet, body[len(body)-1-i])
		if i%2 == 0 {
			v *= 2
			v = v/32 + v%32
		}
		sum += v
	}
	return referenceAlphabet[(32-sum%32)%32]
}

// ParseReference reads a reference as people type it, in any case, with or
// without prefix, spaces and dashes, O for 0, I and L for 1. It returns false
// if it cannot be a reference, as for a mistyped one.
func ParseReference(typed string) (string, bool) {
	s := strings.Map(func(r rune) rune {
		// Word processors bring spaces and dashes of their own.
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, typed)
	if len(s) == 10 {
		s = strings.TrimPrefix(s, "SG")
	}
	s = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(s)
	if len(s) != 8 {
		return "", false
	}
	for i := range len(s) {
		if strings.IndexByte(referenceAlphabet, s[i]) < 0 {
			return "", false
		}
	}
	if checkCharacter([]byte(s[:7])) != s[7] {
		return "", false
	}
	return "SG-" + s[:4] + "-" + s[4:], true
}
