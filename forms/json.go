package forms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// ParseJSON reads the answers from a JSON object: a question's id with a
// string or a list of strings, or a group's id with a list of such objects.
// Names as on the wire ("adult_dob.day", "allegations.0.types") are read too.
// Names that the form does not have are ignored, whatever they hold; any other
// type gives ErrMalformed, as do broken UTF-8 and NUL.
func (f *Form) ParseJSON(raw []byte) (Answers, error) {
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: they are not in UTF-8", ErrMalformed)
	}
	object, err := jsonObject(raw)
	if err != nil {
		return nil, err
	}
	in := intake{form: f, answers: make(Answers, len(object))}
	for name, value := range object {
		if g := f.plan.groups[name]; g != nil {
			err = in.addMembers(g, value)
		} else if field, member, ok := f.plan.lookUp(name); ok {
			err = in.addJSON(field, member, value)
		}
		if err != nil {
			return nil, err
		}
	}
	return in.finish()
}

func (in *intake) addMembers(g *group, raw json.RawMessage) error {
	var members []json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || isNull(raw) {
		return fmt.Errorf("%w: a group must be a list of objects", ErrMalformed)
	}
	for i, member := range members {
		object, err := jsonObject(member)
		if err != nil {
			return err
		}
		for name, value := range object {
			if field, ok := g.fields[name]; ok {
				if err := in.addJSON(field, i, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (in *intake) addJSON(f field, member int, raw json.RawMessage) error {
	// The decoder would read null, inside a list too, as no value at all, and
	// a caller that sends null has a fault worth hearing of.
	var pointers []*string
	if raw[0] != '[' {
		raw = slices.Concat([]byte("["), raw, []byte("]"))
	}
	if err := json.Unmarshal(raw, &pointers); err != nil {
		return fmt.Errorf("%w: an answer must be a string or a list of strings", ErrMalformed)
	}
	values := make([]string, len(pointers))
	for i, p := range pointers {
		if p == nil {
			return fmt.Errorf("%w: an answer must not be null", ErrMalformed)
		}
		values[i] = *p
	}
	return in.addField(f, member, values)
}

func jsonObject(raw []byte) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || isNull(raw) {
		return nil, fmt.Errorf("%w: they must be a JSON object", ErrMalformed)
	}
	return object, nil
}

func isNull(raw []byte) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }
