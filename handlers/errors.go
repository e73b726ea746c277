package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/store"
)

// problem is an error that people may see: a status and plain words that say
// what to do.
type problem struct {
	status     int
	title      string
	words      string
	notice     string             // the key of its words in the survey, where they are in people's own language
	reason     string             // a word by which programs tell refusals apart
	retryAfter string             // seconds, for 429 and 503
	fields     []forms.FieldError // for 422 over JSON
	cause      error
}

func (p *problem) Error() string {
	if p.cause != nil {
		return p.title + ": " + p.cause.Error()
	}
	return p.title
}

func (p *problem) Unwrap() error { return p.cause }

// The problems that have one wording everywhere.
var (
	errPageNotFound = &problem{status: http.StatusNotFound, notice: "not_found", title: "Page not found",
		words: "Check the address, or go to the home page and find your way from there."}
	errTooLarge = &problem{status: http.StatusRequestEntityTooLarge, notice: "not_read", title: "That is too much to send at once",
		words: "Nothing was sent. Go back, shorten the longest answer, and send again. If the page is empty when you go back, tell us by phone."}
	errTooSlow = &problem{status: http.StatusRequestTimeout, notice: "not_whole", title: "Your connection was too slow",
		words: "Nothing arrived whole. Go back: what you typed should still be on the page. Send again when the connection is better."}
	errWrongType = &problem{status: http.StatusUnsupportedMediaType, title: "We cannot read this kind of content",
		words: "Send the form from its page, or send JSON with the content type application/json."}
	errTooMany = &problem{status: http.StatusTooManyRequests, notice: "not_now", title: "Too many tries from your connection",
		words: "Many people may share your connection. Go back, wait a minute, and send again. Your answers should still be on the page.", retryAfter: "60"}
	errBusy = &problem{status: http.StatusServiceUnavailable, notice: "not_now", title: "We could not do this just now",
		words: "Nothing was changed. Wait a moment, then try again.", retryAfter: "5"}
	errServer = &problem{status: http.StatusInternalServerError, notice: "not_now", title: "Sorry, something went wrong",
		words: "We have been told. Go back, wait a moment, and try again. If somebody is in danger, call 999 now."}
	errForbidden = &problem{status: http.StatusForbidden, title: "This page is not part of your role",
		words: "If you need it for your work, ask an administrator of the portal."}
)

// on adapts a handler that returns an error. It is the one place where errors
// are logged and turned into answers.
func (a *app) on(handle func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := handle(c); err != nil {
			a.fail(c, err)
		}
	}
}

// recovered answers a panic like any other fault.
func (a *app) recovered(c *gin.Context) {
	defer func() {
		if cause := recover(); cause != nil {
			// Only what the runtime says of its own: any other value may hold
			// what somebody wrote.
			fault, _ := cause.(runtime.Error)
			a.Log.Error("panic", "route", c.FullPath(), "fault", fault, "stack", string(debug.Stack()),
				"request", requestID(c.Request.Context()))
			if !c.Writer.Written() {
				a.answer(c, errServer)
			}
			c.Abort()
		}
	}()
	c.Next()
}

// fail answers an error and logs it if it is ours.
func (a *app) fail(c *gin.Context, err error) {
	p := asProblem(err)
	switch {
	case errors.Is(c.Request.Context().Err(), context.Canceled):
		// The client went away, which is its right; nobody reads the answer.
	case p.status >= http.StatusInternalServerError:
		a.Log.Error("request failed", "route", c.FullPath(), "status", p.status, "error", err, "request", requestID(c.Request.Context()))
	}
	if c.Writer.Written() {
		return
	}
	a.answer(c, p)
}

func asProblem(err error) *problem {
	var p *problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &tooLarge):
		return errTooLarge
	case errors.Is(err, store.ErrNotFound):
		return errPageNotFound
	case errors.Is(err, forms.ErrMalformed):
		return malformed(err)
	case store.IsUnavailable(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errBusy
	}
	return errServer
}

