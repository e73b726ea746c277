package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"intake/internal/testenv"
)

// running is a serving command on its way.
type running struct {
	t      *testing.T
	out    *printed // standard output and errors
	cancel context.CancelFunc
	ended  chan int
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{t: t, out: &printed{}, cancel: cancel, ended: make(chan int, 1)}
	go func() { r.ended <- run(ctx, args, strings.NewReader(""), r.out, r.out) }()
	t.Cleanup(cancel)
	return r
}

// says waits until the command prints what matches.
func (r *running) says(pattern string) []string {
	r.t.Helper()
	compiled := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if match := compiled.FindStringSubmatch(r.out.String()); match != nil {
			return match
		}
		if len(r.ended) > 0 {
			break
		}
	}
	r.t.Fatalf("the command did not print %q:\n%s", pattern, r.out)
	return nil
}

// stops ends the command as Ctrl-C does and checks its exit code.
func (r *running) stops(code int) {
	r.t.Helper()
	r.cancel()
	r.ends(code)
}

func (r *running) ends(code int) {
	r.t.Helper()
	select {
	case got := <-r.ended:
		if got != code {
			r.t.Errorf("exit code %d, want %d:\n%s", got, code, r.out)
		}
	case <-time.After(30 * time.Second):
		r.t.Fatalf("the command did not end:\n%s", r.out)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	return listener.Addr().String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close() //nolint:errcheck // read whole
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(body)
}

func TestWebAndWorkerServeAndStop(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	s := sound(t)
	services := []string{"--database-url", db.DSN, "--redis-url", testenv.Redis(t), "--keyset", s.Keyset,
		"--base-url", s.BaseURL, "--smtp-url", testenv.Mail(t).URL()}
	admin := freeAddr(t)
	web := start(t, append([]string{"web", "--addr", "127.0.0.1:0", "--admin-addr", admin}, services...)...)
	addr := web.says(`web serves.* addr=(\S+)`)[1]
	worker := start(t, append([]string{"worker"}, services...)...)
	worker.says("worker works")

	portal(t, "health", "--addr", addr).wants(0)
	portal(t, "health", "--addr", "127.0.0.1:1").wants(1, "the web server does not answer")
	portal(t, "health", "--addr", "a b").wants(1, "PORTAL_ADDR must be like")
	if status, body := get(t, "http://"+addr+"/readyz"); status != http.StatusOK || body != `{"postgres":"ok","redis":"ok","schema":"ok"}` {
		t.Errorf("readyz answers %d %s", status, body)
	}
	if status, _ := get(t, "http://"+addr+"/metrics"); status != http.StatusNotFound {
		t.Errorf("strangers get %d for the metrics", status)
	}
	get(t, "http://"+addr+"/survey/wombat?wombat=wombat")
	status, metrics := get(t, "http://"+admin+"/metrics")
	if status != http.StatusOK || !strings.Contains(metrics, `portal_request_seconds_count{method="GET",route="/survey/:slug",status="404"}`) || strings.Contains(metrics, "wombat") {
		t.Errorf("the metrics answer %d and lack the route, or hold a path:\n%s", status, metrics)
	}
	second := start(t, append([]string{"web", "--addr", addr}, services...)...)
	second.ends(1)
	second.says("cannot listen on " + addr + ".*Is another portal running.*PORTAL_ADDR")

	web.stops(0)
	worker.stops(0)
	portal(t, "health", "--addr", addr).wants(1)
}

// Told to stop, web says so and serves on until the load balancer has noticed:
// connections end with their next answer, and none is cut.
func TestWebServesOnWhileItIsAboutToEnd(t *testing.T) {
	t.Parallel()
	const delay = 4 * time.Second
	db := testenv.Open(t)
	s := sound(t)
	admin := freeAddr(t)
	web := start(t, "web", "--addr", "127.0.0.1:0", "--admin-addr", admin, "--drain-delay", delay.String(), "--database-url", db.DSN,
		"--redis-url", testenv.Redis(t), "--keyset", s.Keyset, "--base-url", s.BaseURL, "--smtp-url", testenv.Mail(t).URL())
	addr := web.says(`web serves.* addr=(\S+)`)[1]
	idle, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	must(t, err)
	defer idle.Close() //nolint:errcheck // the server does
	reader := bufio.NewReader(idle)
	ask := func(path string) (status int, ends bool) {
		t.Helper()
		_, err := fmt.Fprintf(idle, "GET %s HTTP/1.1\r\nHost: portal\r\n\r\n", path)
		must(t, err)
		answer, err := http.ReadResponse(reader, nil)
		must(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		return answer.StatusCode, answer.Close
	}
	if _, ends := ask("/"); ends {
		t.Error("connections end before the end")
	}
	begun := time.Now()
	web.cancel()
	web.says("web is about to end and serves on")
	for _, at := range []string{addr, admin} {
		if status, body := get(t, "http://"+at+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"stopping":true`) {
			t.Errorf("readyz answers %d %s", status, body)
		}
	}
	portal(t, "health", "--addr", addr).wants(0)
	if status, ends := ask("/"); status != http.StatusOK || !ends {
		t.Errorf("on a connection of before the answer is %d, and it ends: %v", status, ends)
	}
	web.ends(0)
	if took := time.Since(begun); took < delay {
		t.Errorf("it ended after %s", took)
	}
	portal(t, "health", "--addr", addr).wants(1)
}
