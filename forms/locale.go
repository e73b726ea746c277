package forms

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed locales/*.yaml
var localeFiles embed.FS

// english is the language that everything is written in first.
const english = "en"

// Locale is one language: the words around the forms, the messages of the
// engine, and what the built-in forms say in it. Each is one file in locales.
// A Locale is never changed after it was read, so goroutines may share it.
type Locale struct {
	// Code is a BCP 47 language tag, Name the language's own name for itself.
	Code string `yaml:"language"`
	Name string `yaml:"name"`
	// Direction is "ltr" or "rtl".
	Direction string `yaml:"direction"`
	// Reviewed says which native speaker read it and when; empty means that
	// nobody has, which pages tell.
	Reviewed string `yaml:"reviewed"`

	Words    map[string]Translation            `yaml:"words"`
	Messages map[string]Translation            `yaml:"messages"`
	Forms    map[string]map[string]Translation `yaml:"forms"`
}

// Translation is a text in one language, and the hash of the English that it
// was made from.
type Translation struct {
	Hash string `yaml:"hash"`
	Text string `yaml:"text"`
}

// UnmarshalYAML also takes a bare text, as English is written.
func (t *Translation) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		t.Text = node.Value
		return nil
	}
	type plain Translation
	return node.Decode((*plain)(t))
}

// WordingHash identifies an English text, so that a translation made from
// other words can be told: 8 hexadecimal digits.
func WordingHash(text string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	return hex.EncodeToString(sum[:4])
}

// locales holds every language by its code, English completed by nothing and
// the others by English.
var locales = sync.OnceValue(func() map[string]*Locale {
	all, err := readLocales(localeFiles)
	if err != nil {
		panic("forms: the languages are part of the program: " + err.Error())
	}
	return all
})

func readLocales(files fs.FS) (map[string]*Locale, error) {
	names, err := fs.Glob(files, "locales/*.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]*Locale{}
	for _, name := range names {
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		l, err := parseLocale(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if name != "locales/"+l.Code+".yaml" {
			return nil, fmt.Errorf("%s: the file of the language %q must be named after it", name, l.Code)
		}
		all[l.Code] = l
	}
	all[PseudoCode] = pseudo(all[english])
	return all, nil
}

func parseLocale(source []byte) (*Locale, error) {
	var l Locale
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(&l); err != nil {
		return nil, readableYAML(err)
	}
	if l.Code == "" || l.Name == "" || l.Direction != "ltr" && l.Direction != "rtl" {
		return nil, fmt.Errorf("a language needs its code (language), its name and its direction, ltr or rtl")
	}
	return &l, nil
}

// LocaleIn returns the language with that code, or nil.
func LocaleIn(code string) *Locale { return locales()[code] }

// LocaleCodes lists the languages that there are, English first. The one made
// up for tests is not among them.
func LocaleCodes() []string {
	var codes []string
	for code := range locales() {
		if code != english && code != PseudoCode {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return append([]string{english}, codes...)
}

// Word is a word around the forms, in English where this language lacks it.
func (l *Locale) Word(key string) string {
	return l.current(l.Words[key], locales()[english].Words[key].Text)
}

func (l *Locale) message(key string) string {
	return l.current(l.Messages[key], locales()[english].Messages[key].Text)
}

// current is the translation if it was made from these English words.
func (l *Locale) current(t Translation, source string) string {
	if l.Code == english || t.Text != "" && t.Hash == WordingHash(source) {
		return strings.TrimSpace(t.Text)
	}
	return strings.TrimSpace(source)
}

// AllWords are the words around the forms by key, in English where this
// language lacks one.
func (l *Locale) AllWords() map[string]string {
	all := make(map[string]string, len(l.Words))
	for key := range locales()[english].Words {
		all[key] = l.Word(key)
	}
	return all
}

// translate gives the form's texts their words in every language that has
// them, where they were made from the present English.
func (f *Form) translate() {
	for _, l := range locales() {
		if l.Code == english {
			continue
		}
		entries := l.Forms[f.ID]
		f.texts(func(key string, text Text) {
			if l.Code == PseudoCode {
				text[l.Code] = pseudoText(text[english])
				return
			}
			if t, ok := entries[key]; ok && t.Hash == WordingHash(text[english]) {
				text[l.Code] = strings.TrimSpace(t.Text)
			}
		})
	}
}

// texts visits every text of the form that has English words, with the key
// that it is translated under. A scale's options are visited once.
func (f *Form) texts(visit func(key string, text Text)) {
	seen := map[string]bool{}
	say := func(key string, text Text) {
		if text[english] != "" && !seen[key] {
			seen[key] = true
			visit(key, text)
		}
	}
	say("title", f.Title)
	for i := range f.Pages {
		page := &f.Pages[i]
		at := "page." + page.ID
		say(at+".title", page.Title)
		say(at+".body", page.Body)
		say(at+".applies", page.Applies)
		if page.Repeats != nil {
			say(at+".item", page.Repeats.Item)
			say(at+".add", page.Repeats.Add)
		}
		for j := range page.Questions {
			page.Questions[j].texts(say)
		}
	}
}

func (q *Question) texts(say func(key string, text Text)) {
	at := "question." + q.ID
	say(at+".label", q.Label)
	say(at+".short", q.Short)
	say(at+".hint", q.Hint)
	say(at+".applies", q.Applies)
	for _, option := range q.Options {
		if option.fromList || option.fromEngine {
			continue // proper names, and words that are translated for all forms
		}
		of := at + ".option."
		if option.fromScale {
			of = "scale." + q.Scale + "."
		}
		say(of+option.Code, option.Label)
		say(of+option.Code+".hint", option.Hint)
	}
	for rule, message := range q.Messages {
		say(at+".message."+rule, message)
	}
	for i, help := range q.Help {
		n := fmt.Sprint(i + 1)
		say(at+".help."+n, help.Text)
		say(at+".help."+n+".link", help.Link)
	}
}
