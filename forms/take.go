package forms

import (
	"encoding/json"
	"slices"
	"time"
)

// Encoded are answers that have been encoded already.
type Encoded []byte

// Encode returns them as they are.
func (e Encoded) Encode() []byte { return e }

// Take reads what was posted and gives what is stored of it: what Parse, Strip,
// Validate and Encode make of it, in one pass that knows every answer by its
// place instead of its name. That is the way of nearly every response to the
// survey, and a third of what they cost. ok is false where anything is wrong
// with the answers, or pages of the form repeat: the long way then tells more.
func (f *Form) Take(posted Posted, now time.Time) (encoded Encoded, ok bool) {
	if len(f.plan.groups) > 0 {
		return nil, false
	}
	p := &path{form: f, places: make([][]string, len(f.plan.places))}
	values := make([]string, len(posted))
	for i, v := range posted {
		field, ok := f.plan.plain[v.Name]
		if !ok {
			continue
		}
		place := field.node.places[field.part]
		if p.places[place] != nil {
			p.places[place] = append(p.places[place], v.Value)
			continue
		}
		values[i] = v.Value
		p.places[place] = values[i : i+1 : i+1]
	}
	coded := make([]bool, len(p.places)) // one code of an option, as most answers are
	for i, values := range p.places {
		field := f.plan.places[i].field
		if values == nil {
			continue
		}
		if coded[i] = field.isCode(values); coded[i] {
			continue
		}
		if readable(values) != nil {
			return nil, false
		}
		p.places[i] = field.canonical(values)
	}
	p.walk()
	counts := make([]bool, len(f.plan.places))
	today, size := on(now), 2
	for i := range f.plan.pages {
		if !p.reached[i] {
			continue
		}
		for _, n := range f.plan.pages[i].nodes {
			if !p.asked[n.slot] {
				continue
			}
			// With one code nothing can be wrong but what is said of it.
			if (!n.kind.closed || n.other || !coded[n.places[partMain]]) && p.check(n, 0, today).rule != "" {
				return nil, false
			}
			for part := range p.parts(n, 0) {
				place := n.places[part]
				counts[place] = true
				size += len(f.plan.places[place].opening) + 2
				for _, value := range p.places[place] {
					size += len(value) + 3
				}
			}
		}
	}
	encoded = append(make(Encoded, 0, size), '{')
	for place, counted := range counts {
		if !counted {
			continue
		}
		if len(encoded) > 1 {
			encoded = append(encoded, ',')
		}
		encoded = append(encoded, f.plan.places[place].opening...)
		for i, value := range p.places[place] {
			if i > 0 {
				encoded = append(encoded, ',')
			}
			if coded[place] {
				encoded = append(append(append(encoded, '"'), value...), '"')
				continue
			}
			encoded = appendJSON(encoded, value)
		}
		encoded = append(encoded, ']')
	}
	return append(encoded, '}'), true
}

// place is where Take keeps the values of one name on the wire; places are in
// the order of the JSON.
type place struct {
	name    string
	field   field
	opening string // of its JSON: "name":[
}

// findPlaces gives each name of a form whose pages do not repeat its place.
func (p *plan) findPlaces() {
	for name, field := range p.plain {
		opening, err := json.Marshal(name)
		must(err)
		p.places = append(p.places, place{name, field, string(opening) + ":["})
	}
	slices.SortFunc(p.places, func(x, y place) int { return storedOrder(x.name, y.name) })
	for i, place := range p.places {
		place.field.node.places[place.field.part] = i
	}
}
