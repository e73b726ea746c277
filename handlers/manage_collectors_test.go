package handlers

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/internal/store"
)

// makeInvitations makes a closed collector over the page and gives its address.
func (b *browser) makeInvitations(wave, name string, n int) string {
	b.app.t.Helper()
	to := b.post(wavesPath+"/"+wave+"/collectors", url.Values{"kind": {"closed"}, "closed_name": {name}, "number": {fmt.Sprint(n)}}).redirects()
	path, _, _ := strings.Cut(to, "?")
	return path
}

// downloaded is the CSV file of a collector, without its head.
func (b *browser) downloaded(path string) [][]string {
	b.app.t.Helper()
	p := b.get(path + "/invitations.csv").want(http.StatusOK)
	if got := p.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		b.app.t.Errorf("the file is of type %s", got)
	}
	if got := p.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="invitations-`) {
		b.app.t.Errorf("the file is sent as %s", got)
	}
	if got := p.Header.Get("Cache-Control"); got != "no-store" {
		b.app.t.Errorf("caches are told %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(p.Body)).ReadAll()
	b.app.must(err)
	if strings.Join(rows[0], " ") != "number code link" {
		b.app.t.Fatalf("the file begins with %v", rows[0])
	}
	return rows[1:]
}

func TestOpenCollector(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.BaseURL = "https://intake.example" })
	wave := app.openWave("spring")
	b := app.signIn("Sara Mann", store.SurveyManager)
	to := b.post(wavesPath+"/spring/collectors", url.Values{"kind": {"open"}, "open_name": {"Posters <b>in</b> Maldon"}}).redirects()
	p := b.get(to).want(http.StatusOK).says("The collector is made.", "Posters <b>in</b> Maldon", "In use", "Fewer than 10 are not shown").fact("Returned", "Not shown")
	collectors, err := app.store.Collectors(t.Context(), wave.ID)
	app.must(err)
	link := "https://intake.example/s/" + collectors[0].Code
	leadsTo(t, p.Find(".poster svg"), link)
	if got := p.text(".poster__link"); "https://"+got != link {
		t.Errorf("the poster says %q", got)
	}
	svg := p.Find(".poster svg")
	for _, id := range strings.Fields(svg.AttrOr("aria-labelledby", "") + " " + svg.AttrOr("aria-describedby", "")) {
		if p.Find("#"+id).Text() == "" {
			t.Errorf("the code's %s says nothing", id)
		}
	}
	if p.Find("[style], script:not([src])").Length() != 0 {
		t.Error("the page holds style or script of its own, which the browser refuses")
	}
	b.get(wavesPath+"/spring").says("Open link", link)
	path, _, _ := strings.Cut(to, "?")
	b.get(path + "/invitations").want(http.StatusNotFound)
	b.get(path + "/invitations.csv").want(http.StatusNotFound)
	b.post(path+"/invitations", url.Values{"more": {"5"}}).want(http.StatusNotFound)
	b.post(path+"/reissue", url.Values{"invitation": {"1"}}).want(http.StatusNotFound)

	b.get(path+"/close").want(http.StatusOK).says("Its link stops working", "until 10:00 on 27 November 2026")
	closed := b.get(b.post(path+"/close", nil).redirects()).says("The collector is closed.", "Take down its posters.")
	if closed.Find(`a[href$="/close"]`).Length() != 0 {
		t.Error("it can be closed again")
	}
	b.post(path+"/close", nil).redirects()
	b.get(path + "/close").redirects()
}

