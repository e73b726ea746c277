package handlers

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The built assets. "all:" keeps the package compiling before the first build,
// when the folder holds its .gitignore alone.
//
//go:embed all:static
var staticEmbedded embed.FS

var errNoAssets = errors.New("the style sheets and the script have not been built: run make assets, then build again")

func staticFS() fs.FS {
	sub, err := fs.Sub(staticEmbedded, "static")
	if err != nil {
		panic("handlers: the embedded folder has a valid name: " + err.Error())
	}
	return sub
}

// manifest maps an asset's plain name to its name with the hash of its content.
type manifest map[string]string

func readManifest(files fs.FS) (manifest, error) {
	raw, err := fs.ReadFile(files, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoAssets
	}
	if err != nil {
		return nil, fmt.Errorf("read the assets' manifest: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read the assets' manifest: %w", err)
	}
	return m, nil
}

// url is where a template finds an asset.
func (m manifest) url(name string) (string, error) {
	hashed, ok := m[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q: %w", name, errNoAssets)
	}
	return "/static/" + hashed, nil
}

// staticAsset is one file in every encoding that it was built in.
type staticAsset struct {
	contentType string
	encoded     map[string][]byte // by content coding; "" is the plain file
}

// assetFiles are the built assets, ready to be served.
type assetFiles struct {
	names manifest
	files map[string]staticAsset // by the name with the hash
}

func readAssets(built fs.FS) (*assetFiles, error) {
	names, err := readManifest(built)
	if err != nil {
		return nil, err
	}
	a := &assetFiles{names, make(map[string]staticAsset, len(names))}
	for _, name := range names {
		asset := staticAsset{contentType: mime.TypeByExtension(path.Ext(name)), encoded: map[string][]byte{}}
		for coding, suffix := range map[string]string{"": "", "br": ".br", "gzip": ".gz"} {
			content, err := fs.ReadFile(built, name+suffix)
			if err != nil {
				return nil, fmt.Errorf("read the asset %s: %w", name+suffix, err)
			}
			asset.encoded[coding] = content
		}
		a.files[name] = asset
	}
	return a, nil
}

// pagesHeaders protect pages. A style sheet or a script does nothing with them,
// and together they weigh as much as the survey's questions about pay.
var pagesHeaders = []string{"Content-Security-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy", "Referrer-Policy", "X-Frame-Options"}

// ServeHTTP serves /static/NAME. A name carries the hash of its content, so
// that browsers may keep it for ever.
func (a *assetFiles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, caching := strings.TrimPrefix(r.URL.Path, "/static/"), "public, max-age=31536000, immutable"
	asset, ok := a.files[name]
	if !ok && laterPart.MatchString(name) {
		// A page that was open when the portal was renewed asks for the rest of
		// its script: today's goes with it too, and answers depend on it.
		asset, ok = a.files[a.names["later.js"]]
		caching = "no-cache"
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	for _, name := range pagesHeaders {
		w.Header().Del(name)
	}
	asset.serve(w, r, caching)
}

var laterPart = regexp.MustCompile(`^later\.[0-9a-f]+\.js$`)

func (a staticAsset) serve(w http.ResponseWriter, r *http.Request, caching string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This address can only be read.", http.StatusMethodNotAllowed)
		return
	}
	coding := chooseCoding(r.Header.Get("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Content-Length", strconv.Itoa(len(a.encoded[coding])))
	header.Set("Cache-Control", caching)
	header.Set("Vary", "Accept-Encoding")
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(a.encoded[coding]) // a browser that went away is no fault of ours
	}
}

// chooseCoding picks the smallest file that the browser can read.
func chooseCoding(accept string) string {
	takes := map[string]bool{}
	for part := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(part, ";")
		weight, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		takes[strings.ToLower(strings.TrimSpace(coding))] = !found || (err == nil && q > 0)
	}
	for _, coding := range []string{"br", "gzip"} {
		if takes[coding] {
			return coding
		}
	}
	return ""
}
