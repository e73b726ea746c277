package forms

import "net/url"

// Posted is a form as it was posted, in that order: what url.Values holds, for
// whoever goes through it once and has no need of a map for that.
type Posted []PostedValue

// PostedValue is one value of a name on the wire.
type PostedValue struct{ Name, Value string }

// Get returns the first value of that name, or "".
func (p Posted) Get(name string) string {
	for _, v := range p {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// Values are the same by name.
func (p Posted) Values() url.Values {
	values, places := make(url.Values, len(p)), make([]string, len(p))
	for i, v := range p {
		if already := values[v.Name]; already != nil {
			values[v.Name] = append(already, v.Value)
			continue
		}
		places[i] = v.Value
		values[v.Name] = places[i : i+1 : i+1]
	}
	return values
}

// PostedOf lists values by name, in no order of the names.
func PostedOf(values url.Values) Posted {
	posted := make(Posted, 0, len(values))
	for name, all := range values {
		for _, value := range all {
			posted = append(posted, PostedValue{name, value})
		}
	}
	return posted
}
