package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// What the survey may weigh on the way to a phone with one bar of signal, in
// bytes with headers.
const (
	firstQuestionLimit = 25_000
	// Hindi, Urdu and Arabic have two or three bytes to a letter.
	firstQuestionLimitOfOtherScripts = 30_000
	firstQuestionRequests            = 5
	offlineLimit                     = 60_000
)

// traffic is what a tab fetched from the network, by address.
type traffic struct {
	mu    sync.Mutex
	sent  map[network.RequestID]string
	bytes map[string]int // headers and body, as they came over the wire
}

// listenToTraffic has the browser's own network log kept from now on.
func (b *tab) listenToTraffic() *traffic {
	b.t.Helper()
	log := &traffic{sent: map[network.RequestID]string{}, bytes: map[string]int{}}
	must(b.t, chromedp.Listen(b.ctx, func(event any) {
		log.mu.Lock()
		defer log.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			log.sent[e.RequestID] = e.Request.URL
		case *network.EventLoadingFinished:
			if url := log.sent[e.RequestID]; strings.HasPrefix(url, b.base) {
				log.bytes[url] += int(e.EncodedDataLength)
			}
		}
	}))
	command(b, network.Enable, network.EnableParams{})
	command(b, network.SetBypassServiceWorker, network.SetBypassServiceWorkerParams{Bypass: true})
	return log
}

// total is the number of requests and their bytes.
func (l *traffic) total() (requests, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.bytes {
		requests++
		bytes += n
	}
	return requests, bytes
}

// of sums up what came for addresses with that in them.
func (l *traffic) of(part string) (bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for url, n := range l.bytes {
		if strings.Contains(url, part) {
			bytes += n
		}
	}
	return bytes
}

// fetch has the page fetch an address, past the browser's cache.
func (b *tab) fetch(address string) {
	b.t.Helper()
	if status := ask[int](b, `fetch(`+quote(address)+`, {cache: "no-store"}).then(async (r) => (await r.arrayBuffer(), r.status))`); status != 200 {
		b.t.Fatalf("%s answers %d", address, status)
	}
}

// TestBudget measures the first question and all that offline needs, in every
// language, with an empty cache.
func TestBudget(t *testing.T) {
	t.Parallel()
	d := theDev(t)
	var table strings.Builder
	fmt.Fprintf(&table, "%-8s %8s %9s %9s %7s %7s %7s %9s %9s\n", "language", "requests", "bytes", "limit", "HTML", "CSS", "script", "offline", "limit")
	for _, l := range theLanguages(t) {
		limit := firstQuestionLimit
		if l.Code == "hi" || l.Code == "ur" || l.Code == "ar" {
			limit = firstQuestionLimitOfOtherScripts
		}
		awaitPacked(t, d.base, l.Code)
		first := firstQuestionTraffic(t, d.base, l.Code)
		requests, bytes := first.total()
		_, offline := offlineTraffic(t, d.base, l.Code).total()
		fmt.Fprintf(&table, "%-8s %8d %9d %9d %7d %7d %7d %9d %9d\n", l.Code, requests, bytes, limit,
			first.of("/survey/"), first.of(".css"), first.of(".js"), offline, offlineLimit)
		if bytes > limit || requests > firstQuestionRequests {
			t.Errorf("%s: the first question takes %d bytes in %d requests, the limits are %d and %d", l.Code, bytes, requests, limit, firstQuestionRequests)
		}
		if offline > offlineLimit {
			t.Errorf("%s: offline needs %d bytes, the limit is %d", l.Code, offline, offlineLimit)
		}
	}
	t.Logf("what the survey weighs over the wire, in bytes with headers\n%s", &table)
}

// packedHarder is a level of brotli that what is made for one reader does not
// reach, and what is packed once for all that come after does.
const packedHarder = 9

// awaitPacked asks for the survey as the day's first people do, until the portal
// has packed it.
func awaitPacked(t *testing.T, base, lang string) {
	t.Helper()
	page := func(coding string) []byte {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+surveyPath+"?lang="+lang, nil)
		must(t, err)
		request.Header.Set("Accept-Encoding", coding)
		answer, err := http.DefaultClient.Do(request)
		must(t, err)
		defer answer.Body.Close() //nolint:errcheck // read whole
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		return body
	}
	var hard bytes.Buffer
	w := brotli.NewWriterLevel(&hard, packedHarder)
	_, err := w.Write(page("identity"))
	must(t, err)
	must(t, w.Close())
	for deadline := time.Now().Add(patience); len(page("br")) > hard.Len(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: the survey is never packed: %d bytes, want %d at most", lang, len(page("br")), hard.Len())
		}
	}
}

// firstQuestionTraffic opens the survey as on a new phone and goes to the first
// question. What the page fetches after that is kept away, to prove that the
// question does not wait for it.
func firstQuestionTraffic(t *testing.T, base, lang string) *traffic {
	t.Helper()
	b := newTab(t, base, sizes[0])
	log := b.listenToTraffic()
	command(b, network.SetBlockedURLs, network.SetBlockedURLsParams{
		URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/static/later.*", Block: true}},
	})
	b.open(surveyPath+"?lang="+lang).goOn("own_phone", "yes").awaitScreen("care_role")
	// A browser with a window fetches the icon too.
	if log.of("favicon") == 0 {
		b.fetch(ask[string](b, `document.querySelector("link[rel=icon]").href`))
	}
	if requests, _ := log.total(); requests < 4 || log.of(".css") == 0 || log.of("/static/survey.") == 0 {
		t.Fatalf("%s: the log has %d requests only: %v", lang, requests, log.bytes)
	}
	return log
}

// offlineTraffic fetches on a new phone what the worker keeps on another, and
// the worker.
func offlineTraffic(t *testing.T, base, lang string) *traffic {
	t.Helper()
	path := surveyPath + "?lang=" + lang
	b := newTab(t, base, sizes[0]).open(path).goOn("own_phone", "yes").awaitScreen("care_role")
	const kept = `(async () => {
		const names = await caches.keys();
		const lists = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map((r) => new URL(r.url).pathname)));
		return lists.flat();
	})()`
	var files []string
	eventually(t, patience, "the survey is kept for when there is no connection", func() bool {
		files = ask[[]string](b, kept)
		return strings.Contains(strings.Join(files, " ")+" ", "/survey ") // it goes in last
	})
	if len(files) < 5 {
		t.Fatalf("%s: the worker keeps %v only", lang, files)
	}
	b = newTab(t, base, sizes[0])
	log := b.listenToTraffic()
	b.open(path).awaitScreen("own_phone")
	for _, file := range append(files, "/survey/sw.js") {
		if strings.HasPrefix(file, "/static/") && log.of(file) == 0 || file == "/survey/sw.js" {
			b.fetch(file)
		}
	}
	return log
}
