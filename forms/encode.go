package forms

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Encode returns the one JSON that stands for these answers: an object of
// names, in the order of storedOrder, with a list of strings each, written as
// encoding/json writes them. It has no line break.
func (a Answers) Encode() []byte {
	size, names := 2, make([]string, 0, len(a))
	for name, values := range a {
		names = append(names, name)
		size += len(name) + 6
		for _, value := range values {
			size += len(value) + 3
		}
	}
	out := append(make([]byte, 0, size), '{')
	slices.SortFunc(names, storedOrder)
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendJSON(out, name), ':')
		if a[name] == nil {
			out = append(out, "null"...)
			continue
		}
		out = append(out, '[')
		for n, value := range a[name] {
			if n > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, value)
		}
		out = append(out, ']')
	}
	return append(out, '}')
}

// storedOrder is that in which PostgreSQL keeps the names of a jsonb object:
// short ones first, and those of a length by the alphabet. It spares the
// database the sorting, which is a good part of what a response costs there.
func storedOrder(x, y string) int {
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
}

// appendJSON appends a string as encoding/json writes it, which is asked only
// where something needs an escape: codes and names never do.
func appendJSON(out []byte, s string) []byte {
	for i := range len(s) {
		if !isPlain(s[i]) {
			escaped, err := json.Marshal(s)
			if err != nil {
				panic("forms: a string is always encodable: " + err.Error())
			}
			return append(out, escaped...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

// isPlain tells whether a byte stands for itself in a JSON string.
func isPlain(b byte) bool {
	return b >= ' ' && b < 0x7f && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&'
}

// DecodeAnswers reads what Encode wrote, also as PostgreSQL writes it out
// again. Values that the same answers repeat may share memory.
func DecodeAnswers(encoded []byte) (Answers, error) {
	if a := decodePlain(string(encoded)); a != nil {
		return a, nil
	}
	var a Answers
	if err := json.Unmarshal(encoded, &a); err != nil {
		return nil, fmt.Errorf("decode answers: %w", err)
	}
	if a == nil {
		a = Answers{}
	}
	return a, nil
}

// decodePlain reads an object of lists of strings without escapes. It gives nil
// for anything else, which encoding/json then reads or refuses.
func decodePlain(s string) Answers {
	r := plainReader{rest: s}
	a := make(Answers, 56) // a full survey, in as many places as fit 64
	if !r.take('{') {
		return nil
	}
	for more := !r.take('}'); more; {
		name, ok := r.text()
		if !ok || !r.take(':') || !r.take('[') {
			return nil
		}
		values := []string{}
		for another := !r.take(']'); another; {
			value, ok := r.text()
			if !ok {
				return nil
			}
			values = append(values, value)
			if another = r.take(','); !another && !r.take(']') {
				return nil
			}
		}
		a[name] = values
		if more = r.take(','); !more && !r.take('}') {
			return nil
		}
	}
	r.space()
	if r.rest != "" {
		return nil
	}
	return a
}

// plainReader reads JSON whose strings stand for themselves.
type plainReader struct{ rest string }

func (r *plainReader) space() {
	for r.rest != "" && r.rest[0] == ' ' {
		r.rest = r.rest[1:]
	}
}

// take takes one byte if it comes next.
func (r *plainReader) take(b byte) bool {
	r.space()
	if r.rest == "" || r.rest[0] != b {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// text takes a string.
func (r *plainReader) text() (string, bool) {
	if !r.take('"') {
		return "", false
	}
	for i := range len(r.rest) {
		switch b := r.rest[i]; {
		case b == '"':
			s := r.rest[:i]
			r.rest = r.rest[i+1:]
			return s, true
		case b < ' ' || b >= 0x7f || b == '\\':
			return "", false
		}
	}
	return "", false
}
