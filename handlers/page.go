package handlers

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/andybalholm/brotli"
	"github.com/gin-gonic/gin"
)

var errWrongMethod = &problem{status: http.StatusMethodNotAllowed, title: "This page does not take that kind of request",
	words: "Go to the home page and find your way from there."}

// base is what a page of the app starts from.
func (a *app) base(c *gin.Context, title string) base {
	return base{Title: title, Lang: "en", Dir: "ltr", Org: a.Organisation, User: currentUser(c), Demo: a.Demo, survey: a.Survey.ID}
}

// render writes a page. It is rendered whole before the status is written, so
// that a fault in a template is an error page and not half a page.
func (a *app) render(c *gin.Context, status int, page string, data any) error {
	html, err := a.html(page, data)
	if err != nil {
		return err
	}
	return writeCompressed(c, status, html)
}

func (a *app) html(page string, data any) ([]byte, error) {
	var buffer bytes.Buffer
	if err := a.templates.render(&buffer, page, data); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// writeCompressed sends HTML in the smallest coding that the browser reads: a
// whole form weighs 150 kB as it is, and a tenth of that on the way.
func writeCompressed(c *gin.Context, status int, html []byte) error {
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Header("Vary", "Accept-Encoding")
	out := brotli.HTTPCompressor(statusWriter{c.Writer, status}, c.Request)
	if _, err := out.Write(html); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// statusWriter writes the status just before the first byte, once the
// compressor has set its headers.
type statusWriter struct {
	gin.ResponseWriter
	status int
}

func (w statusWriter) Write(b []byte) (int, error) {
	if !w.Written() {
		w.WriteHeader(w.status)
	}
	return w.ResponseWriter.Write(b)
}

type privacyPage struct {
	base
	Stored string // where what is kept of a response is listed
}

func (a *app) privacy(c *gin.Context) error {
	return a.render(c, http.StatusOK, "privacy", &privacyPage{a.base(c, "Privacy"), a.storedPath()})
}

type textPageData struct {
	base
}

// textPage serves a page of plain text.
func (a *app) textPage(page, title string) func(c *gin.Context) error {
	return func(c *gin.Context) error {
		return a.render(c, http.StatusOK, page, &textPageData{a.base(c, title)})
	}
}
