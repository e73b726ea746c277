package handlers

import (
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"intake/forms"
	"intake/internal/organisation"
)

// sources are the files that may name a key of the language files.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "static") {
			return filepath.SkipDir
		}
		switch filepath.Ext(path) {
		case ".go", ".gohtml", ".js":
			if strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			all.Write(source)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestEveryWordIsSaid: no word of the language files is left over, and no page
// asks for one that is not there.
func TestEveryWordIsSaid(t *testing.T) {
	t.Parallel()
	source := sources(t)
	w := wordsIn("en")
	for _, kind := range []forms.FormKind{forms.Survey, forms.Referral} {
		for _, stem := range []string{"send", "intro", "progress"} {
			source += " " + stem + "_" + string(kind)
		}
	}
	for _, m := range regexp.MustCompile(`\bnotice: "([a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		source += " " + m[1] + "_text"
	}
	said := map[string]bool{}
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(source, -1) {
		said[word] = true
	}
	for key := range w {
		if !said[key] {
			t.Errorf("nothing says the word %q", key)
		}
	}
	for _, m := range regexp.MustCompile(`\.Words\.([a-z_0-9]+)\b[^(]`).FindAllStringSubmatch(source, -1) {
		if w[m[1]] == "" {
			t.Errorf("a page asks for the word %q, which there is not", m[1])
		}
	}
	for kind, keys := range scriptWords {
		for _, key := range keys {
			if w[key] == "" {
				t.Errorf("the script of the %s asks for the word %q, which there is not", kind, key)
			}
		}
	}
}

// inPseudo switches the language for tests on.
func inPseudo(cfg *Config) {
	org := *cfg.Organisation
	org.Languages = append([]string{forms.PseudoCode}, org.Languages...)
	cfg.Organisation = &org
}

// TestPagesSayNothingThatIsNotInTheLanguageFiles: in the language for tests,
// whatever shows without accents was written into a template or into Go.
func TestPagesSayNothingThatIsNotInTheLanguageFiles(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, inPseudo)
	b := app.browser()
	names := []string{app.cfg.Organisation.Name, "7K3M-92QF-8TXW", "/refer/resume"}
	for _, d := range organisation.Demo().Districts {
		names = append(names, d.Name)
	}
	bare := regexp.MustCompile(`[A-Za-z]{4,}`)
	look := func(what string, p *page) {
		t.Helper()
		if lang, dir := p.Find("html").AttrOr("lang", ""), p.Find("html").AttrOr("dir", ""); lang != "qps" || dir != "rtl" {
			t.Errorf("%s is in %q, %q", what, lang, dir)
		}
		p.Find(`[lang="en"], script, style, textarea, [lang]:not([lang="qps"]):not(html)`).Remove()
		var seen []string
		p.Find("body *").Each(func(_ int, el *goquery.Selection) {
			texts := []string{el.AttrOr("aria-label", ""), el.AttrOr("title", ""), el.AttrOr("placeholder", ""), el.AttrOr("data-failed", "")}
			el.Contents().Each(func(_ int, node *goquery.Selection) {
				if goquery.NodeName(node) == "#text" {
					texts = append(texts, node.Text())
				}
			})
			for _, text := range texts {
				for _, name := range names {
					text = strings.ReplaceAll(text, name, "")
				}
				if bare.MatchString(text) {
					seen = append(seen, strings.TrimSpace(text))
				}
			}
		})
		if len(seen) > 0 {
			t.Errorf("%s says in plain English: %q", what, seen)
		}
	}
	look("a survey that is not open", b.get(surveyPath).want(http.StatusNotFound))
	wave := app.openWave("spring")
	app.must(app.store.PublishResults(t.Context(), app.deed(), wave.Survey, wave.Code, true))
	look("the survey", b.get(surveyPath))
	look("the survey with errors", b.post(surveyPath, posted("", homeCarer)).want(http.StatusUnprocessableEntity))
	look("the survey with faults", b.post(surveyPath, posted("b7e0c9a2-6c0f-4e63-9a53-0d6b6a0b3f11", without(homeCarer, "care_role", "one_change"))).want(http.StatusUnprocessableEntity))
	look("the check of answers", b.post(surveyPath, posted("b7e0c9a2-6c0f-4e63-9a53-0d6b6a0b3f11", with(without(homeCarer, "one_change"), "action", "check"))))
	look("thanks", b.get(surveyPath+"/thanks"))
	look("the results", b.get(surveyPath+"/results"))
	look("what is stored", b.get(surveyPath+"/stored"))
	look("an invitation mistyped", b.get(surveyPath+"?invitation=wombat").want(http.StatusUnprocessableEntity))
	look("the referral", b.get("/refer"))
	look("a referral that is saved", b.fill(b.get("/refer")).setAll(individualAnswers).press("save").want(http.StatusOK))
	look("the way back to it", b.get("/refer/resume"))
	look("words that open nothing", b.post("/refer/resume", url.Values{"phrase": {"abacus abdomen abdominal abide"}}).want(http.StatusUnprocessableEntity))
	look("a referral that is not known any more", b.get("/refer/received"))
	child := b.fill(b.get("/refer")).set("immediate_danger", "no").set("adult_age", "child")
	look("a referral about a child", child.press("check"))
	received := b.sendReferral(individualAnswers)
	names = append(names, received.text(".reference"))
	for _, values := range individualAnswers {
		if strings.ContainsAny(values[0], " @") { // what was typed, not a code
			names = append(names, values...)
		}
	}
	look("a referral that was sent", received)
	look("what was sent, to add to", b.fill(received).press("amend").want(http.StatusOK))
	look("what was sent, to print", b.fill(received).press("receipt").want(http.StatusOK))
	look("what was sent, printed already", b.fill(received).press("receipt").want(http.StatusConflict))
	app.closeWave(wave)
	look("a survey that has closed", b.get(surveyPath))
}
