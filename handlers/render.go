package handlers

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"intake/internal/organisation"
	"intake/internal/store"
)

//go:embed templates
var templateFiles embed.FS

// base is what every page's frame shows. Page structs embed it.
type base struct {
	Title string // of the page; the frame adds the organisation's name
	Lang  string
	Dir   string // "ltr" or "rtl"
	Org   *organisation.Organisation
	User  *store.User // nil on public pages and before sign-in
	Nav   string      // the menu's current item, a key of the table in menu.go
	Demo  bool        // nothing here is real
	// survey is the id of the one that the menu leads to.
	survey string
	// Elsewhere leads to the same page in other languages; a form has a choice
	// of its own, which keeps the answers.
	Elsewhere []languageLink
	// Unreviewed says that no native speaker has read this language.
	Unreviewed string
}

// templates holds each page's own set: the layout, the components, and the
// page, which defines "content".
type templates struct {
	pages map[string]*template.Template
}

// parseTemplates reads all templates once. It fails where the browser's assets
// have not been built.
func parseTemplates() (*templates, error) {
	assets, err := readManifest(staticFS())
	if err != nil {
		return nil, err
	}
	shared, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{"asset": assets.url}).ParseFS(templateFiles, "templates/*.gohtml", "templates/components/*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("parse the shared templates: %w", err)
	}
	names, err := fs.Glob(templateFiles, "templates/pages/*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	t := &templates{pages: make(map[string]*template.Template, len(names))}
	for _, name := range names {
		page, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy the shared templates: %w", err)
		}
		if _, err := page.ParseFS(templateFiles, name); err != nil {
			return nil, fmt.Errorf("parse the page %s: %w", name, err)
		}
		t.pages[strings.TrimSuffix(path.Base(name), ".gohtml")] = page
	}
	return t, nil
}

// render writes a page into a buffer, so that a template that fails leaves the
// caller free to answer with a status of its own.
func (t *templates) render(out *bytes.Buffer, page string, data any) error {
	set, ok := t.pages[page]
	if !ok {
		return fmt.Errorf("render %s: there is no such page", page)
	}
	if err := set.ExecuteTemplate(out, "layout", data); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	return nil
}
