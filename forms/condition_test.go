package forms

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func loadFile(t testing.TB, path string) *Form {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Load(source, demoLists())
	if err != nil {
		t.Fatalf("load %s:\n%v", path, err)
	}
	return f
}

// TestConditionVectors runs the cases that the browser runs too, so that page
// and server show the same questions.
func TestConditionVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/conditions.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name      string
		Condition Condition
		Answers   Answers
		Member    *struct {
			Group string
			Index int
		}
		Holds bool
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 70 {
		t.Errorf("there are only %d cases", len(cases))
	}
	f := loadFile(t, "testdata/conditions.yaml")
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			p := f.walk(c.Answers)
			p.group = nil
			if c.Member != nil {
				p.group, p.member = f.plan.groups[c.Member.Group], c.Member.Index
			}
			if got := c.Condition.Holds(p.lookUp); got != c.Holds {
				t.Errorf("holds is %v, want %v, for %s with %v", got, c.Holds, c.Condition.JSON(), c.Answers)
			}
			// What the page gets must mean the same.
			var again Condition
			if text := c.Condition.JSON(); text != "" {
				if err := json.Unmarshal([]byte(text), &again); err != nil {
					t.Fatal(err)
				}
			}
			if got := again.Holds(p.lookUp); got != c.Holds {
				t.Errorf("after the way to the page, holds is %v, want %v", got, c.Holds)
			}
		})
	}
}

func TestConditionYAML(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`true`:                                  ``,
		`{field: a, eq: b}`:                     `{"field":"a","eq":"b"}`,
		`{field: a, eq: "yes"}`:                 `{"field":"a","eq":"yes"}`,
		`{field: a, in: [b, c]}`:                `{"field":"a","in":["b","c"]}`,
		`{field: a, exists: false}`:             `{"field":"a","exists":false}`,
		`{all: [{field: a, eq: b}]}`:            `{"all":[{"field":"a","eq":"b"}]}`,
		`{not: {any: [{field: a, in: [b]}]}}`:   `{"not":{"any":[{"field":"a","in":["b"]}]}}`,
		`{calendar: emergency_duty, is: open}`:  `{"field":"calendar.emergency_duty","eq":"open"}`,
		`{not: {calendar: office, is: closed}}`: `{"not":{"field":"calendar.office","eq":"closed"}}`,
	} {
		var c Condition
		if err := yaml.Unmarshal([]byte(source), &c); err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := c.JSON(); got != want {
			t.Errorf("%s is read as %s, want %s", source, got, want)
		}
	}
}

func TestConditionYAMLRefuses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`false`:                                "a condition is a mapping or true",
		`sometimes`:                            "a condition is a mapping or true",
		`[a]`:                                  "expected a mapping",
		`{}`:                                   "exactly one of field",
		`{field: a}`:                           "exactly one of eq, in and exists",
		`{field: a, eq: b, in: [c]}`:           "exactly one of eq, in and exists",
		`{field: a, eq: ""}`:                   "exactly one of eq, in and exists",
		`{eq: b}`:                              "exactly one of field",
		`{all: [{field: a, eq: b}], field: c}`: "exactly one of field",
		`{all: []}`:                            "at least one entry",
		`{any: []}`:                            "at least one entry",
		`{field: a, in: []}`:                   "at least one entry",
		`{field: a, equals: b}`:                `unknown key "equals"`,
		`{any: [{feild: a, eq: b}]}`:           `unknown key "feild"`,
	} {
		var c Condition
		err := yaml.Unmarshal([]byte(source), &c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a fault with %q", source, err, want)
		}
	}
}
