package forms

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answers holds what was answered by name on the wire. It is canonical:
// values are trimmed and never empty, names are the form's own, and the
// members of a repeating group are numbered from 0 without gaps. Answers stay
// the strings that people typed until Validate finds them valid.
type Answers map[string][]string

// Get returns the first value of that name, or "".
func (a Answers) Get(name string) string {
	if values := a[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// All returns the values of a question: its own and, where it belongs to a
// repeating group, those of every member in order.
func (a Answers) All(id string) []string {
	type numbered struct {
		member int
		values []string
	}
	var found []numbered
	for name, values := range a {
		if name == id {
			found = append(found, numbered{-1, values})
		} else if _, member, rest, ok := splitMember(name); ok && rest == id {
			found = append(found, numbered{member, values})
		}
	}
	slices.SortFunc(found, func(x, y numbered) int { return x.member - y.member })
	var out []string
	for _, f := range found {
		out = append(out, f.values...)
	}
	return out
}

// Members counts the members of a repeating group.
func (a Answers) Members(group string) int {
	count := 0
	for name := range a {
		if len(name) <= len(group) || name[len(group)] != '.' || !strings.HasPrefix(name, group) {
			continue
		}
		if _, member, _, ok := splitMember(name); ok {
			count = max(count, member+1)
		}
	}
	return count
}

// Date returns the date answered in three fields under that name, at midnight
// UTC. ok is false where there is none or it is not a day of the calendar.
func (a Answers) Date(name string) (date time.Time, ok bool) {
	return dateOf(a.Get(name+".day"), a.Get(name+".month"), a.Get(name+".year"))
}

func dateOf(day, month, year string) (time.Time, bool) {
	d, errDay := strconv.Atoi(day)
	m, errMonth := strconv.Atoi(month)
	y, errYear := strconv.Atoi(year)
	if errDay != nil || errMonth != nil || errYear != nil || y < 1 || y > 9999 {
		return time.Time{}, false
	}
	date := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return date, date.Year() == y && date.Month() == time.Month(m) && date.Day() == d
}

// Equal reports whether both hold the same answers.
func (a Answers) Equal(b Answers) bool {
	return maps.EqualFunc(a, b, slices.Equal[[]string])
}

// Split parts answers by the sealed part that their pages belong to. Names
// that this version of the form does not know stay with the rest.
func (f *Form) Split(a Answers) map[Part]Answers {
	out := map[Part]Answers{}
	for name, values := range a {
		part := PartRest
		if field, _, ok := f.plan.lookUp(name); ok {
			part = field.node.page.Part
		}
		if out[part] == nil {
			out[part] = Answers{}
		}
		out[part][name] = values
	}
	return out
}
