package forms

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Condition is the one condition language of forms and routing rules. The
// zero Condition always holds. Otherwise exactly one of Field, All, Any, Not
// and Is is set; Eq, In and Exists belong to Field. A field has no, one or
// several values; it equals (is in) something if any of its values does, and
// exists if it has a value. The page evaluates the same structure from JSON.
type Condition struct {
	Field  string      `json:"field,omitempty" yaml:"field"`
	Eq     string      `json:"eq,omitempty" yaml:"eq"`
	In     []string    `json:"in,omitempty" yaml:"in"`
	Exists *bool       `json:"exists,omitempty" yaml:"exists"`
	All    []Condition `json:"all,omitempty" yaml:"all"`
	Any    []Condition `json:"any,omitempty" yaml:"any"`
	Not    *Condition  `json:"not,omitempty" yaml:"not"`
	// Is names a condition of the definition; loading replaces it.
	Is string `json:"-" yaml:"is"`
}

// Always reports whether the condition is the zero one, which holds for all.
func (c Condition) Always() bool {
	return c.Field == "" && c.All == nil && c.Any == nil && c.Not == nil && c.Is == ""
}

// Holds evaluates the condition. values returns a field's values, none for an
// absent one.
func (c *Condition) Holds(values func(field string) []string) bool {
	switch {
	case c.Field != "":
		got := values(c.Field)
		if c.Exists != nil {
			return (len(got) > 0) == *c.Exists
		}
		for _, v := range got {
			if (c.Eq != "" && v == c.Eq) || slices.Contains(c.In, v) {
				return true
			}
		}
		return false
	case c.All != nil:
		for i := range c.All {
			if !c.All[i].Holds(values) {
				return false
			}
		}
		return true
	case c.Any != nil:
		for i := range c.Any {
			if c.Any[i].Holds(values) {
				return true
			}
		}
		return false
	case c.Not != nil:
		return !c.Not.Holds(values)
	}
	return true
}

// Fields lists the fields that the condition names, in order, with repeats.
func (c Condition) Fields() []string {
	var out []string
	c.walk(func(leaf Condition) { out = append(out, leaf.Field) })
	return out
}

// walk calls visit for each {field: …} part.
func (c Condition) walk(visit func(Condition)) {
	if c.Field != "" {
		visit(c)
	}
	for _, sub := range c.All {
		sub.walk(visit)
	}
	for _, sub := range c.Any {
		sub.walk(visit)
	}
	if c.Not != nil {
		c.Not.walk(visit)
	}
}

// JSON is the condition as the page reads it; "" for one that always holds.
func (c Condition) JSON() string {
	if c.Always() {
		return ""
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("forms: a condition is always encodable: " + err.Error())
	}
	return string(b)
}

// UnmarshalYAML reads a condition. It also accepts true (always holds) and
// {calendar: NAME, is: STATE}, which routing reads as the field calendar.NAME.
func (c *Condition) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		var always bool
		if err := node.Decode(&always); err != nil || !always {
			return fmt.Errorf("line %d: a condition is a mapping or true, not %q", node.Line, node.Value)
		}
		*c = Condition{}
		return nil
	}
	type plain Condition
	var raw struct {
		plain    `yaml:",inline"`
		Calendar string `yaml:"calendar"`
	}
	if err := decodeKnown(node, &raw, "field", "eq", "in", "exists", "all", "any", "not", "is", "calendar"); err != nil {
		return err
	}
	*c = Condition(raw.plain)
	if raw.Calendar != "" {
		*c = Condition{Field: "calendar." + raw.Calendar, Eq: raw.Is}
	}
	return c.checkShape(node.Line)
}

func (c Condition) checkShape(line int) error {
	shapes := 0
	for _, set := range []bool{c.Field != "", c.All != nil, c.Any != nil, c.Not != nil, c.Is != ""} {
		if set {
			shapes++
		}
	}
	if shapes != 1 {
		return fmt.Errorf("line %d: a condition has exactly one of field, all, any, not, is and calendar", line)
	}
	tests := 0
	for _, set := range []bool{c.Eq != "", c.In != nil, c.Exists != nil} {
		if set {
			tests++
		}
	}
	// An empty list would vanish from the JSON that the page evaluates.
	if c.All != nil && len(c.All) == 0 || c.Any != nil && len(c.Any) == 0 || c.In != nil && len(c.In) == 0 {
		return fmt.Errorf("line %d: all, any and in each need at least one entry", line)
	}
	if c.Field != "" && tests != 1 || c.Field == "" && tests != 0 {
		return fmt.Errorf("line %d: a field is tested by exactly one of eq, in and exists", line)
	}
	return nil
}

// decodeKnown decodes a mapping and refuses keys it does not know, which
// yaml.v3 cannot do below a custom unmarshaller.
func decodeKnown(node *yaml.Node, into any, known ...string) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: expected a mapping", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		if key := node.Content[i]; !slices.Contains(known, key.Value) {
			return fmt.Errorf("line %d: unknown key %q in a condition", key.Line, key.Value)
		}
	}
	return node.Decode(into)
}
