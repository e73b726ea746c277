package e2e

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// weather is what stands between a phone and the portal: a network that may
// fail in every way that networks do.
type weather struct {
	t      testing.TB
	base   string
	server *httptest.Server
	portal *httputil.ReverseProxy
	faults map[string]int // how often each fault met a request

	mu   sync.Mutex
	next func(r *http.Request) string // the fault that a request meets, "" for none
	away bool                         // connections are refused
	ends chan struct{}
	// serves has what is read at a path in the place of the portal's answer.
	serves map[string]http.HandlerFunc
}

func newWeather(t testing.TB, portal string) *weather {
	t.Helper()
	target, err := url.Parse(portal)
	must(t, err)
	w := &weather{
		t: t, portal: httputil.NewSingleHostReverseProxy(target), faults: map[string]int{}, serves: map[string]http.HandlerFunc{},
		next: func(*http.Request) string { return "" }, ends: make(chan struct{}),
	}
	w.portal.ErrorHandler = func(out http.ResponseWriter, _ *http.Request, _ error) { out.WriteHeader(http.StatusBadGateway) }
	w.server = httptest.NewServer(w)
	w.base = w.server.URL
	t.Cleanup(func() {
		close(w.ends)
		w.server.CloseClientConnections()
		w.server.Close()
	})
	return w
}

// breaks decides what each posted response meets from now on.
func (w *weather) breaks(next func(r *http.Request) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.next = next
}

// gone takes the network away, or gives it back.
func (w *weather) gone(away bool) {
	w.mu.Lock()
	w.away = away
	w.mu.Unlock()
	if away {
		w.server.CloseClientConnections()
	}
}

// replaces serves something else at a path; nil gives the portal's back.
func (w *weather) replaces(path string, handler http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serves[path] = handler
}

func (w *weather) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	fault, replaced := "", w.serves[r.URL.Path]
	if r.Method == http.MethodPost {
		fault = w.next(r)
	}
	if w.away {
		fault = "reset"
	}
	w.faults[fault]++
	w.mu.Unlock()
	if replaced != nil && fault == "" && r.Method == http.MethodGet {
		replaced(out, r)
		return
	}
	switch fault {
	case "":
		w.portal.ServeHTTP(out, r)
	case "error":
		http.Error(out, "<h1>Internal Server Error</h1>", http.StatusInternalServerError)
	case "captive": // the sign-in page of somebody's network
		out.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(out, "<h1>Welcome to our free Wi-Fi</h1>")
	case "hang":
		select {
		case <-w.ends:
		case <-r.Context().Done():
		}
	case "hang after": // the portal has it, and nobody hears of it
		w.portal.ServeHTTP(httptest.NewRecorder(), r)
		select {
		case <-w.ends:
		case <-r.Context().Done():
		}
	case "reset":
		reset(out)
	case "reset after":
		w.portal.ServeHTTP(httptest.NewRecorder(), r)
		reset(out)
	default:
		panic("there is no such fault: " + fault)
	}
}

