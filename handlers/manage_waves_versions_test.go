package handlers

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"intake/forms"
	"intake/internal/store"
)

func TestAcceptVersion(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("autumn")
	b := app.signIn("Sara Mann", store.SurveyManager)
	one := wavesPath + "/autumn"
	if b.get(one).Find(`form[action$="/accept"]`).Length() != 0 {
		t.Error("a version is offered before there is one")
	}
	source, _ := forms.BuiltIn(app.cfg.Survey.ID)
	next := *app.cfg.Survey
	next.Version++
	app.must(app.store.PublishForm(t.Context(), &next, bytes.Replace(source, []byte("version: 1"), []byte("version: 2"), 1)))

	p := b.get(one).says("Version 2 of the questions is published", "people who start from now on get version 2").fact("Versions that count", "1")
	form := p.Find(`form[action$="/accept"]`)
	to := b.post(form.AttrOr("action", ""), url.Values{"version": {form.Find("input").AttrOr("value", "")}}).redirects()
	after := b.get(to).says("The wave is given out in the new version.").fact("Versions that count", "1 and 2")
	if after.Find(`form[action$="/accept"]`).Length() != 0 || app.wave("autumn").Version() != 2 {
		t.Error("the version is offered still, or was not accepted")
	}
	b.post(one+"/accept", url.Values{"version": {"4"}}).want(http.StatusNotFound)
	for _, version := range []string{"", "two", "99999999999", "-1\x00"} {
		b.post(one+"/accept", url.Values{"version": {version}}).want(http.StatusBadRequest)
	}
}

// publishChanged publishes a further version of the survey, in which the words
// stand in the place of others.
func (app *testApp) publishChanged(version int, from, to string) {
	app.t.Helper()
	source, _ := forms.BuiltIn(app.cfg.Survey.ID)
	if !bytes.Contains(source, []byte(from)) {
		app.t.Fatalf("the survey does not say %q", from)
	}
	changed := bytes.Replace(source, []byte("version: 1"), fmt.Appendf(nil, "version: %d", version), 1)
	next := *app.cfg.Survey
	next.Version = version
	app.must(app.store.PublishForm(app.t.Context(), &next, bytes.ReplaceAll(changed, []byte(from), []byte(to))))
}

// Answers to other questions are not counted as answers to the same.
func TestRefuseVersion(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("autumn")
	b := app.signIn("Sara Mann", store.SurveyManager)
	one := wavesPath + "/autumn"
	label := app.cfg.Survey.Question("manager_support").Label.In("en")
	for version, change := range map[int]struct{ from, to, says string }{
		2: {label, label + " now", "Question \"manager_support\" asks “" + label + "” in version 1 and “" + label + " now” in version 2."},
		3: {"pages:", "pages_of_another_release:", "This release of the portal cannot read it."},
	} {
		app.publishChanged(version, change.from, change.to)
		p := b.post(one+"/accept", url.Values{"version": {fmt.Sprint(version)}}).want(http.StatusConflict)
		p.says("This version needs a wave of its own", fmt.Sprintf("Wave autumn cannot count answers to version %d", version), change.says)
		if way := p.Find(`main a[href$="/waves#new"]`).Length(); (way == 1) != (version == 2) {
			t.Errorf("version %d: the page has %d ways to a new wave", version, way)
		}
	}
	// The page that would offer the newest says so beforehand.
	p := b.get(one).want(http.StatusOK).says("Version 3 of the questions is published", "This release of the portal cannot read it.")
	if p.Find(`form[action$="/accept"]`).Length() != 0 {
		t.Error("a version is offered that will be refused")
	}
	app.publishChanged(4, label, "How well are you led?")
	b.get(one).says("Version 4 of the questions is published", "“How well are you led?” in version 4", "Make a new wave for the new version")
	if versions := app.wave("autumn").Versions; len(versions) != 1 {
		t.Errorf("the wave counts %v", versions)
	}
}
