package forms

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Lists are the options that the organisation provides, by the name that
// options_from gives: "districts".
type Lists map[string][]Option

// Options that loading adds where a question lacks them.
const (
	optionPreferNot = "prefer_not_to_say" // to a sensitive question
	optionUnknown   = "unknown"           // to a closed question of a referral
)

// definition is the source of a form: the form, and what only its source has.
type definition struct {
	Form   `yaml:",inline"`
	Scales map[string][]Option `yaml:"scales"`
}

// Load reads a definition. It refuses unknown keys, fills in scales and lists,
// resolves named conditions, and checks all that can be checked without
// walking the paths (which is Prove's). The error joins every fault found,
// each a sentence that says where.
func Load(source []byte, lists Lists) (*Form, error) {
	var d definition
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); err != nil {
		return nil, readableYAML(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("a definition is one YAML document; there is more after it")
	}
	f := &d.Form
	f.hash = hashOf(source)
	c := &checker{form: f}
	for i := range f.Pages {
		for j := range f.Pages[i].Questions {
			c.fillOptions(&f.Pages[i].Questions[j], d.Scales, lists)
		}
	}
	c.resolveConditions()
	c.checkForm()
	if err := errors.Join(c.faults...); err != nil {
		return nil, err
	}
	f.translate()
	f.plan = compile(f)
	c.checkConditions()
	if err := errors.Join(c.faults...); err != nil {
		return nil, err
	}
	return f, nil
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// readableYAML turns the library's errors, which name Go types, into
// sentences.
func readableYAML(err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		if errors.Is(err, io.EOF) {
			return errors.New("the definition is empty")
		}
		return fmt.Errorf("read the definition: %w", err)
	}
	var faults []error
	for _, fault := range typed.Errors {
		faults = append(faults, errors.New(unknownKey.ReplaceAllString(fault, `the key "$1" means nothing here`)))
	}
	return errors.Join(faults...)
}

// checker collects the faults of a definition.
type checker struct {
	form   *Form
	faults []error
}

func (c *checker) fault(place, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

func placeOf(q *Question) string { return fmt.Sprintf("question %q", q.ID) }

// fillOptions puts together the options of a question: the organisation's,
// the scale's, its own, and the two that stand aside.
func (c *checker) fillOptions(q *Question, scales map[string][]Option, lists Lists) {
	var options []Option
	if q.List != "" {
		list, ok := lists[q.List]
		if !ok {
			c.fault(placeOf(q), "the organisation has no list %q", q.List)
		}
		for _, option := range list {
			option.fromList = true
			options = append(options, option)
		}
	}
	if q.Scale != "" {
		scale, ok := scales[q.Scale]
		if !ok {
			c.fault(placeOf(q), "there is no scale %q", q.Scale)
		}
		for _, option := range scale {
			option.fromScale = true
			options = append(options, option)
		}
	}
	options = append(options, q.Options...)
	if k := kinds[q.Kind]; k != nil {
		if k.closed && q.Sensitive {
			options = withAside(options, optionPreferNot, k.several)
		}
		if k.closed && c.form.Kind == Referral && !q.NoUnknown {
			options = withAside(options, optionUnknown, k.several)
		}
		if q.Max == 0 {
			q.Max = k.max
		}
	}
	q.Options = options
}

func withAside(options []Option, code string, excludes bool) []Option {
	if slices.ContainsFunc(options, func(o Option) bool { return o.Code == code }) {
		return options
	}
	return append(options, Option{Code: code, Label: spoken(code), Aside: true, Excludes: excludes, fromEngine: true})
}

// resolveConditions replaces {is: NAME} everywhere by the condition of that
// name.
func (c *checker) resolveConditions() {
	f := c.form
	named := map[string]Condition{}
	for _, name := range slices.Sorted(maps.Keys(f.Conditions)) {
		named[name] = c.resolve(f.Conditions[name], fmt.Sprintf("condition %q", name), []string{name})
	}
	for i := range f.Pages {
		page := &f.Pages[i]
		page.When = c.resolve(page.When, fmt.Sprintf("page %q", page.ID), nil)
		for j := range page.Questions {
			q := &page.Questions[j]
			q.When = c.resolve(q.When, placeOf(q), nil)
			if q.Required != nil {
				resolved := c.resolve(*q.Required, placeOf(q), nil)
				q.Required = &resolved
			}
		}
	}
	f.Conditions = named
}

func (c *checker) resolve(condition Condition, place string, within []string) Condition {
	if name := condition.Is; name != "" {
		target, ok := c.form.Conditions[name]
		if !ok {
			c.fault(place, "there is no condition %q", name)
			return Condition{}
		}
		if slices.Contains(within, name) {
			c.fault(place, "the condition goes round in circles: %s", strings.Join(append(within, name), " -> "))
			return Condition{}
		}
		return c.resolve(target, place, append(slices.Clone(within), name))
	}
	all := func(subs []Condition) []Condition {
		var out []Condition
		for _, sub := range subs {
			out = append(out, c.resolve(sub, place, within))
		}
		return out
	}
	condition.All, condition.Any = all(condition.All), all(condition.Any)
	if condition.Not != nil {
		not := c.resolve(*condition.Not, place, within)
		condition.Not = &not
	}
	return condition
}
