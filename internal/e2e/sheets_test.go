package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var classInSheet = regexp.MustCompile(`\.([a-zA-Z][\w-]*)`)

// classesIn are the class names that a built style sheet has rules for.
func classesIn(t *testing.T, file string) map[string]bool {
	t.Helper()
	css, err := os.ReadFile(filepath.Join("../../handlers/static", file))
	must(t, err)
	classes := map[string]bool{}
	for _, m := range classInSheet.FindAllStringSubmatch(string(css), -1) {
		classes[m[1]] = true
	}
	return classes
}

// TestSheetsHaveWhatPagesUse compares each page's own sheet, which was purged,
// with the managers', which has everything.
func TestSheetsHaveWhatPagesUse(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../handlers/static/manifest.json")
	must(t, err)
	var built map[string]string
	must(t, json.Unmarshal(raw, &built))
	everything := classesIn(t, built["manage.css"])

	// The design system colours the text on a panel by a variable, which our
	// sheets do without.
	for _, sheet := range []string{"form.css", "public.css"} {
		css, err := os.ReadFile(filepath.Join("../../handlers/static", built[sheet]))
		must(t, err)
		if !regexp.MustCompile(`\.govuk-panel--confirmation\{[^}]*color:#fff[;}]`).Match(css) {
			t.Errorf("%s: the text on the green panel is not white", sheet)
		}
	}

	b := newPlain(t, theDev(t).base)
	survey := b.get(surveyPath)
	refer := b.get("/refer").form("submission_key").fill(byProfessional)
	ending := b.get("/refer").form("submission_key").fill(with(byNobody, "adult_age", "child"))
	saved := refer.press("save")
	sent := refer.press("check").form("submission_key").press("send").follow()
	receipt := sent.form("action")
	for name, page := range map[string]*plainPage{
		"survey": survey, "survey with an error": survey.form("submission_key").press("send"),
		"survey, check":  survey.form("submission_key").fill(responses[0]).press("check"),
		"survey, thanks": b.get(surveyPath + "/thanks"), "survey, results": b.get(surveyPath + "/results"), "survey, stored": b.get(surveyPath + "/stored"),
		"referral": b.get("/refer"), "referral with errors": b.get("/refer").form("submission_key").press("check"),
		"referral, check": refer.press("check"), "ending": ending.press("check"), "saved": saved, "received": sent, "receipt": receipt.press("receipt"),
		"resume": b.get("/refer/resume"), "home": b.get("/"), "privacy": b.get("/privacy"), "no such page": b.get("/nothing"),
	} {
		sheet := page.Find("link[rel=stylesheet]").AttrOr("href", "")
		has := classesIn(t, filepath.Base(sheet))
		missing := map[string]bool{}
		for _, el := range page.Find("[class]").EachIter() {
			for class := range strings.FieldsSeq(el.AttrOr("class", "")) {
				if everything[class] && !has[class] {
					missing[class] = true
				}
			}
		}
		if page.Find("h1").Length() == 0 || len(missing) > 0 {
			t.Errorf("%s: %s does not have %v", name, sheet, missing)
		}
	}
}
