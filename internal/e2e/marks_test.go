package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"intake/forms"
)

// marks are random words that stand for what people write. Each goes into one
// field, and into no table, message or log in the clear.
type marks struct {
	words []string // as they may turn up somewhere, in small letters
}

// word makes a mark; it is no word of any language.
func (m *marks) word() string {
	var b strings.Builder
	for range 12 {
		b.WriteByte("bcdfghjklmnpqrstvwxz"[rand.IntN(20)])
	}
	m.words = append(m.words, b.String())
	return b.String()
}

// also adds other ways to write what a mark says.
func (m *marks) also(ways ...string) {
	for _, way := range ways {
		m.words = append(m.words, strings.ToLower(way))
	}
}

func digits(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + rand.IntN(10)))
	}
	return b.String()
}

// nhsNumber is a random number with a right check digit.
func nhsNumber() string {
	for {
		number := digits(9)
		sum := 0
		for i, digit := range number {
			sum += int(digit-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return number + fmt.Sprint(check)
		}
	}
}

// markOpen fills every open field of the form that the answers lead to with
// marks, and every "other, say what". It returns the answers and how often a
// field was marked.
func (m *marks) markOpen(form *forms.Form, answers forms.Answers) (forms.Answers, int) {
	marked := maps.Clone(answers)
	fields := 0
	for _, step := range form.Visible(marked) {
		for _, asked := range step.Asked {
			name := asked.Name
			before := fields
			fields++
			switch asked.Kind {
			case forms.KindText:
				marked[name] = []string{"Say " + m.word()}
			case forms.KindLongText:
				marked[name] = []string{"First " + m.word() + "\nthen " + m.word()}
			case forms.KindEmail:
				marked[name] = []string{m.word() + "@example.org"}
			case forms.KindPhone:
				number := "07" + digits(9)
				m.also(number, number[:5]+" "+number[5:], "+44"+number[1:])
				marked[name] = []string{number}
			case forms.KindPostcode:
				postcode := fmt.Sprintf("CM%d %d%cX", 10+rand.IntN(89), rand.IntN(10), 'A'+rune(rand.IntN(2)))
				m.also(postcode)
				marked[name] = []string{postcode}
			case forms.KindNHSNumber:
				number := nhsNumber()
				m.also(number, number[:3]+" "+number[3:6]+" "+number[6:])
				marked[name] = []string{number}
			default:
				fields = before
			}
			if fields > before {
				delete(marked, name+".unknown")
			}
			if other := slices.IndexFunc(asked.Options, func(o forms.Option) bool { return o.Other }); other >= 0 {
				if asked.Kind == forms.KindChoice {
					marked[name] = []string{asked.Options[other].Code}
				}
				marked[name+".other"] = []string{"Other " + m.word()}
				fields++
			}
		}
	}
	return marked, fields
}
