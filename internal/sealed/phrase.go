package sealed

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"unicode"

	"github.com/sethvargo/go-diceware/diceware"
)

// phraseWords is how many words a phrase has: 7,772 to the power of four, or
// 51 bits, each guess of which costs an argon2id.
const phraseWords = 4

// Phrase is the four words, parted by single spaces, that open a draft. Only
// the referrer has it: show it once, store it nowhere.
type Phrase string

// LogValue keeps phrases out of logs; a page prints the phrase as it is.
func (Phrase) LogValue() slog.Value { return slog.StringValue("[phrase, not shown]") }

// PhraseError says why what somebody typed can't be a phrase.
type PhraseError struct {
	// Sentence tells the person what is wrong. It may quote what they typed,
	// so it is for their page and never for a log.
	Sentence string
}

// Error is safe to log: it quotes nothing that was typed.
func (*PhraseError) Error() string { return "the text is not a phrase of four listed words" }

// NewPhrase makes a random phrase of four different words.
func NewPhrase() (Phrase, error) {
	for {
		words, err := diceware.GenerateWithWordList(phraseWords, diceware.WordListEffLarge())
		if err != nil {
			return "", fmt.Errorf("choose the words of a phrase: %w", err)
		}
		phrase := Phrase(strings.Join(words, " "))
		// Four of the list's words have a hyphen, which people type as a
		// space: phrases with those are thrown again.
		if !strings.Contains(string(phrase), "-") {
			return phrase, nil
		}
	}
}

// ParsePhrase reads a phrase as people type it: in any case, parted by
// spaces, hyphens, commas or full stops. A fault is a *PhraseError.
func ParsePhrase(typed string) (Phrase, error) {
	words := strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	known := listedWords()
	for _, word := range words {
		if !known[word] {
			return "", &PhraseError{fmt.Sprintf("“%s” is not one of the words that we use. Check how it is spelt.", shortened(word))}
		}
	}
	switch n := len(words); {
	case n == 0:
		return "", &PhraseError{"Enter the four words that you were given, like “garlic mustang velvet pebble”."}
	case n == 1:
		return "", &PhraseError{"Enter all four words. You have entered 1."}
	case n < phraseWords:
		return "", &PhraseError{fmt.Sprintf("Enter all four words. You have entered %d.", n)}
	case n > phraseWords:
		return "", &PhraseError{fmt.Sprintf("Enter only the four words. You have entered %d.", n)}
	}
	return Phrase(strings.Join(words, " ")), nil
}

// shortened keeps a pasted page out of the error message.
func shortened(word string) string {
	const most = 20
	if letters := []rune(word); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return word
}

// listedWords is the EFF's large list without its hyphenated words.
var listedWords = sync.OnceValue(func() map[string]bool {
	list := diceware.WordListEffLarge()
	words := make(map[string]bool, 7776)
	var throw func(dice, left int)
	throw = func(dice, left int) {
		if left == 0 {
			if word := list.WordAt(dice); !strings.Contains(word, "-") {
				words[word] = true
			}
			return
		}
		for pips := 1; pips <= 6; pips++ {
			throw(dice*10+pips, left-1)
		}
	}
	throw(0, list.Digits())
	return words
})
