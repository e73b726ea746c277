package forms

import (
	"strconv"
	"strings"
)

// plan is a form compiled for the way from posted values to valid answers:
// every name on the wire is known beforehand, so that a request neither builds
// names nor searches pages.
type plan struct {
	byID    map[string]*node
	pages   []pagePlan
	groups  map[string]*group
	plain   map[string]field // names on the wire outside groups
	singles int              // questions outside groups, which have the slots below this
	places  []place          // of the names in plain, for Take
}

type pagePlan struct {
	page  *Page
	group *group // nil for a page that does not repeat
	nodes []*node
}

// node is a question in its place. Index counts the form's questions in the
// order in which they are asked; slot counts those outside groups, or those of
// the node's own group.
type node struct {
	question *Question
	page     *Page
	group    *group
	kind     *kind
	index    int
	slot     int
	rank     map[string]int // option code -> place in the list
	other    bool           // an option asks "say what"
	names    [][partCount]string
	places   [partCount]int // of its parts, outside groups
}

type group struct {
	id     string
	page   *Page
	nodes  []*node
	fields map[string]field // names on the wire within a member
}

// field is what one name on the wire stands for.
type field struct {
	node *node
	part part
}

// part is one of the wire names that a question can have.
type part int

const (
	partMain part = iota
	partDay
	partMonth
	partYear
	partEstimated
	partUnknown
	partOther
	partCount
)

var partSuffix = [partCount]string{"", ".day", ".month", ".year", ".estimated", ".unknown", ".other"}

// isTick reports whether the part is a box whose only value is "yes".
func (p part) isTick() bool { return p == partEstimated || p == partUnknown }

// name is the node's name on the wire; member is 0 outside groups.
func (n *node) name(member int, p part) string {
	if member < len(n.names) {
		return n.names[member][p]
	}
	return n.group.id + "." + strconv.Itoa(member) + "." + n.question.ID + partSuffix[p]
}

// parts lists the parts that the question has on the wire.
func (n *node) parts() []part {
	parts := append([]part(nil), n.kind.parts...)
	if n.question.Estimated {
		parts = append(parts, partEstimated)
	}
	if n.question.NotKnown {
		parts = append(parts, partUnknown)
	}
	if n.other {
		parts = append(parts, partOther)
	}
	return parts
}

func compile(f *Form) plan {
	p := plan{byID: map[string]*node{}, groups: map[string]*group{}, plain: map[string]field{}}
	index := 0
	for i := range f.Pages {
		page := &f.Pages[i]
		compiled := pagePlan{page: page}
		if page.Repeats != nil {
			compiled.group = &group{id: page.Repeats.Group, page: page, fields: map[string]field{}}
			p.groups[page.Repeats.Group] = compiled.group
		}
		for j := range page.Questions {
			n := newNode(page, &page.Questions[j], compiled.group)
			n.index = index
			index++
			fields := p.plain
			if compiled.group != nil {
				n.slot = len(compiled.group.nodes)
				compiled.group.nodes = append(compiled.group.nodes, n)
				fields = compiled.group.fields
			} else {
				n.slot = p.singles
				p.singles++
			}
			for _, part := range n.parts() {
				fields[n.question.ID+partSuffix[part]] = field{n, part}
			}
			p.byID[n.question.ID] = n
			compiled.nodes = append(compiled.nodes, n)
		}
		p.pages = append(p.pages, compiled)
	}
	p.findPlaces()
	return p
}

func newNode(page *Page, q *Question, g *group) *node {
	n := &node{question: q, page: page, group: g, kind: kinds[q.Kind], rank: map[string]int{}}
	for i, option := range q.Options {
		n.rank[option.Code] = i
		n.other = n.other || option.Other
	}
	prefixes := []string{""}
	if g != nil {
		prefixes = make([]string, page.Repeats.Max)
		for member := range prefixes {
			prefixes[member] = g.id + "." + strconv.Itoa(member) + "."
		}
	}
	for _, prefix := range prefixes {
		var names [partCount]string
		for part, suffix := range partSuffix {
			names[part] = prefix + q.ID + suffix
		}
		n.names = append(n.names, names)
	}
	return n
}

// splitMember takes "group.3.id.day" apart. ok is false where the name is not
// one of a group's member, which includes numbers that are not written in the
// one canonical way.
func splitMember(name string) (group string, member int, rest string, ok bool) {
	group, tail, ok := strings.Cut(name, ".")
	if !ok {
		return "", 0, "", false
	}
	number, rest, ok := strings.Cut(tail, ".")
	if !ok || len(number) > 6 {
		return "", 0, "", false
	}
	member, err := strconv.Atoi(number)
	if err != nil || member < 0 || strconv.Itoa(member) != number {
		return "", 0, "", false
	}
	return group, member, rest, true
}

// lookUp finds the field that a name on the wire stands for.
func (p *plan) lookUp(name string) (f field, member int, ok bool) {
	if f, ok = p.plain[name]; ok {
		return f, 0, true
	}
	id, member, rest, ok := splitMember(name)
	if !ok {
		return field{}, 0, false
	}
	g := p.groups[id]
	if g == nil {
		return field{}, 0, false
	}
	f, ok = g.fields[rest]
	return f, member, ok
}
