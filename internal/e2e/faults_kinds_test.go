package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fault is one kind of harm. harm does it and returns when it is over: then the
// portal has recoveredWithin to be itself again. What a supervisor would start
// again, harm starts again.
type fault struct {
	name string
	harm func(s *stack, rng *rand.Rand)
	slow bool // it takes half a minute: only where there are many rounds
}

// faults are all kinds.
var faults = []fault{
	{name: "web is killed", harm: func(s *stack, rng *rand.Rand) { s.web.kill(); pause(rng, 300*time.Millisecond); s.startWeb() }},
	{name: "the worker is killed", harm: func(s *stack, rng *rand.Rand) { s.worker.kill(); pause(rng, 300*time.Millisecond); s.startWorker() }},
	{name: "web and worker are killed", harm: func(s *stack, _ *rand.Rand) { s.web.kill(); s.worker.kill(); s.startWorker(); s.startWeb() }},
	{name: "web is asked to stop", harm: func(s *stack, _ *rand.Rand) { must(s.t, s.web.stop(stopPatience)); s.startWeb() }},
	{name: "the worker is asked to stop", harm: func(s *stack, _ *rand.Rand) { must(s.t, s.worker.stop(stopPatience)); s.startWorker() }},
	{name: "web stands still", harm: func(s *stack, rng *rand.Rand) { standStill(s.web, rng) }},
	{name: "the worker stands still", harm: func(s *stack, rng *rand.Rand) { standStill(s.worker, rng) }},
	{name: "Redis is wiped", harm: func(s *stack, _ *rand.Rand) { must(s.t, s.queue.client().FlushAll(context.Background()).Err()) }},
	{name: "Redis is killed and keeps its data", harm: func(s *stack, rng *rand.Rand) { s.queue.kill(); pause(rng, 2*time.Second); s.queue.start() }},
	{name: "Redis is killed and loses all", harm: func(s *stack, rng *rand.Rand) {
		s.queue.kill()
		s.queue.forget()
		pause(rng, time.Second)
		s.queue.start()
	}},
	{name: "Redis answers after five seconds", harm: func(s *stack, _ *rand.Rand) {
		for range 2 { // whoever waits for it is told late twice
			must(s.t, s.queue.client().Do(context.Background(), "CLIENT", "PAUSE", 5000, "ALL").Err())
			time.Sleep(5 * time.Second)
		}
	}},
	{name: "PostgreSQL restarts", harm: func(s *stack, rng *rand.Rand) { endPostgres(s, rng, syscall.SIGINT) }},
	{name: "PostgreSQL ends immediately", harm: func(s *stack, rng *rand.Rand) { endPostgres(s, rng, syscall.SIGQUIT) }},
	{name: "PostgreSQL is killed", harm: func(s *stack, rng *rand.Rand) { endPostgres(s, rng, syscall.SIGKILL) }},
	{name: "a process of PostgreSQL is killed", harm: func(s *stack, rng *rand.Rand) {
		others := s.postgres.pids()[1:]
		_ = syscall.Kill(others[rng.IntN(len(others))], syscall.SIGKILL) // the others all start anew
	}},
	{name: "PostgreSQL stands still", harm: func(s *stack, rng *rand.Rand) {
		thaw := s.postgres.freeze()
		pause(rng, 3*time.Second)
		thaw()
	}},
	{name: "connections to PostgreSQL are cut", harm: func(s *stack, rng *rand.Rand) {
		for range 1 + rng.IntN(8) {
			_, err := s.db.ExecContext(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			must(s.t, err)
			pause(rng, 100*time.Millisecond)
		}
	}},
	{name: "hundreds send a byte a second", harm: sendSlowly, slow: true},
}

func pause(rng *rand.Rand, most time.Duration) { time.Sleep(time.Duration(rng.Int64N(int64(most)))) }

func standStill(p *process, rng *rand.Rand) {
	p.signal(syscall.SIGSTOP)
	pause(rng, 4*time.Second)
	p.signal(syscall.SIGCONT)
}

func endPostgres(s *stack, rng *rand.Rand, how syscall.Signal) {
	s.postgres.end(how)
	pause(rng, time.Second)
	s.postgres.start()
}

// Slow senders: how many, and when the portal must have cut them off.
const (
	slowSenders = 300
	slowCut     = 32 * time.Second
)

// sendSlowly opens hundreds of connections that send a byte a second, some from
// the first byte and some in the body of a referral. All must be cut off in
// time, and nobody else may notice.
func sendSlowly(s *stack, _ *rand.Rand) {
	s.t.Helper()
	var senders sync.WaitGroup
	late := make(chan string, slowSenders)
	for i := range slowSenders {
		senders.Go(func() {
			what, head := "a head", ""
			if i%2 == 0 {
				what, head = "a body", "POST /refer HTTP/1.1\r\nHost: portal\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
			}
			if took := sendByteByByte(strings.TrimPrefix(s.base, "http://"), head); took > slowCut {
				late <- fmt.Sprintf("%s was read for %s", what, took)
			}
		})
	}
	// Meanwhile somebody else is served as ever.
	for range 20 {
		time.Sleep(time.Second)
		began := time.Now()
		answer, err := stormClient.Get(s.base + "/refer") //nolint:noctx // it has a limit of its own
		if err != nil {
			s.t.Errorf("while others send slowly: %v", err)
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		must(s.t, answer.Body.Close())
		if took := time.Since(began); answer.StatusCode != http.StatusOK || took > 2*time.Second {
			s.t.Errorf("while others send slowly the form comes with %s after %s", answer.Status, took)
		}
	}
	senders.Wait()
	close(late)
	for what := range late {
		s.t.Error(what)
	}
}

// sendByteByByte sends what is given at once and then a byte a second, and
// returns how long the server let it.
func sendByteByByte(addr, head string) time.Duration {
	began := time.Now()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).Dial("tcp", addr)
	if err != nil {
		return 0
	}
	defer conn.Close() //nolint:errcheck // it is cut
	if _, err := io.WriteString(conn, head); err != nil {
		return time.Since(began)
	}
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		// An answer, such as 408, or the end: either way it is not read on.
		_, _ = bufio.NewReader(conn).ReadByte()
	}()
	for time.Since(began) < slowCut+5*time.Second {
		if _, err := conn.Write([]byte("x")); err != nil {
			break
		}
		select {
		case <-cut:
			return time.Since(began)
		case <-time.After(time.Second):
		}
	}
	return time.Since(began)
}

