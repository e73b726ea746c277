package handlers

import "intake/forms"

// waiting is what a page of the survey without its form needs, so that a phone
// sends what it has kept from before.
type waiting struct {
	Action    string
	Lang      string
	Words     words
	WordsJSON string
	Worker    string
	Today     string
}

func (a *app) waiting(lang string) waiting {
	w := wordsIn(lang)
	return waiting{
		Action: "/survey/" + a.Survey.ID, Lang: lang, Words: w, WordsJSON: w.scriptJSON(forms.Survey),
		Worker: a.workerState(), Today: a.today(),
	}
}
