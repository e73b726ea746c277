package forms

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// FieldError is what is wrong with one answer, in words for the person who
// gave it.
type FieldError struct {
	Field    string // the wire name whose element the error summary links to
	Name     string // the wire name of the question: "adult_dob", "allegations.0.types"
	Question string // the question's id, or the group's where it has too many members
	Message  string // a full sentence
	Lang     string // of the message: English where the question has no words in the language asked for
}

// Rules that a kind's check can find broken. Each has a message.
const (
	ruleRequired      = "required"
	ruleRepeated      = "repeated"
	ruleUnknownOption = "unknown_option"
	ruleTooMany       = "too_many"
	ruleExcludes      = "excludes"
	ruleTooLong       = "too_long"
	ruleOtherTooLong  = "other_too_long"
	ruleIncomplete    = "incomplete"
	ruleInvalid       = "invalid"
	ruleYear          = "year"
	rulePast          = "past"       // also a validator tag
	ruleNotFuture     = "not_future" // also a validator tag
)

const (
	maxOther = 200 // characters of "other, say what"
	minYear  = 1900
	maxYear  = 2100
)

// Validator tags of our own.
const (
	tagPhone     = "uk_phone"
	tagPostcode  = "uk_postcode"
	tagNHSNumber = "nhs_number"
)

// rules checks single values. validator caches what it parses, so one
// instance serves all.
var rules = newRules()

type todayKey struct{}

func newRules() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	text := func(tag string, holds func(string) bool) {
		must(v.RegisterValidation(tag, func(fl validator.FieldLevel) bool { return holds(fl.Field().String()) }))
	}
	text(tagPhone, isUKPhone)
	text(tagPostcode, isPostcode)
	text(tagNHSNumber, isNHSNumber)
	// A date reaches its tags as 2006-01-02, which sorts as time does.
	date := func(tag string, holds func(date, today string) bool) {
		must(v.RegisterValidationCtx(tag, func(ctx context.Context, fl validator.FieldLevel) bool {
			today, _ := ctx.Value(todayKey{}).(string)
			return holds(fl.Field().String(), today)
		}))
	}
	date(rulePast, func(date, today string) bool { return date < today })
	date(ruleNotFuture, func(date, today string) bool { return date <= today })
	return v
}

func must(err error) {
	if err != nil {
		panic("forms: validator refuses a rule: " + err.Error())
	}
}

// plainRules has the library's own rules only. isPostcode uses it because
// rules cannot be named while they are being made.
var plainRules = validator.New(validator.WithRequiredStructEnabled())

// isPostcode also takes ZZ99 3VZ, which stands for no fixed abode and which
// the library rejects.
func isPostcode(s string) bool {
	return s == "ZZ99 3VZ" || plainRules.Var(s, "postcode_iso3166_alpha2=GB") == nil
}

// clock is the day on which answers are judged.
type clock struct{ day string }

func on(now time.Time) clock { return clock{now.Format(time.DateOnly)} }

// broken returns the first of the validator tags that a value breaks, or "".
func (c clock) broken(value, tags string) string {
	if tags == "" {
		return ""
	}
	err := rules.VarCtx(context.WithValue(context.Background(), todayKey{}, c.day), value, tags)
	var faults validator.ValidationErrors
	if errors.As(err, &faults) && len(faults) > 0 {
		return faults[0].Tag()
	}
	return ""
}

// problem is what a check found: a rule, and where it is not the question's
// first field, the part to put right. The zero problem is none.
type problem struct {
	rule string
	at   part
	over int // by how many characters or ticks a limit was passed
}

// Validate checks the answers that count and returns at most one error for
// each question, in the order of the form. Answers of branches not taken are
// ignored, so it may be given what Parse read, which is what the page shows
// again: errors are numbered like the members given. What has no errors has
// none after Strip either. now decides what is in the future, by the day in
// its own location.
func (f *Form) Validate(a Answers, lang string, now time.Time) []FieldError {
	p := f.walk(a)
	today := on(now)
	var out []FieldError
	for i := range f.plan.pages {
		compiled := &f.plan.pages[i]
		if !p.reached[i] {
			continue
		}
		members := p.membersOf(compiled.group)
		for member := range members {
			if compiled.group != nil && member >= compiled.page.Repeats.Max {
				out = append(out, tooManyMembers(compiled, members, lang))
				break
			}
			for _, n := range compiled.nodes {
				if !p.asked[p.slot(n, member)] {
					continue
				}
				if found := p.check(n, member, today); found.rule != "" {
					out = append(out, n.fieldError(found, member, members, lang))
				}
			}
		}
	}
	return out
}

