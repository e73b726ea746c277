package handlers

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"intake/forms"
)

// words are the texts around the forms in one language, by their key in the
// language files, English where the language lacks one. Templates say
// {{.Words.back}}; a key that does not exist is an error of the template.
type words map[string]string

// wordsOf holds every language's words, by its code.
var wordsOf = sync.OnceValue(func() map[string]words {
	all := map[string]words{}
	for _, code := range append(forms.LocaleCodes(), forms.PseudoCode) {
		all[code] = forms.LocaleIn(code).AllWords()
	}
	return all
})

// wordsIn returns the words in a language, in English where there are none.
func wordsIn(lang string) words {
	if w, ok := wordsOf()[lang]; ok {
		return w
	}
	return wordsOf()["en"]
}

// of is the word that differs by kind of form.
func (w words) of(key string, kind forms.FormKind) string { return w[key+"_"+string(kind)] }

// tick is the hint of a question with several answers; most is 0 where any
// number may be ticked.
func (w words) tick(most int) string {
	if most > 0 {
		return withNumber(w["select_up_to"], most)
	}
	return w["select_all"]
}

// scriptJSON holds the words that the page's script puts in by itself, by the
// names that it knows them by.
func (w words) scriptJSON(kind forms.FormKind) string {
	said := map[string]string{"progress": w.of("progress", kind)}
	for _, key := range scriptWords[kind] {
		said[key] = w[key]
	}
	b, err := json.Marshal(said)
	if err != nil {
		panic("handlers: a map of strings is always encodable: " + err.Error())
	}
	return string(b)
}

// scriptWords are the keys of what the script says by itself.
var scriptWords = map[forms.FormKind][]string{
	forms.Survey: {
		"error", "left", "over", "change", "no_answer", "in_app", "in_app_ios", "link_copied",
		"saved", "not_saved", "storage_full", "draft_expired", "other_tab", "offline_ready", "offline_now", "language_offline",
		"look_again", "look_found", "look_phone", "look_email", "look_postcode", "look_nhs_number", "look_names", "look_choice", "look_private",
		"on_phone_title", "on_phone", "on_phone_busy", "sending_title", "sending", "received_title", "received", "received_before",
		"refused_title", "refused_kept", "survey_changed", "invitation", "thanks_arrived", "busy", "too_many_posts",
	},
	forms.Referral: {"error", "left", "over"},
}

func withNumber(text string, n int) string { return filled(text, "n", strconv.Itoa(n)) }

// filled puts a value in the place of {name}.
func filled(text, name, value string) string { return strings.ReplaceAll(text, "{"+name+"}", value) }
