package e2e

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// plain is a browser without scripts: it keeps cookies, reads the forms that
// it is served and sends them as browsers do. It follows no redirect by itself.
type plain struct {
	t      testing.TB
	base   string
	client *http.Client
	header http.Header // sent with every request
}

func newPlain(t testing.TB, base string) *plain {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &plain{t: t, base: base, header: http.Header{}, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// plainPage is an answer and its HTML.
type plainPage struct {
	*goquery.Document
	by     *plain
	status int
	at     string // the redirect's target, if it is one
}

func (b *plain) do(method, path string, body url.Values) *plainPage {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body.Encode()))
	must(b.t, err)
	maps.Copy(request.Header, b.header)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.client.Do(request)
	must(b.t, err)
	defer answer.Body.Close() //nolint:errcheck // it has been read by then
	text, err := io.ReadAll(answer.Body)
	must(b.t, err)
	document, err := goquery.NewDocumentFromReader(strings.NewReader(string(text)))
	must(b.t, err)
	return &plainPage{document, b, answer.StatusCode, answer.Header.Get("Location")}
}

func (b *plain) get(path string) *plainPage {
	b.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

// want stops the test unless the page has that status.
func (p *plainPage) want(status int) *plainPage {
	p.by.t.Helper()
	if p.status != status {
		p.by.t.Fatalf("got status %d, want %d: %s", p.status, status, p.words())
	}
	return p
}

// follow goes where a 303 leads.
func (p *plainPage) follow() *plainPage {
	p.by.t.Helper()
	p.want(http.StatusSeeOther)
	return p.by.get(p.at)
}

// words is the page's text with single spaces.
func (p *plainPage) words() string { return strings.Join(strings.Fields(p.Find("main").Text()), " ") }

func (p *plainPage) says(texts ...string) *plainPage {
	p.by.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.words(), text) {
			p.by.t.Fatalf("the page does not say %q: %s", text, p.words())
		}
	}
	return p
}

// plainForm is a served form and what it would send.
type plainForm struct {
	by     *plain
	form   *goquery.Selection
	values url.Values
}

// form takes the page's form that has a field of that name, as it was served.
func (p *plainPage) form(field string) *plainForm {
	p.by.t.Helper()
	form := p.Find(`main form[method="post"]`).FilterFunction(func(_ int, form *goquery.Selection) bool {
		return form.Find(`[name="`+field+`"]`).Length() > 0
	}).First()
	if form.Length() == 0 {
		p.by.t.Fatalf("the page has no form with the field %q: %s", field, p.words())
	}
	f := &plainForm{p.by, form, url.Values{}}
	form.Find("input, textarea, select").Each(func(_ int, field *goquery.Selection) {
		name, named := field.Attr("name")
		kind := field.AttrOr("type", "text")
		_, checked := field.Attr("checked")
		switch {
		case !named || ((kind == "radio" || kind == "checkbox") && !checked):
		case field.Is("textarea"):
			f.values.Add(name, strings.TrimPrefix(field.Text(), "\n"))
		case field.Is("select"):
			f.values.Add(name, field.Find("option[selected]").AttrOr("value", field.Find("option").AttrOr("value", "")))
		default:
			f.values.Add(name, field.AttrOr("value", ""))
		}
	})
	return f
}

// fill sets fields of the form. Each must have been served, with its option if
// it is a closed question.
func (f *plainForm) fill(answers map[string][]string) *plainForm {
	f.by.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		fields := f.form.Find(`[name="` + name + `"]`)
		if fields.Length() == 0 {
			f.by.t.Fatalf("the form has no field %q", name)
		}
		for _, value := range answers[name] {
			if fields.Is("[type=radio], [type=checkbox]") && fields.Filter(`[value="`+value+`"]`).Length() != 1 {
				f.by.t.Fatalf("the field %q has no option %q", name, value)
			}
		}
		f.values[name] = answers[name]
	}
	return f
}

// press sends the form by the button with that action, "" for the form's only
// button.
func (f *plainForm) press(action string) *plainPage {
	f.by.t.Helper()
	button := f.form.Find("button").First()
	if action != "" {
		button = f.form.Find(`button[name="action"][value="` + action + `"]`).First()
	}
	if button.Length() == 0 {
		f.by.t.Fatalf("the form has no button %q", action)
	}
	sent := maps.Clone(f.values)
	if name, named := button.Attr("name"); named {
		sent.Set(name, button.AttrOr("value", ""))
	}
	target, _, _ := strings.Cut(button.AttrOr("formaction", f.form.AttrOr("action", "")), "#")
	return f.by.do(http.MethodPost, target, sent)
}

// signIn signs the browser in over the served form.
func (b *plain) signIn(who signIn) *plain {
	b.t.Helper()
	page := b.get("/manage/sign-in").want(http.StatusOK)
	page.form("password").fill(map[string][]string{"email": {who.email}, "password": {who.password}}).
		press("").want(http.StatusSeeOther)
	return b
}

// figure reads a number from the list of figures on a managers' page.
func (p *plainPage) figure(name string) (n int) {
	p.by.t.Helper()
	term := p.Find(".figures dt").FilterFunction(func(_ int, term *goquery.Selection) bool { return term.Text() == name })
	if _, err := fmt.Sscan(strings.ReplaceAll(term.Next().Text(), ",", ""), &n); err != nil {
		p.by.t.Fatalf("the page does not give %q (%v): %s", name, err, p.words())
	}
	return n
}

// receiveReference reads the reference from the page after sending.
func (p *plainPage) receiveReference() string {
	p.by.t.Helper()
	reference := p.Find(".reference").Text()
	if !strings.HasPrefix(reference, "SG-") {
		p.by.t.Fatalf("the page gives no reference: %s", p.words())
	}
	return reference
}

// selection is a part of a page.
type selection = goquery.Selection
