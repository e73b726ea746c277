package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/store"
)

// audited are the lines of the audit page, the newest first.
func (b *browser) audited() [][3]string {
	b.app.t.Helper()
	var lines [][3]string
	for _, row := range b.get("/manage/audit").want(http.StatusOK).Find("tbody tr").EachIter() {
		lines = append(lines, [3]string{row.Find("td").Eq(0).Text(), row.Find("td").Eq(1).Text(), row.Find("td").Eq(2).Text()})
	}
	return lines
}

func TestWhatManagersDoToSurveysIsRecorded(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	admin, b := app.signIn("Adam Dean", store.Admin), app.signIn("Sara Mann", store.SurveyManager)
	const who = "Sara Mann"
	app.pass(time.Minute)
	var codes []string
	did := func(what string, do func()) {
		t.Helper()
		before := admin.audited()
		app.pass(time.Minute)
		do()
		now := admin.audited()
		want := [3]string{moment(app.clock()), who, what}
		if got := now[:len(now)-len(before)]; !slices.Contains(got, want) {
			t.Errorf("%q is not recorded, but %v", want, got)
		}
	}
	const wave = wavesPath + "/spring"
	did("Made wave spring", func() { b.post(wavesPath, newWaveForm()).redirects() })
	did("Published the results of wave spring", func() { b.post(wave+"/publish", nil).redirects() })
	did("Stopped publishing the results of wave spring", func() { b.post(wave+"/unpublish", nil).redirects() })
	did("Published the results of wave summer", func() { b.post(wavesPath, newWaveForm("code", "summer", "results", "yes")).redirects() })
	did("Accepted version 1 of the questions for wave spring", func() { b.post(wave+"/accept", url.Values{"version": {"1"}}).redirects() })
	did("Made “Posters” of wave spring", func() {
		b.post(wave+"/collectors", url.Values{"kind": {"open"}, "open_name": {"Posters"}}).redirects()
	})
	var letters string
	did("Made “Letters” of wave spring, with 12 invitations", func() { letters = b.makeInvitations("spring", "Letters", 12) })
	did("Added 1 invitation to “Letters” of wave spring", func() {
		b.post(letters+"/invitations", url.Values{"more": {"1"}, "issued": {"12"}}).redirects()
	})
	download := func() {
		for _, row := range b.downloaded(letters) {
			codes = append(codes, row[1])
		}
	}
	did("Took the codes of “Letters” of wave spring as a file", download)
	did("Opened codes of “Letters” of wave spring to print", func() { b.get(letters + "/invitations").want(http.StatusOK) })
	var renewed string
	did("Gave invitation 3 of “Letters” of wave spring a new code", func() {
		renewed = b.post(letters+"/reissue", url.Values{"invitation": {"3"}}).redirects()
	})
	did("Opened the code of invitation 3 of “Letters” of wave spring", func() { b.get(renewed).want(http.StatusOK) })
	download() // the new one, too
	did("Opened the code of invitation 5 of “Letters” of wave spring", func() {
		b.get(letters + "?done=reissued&invitation=5").want(http.StatusOK) // nobody re-issued it
	})
	app.pass(time.Second)
	for range 20 {
		app.respondTo("spring", forms.Answers{"care_role": {"paid_provider"}, "one_change": {"Wombats"}})
	}
	app.release(app.wave("spring"))
	text := b.get(wave + "/texts").want(http.StatusOK)
	did("Held back what somebody wrote in wave spring", func() { text.act(b, "hold").redirects() })
	did("Took back the decision on what somebody wrote in wave spring", func() {
		b.get(wave+"/texts?show=held").act(b, "take_back").redirects()
	})
	did("Released what somebody wrote in wave spring", func() { b.get(wave+"/texts").act(b, "release").redirects() })
	did("Closed “Letters” of wave spring", func() { b.post(letters+"/close", nil).redirects() })
	did("Closed wave spring", func() { b.post(wave+"/close", nil).redirects() })

	// What was refused or changed nothing is not there.
	before := len(admin.audited())
	b.post(wavesPath, newWaveForm()).want(http.StatusUnprocessableEntity)
	b.post(wave+"/close", nil).redirects()
	text.act(b, "hold").want(http.StatusConflict)
	b.post(letters+"/reissue", url.Values{"invitation": {"3"}}).want(http.StatusConflict)
	if after := len(admin.audited()); after != before {
		t.Errorf("%d lines tell of what did not happen", after-before)
	}

	page := admin.get("/manage/audit")
	if strings.Contains(page.Body, "Wombat") {
		t.Error("the page tells what somebody wrote")
	}
	for _, code := range codes {
		if len(code) != 14 || strings.Contains(page.Body, code) || strings.Contains(page.Body, strings.ReplaceAll(code, "-", "")) {
			t.Errorf("the page tells the code of an invitation, or %q is none", code)
		}
	}
}

func TestWhatCommandsDoToSurveysIsRecorded(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	want := [3]string{moment(app.clock()), "Somebody by a command", "Made wave spring"}
	if lines := app.signIn("Adam Dean", store.Admin).audited(); !slices.Contains(lines, want) {
		t.Errorf("%q is not recorded, but %v", want, lines)
	}
}