// How a client may fail in the middle of a request.
const (
	wholeRequest  = iota
	halfABody     // it sends half of what it announced, and goes
	resetAtAnswer // it sends all, and resets the connection instead of reading
)

// sendBadly sends a submission and fails in the middle. Whether it was taken
// the client does not know.
func (s *stack) sendBadly(how int, path, kind, body string) {
	conn, err := (&net.Dialer{Timeout: time.Second}).Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		return
	}
	defer conn.Close() //nolint:errcheck // it is meant to end badly
	length := len(body)
	if how == halfABody {
		body = body[:length/2]
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: portal\r\nContent-Type: %s\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n%s", path, kind, length, body)
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok && how == resetAtAnswer {
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = conn.Read(make([]byte, 1)) // in the middle of the answer
		_ = tcp.SetLinger(0)              // Close now sends a reset
	}
}

// openFiles counts what web and worker hold: files, with connections.
func (s *stack) openFiles() (n int) {
	for _, p := range []*process{s.web, s.worker} {
		files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.pid()))
		must(s.t, err)
		n += len(files)
	}
	return n
}

// metric is the value of one of web's metrics that has no labels.
func (s *stack) metric(name string) float64 {
	s.t.Helper()
	answer, err := http.Get("http://" + s.admin + "/metrics") //nolint:noctx // a loopback address
	must(s.t, err)
	defer answer.Body.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			n, err := strconv.ParseFloat(value, 64)
			must(s.t, err)
			return n
		}
	}
	s.t.Fatalf("web has no metric %s (%v)", name, lines.Err())
	return 0
}
