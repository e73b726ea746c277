package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// balancer stands before the web processes of a fleet, as a load balancer does:
// it asks each how it is, and gives requests to those that are ready by turns.
// It tries nothing twice, so that whatever goes wrong is seen.
type balancer struct {
	base     string
	backends []*backend
	turn     atomic.Uint64
	mu       sync.Mutex
	faults   []string
}

type backend struct {
	*httputil.ReverseProxy
	ready  atomic.Bool
	served atomic.Int64
}

// asksEvery is how often a balancer asks, and noticesWithin how long it may take
// on a busy machine until it has noticed: PORTAL_DRAIN_DELAY.
const (
	asksEvery     = 100 * time.Millisecond
	noticesWithin = 1500 * time.Millisecond
)

func startBalancer(t testing.TB, webs []*member) *balancer {
	t.Helper()
	b := &balancer{}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	connections := &http.Transport{MaxIdleConnsPerHost: 50, IdleConnTimeout: 20 * time.Second}
	for _, m := range webs {
		target, err := url.Parse(m.base)
		must(t, err)
		one := &backend{ReverseProxy: &httputil.ReverseProxy{
			Transport: connections,
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() },
			ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
				b.fault("%s %s at %s: %v", r.Method, r.URL.Path, m.name, err)
				w.WriteHeader(http.StatusBadGateway)
			},
			ModifyResponse: func(answer *http.Response) error {
				if answer.StatusCode >= http.StatusInternalServerError {
					b.fault("%s %s at %s: %s", answer.Request.Method, answer.Request.URL.Path, m.name, answer.Status)
				}
				return nil
			},
		}}
		b.backends = append(b.backends, one)
		asking.Go(func() {
			for ticker := time.Tick(asksEvery); ; {
				one.ready.Store((&stack{t: t, base: m.base}).healthy())
				select {
				case <-ticker:
				case <-stop:
					return
				}
			}
		})
	}
	server := httptest.NewServer(b)
	b.base = server.URL
	t.Cleanup(func() {
		server.Close()
		close(stop)
		asking.Wait()
		connections.CloseIdleConnections()
	})
	return b
}

func (b *balancer) fault(format string, values ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, fmt.Sprintf(format, values...))
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for range b.backends {
		one := b.backends[b.turn.Add(1)%uint64(len(b.backends))]
		if one.ready.Load() {
			one.served.Add(1)
			one.ServeHTTP(w, r)
			return
		}
	}
	b.fault("%s %s: no web process is ready", r.Method, r.URL.Path)
	w.WriteHeader(http.StatusServiceUnavailable)
}
