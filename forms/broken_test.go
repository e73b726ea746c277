package forms

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBrokenDefinitions: each definition of testdata/broken is caught with
// exactly the findings that its own comment expects, a line each:
//
//	# expect: PLACE | RULE | SENTENCE
//
// The rule of a definition that does not load is "load". Where the defect is
// not the definition's but the engine's, a line "# engine: FAULT" names the
// fault to put into the engine. A file more is a test more.
func TestBrokenDefinitions(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d broken definitions (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(file) //nolint:gosec // a file of the tests
			if err != nil {
				t.Fatal(err)
			}
			want := remarks(source, "expect")
			if len(want) == 0 {
				t.Error("the file expects nothing")
			}
			for _, fault := range remarks(source, "engine") {
				if findings := findingsOf(t, source, nil); findings != nil {
					t.Errorf("a sound engine finds %q", findings)
				}
				if engineFaults[fault] == nil {
					t.Fatalf("there is no engine fault %q", fault)
				}
			}
			if got := findingsOf(t, source, remarks(source, "engine")); !slices.Equal(got, want) {
				t.Errorf("found\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// remarks returns what follows "# name: " at the beginnings of lines.
func remarks(source []byte, name string) []string {
	var out []string
	for line := range strings.Lines(string(source)) {
		if remark, ok := strings.CutPrefix(line, "# "+name+": "); ok {
			out = append(out, strings.TrimSpace(remark))
		}
	}
	return out
}

func findingsOf(t *testing.T, source []byte, faults []string) []string {
	t.Helper()
	f, err := Load(source, demoLists())
	if err != nil {
		return loadFaults(err)
	}
	p := newProver(f)
	for _, fault := range faults {
		engineFaults[fault](p)
	}
	p.prove()
	var out []string
	for _, finding := range p.proof.Findings {
		out = append(out, finding.Place+" | "+finding.Rule+" | "+finding.Message)
	}
	return out
}

func loadFaults(err error) []string {
	var out []string
	for fault := range strings.Lines(err.Error()) {
		place, sentence, ok := strings.Cut(strings.TrimSpace(fault), ": ")
		if !ok {
			place, sentence = "definition", fault
		}
		out = append(out, place+" | load | "+sentence)
	}
	return out
}

// engineFaults break the engine that a prover proves.
var engineFaults = map[string]func(*prover){
	"keeps stale answers": func(p *prover) {
		p.strip = func(a Answers) Answers { return maps.Clone(a) }
	},
	"skips long lists": func(p *prover) {
		sound := p.validate
		p.validate = func(a Answers, lang string, now time.Time) []FieldError {
			return slices.DeleteFunc(sound(a, lang, now), func(e FieldError) bool { return len(p.form.Question(e.Question).Options) > 9 })
		}
	},
	"demands hidden questions": func(p *prover) {
		sound := p.validate
		p.validate = func(a Answers, lang string, now time.Time) []FieldError {
			errs := sound(a, lang, now)
			for _, n := range allNodes(p.form) {
				name := n.name(0, partMain)
				if n.question.Required != nil && n.question.Required.Always() && !answered(a, name) &&
					!slices.ContainsFunc(errs, func(e FieldError) bool { return e.Name == name }) {
					errs = append(errs, FieldError{Field: name, Name: name, Question: n.question.ID, Message: "Answer this"})
				}
			}
			return errs
		}
	},
}
