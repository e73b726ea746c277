package handlers

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/gin-gonic/gin"
)

// firstPages are the survey's pages as everybody gets them, packed when they
// are asked for a second time. The zero value is ready to use.
type firstPages struct {
	mu    sync.Mutex
	pages map[string]*firstPage // by wave, version and language
}

type firstPage struct {
	asked  int
	packed *packedPage // nil until it is ready
}

const (
	// packAfter is how often a page is asked for before it is packed: one that
	// a single person asks for is not worth it.
	packAfter = 2
	// mostPacked bounds what is kept: some ten kilobytes each.
	mostPacked = 100
)

// packed returns the page if it is ready.
func (f *firstPages) packed(name string) *packedPage {
	f.mu.Lock()
	defer f.mu.Unlock()
	if page := f.pages[name]; page != nil {
		return page.packed
	}
	return nil
}

// asked counts a page that was made for one reader and packs it, beside the
// answer, when its time has come. html holds gap once.
func (f *firstPages) asked(name string, html, gap []byte, failed func(error)) {
	f.mu.Lock()
	if f.pages == nil || len(f.pages) > mostPacked {
		f.pages = map[string]*firstPage{} // waves come and go
	}
	page := f.pages[name]
	if page == nil {
		page = &firstPage{}
		f.pages[name] = page
	}
	page.asked++
	due := page.asked == packAfter
	f.mu.Unlock()
	if !due {
		return
	}
	before, after, found := bytes.Cut(html, gap)
	if !found {
		failed(fmt.Errorf("the page %s has no gap", name))
		return
	}
	go func() {
		packed, err := packs.get(before, after, len(gap))
		if err != nil {
			failed(err)
			return
		}
		f.mu.Lock()
		page.packed = packed
		f.mu.Unlock()
	}()
}

// packs are what has been packed in this process, by content: packing takes as
// long as a hundred requests, and two portals of a process say the same.
var packs packCache

type packCache struct {
	packing sync.Mutex // one at a time: it is work in the background
	byHash  map[[sha256.Size]byte]*packedPage
}

func (p *packCache) get(before, after []byte, gap int) (*packedPage, error) {
	hash := sha256.New()
	for _, part := range [][]byte{[]byte(strconv.Itoa(len(before))), []byte("/"), []byte(strconv.Itoa(gap)), []byte("/"), before, after} {
		hash.Write(part)
	}
	key := [sha256.Size]byte(hash.Sum(nil))
	p.packing.Lock()
	defer p.packing.Unlock()
	if packed := p.byHash[key]; packed != nil {
		return packed, nil
	}
	packed, err := newPackedPage(before, after, gap)
	if err != nil {
		return nil, err
	}
	if p.byHash == nil || len(p.byHash) >= mostPacked {
		p.byHash = map[[sha256.Size]byte]*packedPage{}
	}
	p.byHash[key] = packed
	return packed, nil
}

// gapOf are the bytes in which one reader's page differs from the next: the
// key, and the day, which would otherwise outdate the page each midnight.
func gapOf(in documentInput) []byte {
	return []byte(in.SubmissionKey + `" data-today="` + in.Today + gapTail)
}

// showFirstPage gives out an empty survey, packed where that is ready and the
// browser reads it.
func (a *app) showFirstPage(c *gin.Context, v visit, in documentInput) error {
	name := fmt.Sprintf("%d/%d/%s", v.wave.ID, v.form.Version, v.lang)
	in.Today = a.today()
	if chooseCoding(c.GetHeader("Accept-Encoding")) == "br" {
		if packed := a.firstPages.packed(name); packed != nil {
			c.Header("Content-Encoding", "br")
			c.Header("Vary", "Accept-Encoding")
			c.Data(http.StatusOK, "text/html; charset=utf-8", packed.fill(gapOf(in)))
			return nil
		}
	}
	html, err := a.html("form", a.formPage(c, in, "", v.hidden()))
	if err != nil {
		return err
	}
	a.firstPages.asked(name, html, gapOf(in), func(err error) { a.Log.Error("first page not packed", "error", err) })
	return writeCompressed(c, http.StatusOK, html)
}
