package handlers

import (
	"html/template"
	"regexp"
	"strings"
)

// paragraph is running text in pieces, some of which are links.
type paragraph []segment

type segment struct {
	Text string
	Href template.URL // "" for plain text
}

// filler puts the organisation's facts in the place of {placeholders}.
type filler map[string]string

var (
	blankLine = regexp.MustCompile(`\n\s*\n`)
	// linked finds what people may want to tap: a placeholder that is a phone
	// number, and the emergency number itself.
	linked = regexp.MustCompile(`\{[a-z_]+\}|\b999\b`)
)

// text fills the placeholders of one line.
func (f filler) text(s string) string {
	return linked.ReplaceAllStringFunc(s, func(token string) string {
		if fact, ok := f[strings.Trim(token, "{}")]; ok {
			return fact
		}
		return token
	})
}

// paragraphs splits a text at its blank lines, fills its placeholders, and
// makes its phone numbers links.
func (f filler) paragraphs(s string) []paragraph {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil
	}
	var out []paragraph
	for _, text := range blankLine.Split(s, -1) {
		out = append(out, f.paragraph(strings.TrimSpace(text)))
	}
	return out
}

func (f filler) paragraph(s string) paragraph {
	var p paragraph
	plain := func(text string) {
		if text == "" {
			return
		}
		if n := len(p); n > 0 && p[n-1].Href == "" {
			p[n-1].Text += text
			return
		}
		p = append(p, segment{Text: text})
	}
	at := 0
	for _, m := range linked.FindAllStringIndex(s, -1) {
		plain(s[at:m[0]])
		token := s[m[0]:m[1]]
		at = m[1]
		if text := f.text(token); token == "999" || strings.HasSuffix(token, "_phone}") && text != token {
			p = append(p, segment{Text: text, Href: telephone(text)})
		} else {
			plain(text)
		}
	}
	plain(s[at:])
	return p
}

// tellsEmergency reports whether a text gives the emergency number.
func tellsEmergency(text []paragraph) bool {
	for _, p := range text {
		for _, s := range p {
			if s.Href == "tel:999" {
				return true
			}
		}
	}
	return false
}

// telephone makes a link of a number as people write it. Only digits and a
// leading plus are left, so that it is safe as a URL.
func telephone(number string) template.URL {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	if strings.HasPrefix(strings.TrimSpace(number), "+") {
		digits = "+" + digits
	}
	return template.URL("tel:" + digits) // only digits and a plus are left
}