func TestCollectorFormsAreChecked(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.signIn("Sara Mann", store.SurveyManager)
	b.makeInvitations("spring", "Taken", 1)
	b.post(wavesPath, newWaveForm("code", "invited", "who", byInvitation)).redirects()
	for name, test := range map[string]struct {
		field, says string
		posted      url.Values
	}{
		"nothing":                      {"open_name", "Enter a name", nil},
		"a link without a name":        {"open_name", "Enter a name", url.Values{"kind": {"open"}, "open_name": {"  "}}},
		"a long name":                  {"open_name", "Shorten this by 1 character", url.Values{"kind": {"open"}, "open_name": {strings.Repeat("é", 101)}}},
		"a link of that name":          {"open_name", "already", url.Values{"kind": {"open"}, "open_name": {"Taken"}}},
		"invitations without a name":   {"closed_name", "Enter a name", url.Values{"kind": {"closed"}, "number": {"3"}}},
		"invitations of that name":     {"closed_name", "already", url.Values{"kind": {"closed"}, "closed_name": {"Taken"}, "number": {"3"}}},
		"no invitations":               {"number", "from 1 to 50,000", url.Values{"kind": {"closed"}, "closed_name": {"Letters"}, "number": {"0"}}},
		"words":                        {"number", "from 1 to 50,000", url.Values{"kind": {"closed"}, "closed_name": {"Letters"}, "number": {"many"}}},
		"too many":                     {"number", "from 1 to 50,000", url.Values{"kind": {"closed"}, "closed_name": {"Letters"}, "number": {"50,001"}}},
		"more than there are integers": {"number", "from 1 to 50,000", url.Values{"kind": {"closed"}, "closed_name": {"Letters"}, "number": {"99999999999999999999"}}},
	} {
		p := b.post(wavesPath+"/spring/collectors", test.posted)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, p.Status)
			continue
		}
		p.says(test.says)
		if href := p.Find(".govuk-error-summary a").First().AttrOr("href", ""); href != "#"+test.field {
			t.Errorf("%s: the first error leads to %s", name, href)
		}
		p.linksLeadToFields()
		for field, values := range test.posted {
			if kept := p.value(field); field != "kind" && kept != strings.TrimSpace(values[0]) {
				t.Errorf("%s: %s came back as %q", name, field, kept)
			}
		}
		if p.Find(`details[open] [name="`+test.field+`"]`).Length() != 1 {
			t.Errorf("%s: the form with the error is closed", name)
		}
	}
	b.post(wavesPath+"/invited/collectors", url.Values{"kind": {"open"}, "open_name": {"Posters"}}).want(http.StatusConflict).says("by invitation only")
	if b.get(wavesPath+"/invited").Find(`[name="open_name"]`).Length() != 0 {
		t.Error("an open link is offered for a wave by invitation")
	}
	b.post(wavesPath+"/spring/close", nil).redirects()
	b.post(wavesPath+"/spring/collectors", url.Values{"kind": {"open"}, "open_name": {"Late"}}).want(http.StatusConflict).says("This wave has closed")
}

