package store

import "strings"

// newReference makes a referral's reference, like SG-7K3M-92QF: seven random
// characters (35 bits) and a check character.
func newReference() string {
	body := randomCode(7)
	return "SG-" + body[:4] + "-" + body[4:] + string(checkCharacter(body))
}

// ParseReference reads a reference as people type it, in any case, with or
// without prefix, spaces and dashes, O for 0, I and L for 1. It returns false
// if it cannot be a reference, as for a mistyped one.
func ParseReference(typed string) (string, bool) {
	s := typedCode(typed)
	if len(s) == 10 {
		s = strings.TrimPrefix(s, "SG")
	}
	if !isCode(s, 8) || checkCharacter(s[:7]) != s[7] {
		return "", false
	}
	return "SG-" + s[:4] + "-" + s[4:], true
}
