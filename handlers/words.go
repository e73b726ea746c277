package handlers

import (
	"encoding/json"
	"strconv"
	"strings"

	"intake/forms"
)

// words are the texts around the questions of a form: buttons, hints that
// every question of a kind has, what is said of errors. {n} stands for a
// number.
type words struct {
	Back, Continue, Save, Check, Change string
	Send                                map[forms.FormKind]string
	Intro                               map[forms.FormKind]string // paragraphs parted by blank lines
	ThereIsAProblem, Error, Needed      string
	Optional, NotKnown, Estimated       string
	SayWhat, Or, SelectAll, SelectUpTo  string
	Day, Month, Year                    string
	UpTo, Left, Over                    string
	Remove                              string
	CheckTitle, CheckLead, CheckSend    string
	NoAnswer, GoBack                    string
	Failed                              string
	// Progress says how far people have come, {n} of about {total}.
	Progress map[forms.FormKind]string
}

var wordsByLanguage = map[string]words{
	"en": {
		Back:     "Back",
		Continue: "Continue",
		Save:     "Save and come back later",
		Check:    "Check your answers",
		Change:   "Change",
		Send: map[forms.FormKind]string{
			forms.Survey:   "Send my answers",
			forms.Referral: "Send the referral",
		},
		Intro: map[forms.FormKind]string{
			forms.Survey: "Tell us what it is like to work in care. It takes about 10 minutes.\n\n" +
				"We do not ask for your name or your employer’s name. You can leave out any question but the first.",
			forms.Referral: "If someone is in danger now, call 999 first.\n\n" +
				"Nothing that you write is kept on this device.",
		},
		ThereIsAProblem: "There is a problem",
		Error:           "Error",
		Needed:          "This question needs an answer: ",
		Optional:        "(optional)",
		NotKnown:        "Not known",
		Estimated:       "This date is an estimate",
		SayWhat:         "Say what",
		Or:              "or",
		SelectAll:       "Select all that apply.",
		SelectUpTo:      "Select up to {n}.",
		Day:             "Day",
		Month:           "Month",
		Year:            "Year",
		UpTo:            "You can write up to {n} characters.",
		Left:            "You have {n} characters left.",
		Over:            "You have {n} characters too many.",
		Remove:          "Remove",
		CheckTitle:      "Check your answers",
		CheckLead:       "Nothing has been sent yet. Read what you wrote, change what is not right, then send it.",
		CheckSend:       "Now send it",
		NoAnswer:        "Not answered",
		GoBack:          "Go back to the form",
		Failed: "We could not reach the portal, so we do not know whether your answers have arrived. " +
			"They are still on this page. Check your connection and send them again: sending twice does no harm.",
		Progress: map[forms.FormKind]string{
			forms.Survey:   "Question {n} of about {total}",
			forms.Referral: "Page {n} of about {total}",
		},
	},
}

// wordsIn returns the words in a language, in English where there are none.
func wordsIn(lang string) words {
	if w, ok := wordsByLanguage[lang]; ok {
		return w
	}
	return wordsByLanguage["en"]
}

// tick is the hint of a question with several answers; most is 0 where any
// number may be ticked.
func (w words) tick(most int) string {
	if most > 0 {
		return withNumber(w.SelectUpTo, most)
	}
	return w.SelectAll
}

// scriptJSON holds the words that the page's script puts in by itself.
func (w words) scriptJSON(kind forms.FormKind) string {
	b, err := json.Marshal(map[string]string{
		"error":    w.Error,
		"left":     w.Left,
		"over":     w.Over,
		"progress": w.Progress[kind],
	})
	if err != nil {
		panic("handlers: a map of strings is always encodable: " + err.Error())
	}
	return string(b)
}

func withNumber(text string, n int) string {
	return strings.ReplaceAll(text, "{n}", strconv.Itoa(n))
}
