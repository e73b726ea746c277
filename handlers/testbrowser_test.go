package handlers

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// browser is one person's: it keeps cookies, and does not follow redirects by
// itself, so that a test sees them.
type browser struct {
	app    *testApp
	client *http.Client
}

func (app *testApp) browser() *browser {
	jar, err := cookiejar.New(nil)
	app.must(err)
	return &browser{app: app, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is an answer, read whole.
type page struct {
	*goquery.Document
	Status int
	Header http.Header
	Body   string
	t      *testing.T
}

func (b *browser) get(path string) *page {
	b.app.t.Helper()
	return b.send(http.MethodGet, path, nil, nil)
}

func (b *browser) post(path string, values url.Values) *page {
	b.app.t.Helper()
	return b.send(http.MethodPost, path, strings.NewReader(values.Encode()),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (b *browser) send(method, path string, body io.Reader, header http.Header) *page {
	b.app.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = b.app.url + path
	}
	request, err := http.NewRequestWithContext(b.app.t.Context(), method, path, body)
	b.app.must(err)
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := b.client.Do(request)
	b.app.must(err)
	defer response.Body.Close() //nolint:errcheck // read whole below
	raw, err := io.ReadAll(response.Body)
	b.app.must(err)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(raw))
	b.app.must(err)
	return &page{Document: doc, Status: response.StatusCode, Header: response.Header, Body: string(raw), t: b.app.t}
}

// want checks the status and returns the page.
func (p *page) want(status int) *page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("got status %d, want %d: %s", p.Status, status, p.text("main"))
	}
	return p
}

// redirects checks that the answer leads on with 303, and returns where.
func (p *page) redirects() string {
	p.t.Helper()
	p.want(http.StatusSeeOther)
	return p.Header.Get("Location")
}

// text is the words of what the selector finds, with white space made single.
func (p *page) text(selector string) string {
	return strings.Join(strings.Fields(p.Find(selector).Text()), " ")
}

// says checks that the words are on the page.
func (p *page) says(words ...string) *page {
	p.t.Helper()
	text := p.text("body")
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("the page does not say %q: %s", w, text)
		}
	}
	return p
}

// value is what the field of that name is filled in with.
func (p *page) value(name string) string {
	p.t.Helper()
	field := p.Find(`[name="` + name + `"]`)
	if field.Length() == 0 {
		p.t.Fatalf("there is no field %q on the page: %s", name, p.text("main"))
	}
	switch {
	case field.First().Is("textarea"):
		return strings.TrimPrefix(field.First().Text(), "\n")
	case field.First().Is("select"):
		return field.Find("option[selected]").AttrOr("value", "")
	case field.First().Is("[type=radio], [type=checkbox]"):
		return field.Filter("[checked]").AttrOr("value", "")
	}
	return field.First().AttrOr("value", "")
}

// linksLeadToFields checks that each line of the error summary leads to an
// element of the page.
func (p *page) linksLeadToFields() {
	p.t.Helper()
	links := p.Find(".govuk-error-summary a")
	if links.Length() == 0 {
		p.t.Errorf("the page has no error summary: %s", p.text("main"))
	}
	links.Each(func(_ int, link *goquery.Selection) {
		href := link.AttrOr("href", "")
		if p.Find(`[id="`+strings.TrimPrefix(href, "#")+`"]`).Length() != 1 {
			p.t.Errorf("the error %q leads to %q, which is not on the page once", link.Text(), href)
		}
	})
}
