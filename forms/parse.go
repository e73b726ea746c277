package forms

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrMalformed says that what was posted cannot be read as answers at all.
// Errors that wrap it hold nothing of what was posted and are safe to show.
var ErrMalformed = errors.New("the answers could not be read")

// maxPostedMembers bounds the members of one group that are read. A form's own
// limit is a message beside the group; this one is for what no person posts.
const maxPostedMembers = 500

// Parse reads the answers from a form post. Names that the form does not have
// are ignored. Broken UTF-8 and NUL in an answer give ErrMalformed.
func (f *Form) Parse(values url.Values) (Answers, error) {
	in := intake{form: f, answers: make(Answers, len(values))}
	for name, posted := range values {
		if err := in.add(name, posted); err != nil {
			return nil, err
		}
	}
	return in.finish()
}

// intake gathers posted values, in any order, into canonical answers.
type intake struct {
	form    *Form
	answers Answers
	members map[*group][]memberValue
}

type memberValue struct {
	member int
	field  field
	values []string
}

func (in *intake) add(name string, posted []string) error {
	f, member, ok := in.form.plan.lookUp(name)
	if !ok {
		return nil
	}
	return in.addField(f, member, posted)
}

func (in *intake) addField(f field, member int, posted []string) error {
	if err := readable(posted); err != nil {
		return err
	}
	values := f.canonical(posted)
	switch {
	case len(values) == 0:
	case f.node.group == nil:
		in.answers[f.node.name(0, f.part)] = values
	default:
		if in.members == nil {
			in.members = map[*group][]memberValue{}
		}
		in.members[f.node.group] = append(in.members[f.node.group], memberValue{member, f, values})
	}
	return nil
}

// readable tells what of posted values cannot be taken for text.
func readable(posted []string) error {
	for _, v := range posted {
		if !utf8.ValidString(v) {
			return fmt.Errorf("%w: they are not in UTF-8", ErrMalformed)
		}
		if strings.IndexByte(v, 0) >= 0 {
			return fmt.Errorf("%w: they hold a NUL character", ErrMalformed)
		}
	}
	return nil
}

// finish numbers the members of each group from 0 without gaps.
func (in *intake) finish() (Answers, error) {
	for _, posted := range in.members {
		slices.SortFunc(posted, func(x, y memberValue) int { return x.member - y.member })
		member := -1
		for i, v := range posted {
			if i == 0 || v.member != posted[i-1].member {
				member++
			}
			if member >= maxPostedMembers {
				return nil, fmt.Errorf("%w: a list has more than %d entries", ErrMalformed, maxPostedMembers)
			}
			in.answers[v.field.node.name(member, v.field.part)] = v.values
		}
	}
	return in.answers, nil
}

// canonical cleans the posted values of one name, drops empty and repeated
// ones, and sorts them: options in the order of the form, all else by the
// alphabet. Sorted means that two posts of the same answers are equal.
func (f field) canonical(posted []string) []string {
	clean := f.node.kind.clean
	if f.part == partOther {
		clean = cleanLine
	}
	if len(posted) == 1 && clean(posted[0]) == posted[0] && posted[0] != "" && !f.part.isTick() {
		return posted
	}
	values := make([]string, 0, len(posted))
	for _, v := range posted {
		v = clean(v)
		if v == "" || f.part.isTick() && v != "yes" {
			continue
		}
		values = append(values, v)
	}
	if len(values) > 1 {
		slices.SortFunc(values, f.node.compare)
		values = slices.Compact(values)
	}
	return values
}

// isCode reports whether the values are the one code of an option, as most are,
// which is readable and canonical as it is.
func (f field) isCode(values []string) bool {
	if len(values) != 1 || f.part != partMain {
		return false
	}
	_, known := f.node.rank[values[0]]
	return known
}

// compare orders codes as the question lists them, then what it does not list.
func (n *node) compare(x, y string) int {
	rx, okx := n.rank[x]
	ry, oky := n.rank[y]
	switch {
	case okx && oky:
		return rx - ry
	case okx:
		return -1
	case oky:
		return 1
	}
	return strings.Compare(x, y)
}
