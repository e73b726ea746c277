package handlers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
)

// multipartOf writes answers as browsers do for a form with files.
func multipartOf(t *testing.T, key string, answers forms.Answers) (contentType string, body []byte) {
	t.Helper()
	var buffer bytes.Buffer
	w := multipart.NewWriter(&buffer)
	for name, values := range posted(key, answers) {
		for _, value := range values {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), buffer.Bytes()
}

// Whatever is posted to either form: no fault of ours, nothing half written.
func TestBadFormPosts(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	b := app.browser()
	const formType = "application/x-www-form-urlencoded"
	for _, form := range []struct {
		path     string
		answers  forms.Answers
		text     string // a question of free text
		field    string // one that must be answered
		limit    int
		accepted string
	}{
		{surveyPath, homeCarer, "one_change", "care_role", surveyBodyLimit, surveyPath + "/thanks"},
		{"/refer", individualAnswers, "what_happened", "referral_kind", referralBodyLimit, "/refer/received"},
	} {
		post := func(contentType string, body []byte) *page {
			return b.send(http.MethodPost, form.path, bytes.NewReader(body), http.Header{"Content-Type": {contentType}})
		}
		valid := func(pairs ...string) []byte {
			return []byte(posted(uuid.NewString(), with(form.answers, pairs...)).Encode())
		}
		manyOf := func(n int) []byte {
			body := valid()
			for i := range n {
				body = append(body, "&"+strconv.Itoa(i)+"=x"...)
			}
			return body
		}
		multipartType, whole := multipartOf(t, uuid.NewString(), form.answers)
		inHeader := bytes.LastIndex(whole, []byte("Content-Disposition")) + len("Content-Dis")
		huge := append([]byte(form.text+"="), bytes.Repeat([]byte("a"), 10<<20)...)
		before := app.rows()
		for name, test := range map[string]struct {
			page *page
			want int
		}{
			"at the limit":          {post(formType, bytes.Repeat([]byte("a"), form.limit)), 422},
			"over the limit":        {post(formType, bytes.Repeat([]byte("a"), form.limit+1)), 413},
			"10 MB field":           {post(formType, huge), 413},
			"10 MB, no length":      {b.send(http.MethodPost, form.path, io.MultiReader(bytes.NewReader(huge)), http.Header{"Content-Type": {formType}}), 413},
			"10 MB multipart":       {post(multipartType, append(bytes.TrimSuffix(whole, []byte("--\r\n")), bytes.Repeat([]byte("a"), 10<<20)...)), 413},
			"JSON":                  {post("application/json", []byte("{}")), 415},
			"plain text":            {post("text/plain", valid()), 415},
			"no type":               {post("", valid()), 415},
			"broken type":           {post("multipart/form-data; boundary=\"", valid()), 415},
			"no boundary":           {post("multipart/form-data", whole), 400},
			"NUL":                   {post(formType, valid(form.text, "a\x00b")), 400},
			"broken UTF-8":          {post(formType, valid(form.text, "a\xffb")), 400},
			"cut-off UTF-8":         {post(formType, valid(form.text, "a\xe2\x82")), 400},
			"broken escape":         {post(formType, []byte(form.text+"=%zz")), 400},
			"over 10,000 fields":    {post(formType, manyOf(10_001)), 400},
			"truncated multipart":   {post(multipartType, whole[:len(whole)/2]), 400},
			"cut in a header":       {post(multipartType, whole[:inHeader]), 400},
			"multipart of nonsense": {post(multipartType, []byte("wombat")), 400},
			"empty multipart":       {post(multipartType, nil), 400},
			"empty body":            {post(formType, nil), 422},
			"one answer twice":      {post(formType, append(valid(), "&"+form.field+"=unknown"...)), 422},
			"key twice, bad first":  {post(formType, append([]byte("submission_key=wombat&"), valid()...)), 422},
			"unknown option":        {post(formType, valid(form.field, "wombat")), 422},
			"option with space":     {post(formType, valid(form.field, "paid provider")), 422},
		} {
			if test.page.Status != test.want {
				t.Errorf("%s: %s: got %d, want %d: %s", form.path, name, test.page.Status, test.want, test.page.text("main"))
			}
			if !strings.HasPrefix(test.page.Header.Get("Content-Type"), "text/html") || test.page.text("h1") == "" {
				t.Errorf("%s: %s: people get no page", form.path, name)
			}
		}
		if after := app.rows(); after != before {
			t.Errorf("%s: bad input wrote %d rows", form.path, after-before)
		}

		for name, p := range map[string]*page{
			"multipart":       post(multipartType, whole),
			"charset":         post(formType+"; charset=utf-8; boundary=x", valid()),
			"capitals":        post("Application/X-WWW-Form-URLencoded", valid()),
			"9,000 more":      post(formType, manyOf(9_000)),
			"answer repeated": post(formType, append(valid(), "&"+form.field+"="+form.answers.Get(form.field)...)),
			"unknown fields":  post(formType, append(valid(), "&nobody=x&nobody=y&__proto__=z&a[b]=c"...)),
		} {
			if p.Status != http.StatusSeeOther || p.Header.Get("Location") != form.accepted {
				t.Errorf("%s: %s: got %d to %q", form.path, name, p.Status, p.Header.Get("Location"))
			}
		}
	}
	if got := len(app.inbox()); got != 6 || app.nudges() != 6 {
		t.Errorf("%d responses and %d referrals were taken, want 6 of each", got, app.nudges())
	}
	if strings.Contains(app.log.String(), "level=ERROR") {
		t.Errorf("bad input is logged as a fault of ours:\n%s", app.log.String())
	}
}

// A length that is not that of the body: the connection ends early, or more
// comes than was told.
func TestBodiesOfAnotherLengthThanTold(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.openWave("spring")
	before := app.rows()
	const cutOff = `{"submission_key":"3f0e6f6e-6c1e-4c0e-9d0e-5a0f3f1c2b7a","answers":{"care_role":"no"}}`
	for _, test := range []struct {
		path, contentType, body string
		length                  int
		want                    string
	}{
		{surveyPath, "application/x-www-form-urlencoded", "care_role=no", 1000, "HTTP/1.1 400 "},
		{surveyPath, "application/x-www-form-urlencoded", "care_role=no&submission_key=3f0e6f6e-6c1e-4c0e-9d0e-5a0f3f1c2b7a", 10, "HTTP/1.1 422 "},
		{surveyPath, "application/x-www-form-urlencoded", "care_role=no", -1, "HTTP/1.1 400 "},
		{"/refer", "application/x-www-form-urlencoded", "immediate_danger=no", 1000, "HTTP/1.1 400 "},
		{"/refer", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", 1000, "HTTP/1.1 400 "},
		{responsesPath, "application/json", cutOff, 1000, "HTTP/1.1 400 "},
		{responsesPath, "application/json", cutOff, 40, "HTTP/1.1 400 "},
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(app.url, "http://"))
		app.must(err)
		app.must(conn.SetDeadline(time.Now().Add(10 * time.Second)))
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: portal\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			test.path, test.contentType, test.length, test.body)
		app.must(err)
		if test.length > len(test.body) { // else the portal would see the client go
			app.must(conn.(*net.TCPConn).CloseWrite())
		}
		status, err := bufio.NewReader(conn).ReadString('\n')
		app.must(err)
		if !strings.HasPrefix(status, test.want) {
			t.Errorf("%d bytes told of %d to %s: got %q, want %q", test.length, len(test.body), test.path, status, test.want)
		}
		app.must(conn.Close())
	}
	if after := app.rows(); after != before {
		t.Errorf("cut-off bodies wrote %d rows", after-before)
	}
	if strings.Contains(app.log.String(), "level=ERROR") {
		t.Errorf("cut-off bodies are logged as faults of ours:\n%s", app.log.String())
	}
}
