package forms

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind says how a question is answered.
type Kind string

// The kinds of question. Each is one entry of the table below, one set of
// messages and one component template.
const (
	KindChoice    Kind = "choice"    // one of several options
	KindChoices   Kind = "choices"   // several of many options
	KindText      Kind = "text"      // one line
	KindLongText  Kind = "long_text" // several lines
	KindDate      Kind = "date"      // in three fields: ID.day, ID.month, ID.year
	KindEmail     Kind = "email"
	KindPhone     Kind = "phone"      // a UK number
	KindPostcode  Kind = "postcode"   // a UK postcode
	KindNHSNumber Kind = "nhs_number" // with its check digit
)

// Kinds lists every kind, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// Closed reports whether questions of this kind have options.
func (k Kind) Closed() bool { return kinds[k] != nil && kinds[k].closed }

// Several reports whether a question of this kind may have several answers.
func (k Kind) Several() bool { return kinds[k] != nil && kinds[k].several }

// kind is all that the engine knows of a kind of question.
type kind struct {
	closed  bool
	several bool
	parts   []part              // names on the wire that every such question has
	max     int                 // default of Question.Max; 0 is no bound
	clean   func(string) string // into the one form that is kept
	tags    string              // validator tags of one value, before the question's own
	check   func(answer) problem
	rules   []string                      // what check can find wrong; each has a message
	words   func(answer, string) []string // the answer in words, in a language
	samples func(*Question) []sample      // answers that the prover tries
}

// sample is an answer that the prover tries: values by part.
type sample map[part][]string

// kinds is the table of question kinds: the place to add one.
var kinds = map[Kind]*kind{
	KindChoice: {
		closed: true, parts: []part{partMain}, clean: cleanLine, check: checkClosed,
		rules: []string{ruleRequired, ruleRepeated, ruleUnknownOption, ruleOtherTooLong},
		words: optionWords, samples: optionSamples,
	},
	KindChoices: {
		closed: true, several: true, parts: []part{partMain}, clean: cleanLine, check: checkClosed,
		rules: []string{ruleRequired, ruleTooMany, ruleUnknownOption, ruleExcludes, ruleOtherTooLong},
		words: optionWords, samples: optionSamples,
	},
	KindText: {
		parts: []part{partMain}, max: 200, clean: cleanLine, check: checkText,
		rules: []string{ruleRequired, ruleRepeated, ruleTooLong},
		words: ownWords, samples: typed("Example"),
	},
	KindLongText: {
		parts: []part{partMain}, max: 5000, clean: cleanLines, check: checkText,
		rules: []string{ruleRequired, ruleRepeated, ruleTooLong},
		words: ownWords, samples: typed("Example"),
	},
	KindDate: {
		parts: []part{partDay, partMonth, partYear}, clean: cleanNumber, check: checkDate,
		rules: []string{ruleRequired, ruleRepeated, ruleIncomplete, ruleInvalid, ruleYear, rulePast, ruleNotFuture},
		words: dateWords, samples: dateSamples,
	},
	KindEmail: {
		parts: []part{partMain}, max: 254, clean: cleanLine, tags: "email", check: checkText,
		rules: []string{ruleRequired, ruleRepeated, ruleTooLong, ruleInvalid},
		words: ownWords, samples: typed("name@example.org"),
	},
	KindPhone: {
		parts: []part{partMain}, clean: cleanPhone, tags: tagPhone, check: checkText,
		rules: []string{ruleRequired, ruleRepeated, ruleInvalid},
		words: ownWords, samples: typed("01632960001"),
	},
	KindPostcode: {
		parts: []part{partMain}, clean: cleanPostcode, tags: tagPostcode, check: checkText,
		rules: []string{ruleRequired, ruleRepeated, ruleInvalid},
		words: ownWords, samples: typed("CM1 1QH"),
	},
	KindNHSNumber: {
		parts: []part{partMain}, clean: cleanNHSNumber, tags: tagNHSNumber, check: checkText,
		rules: []string{ruleRequired, ruleRepeated, ruleInvalid},
		words: ownWords, samples: typed("943 476 5919"),
	},
}

// answer is one question's answer on its way to being checked or told.
type answer struct {
	node   *node
	member int
	path   *path
	today  clock
}

func (a answer) of(p part) []string { return a.path.of(a.node, a.member, p) }

func (a answer) first(p part) string {
	if values := a.of(p); len(values) > 0 {
		return values[0]
	}
	return ""
}

func optionWords(a answer, lang string) []string {
	var out []string
	for _, code := range a.of(partMain) {
		option := a.node.question.Option(code)
		if option == nil {
			out = append(out, code)
			continue
		}
		label := option.Label.In(lang)
		if said := a.first(partOther); option.Other && said != "" {
			label += ": " + said
		}
		out = append(out, label)
	}
	return out
}

func ownWords(a answer, _ string) []string { return a.of(partMain) }

// dateWords also tells a date that is not one, as it was typed.
func dateWords(a answer, lang string) []string {
	day, month, year := a.first(partDay), a.first(partMonth), a.first(partYear)
	if day == "" && month == "" && year == "" {
		return nil
	}
	told := strings.Join(strings.Fields(fmt.Sprint(day, " ", month, " ", year)), " ")
	if date, ok := dateOf(day, month, year); ok {
		told = DateWords(date, lang)
	}
	if a.node.question.Estimated && a.first(partEstimated) != "" {
		told += " (" + word("estimated", lang) + ")"
	}
	return []string{told}
}

func typed(value string) func(*Question) []sample {
	return func(*Question) []sample { return []sample{{partMain: {value}}} }
}

// dateSamples has a day long past and one that no form will see, since a rule
// may ask for either side of today.
func dateSamples(*Question) []sample {
	return []sample{
		{partDay: {"1"}, partMonth: {"2"}, partYear: {"1950"}},
		{partDay: {"1"}, partMonth: {"2"}, partYear: {fmt.Sprint(maxYear)}},
	}
}

// optionSamples has one for each option. Of a question with several answers
// the walk also tries options together.
func optionSamples(q *Question) []sample {
	var out []sample
	for _, option := range q.Options {
		out = append(out, sample{partMain: {option.Code}})
	}
	return out
}
