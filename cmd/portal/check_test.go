package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"intake/forms"
	"intake/internal/routing"
)

func TestCheckProvesWhatIsBuiltIn(t *testing.T) {
	t.Parallel()
	got := portal(t, "check").wants(0, "routing rules: version", "cases pass")
	got.wants(0, "care-worker-survey: version 1 is sound: 66 sets of visible questions, each sent, ")
	got.wants(0, "safeguarding-referral: version 1 is sound: 292 sets of visible questions, each sent, and 1 at which the form ends without sending, ")
}

func TestCheckFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	survey, _ := forms.BuiltIn("care-worker-survey")
	organisation, err := os.ReadFile("../../internal/organisation/demo.yaml")
	must(t, err)
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	broken := func(source []byte, what, with string) string {
		t.Helper()
		if !strings.Contains(string(source), what) {
			t.Fatalf("%q is not in the source, so breaking it proves nothing", what)
		}
		return strings.ReplaceAll(string(source), what, with)
	}
	for name, test := range map[string]struct{ content, says string }{
		"dangling.yaml":     {broken(survey, "field: works_alone", "field: works_alonee"), "works_alonee"},
		"unknown-key.yaml":  {broken(survey, "pages:", "colour: red\npages:"), "colour"},
		"rules.yaml":        {broken(routing.BuiltIn(), "queue: triage-central", "queue: nowhere"), "nowhere"},
		"organisation.yaml": {broken(organisation, "teams:", "teems: []\nteams:"), "teems"},
		"prose.yaml":        {"hello: world", "neither a definition"},
		"list.yaml":         {"- a\n- b", "not readable as YAML"},
		"broken.yaml":       {"pages: [", "not readable as YAML"},
		"empty.yaml":        {"", "neither a definition"},
	} {
		path := write(name, test.content)
		portal(t, "check", path).wants(1, path+": ", test.says)
	}
	sound := write("sound.yaml", string(survey))
	portal(t, "check", sound).wants(0, sound+": version")
	many := "id: many\nversion: 1\nkind: survey\ntitle: {en: Many}\nlanguages: [en]\npages:\n  - id: page\n    title: {en: Page}\n    questions:\n"
	for i := range 40 {
		many += fmt.Sprintf("      - {id: a%d, kind: text, label: {en: A}}\n      - {id: b%d, kind: text, label: {en: B}, applies: {en: Maybe.}, when: {field: a%d, exists: true}}\n", i, i, i)
	}
	portal(t, "check", write("many.yaml", many)).wants(0, "version 1 is sound: too many sets of visible questions to send each")
	// One broken file does not hide what is said of the others.
	portal(t, "check", sound, filepath.Join(dir, "prose.yaml")).wants(1, sound+": version", "neither a definition")
	portal(t, "check", write("org.yaml", string(organisation))).wants(0, "sound")
	portal(t, "check", filepath.Join(dir, "missing.yaml")).wants(1, "missing.yaml")
	portal(t, "check", "--organisation-file", filepath.Join(dir, "organisation.yaml")).wants(1, "teems")
}