func TestReissue(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	wave := app.openWave("spring")
	b := app.signIn("Adam Dean", store.Admin)
	path := b.makeInvitations("spring", "Letters", 5)
	before := b.downloaded(path)
	spent, _ := store.ParseInvitation(before[2][1])
	app.answerWith(wave, spent)

	// The answer is the same for one that was used and one that was not.
	var said []string
	for _, number := range []int{3, 4} {
		p := b.get(b.post(path+"/reissue", url.Values{"invitation": {fmt.Sprint(number)}}).redirects()).want(http.StatusOK)
		code, ok := store.ParseInvitation(p.text(".invitation-code"))
		if !ok || p.text(".invitation-code") == before[number-1][1] {
			t.Fatalf("the new code is %q", p.text(".invitation-code"))
		}
		leadsTo(t, p.Find(".renewed svg"), app.url+"/i/"+code)
		p.says(fmt.Sprintf("New code of invitation %d", number), "The old code has stopped working.").fact("Re-issued", fmt.Sprint(number-2))
		said = append(said, strings.NewReplacer(p.text(".invitation-code"), "", code, "", "invitation "+fmt.Sprint(number), "").Replace(p.text(".renewed")))
	}
	if said[0] != said[1] {
		t.Errorf("the page tells whether an invitation had been used: %q, %q", said[0], said[1])
	}
	if after := b.downloaded(path); after[2][1] == before[2][1] || after[0][1] != before[0][1] {
		t.Error("the file does not have the new code, or another one changed")
	}
	for _, number := range []string{"", "0", "6", "three", "99999999999999999999"} {
		p := b.post(path+"/reissue", url.Values{"invitation": {number}}).want(http.StatusUnprocessableEntity)
		p.says("Enter the number of an invitation, from 1 to 5")
		p.linksLeadToFields()
		if p.value("invitation") != number || p.Find("#reissue[open]").Length() != 1 {
			t.Errorf("%q came back as %q", number, p.value("invitation"))
		}
	}
	for _, number := range []string{"", "x", "0", "6", "99999999999999999999"} {
		if b.get(path+"?done=reissued&invitation="+number).want(http.StatusOK).Find(".renewed").Length() != 0 {
			t.Errorf("the address shows an invitation %q", number)
		}
	}
	b.post(path+"/close", nil).redirects()
	b.post(path+"/reissue", url.Values{"invitation": {"1"}}).want(http.StatusConflict).says("These invitations are closed")
	b.post(path+"/invitations", url.Values{"more": {"1"}}).want(http.StatusConflict)
	b.get(path + "/invitations").want(http.StatusOK) // what phones hold is taken for 72 hours
	app.pass(73 * time.Hour)
	b = app.signIn("Ada Dean", store.Admin)
	b.get(path).want(http.StatusOK).says("so their codes are not kept")
	b.get(path + "/invitations").want(http.StatusGone)
	b.get(path + "/invitations.csv").want(http.StatusGone)
}

// What managers see tells of nobody that they have answered.
func TestNoPageTellsWhoAnswered(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Sara Mann", store.SurveyManager)
	b.post(wavesPath, newWaveForm("code", "invited", "who", byInvitation)).redirects()
	wave := app.wave("invited")
	path := b.makeInvitations("invited", "Letters", 40)
	rows := b.downloaded(path)
	pages := func() string {
		var all strings.Builder
		for _, end := range []string{"", "/invitations", "/invitations.csv"} {
			all.WriteString(b.get(path + end).want(http.StatusOK).Body)
		}
		all.WriteString(b.get(wavesPath + "/invited").want(http.StatusOK).Body)
		all.WriteString(b.get(wavesPath).want(http.StatusOK).Body)
		return all.String()
	}
	use := func(from, to int) {
		for _, row := range rows[from:to] {
			code, _ := store.ParseInvitation(row[1])
			app.answerWith(wave, code)
		}
		app.release(wave)
	}
	fresh := pages()
	use(0, 9)
	if pages() != fresh {
		t.Error("a page changed when nine had answered")
	}
	use(9, 14)
	b.get(path).fact("Returned", "14").fact("Response rate", "35%")
	b.get(wavesPath+"/invited").says("35%", "grows by 10 or more at a time").
		fact("Responses so far", "at least 10").fact("Counted in the results", "14")
	after := pages()
	use(14, 23)
	if pages() != after {
		t.Error("a page changed when nine more had answered")
	}
	use(23, 24)
	b.get(path).fact("Returned", "24").fact("Response rate", "60%")

	// A second collector with few does not come out of the others' numbers.
	other := b.downloaded(b.makeInvitations("invited", "Emails", 12))
	rows = append(slices.Clone(rows[:24]), other[:9]...)
	use(24, 33)
	b.get(path).fact("Returned", "24")
	b.post(wavesPath+"/invited/close", nil).redirects()
	app.pass(73 * time.Hour)
	app.release(wave)
	b = app.signIn("Sam Mann", store.SurveyManager)
	b.get(path).fact("Returned", "Not shown").fact("Response rate", "Not shown")
	if told := b.get(wavesPath+"/invited").fact("Counted in the results", "33").text("tbody"); strings.Contains(told, "24") || strings.Contains(told, "60%") {
		t.Errorf("33 less what is told are the nine: %s", told)
	}
}
