package forms

import (
	"strconv"
	"strings"
	"time"
)

// messages is the table of what people read when an answer cannot be taken,
// by language, kind and rule; the kind "" is for a repeating group. Every rule
// of every kind has its own entry, so that each can be said well; a test fails
// on a missing one. {name} is the question's short name, {max} its limit and
// {over} by how much it was passed. A question's own messages come first.
var messages = map[string]map[Kind]map[string]string{
	"en": {
		"": {
			ruleTooMany: "Give {max} of these or fewer, {over} fewer than now: {name}",
		},
		KindChoice: {
			ruleRequired:      "Select an answer: {name}",
			ruleRepeated:      "Select one answer only: {name}",
			ruleUnknownOption: "Select one of the answers in the list: {name}",
			ruleOtherTooLong:  "Say what “other” means in {max} characters or fewer, {over} fewer than now: {name}",
		},
		KindChoices: {
			ruleRequired:      "Select at least one answer: {name}",
			ruleTooMany:       "Select up to {max} answers, {over} fewer than now: {name}",
			ruleUnknownOption: "Select only answers in the list: {name}",
			ruleExcludes:      "Select either that one answer alone or the others: {name}",
			ruleOtherTooLong:  "Say what “other” means in {max} characters or fewer, {over} fewer than now: {name}",
		},
		KindText: {
			ruleRequired: "Enter an answer: {name}",
			ruleRepeated: "Enter one answer only: {name}",
			ruleTooLong:  "Enter {max} characters or fewer, {over} fewer than now: {name}",
		},
		KindLongText: {
			ruleRequired: "Enter an answer: {name}",
			ruleRepeated: "Enter one answer only: {name}",
			ruleTooLong:  "Enter {max} characters or fewer, {over} fewer than now: {name}",
		},
		KindDate: {
			ruleRequired:   "Enter the date, like 27 3 1950: {name}",
			ruleRepeated:   "Enter one date only: {name}",
			ruleIncomplete: "Enter the date with its day, month and year: {name}",
			ruleInvalid:    "Enter a date that is in the calendar, like 27 3 1950: {name}",
			ruleYear:       "Enter a year between 1900 and 2100: {name}",
			rulePast:       "Enter a date in the past: {name}",
			ruleNotFuture:  "Enter today’s date or one in the past: {name}",
		},
		KindEmail: {
			ruleRequired: "Enter the email address, like name@example.org: {name}",
			ruleRepeated: "Enter one email address only: {name}",
			ruleTooLong:  "Enter an email address of {max} characters or fewer, {over} fewer than now: {name}",
			ruleInvalid:  "Enter the email address in full, like name@example.org: {name}",
		},
		KindPhone: {
			ruleRequired: "Enter the phone number, like 01632 960001: {name}",
			ruleRepeated: "Enter one phone number only: {name}",
			ruleInvalid:  "Enter a UK phone number in full, like 01632 960001: {name}",
		},
		KindPostcode: {
			ruleRequired: "Enter the postcode, like CM1 1QH: {name}",
			ruleRepeated: "Enter one postcode only: {name}",
			ruleInvalid:  "Enter the full postcode, like CM1 1QH: {name}",
		},
		KindNHSNumber: {
			ruleRequired: "Enter the NHS number, like 943 476 5919: {name}",
			ruleRepeated: "Enter one NHS number only: {name}",
			ruleInvalid:  "Enter the 10 digits of the NHS number, like 943 476 5919, and check them: {name}",
		},
	},
}

// words is the table of single words that the engine adds to a form.
var words = map[string]map[string]string{
	"en": {
		optionPreferNot: "Prefer not to say",
		optionUnknown:   "Not known",
		"estimated":     "estimated",
	},
}

var months = map[string][12]string{
	"en": {"January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December"},
}

func word(key, lang string) string {
	if w, ok := words[lang][key]; ok {
		return w
	}
	return words["en"][key]
}

// wordIn is a word in every language that the engine has.
func wordIn(key string) Text {
	text := Text{}
	for lang, table := range words {
		text[lang] = table[key]
	}
	return text
}

func monthName(m time.Month, lang string) string {
	names, ok := months[lang]
	if !ok {
		names = months["en"]
	}
	return names[m-1]
}

// messageOf is the standard message, in English where lang has none, or "".
func messageOf(lang string, k Kind, rule string) string {
	if m, ok := messages[lang][k][rule]; ok {
		return m
	}
	return messages["en"][k][rule]
}

// message says what is wrong with an answer to this question.
func (n *node) message(found problem, lang string) string {
	q := n.question
	template := q.Messages[found.rule].In(lang)
	if template == "" {
		template = messageOf(lang, q.Kind, found.rule)
	}
	limit := q.Max
	if found.rule == ruleOtherTooLong {
		limit = maxOther
	}
	return fill(template, messageFacts{name: q.Name(lang), max: limit, over: found.over})
}

type messageFacts struct {
	name      string
	max, over int
}

func fill(template string, facts messageFacts) string {
	return strings.NewReplacer(
		"{name}", facts.name,
		"{max}", strconv.Itoa(facts.max),
		"{over}", strconv.Itoa(facts.over),
	).Replace(template)
}

// numbered names a member of a group, counting from 1 as people do.
func numbered(item string, member int) string { return item + " " + strconv.Itoa(member+1) }
