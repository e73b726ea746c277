package handlers

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

func TestMissingAssetsSayWhatToDo(t *testing.T) {
	t.Parallel()
	if _, err := readAssets(fstest.MapFS{".gitignore": {}}); !errors.Is(err, errNoAssets) {
		t.Errorf("without a build: %v", err)
	}
	m := manifest{"public.css": "public.1.css"}
	if _, err := m.url("no.css"); !errors.Is(err, errNoAssets) {
		t.Errorf("an unknown asset: %v", err)
	}
}

// Every built asset is the same in each of its encodings, and may be kept for
// ever.
func TestStaticEncodings(t *testing.T) {
	t.Parallel()
	serve, err := readAssets(staticFS())
	if err != nil {
		t.Fatal(err)
	}
	names, err := readManifest(staticFS())
	if err != nil {
		t.Fatal(err)
	}
	get := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		serve.ServeHTTP(w, r)
		return w
	}
	for name := range names {
		path, err := names.url(name)
		if err != nil {
			t.Fatal(err)
		}
		plain := readAll(t, get("GET", path, "").Body)
		for accept, want := range map[string]string{
			"gzip, deflate, br, zstd": "br", "gzip": "gzip", "br;q=0, gzip;q=0.5": "gzip", "identity": "", "br;q=0": "", "BR ; q=1": "br",
		} {
			res := get("GET", path, accept)
			if got := res.Header().Get("Content-Encoding"); got != want {
				t.Errorf("%s for %q: coding %q, want %q", name, accept, got, want)
			}
			if res.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || res.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: headers %v", name, res.Header())
			}
			var body io.Reader = res.Body
			switch want {
			case "br":
				body = brotli.NewReader(res.Body)
			case "gzip":
				if body, err = gzip.NewReader(res.Body); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(readAll(t, body), plain) {
				t.Errorf("%s by %q is another file", name, want)
			}
		}
		if head := get("HEAD", path, "br"); head.Header().Get("Content-Length") == "" || len(readAll(t, head.Body)) != 0 {
			t.Errorf("%s: HEAD %v", name, head.Header())
		}
		if res := get("POST", path, ""); res.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: POST answers %d", name, res.Code)
		}
	}
	for _, path := range []string{"/static/", "/static/manifest.json", "/static/.gitignore", "/static/../app.go", "/static/nothing.css"} {
		if res := get("GET", path, ""); res.Code != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.Code)
		}
	}
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
