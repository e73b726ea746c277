package forms

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What people read when an answer cannot be taken, and the single words that
// the engine adds to a form, are in the language files (Locale.Messages): of a
// rule as KIND.RULE, so that each can be said well; a test fails on a missing
// one. {name} is the question's short name, {max} its limit and {over} by how
// much it was passed. A question's own messages come first.

// word is a single word in a language, in English where it has none.
func word(key, lang string) string {
	l := LocaleIn(lang)
	if l == nil {
		l = LocaleIn(english)
	}
	return l.message(key)
}

// spoken is a single word in every language that there is.
func spoken(key string) Text {
	text := Text{}
	for code, l := range locales() {
		text[code] = l.message(key)
	}
	return text
}

// DateWords says a day in a language, like 27 March 2027.
func DateWords(day time.Time, lang string) string {
	return fmt.Sprintf("%d %s %d", day.Day(), monthName(day.Month(), lang), day.Year())
}

func monthName(m time.Month, lang string) string {
	return word("month."+strconv.Itoa(int(m)), lang)
}

// kindGroup stands for a group in the names of messages.
const kindGroup Kind = "group"

// messageOf is the standard message of a rule, in English where lang has
// none, or "".
func messageOf(lang string, k Kind, rule string) string {
	return word(string(k)+"."+rule, lang)
}

// message says what is wrong with an answer to this question.
func (n *node) message(found problem, lang string) string {
	q := n.question
	limit := q.Max
	if found.rule == ruleOtherTooLong {
		limit = maxOther
	}
	return fill(q.sentence(found.rule, lang), messageFacts{max: limit, over: found.over})
}

// PageMessages are the sentences for the rules that a page can judge by itself
// and that this question can break, by rule, exactly as Validate says them.
// {over}, by how much a limit was passed, is left for the page to fill in.
func (q *Question) PageMessages(lang string) map[string]string {
	excludes := slices.ContainsFunc(q.Options, func(o Option) bool { return o.Excludes })
	said := map[string]string{}
	for rule, can := range map[string]bool{
		ruleRequired: q.Required != nil,
		ruleTooMany:  q.Kind.Several() && q.Max > 0 && q.Max < len(q.Options),
		ruleExcludes: q.Kind.Several() && excludes,
		ruleTooLong:  !q.Kind.Closed() && q.Max > 0,
	} {
		if can {
			said[rule] = strings.ReplaceAll(q.sentence(rule, q.Label.Spoken(lang)), "{max}", strconv.Itoa(q.Max))
		}
	}
	return said
}

// sentence is the question's own message of a rule or else the standard one,
// with the question's name in it.
func (q *Question) sentence(rule, lang string) string {
	text := q.Messages[rule].In(lang)
	if text == "" {
		text = messageOf(lang, q.Kind, rule)
	}
	return strings.ReplaceAll(text, "{name}", q.Name(lang))
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
