package forms

import (
	"fmt"
	"slices"
)

// CountedTogether compares two versions of a form, of which one wave may count
// the answers together only if both ask what they have in common in the same
// way: the same kind of answer, the same words, and the same options with the
// same words. It returns a sentence for each difference that forbids it, in
// the order of the newer version's questions; none if they may be counted
// together.
//
// A question that only one of them asks does no harm, nor do hints, help,
// order, and who is asked. Words are compared in English, from which the other
// languages are made.
func CountedTogether(older, newer *Form) []string {
	c := comparison{older: older.Version, newer: newer.Version}
	for i := range newer.Pages {
		page := &newer.Pages[i]
		for j := range page.Questions {
			q := &page.Questions[j]
			if before := older.Question(q.ID); before != nil {
				c.group(q.ID, older.PageOf(q.ID), page)
				c.question(before, q)
			}
		}
	}
	return c.differences
}

// AskedAlike tells whether both versions ask a question, and in the same way, so
// that the answers of two waves can be compared.
func AskedAlike(older, newer *Form, id string) bool {
	before, now := older.Question(id), newer.Question(id)
	if before == nil || now == nil {
		return false
	}
	var c comparison
	c.group(id, older.PageOf(id), newer.PageOf(id))
	c.question(before, now)
	return len(c.differences) == 0
}

// comparison collects the differences between two versions.
type comparison struct {
	older, newer int
	differences  []string
}

func (c *comparison) differ(format string, args ...any) {
	c.differences = append(c.differences, fmt.Sprintf(format, args...))
}

// group compares how often a question is asked, on which the names depend that
// its answers have.
func (c *comparison) group(id string, before, now *Page) {
	name := func(p *Page) string {
		if p.Repeats == nil {
			return ""
		}
		return p.Repeats.Group
	}
	if name(before) != name(now) {
		c.differ("Question %q is asked once for each member of a group in one of the versions %d and %d, and in another way in the other.", id, c.older, c.newer)
	}
}

func (c *comparison) question(before, now *Question) {
	if before.Kind != now.Kind {
		c.differ("Question %q is of the kind %s in version %d and of the kind %s in version %d.", now.ID, before.Kind, c.older, now.Kind, c.newer)
	}
	if was, is := before.Label.In(english), now.Label.In(english); WordingHash(was) != WordingHash(is) {
		c.differ("Question %q asks “%s” in version %d and “%s” in version %d.", now.ID, was, c.older, is, c.newer)
	}
	if before.Sensitive != now.Sensitive {
		sensitive, other := c.newer, c.older
		if before.Sensitive {
			sensitive, other = other, sensitive
		}
		c.differ("Question %q is sensitive in version %d and not in version %d.", now.ID, sensitive, other)
	}
	for i := range now.Options {
		if option := &now.Options[i]; before.Option(option.Code) == nil {
			c.differ("Question %q has the option %q only in version %d.", now.ID, option.Code, c.newer)
		}
	}
	for i := range before.Options {
		was := &before.Options[i]
		if is := now.Option(was.Code); is == nil {
			c.differ("Question %q has the option %q only in version %d.", now.ID, was.Code, c.older)
		} else {
			c.option(now.ID, was, is)
		}
	}
}

func (c *comparison) option(id string, before, now *Option) {
	if was, is := before.Label.In(english), now.Label.In(english); WordingHash(was) != WordingHash(is) {
		c.differ("Question %q calls the option %q “%s” in version %d and “%s” in version %d.", id, now.Code, was, c.older, is, c.newer)
	}
	if before.Aside != now.Aside {
		aside, other := c.newer, c.older
		if before.Aside {
			aside, other = other, aside
		}
		c.differ("Question %q counts the option %q as no answer in version %d, and as an answer in version %d.", id, now.Code, aside, other)
	}
}

// CountedWith compares a further version with all that a wave counts already:
// the sentences of CountedTogether, each once.
func CountedWith(accepted []*Form, further *Form) []string {
	var differences []string
	for _, f := range accepted {
		for _, difference := range CountedTogether(f, further) {
			if !slices.Contains(differences, difference) {
				differences = append(differences, difference)
			}
		}
	}
	return differences
}
