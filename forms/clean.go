package forms

import (
	"strings"
	"unicode"
)

// The functions here bring a typed value into the one form in which it is
// kept. What they cannot make sense of they return trimmed but otherwise as
// typed, so that people find their own words again beside the message.

// cleanLine keeps text of one line: runs of white space become one space, and
// characters that nobody can see but that upset exports and screens go.
func cleanLine(s string) string {
	if isTidy(s) {
		return s
	}
	return strings.Join(strings.Fields(dropControls(s)), " ")
}

// isTidy reports whether text is surely clean already, as every code of an
// option is, at the cost of one look at its bytes.
func isTidy(s string) bool {
	space := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && space {
			return false
		}
		space = s[i] == ' '
	}
	return !space
}

// cleanLines keeps text of several lines as it was written, with the line
// ends that browsers send turned into newlines.
func cleanLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.TrimSpace(dropControls(s))
}

func dropControls(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// cleanNumber drops leading zeros, so that 03 and 3 are the same month.
func cleanNumber(s string) string {
	s = cleanLine(s)
	if digits := onlyDigits(s); digits != s || s == "" {
		return s
	}
	if short := strings.TrimLeft(s, "0"); short != "" {
		return short
	}
	return "0"
}

// cleanPhone writes a UK number as it is dialled at home: 0 and 9 or 10
// digits, without spaces.
func cleanPhone(s string) string {
	s = cleanLine(s)
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()/", r) {
			return -1
		}
		return r
	}, s)
	for _, abroad := range []string{"+44", "0044"} {
		if home, ok := strings.CutPrefix(digits, abroad); ok {
			digits = "0" + strings.TrimPrefix(home, "0")
			break
		}
	}
	if isUKPhone(digits) {
		return digits
	}
	return s
}

func isUKPhone(s string) bool {
	return onlyDigits(s) == s && (len(s) == 10 || len(s) == 11) && s[0] == '0' && strings.IndexByte("1235789", s[1]) >= 0
}

// cleanPostcode puts capitals and the space before the last three characters.
func cleanPostcode(s string) string {
	s = cleanLine(s)
	joined := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if len(joined) < 5 || len(joined) > 7 {
		return s
	}
	spaced := joined[:len(joined)-3] + " " + joined[len(joined)-3:]
	if isPostcode(spaced) {
		return spaced
	}
	return s
}

// cleanNHSNumber writes a valid number as it is printed: 943 476 5919.
func cleanNHSNumber(s string) string {
	s = cleanLine(s)
	digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
	if !isNHSNumber(digits) {
		return s
	}
	return digits[:3] + " " + digits[3:6] + " " + digits[6:]
}

// isNHSNumber checks the tenth digit, which is the check digit modulo 11. Ten
// equal digits pass that sum but are what people type to get past a field.
func isNHSNumber(s string) bool {
	digits := strings.ReplaceAll(s, " ", "")
	if len(digits) != 10 || onlyDigits(digits) != digits || strings.Count(digits, digits[:1]) == 10 {
		return false
	}
	sum := 0
	for i := range 9 {
		sum += int(digits[i]-'0') * (10 - i)
	}
	check := (11 - sum%11) % 11
	return check == int(digits[9]-'0') // a check of 10 is no digit, so never equal
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