// reset ends a connection as a network does that drops it.
func reset(out http.ResponseWriter) {
	conn, _, err := out.(http.Hijacker).Hijack()
	if err != nil {
		return // it has gone already
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hurry makes the page's patience and its pauses those of a test, and leaves
// the sending to the page, whose pace this is.
const hurry = `window.portalPace = {patience: 8000, firstPause: 40, turn: 40, longestPause: 300};
	delete ServiceWorkerRegistration.prototype.sync;`

// answerShortly is the shortest way from the survey's first screen to its
// thanks, by script: a journey that is about the way of what is sent.
const answerShortly = `(async () => {
	const until = async (what) => {
		for (let n = 0; !what(); n++) {
			if (n > 12000) throw new Error("waited in vain for " + what + " on the page: " + document.body.innerText.slice(0, 600));
			await new Promise((r) => setTimeout(r, 20));
		}
	};
	const control = (name) => document.querySelector("[data-control=" + name + "]");
	await until(() => document.querySelector("[name=own_phone]"));
	document.querySelector("[name=own_phone][value=yes]").click();
	control("continue").click();
	await until(() => portalSurvey.device && portalSurvey.device.isKeeping());
	document.querySelector("[name=care_role][value=no]").click();
	control("continue").click();
	control("continue").click();
	await until(() => portalSurvey.steer.current().id === "check");
	control("finish").click();
	await until(() => location.pathname.endsWith("/thanks"));
	return document.querySelector("main").innerText;
})()`

// TestWeather sends 50 responses through a network at its worst.
func TestWeather(t *testing.T) {
	t.Parallel()
	const phones, each = 10, 5
	s := newStack(t)
	s.run("", "wave", "open", "spring")
	w := newWeather(t, s.base)
	seed := *seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to have the same weather again: -args -seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kinds := []string{"error", "captive", "hang", "hang after", "reset", "reset after", "", "", "", ""}
	w.breaks(func(*http.Request) string { return kinds[random.IntN(len(kinds))] })

	var all sync.WaitGroup
	for n := range phones {
		b := newTab(t, w.base, sizes[n%2]).before(hurry)
		all.Go(func() {
			for range each {
				err := chromedp.Do(b.ctx, chromedp.Navigate(w.base+surveyPath))
				said := ""
				if err == nil {
					said, err = chromedp.Run(b.ctx, chromedp.Evaluate[string](answerShortly, chromedp.EvalAwaitPromise))
				}
				if err != nil || !strings.Contains(said, "arrived.") {
					t.Errorf("a phone hears %q (%v)", said, err)
				}
			}
		})
	}
	all.Wait()
	if keys, rows := s.count(`SELECT count(*) FROM submission_keys`), s.count(`SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM responses)`); keys != phones*each || rows != phones*each {
		t.Errorf("of %d responses %d are there, under %d keys", phones*each, rows, keys)
	}
	t.Logf("what the requests met: %v", w.faults)
	for _, kind := range kinds {
		if w.faults[kind] == 0 {
			t.Errorf("no request met the fault %q", kind)
		}
	}
}

// TestWeatherAndTheWorker: a worker of an older release is followed by this
// one, drafts and what waits survive both that and the switch, and nothing but
// the survey is ever in a worker's hands.
func TestWeatherAndTheWorker(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.run("", "wave", "open", "spring")
	w := newWeather(t, s.base)
	const worker = "/survey/sw.js"
	script := func(text string) http.HandlerFunc {
		return func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", "text/javascript")
			out.Header().Set("Cache-Control", "no-cache")
			_, _ = io.WriteString(out, text)
		}
	}
	w.replaces(worker, script(`self.addEventListener("install", () => self.skipWaiting());
		self.addEventListener("activate", (e) => e.waitUntil(caches.open("release-of-old").then((c) => c.put("/survey/old", new Response("old")))));
		self.addEventListener("message", (e) => e.ports[0] && e.ports[0].postMessage({kept: true}));
		self.addEventListener("fetch", () => {});`))
	b := newTab(t, w.base, sizes[0]).before(hurry).open(surveyPath).ownPhone("Yes")
	b.press("Yes, I am paid by a care provider").awaitKept("the answer", "paid_provider")
	eventually(t, patience, "the old worker has its cache", func() bool { return strings.Contains(b.kept(), "release-of-old") })

	w.replaces(worker, nil)
	b.open(surveyPath).press("Carry on where I left off").sees("Do you care for")
	eventually(t, patience, "the new worker has taken over", func() bool {
		kept := b.kept()
		return !strings.Contains(kept, "release-of-old") && strings.Contains(kept, "portal-survey ")
	})
	if !b.checked("Yes, I am paid by a care provider") {
		t.Error("the new worker loses the draft")
	}

	// No other page is in its hands.
	for _, path := range []string{"/", "/refer", "/manage/sign-in", "/survey/old/results"} {
		if b.open(path); ask[bool](b, `!!navigator.serviceWorker.controller`) && !strings.HasPrefix(path, "/survey/") {
			t.Errorf("a worker controls %s", path)
		}
	}

	// A worker that cannot fetch what it is to keep does not take the place of
	// one that has it.
	had := b.kept()
	w.replaces(surveyPath, func(out http.ResponseWriter, _ *http.Request) { http.Error(out, "away", http.StatusBadGateway) })
	w.replaces(worker, script(buildOf.ReplaceAllString(fetched(t, s.base+worker), `"00000000beef"`)))
	b.open(surveyPath).sees("You have started this survey already")
	if got := b.kept(); got != had {
		t.Errorf("a worker that could not fetch leaves %s of %s", got, had)
	}
	w.replaces(worker, nil)
	w.replaces(surveyPath, nil)

	// What waits survives the switch, too.
	b.open(surveyPath).press("Carry on where I left off").sees("Do you care for").shortest()
	w.breaks(func(*http.Request) string { return "reset" })
	b.press("Send my answers").sees("Your answers are on this phone")
	w.replaces(worker, script(fetched(t, s.base+"/static/"+builtName(t, "sw-off.js"))))
	w.replaces(surveyPath, func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(out, strings.Replace(fetched(t, s.base+r.URL.RequestURI()), `data-worker="on"`, `data-worker="off"`, 1))
	})
	b.open(surveyPath).sees("Your answers are on this phone")
	eventually(t, patience, "the worker and its copies are gone", func() bool {
		return strings.Contains(b.kept(), `"caches":[]`) && strings.Contains(b.kept(), `"workers":0`)
	})
	w.breaks(func(*http.Request) string { return "" })
	b.sees("Your answers have arrived.")
	if n := s.count(`SELECT count(*) FROM submission_keys`); n != 1 {
		t.Errorf("%d responses are there, want 1", n)
	}
}

// buildOf is where a worker says which build it is.
var buildOf = regexp.MustCompile(`"[0-9a-f]{12}"`)

// fetched is what an address holds.
func fetched(t testing.TB, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close() //nolint:errcheck // it has been read by then
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d", address, answer.StatusCode)
	}
	return string(text)
}

// builtName is the name under which an asset was built.
func builtName(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../handlers/static/manifest.json")
	must(t, err)
	names := map[string]string{}
	must(t, json.Unmarshal(raw, &names))
	return names[name]
}
