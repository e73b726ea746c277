package handlers

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"text/template/parse"

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

// templates holds each page's own set: the page, which defines "content", the
// layout, and the components that they use.
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
	empty := func() *template.Template {
		return template.New("").Option("missingkey=error").Funcs(template.FuncMap{"asset": assets.url})
	}
	shared, err := empty().ParseFS(templateFiles, "templates/*.gohtml", "templates/components/*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("parse the shared templates: %w", err)
	}
	names, err := fs.Glob(templateFiles, "templates/pages/*.gohtml")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	t := &templates{pages: make(map[string]*template.Template, len(names))}
	for _, name := range names {
		page, err := empty().ParseFS(templateFiles, name)
		if err != nil {
			return nil, fmt.Errorf("parse the page %s: %w", name, err)
		}
		if err := complete(page, shared, "layout", map[string]bool{}); err != nil {
			return nil, fmt.Errorf("parse the page %s: %w", name, err)
		}
		t.pages[strings.TrimSuffix(path.Base(name), ".gohtml")] = page
	}
	return t, nil
}

// complete adds the shared templates to a page that the named one leads to and
// that the page does not define itself. Copies of all of them in each page were
// half of what a process keeps in memory. done are the names that have been
// followed.
func complete(page, shared *template.Template, name string, done map[string]bool) error {
	if done[name] {
		return nil
	}
	done[name] = true
	if page.Lookup(name) == nil {
		found := shared.Lookup(name)
		if found == nil {
			return fmt.Errorf("there is no template %q", name)
		}
		if _, err := page.AddParseTree(name, found.Tree.Copy()); err != nil {
			return fmt.Errorf("add %q: %w", name, err)
		}
	}
	for _, next := range calls(page.Lookup(name).Tree.Root) {
		if err := complete(page, shared, next, done); err != nil {
			return err
		}
	}
	return nil
}

// calls are the names of the templates that a part of one executes.
func calls(part parse.Node) (names []string) {
	branch := func(b parse.BranchNode) []string { return append(calls(b.List), calls(b.ElseList)...) }
	switch part := part.(type) {
	case *parse.TemplateNode:
		return []string{part.Name}
	case *parse.IfNode:
		return branch(part.BranchNode)
	case *parse.RangeNode:
		return branch(part.BranchNode)
	case *parse.WithNode:
		return branch(part.BranchNode)
	case *parse.ListNode:
		if part != nil { // there is no else
			for _, node := range part.Nodes {
				names = append(names, calls(node)...)
			}
		}
	}
	return names
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
