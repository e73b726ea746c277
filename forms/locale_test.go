package forms

import (
	"strings"
	"testing"
	"testing/fstest"
)

// builtInForms are those that the language files translate.
func builtInForms(t *testing.T) []*Form {
	t.Helper()
	var all []*Form
	for _, id := range BuiltInIDs() {
		all = append(all, loadBuiltIn(t, id))
	}
	return all
}

// TestLanguagesAreWhole: no language lacks a text, has an old one or one too
// many, or puts in other things than the English does.
func TestLanguagesAreWhole(t *testing.T) {
	t.Parallel()
	if len(LocaleCodes()) < 6 {
		t.Errorf("there are only the languages %v", LocaleCodes())
	}
	for _, finding := range CheckLocales(builtInForms(t)...) {
		t.Errorf("%s, %s (%s): %s", finding.Form, finding.Place, finding.Rule, finding.Message)
	}
}

func TestTheCheckOfLanguagesFinds(t *testing.T) {
	t.Parallel()
	survey := loadBuiltIn(t, "care-worker-survey")
	hash := func(key string) string { return WordingHash(LocaleIn("en").Words[key].Text) }
	l, err := parseLocale([]byte(`{language: xx, name: X, direction: ltr, words: {
		back: {hash: ` + hash("back") + `, text: X}, skip: {hash: "00000000", text: X}, old: {hash: x, text: X},
		progress_survey: {hash: ` + hash("progress_survey") + `, text: "X {n}"}}, forms: {gone: {}, care-worker-survey: {question.nobody.label: {hash: x, text: X}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range l.check([]*Form{survey}) {
		got[f.Place] = f.Rule
	}
	for place, rule := range map[string]string{
		"words.back": "", "words.skip": FindingStale, "words.old": FindingUnused, "words.progress_survey": FindingPlaceholder,
		"words.continue": FindingTranslation, "messages.choice.required": FindingTranslation,
		"forms.gone": FindingUnused, "forms.care-worker-survey.question.nobody.label": FindingUnused,
		"forms.care-worker-survey.question.service.option.home_care": FindingTranslation,
	} {
		if got[place] != rule {
			t.Errorf("%s: found %q, want %q", place, got[place], rule)
		}
	}
}

// TestEveryRuleHasAMessage ranges over the table of kinds. The other languages
// are compared with English above.
func TestEveryRuleHasAMessage(t *testing.T) {
	t.Parallel()
	used := map[string]bool{optionPreferNot: true, optionUnknown: true, "estimated": true, "group.too_many": true}
	for id, k := range kinds {
		for _, rule := range k.rules {
			key := string(id) + "." + rule
			used[key] = true
			message := word(key, english)
			switch {
			case message == "":
				t.Errorf("there is no message %s", key)
			case !strings.Contains(message, "{name}"):
				t.Errorf("%s does not say which question it is about", key)
			case strings.Contains(rule, "too_") && !(strings.Contains(message, "{max}") && strings.Contains(message, "{over}")):
				t.Errorf("%s does not say the limit and by how much it is passed", key)
			}
		}
	}
	for key := range LocaleIn(english).Messages {
		if !used[key] && !strings.HasPrefix(key, "month.") {
			t.Errorf("the message %s is never shown", key)
		}
	}
	if monthName(12, "qps") == "December" || monthName(12, english) != "December" || monthName(1, "xx") != "January" {
		t.Error("months are not named")
	}
}

func TestTranslationsAreShownOnlyWhereTheyAreCurrent(t *testing.T) {
	t.Parallel()
	survey := loadBuiltIn(t, "care-worker-survey")
	if label := survey.Question("care_role").Label; label["qps"] == "" || label.Spoken("qps") != "qps" || label.Spoken("xx") != "en" {
		t.Errorf("the pseudo-language says %q", label["qps"])
	}
	if got := pseudoText("Call {police_phone} now"); !strings.Contains(got, "{police_phone}") || strings.Contains(got, "now") {
		t.Errorf("the pseudo-language says %q", got)
	}
	stale := &Locale{Code: "xx", Words: map[string]Translation{"back": {Hash: "00000000", Text: "X"}}}
	if got := stale.Word("back"); got != "Back" {
		t.Errorf("a stale word is shown: %q", got)
	}
}

func TestLanguageFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"locales/xx.yaml": "language: yy\nname: Y\ndirection: ltr\n",
		"locales/yy.yaml": "language: yy\nname: Y\ndirection: up\n",
		"locales/zz.yaml": "language: zz\nname: Z\ndirection: ltr\nwrods: {}\n",
		"locales/aa.yaml": "language: aa\nname: [\n",
	} {
		if _, err := readLocales(fstest.MapFS{name: {Data: []byte(source)}}); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// TestALanguageFileReadsBack: what LocaleFile writes for a new language lacks
// nothing but words, and for one that is there it changes nothing.
func TestALanguageFileReadsBack(t *testing.T) {
	t.Parallel()
	known := builtInForms(t)
	empty := LocaleFile("xx", known...)
	l, err := parseLocale([]byte(strings.Replace(empty, `name: ""`, "name: X", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range l.check(known) {
		if f.Rule != FindingTranslation {
			t.Errorf("a new file: %+v", f)
		}
	}
	for _, code := range LocaleCodes()[1:] {
		again, err := parseLocale([]byte(LocaleFile(code, known...)))
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range LocaleIn(code).Words {
			if again.Words[key].Text != strings.TrimSpace(want.Text) {
				t.Errorf("%s: %s becomes %q", code, key, again.Words[key].Text)
			}
		}
	}
}
