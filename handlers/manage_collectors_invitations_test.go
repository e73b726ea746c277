package handlers

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"intake/internal/store"
)

func TestInvitations(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.signIn("Sara Mann", store.SurveyManager)
	path := b.makeInvitations("spring", "Home care in Maldon", 130)
	b.get(path).want(http.StatusOK).fact("Issued", "130").fact("Re-issued", "0").
		fact("Returned", "Not shown").fact("Response rate", "Not shown")

	rows := b.downloaded(path)
	if len(rows) != 130 {
		t.Fatalf("the file has %d rows", len(rows))
	}
	for i, row := range rows {
		code, ok := store.ParseInvitation(row[1])
		if !ok || row[0] != fmt.Sprint(i+1) || row[2] != app.url+"/i/"+code || row[1] != store.FormatInvitation(code) {
			t.Fatalf("row %d is %v", i, row)
		}
	}

	// The sheets hold the same, in order, 24 to a sheet.
	var seen int
	next := "?from=1"
	for next != "" {
		p := b.get(path + "/invitations" + next).want(http.StatusOK)
		if n := p.Find(".labels").First().Find(".label").Length(); n > labelsPerSheet {
			t.Errorf("a sheet holds %d", n)
		}
		for _, label := range p.Find(".label").EachIter() {
			row := rows[seen]
			seen++
			if words := strings.Join(strings.Fields(label.Text()), " "); !strings.Contains(words, row[1]) || !strings.Contains(words, "Invitation "+row[0]+",") {
				t.Errorf("the label of %v says %q", row, words)
			}
			if seen%20 == 1 {
				leadsTo(t, label.Find("svg"), row[2])
			}
		}
		next = p.Find("a[rel=next]").AttrOr("href", "")
	}
	if seen != 130 {
		t.Errorf("the sheets hold %d invitations", seen)
	}
	for _, from := range []string{"0", "131", "99999999999999999999"} {
		b.get(path + "/invitations?from=" + from).want(http.StatusOK).says("Invitations 1 to 120 of 130")
	}
	b.get(path + "/invitations?from=121").says("Invitations 121 to 130 of 130")

	more := url.Values{"more": {"1 000"}, "issued": {b.get(path).value("issued")}}
	b.get(b.post(path+"/invitations", more).redirects()).says("The invitations are added.").fact("Issued", "1130")
	// Pressed twice, it adds once, and the page offers to add to what there is now.
	again := b.post(path+"/invitations", more).want(http.StatusConflict).says("Nothing was added now", "there are 1130").fact("Issued", "1130")
	again.linksLeadToFields()
	if again.value("issued") != "1130" || again.value("more") != "1 000" || again.Find("#add[open]").Length() != 1 {
		t.Errorf("the form came back with %q after %q", again.value("more"), again.value("issued"))
	}
	for _, issued := range []string{"", "many", "99999999999"} {
		b.post(path+"/invitations", url.Values{"more": {"1"}, "issued": {issued}}).want(http.StatusBadRequest)
	}
	for _, more := range []string{"", "0", "-1", "50001", "ten"} {
		p := b.post(path+"/invitations", url.Values{"more": {more}}).want(http.StatusUnprocessableEntity)
		p.linksLeadToFields()
		if p.value("more") != more || p.Find("#add[open]").Length() != 1 {
			t.Errorf("%q came back as %q", more, p.value("more"))
		}
	}
	if now := b.downloaded(path); len(now) != 1130 || now[129][1] != rows[129][1] || now[1129][0] != "1130" {
		t.Error("adding invitations changed those that were there")
	}
}

// A file that cannot be sent whole must not look whole.
func TestBrokenDownload(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.signIn("Sara Mann", store.SurveyManager)
	path := b.makeInvitations("spring", "Letters", 500)
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	t.Cleanup(func() { app.must(db.Close()) })
	spoil := func(number int) {
		_, err := db.ExecContext(t.Context(), `UPDATE invitations SET code_sealed = '\x00' WHERE number = $1`, number)
		app.must(err)
	}
	spoil(450)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.url+path+"/invitations.csv", nil)
	app.must(err)
	answer, err := b.client.Do(request)
	app.must(err)
	defer answer.Body.Close() //nolint:errcheck // it is broken
	if body, err := io.ReadAll(answer.Body); err == nil {
		t.Errorf("the file of %d bytes looks whole: it ends %q", len(body), body[max(0, len(body)-80):])
	}
	spoil(3) // before anything has gone out
	p := b.get(path + "/invitations.csv").want(http.StatusInternalServerError).says("Sorry, something went wrong")
	if p.Header.Get("Content-Disposition") != "" {
		t.Error("the error page is a download")
	}
}