func malformed(err error) *problem {
	return &problem{status: http.StatusBadRequest, notice: "not_read", title: "We could not read what was sent", cause: err,
		words: "Go back, check the page for unusual characters, and send again."}
}

type errorPage struct {
	base
	Heading string
	Text    string
	Danger  bool // offer 999 and the way to the referral form
	// Request is the number by which a fault of ours is found in the log.
	Request string
}

// answer writes the problem as a page, or as RFC 9457 problem details for a
// caller that asked for JSON.
func (a *app) answer(c *gin.Context, p *problem) {
	c.Header("Cache-Control", "no-store")
	if p.retryAfter != "" {
		c.Header("Retry-After", p.retryAfter)
	}
	if wantsJSON(c) {
		a.answerJSON(c, p)
		return
	}
	if err := a.errorPage(c, p); err != nil {
		a.Log.Error("error page failed", "error", err, "request", requestID(c.Request.Context()))
		c.String(http.StatusInternalServerError, errServer.title+". "+errServer.words)
	}
}

// errorPage writes the problem as a page: on the survey's way in the language
// of whoever asks, elsewhere in English.
func (a *app) errorPage(c *gin.Context, p *problem) error {
	path := c.Request.URL.Path
	onSurvey := func(prefix string) bool { return strings.HasPrefix(path, prefix) }
	if p.notice != "" && slices.ContainsFunc([]string{"/survey/", "/s/", "/i/"}, onSurvey) {
		return a.showNotice(c, p.status, a.languages.chosen(c.Request).code, p.notice, p.notice+"_text")
	}
	page := errorPage{base: a.base(c, p.title), Heading: p.title, Text: p.words, Danger: strings.HasPrefix(path, "/refer")}
	if p.status == http.StatusInternalServerError {
		page.Request = requestID(c.Request.Context())
	}
	return a.render(c, p.status, "error", &page)
}

// problemDetails is the body of RFC 9457.
type problemDetails struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Reason string `json:"reason,omitempty"`
	// Instance is the request's number as a URI, for faults that are ours.
	Instance string         `json:"instance,omitempty"`
	Errors   []problemField `json:"errors,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (a *app) answerJSON(c *gin.Context, p *problem) {
	details := problemDetails{Type: "about:blank", Title: p.title, Status: p.status, Detail: p.words, Reason: p.reason}
	for _, f := range p.fields {
		details.Errors = append(details.Errors, problemField{f.Field, f.Message})
	}
	if p.status >= http.StatusInternalServerError {
		details.Instance = "urn:uuid:" + requestID(c.Request.Context())
	}
	if p.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}
	body, err := json.Marshal(details)
	if err != nil {
		a.Log.Error("encode problem", "error", err, "request", requestID(c.Request.Context()))
		body = []byte(`{"title":"error"}`)
	}
	c.Data(p.status, "application/problem+json; charset=utf-8", body)
}

var errCrossOrigin = &problem{status: http.StatusForbidden, title: "This came from another website",
	words: "For your safety nothing was done. Open the page on this website and try again there."}

// answerPlainly answers where Gin has not begun yet.
func (a *app) answerPlainly(w http.ResponseWriter, p *problem) {
	page := errorPage{base: base{Title: p.title, Lang: "en", Dir: "ltr", Org: a.Organisation, Demo: a.Demo}, Heading: p.title, Text: p.words}
	var body bytes.Buffer
	if err := a.templates.render(&body, "error", &page); err != nil {
		a.Log.Error("error page failed", "error", err)
		body.Reset()
		body.WriteString(p.title + ". " + p.words)
	}
	w.Header().Del("Content-Encoding") // of a page that is not sent after all
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if p.retryAfter != "" {
		w.Header().Set("Retry-After", p.retryAfter)
	}
	w.WriteHeader(p.status)
	_, _ = body.WriteTo(w) // whoever went away misses nothing
}

// wantsJSON reports whether the caller is a program.
func wantsJSON(c *gin.Context) bool {
	return strings.HasPrefix(c.Request.URL.Path, "/api/") ||
		strings.Contains(c.GetHeader("Accept"), "application/json")
}