func (p *path) check(n *node, member int, today clock) problem {
	if p.notKnown(n, member) {
		return problem{}
	}
	if p.given(n, member) == nil {
		if p.required(n, member) {
			return problem{rule: ruleRequired, at: n.kind.parts[0]}
		}
		return problem{}
	}
	found := n.kind.check(answer{n, member, p, today})
	if found.rule != "" && found.at == partMain {
		found.at = n.kind.parts[0]
	}
	return found
}

func (n *node) fieldError(found problem, member, members int, lang string) FieldError {
	lang = n.question.Label.Spoken(lang) // one sentence is in one language
	message := n.message(found, lang)
	if members > 1 {
		message = numbered(n.page.Repeats.Item.In(lang), member) + ": " + message
	}
	return FieldError{
		Field:    n.name(member, found.at),
		Name:     n.name(member, partMain),
		Question: n.question.ID,
		Message:  message,
		Lang:     lang,
	}
}

// tooManyMembers points at the first member that is too many.
func tooManyMembers(compiled *pagePlan, members int, lang string) FieldError {
	first, limit := compiled.nodes[0], compiled.page.Repeats.Max
	lang = compiled.page.Repeats.Item.Spoken(lang)
	return FieldError{
		Field:    first.name(limit, first.kind.parts[0]),
		Name:     first.name(limit, partMain),
		Question: compiled.group.id,
		Message: fill(messageOf(lang, kindGroup, ruleTooMany), messageFacts{
			name: compiled.page.Repeats.Item.In(lang), max: limit, over: members - limit,
		}),
		Lang: lang,
	}
}

func checkClosed(a answer) problem {
	n, codes := a.node, a.of(partMain)
	excluding := false
	for _, code := range codes {
		rank, known := n.rank[code]
		if !known {
			return problem{rule: ruleUnknownOption}
		}
		excluding = excluding || n.question.Options[rank].Excludes
	}
	switch {
	case !n.kind.several && len(codes) > 1:
		return problem{rule: ruleRepeated}
	case excluding && len(codes) > 1:
		return problem{rule: ruleExcludes}
	case n.question.Max > 0 && len(codes) > n.question.Max:
		return problem{rule: ruleTooMany, over: len(codes) - n.question.Max}
	}
	if n.other && n.choseOther(codes) {
		if over := utf8.RuneCountInString(strings.Join(a.of(partOther), " ")) - maxOther; over > 0 {
			return problem{rule: ruleOtherTooLong, at: partOther, over: over}
		}
	}
	return problem{}
}

func checkText(a answer) problem {
	values := a.of(partMain)
	if len(values) > 1 {
		return problem{rule: ruleRepeated}
	}
	limit := a.node.question.Max
	if over := utf8.RuneCountInString(values[0]) - limit; limit > 0 && over > 0 {
		return problem{rule: ruleTooLong, over: over}
	}
	if a.today.broken(values[0], a.node.kind.tags) != "" {
		return problem{rule: ruleInvalid}
	}
	return problem{rule: a.today.broken(values[0], a.node.question.Validate)}
}

func checkDate(a answer) problem {
	for _, part := range a.node.kind.parts {
		switch len(a.of(part)) {
		case 0:
			return problem{rule: ruleIncomplete, at: part}
		case 1:
		default:
			return problem{rule: ruleRepeated, at: part}
		}
	}
	date, ok := dateOf(a.first(partDay), a.first(partMonth), a.first(partYear))
	switch {
	case !ok:
		return problem{rule: ruleInvalid}
	case date.Year() < minYear || date.Year() > maxYear:
		return problem{rule: ruleYear, at: partYear}
	}
	return problem{rule: a.today.broken(date.Format(time.DateOnly), a.node.question.Validate)}
}
