package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"intake/internal/embedded"
	"intake/internal/testenv"
)

// stack is the portal as operators run it: `portal web` and `portal worker` as
// processes of their own, on a database, a Redis and a mail server of the
// test's own, set up by the portal's commands.
type stack struct {
	t     testing.TB
	base  string
	admin string // where /metrics is
	dsn   string
	db    *sql.DB
	env   []string
	mail  *embedded.Mail
	queue *redisServer
	// postgres is set where the server is the test's own.
	postgres *ownPostgres
	web      *process
	worker   *process
	log      *output // of both processes
}

// newStack sets the portal up and starts it, without a wave or managers.
// settings are added to its environment.
func newStack(t testing.TB, settings ...string) *stack {
	t.Helper()
	return newStackOn(t, newDatabase(t), settings...)
}

// newStackOn is newStack on a database that is there already.
func newStackOn(t testing.TB, dsn string, settings ...string) *stack {
	t.Helper()
	s := prepareStack(t, dsn, settings...)
	s.startWeb()
	s.startWorker()
	return s
}

// prepareStack is newStackOn without starting web and worker.
func prepareStack(t testing.TB, dsn string, settings ...string) *stack {
	t.Helper()
	s := &stack{t: t, admin: freeAddr(t), dsn: dsn, mail: testenv.Mail(t), queue: startRedis(t), log: &output{}}
	var err error
	s.db, err = sql.Open("postgres", s.dsn)
	must(t, err)
	t.Cleanup(func() { must(t, s.db.Close()) })
	addr := freeAddr(t)
	s.base = "http://" + addr
	s.env = append([]string{
		"DATABASE_URL=" + s.dsn, "REDIS_URL=" + s.queue.url(), "PORTAL_SMTP_URL=" + s.mail.URL(),
		"PORTAL_ADDR=" + addr, "PORTAL_ADMIN_ADDR=" + s.admin, "PORTAL_BASE_URL=" + s.base, "PORTAL_RATE_LIMIT=off",
	}, settings...)
	s.env = append(s.env, "PORTAL_KEYSET="+strings.TrimSpace(s.run("", "keyset", "new")))
	s.run("", "migrate")
	t.Cleanup(func() {
		for _, p := range []*process{s.web, s.worker} {
			if p == nil || !p.running() {
				continue
			}
			if err := p.stop(stopPatience); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			t.Logf("the portal's log ends:\n%s", tail(s.log.String()))
		}
	})
	return s
}

// run runs one of the portal's commands with that on its standard input, and
// gives what it prints.
func (s *stack) run(stdin string, args ...string) string {
	s.t.Helper()
	printed, faults, err := s.command(s.t.Context(), stdin, args...)
	if err != nil {
		s.t.Fatalf("portal %s: %v\n%s", strings.Join(args, " "), err, faults)
	}
	return printed
}

// fails runs a command that is to fail, and gives what it says then.
func (s *stack) fails(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	printed, faults, err := s.command(ctx, "", args...)
	if err == nil || ctx.Err() != nil {
		s.t.Fatalf("portal %s does not fail: %s%s", strings.Join(args, " "), printed, faults)
	}
	return faults
}

func (s *stack) command(ctx context.Context, stdin string, args ...string) (printed, faults string, err error) {
	cmd := exec.CommandContext(ctx, portalBinary(s.t), args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, s.env...)
	cmd.Stdin = strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	return string(out), said.String(), err
}

// wholeLog is the log once processes have written what they were gathering.
func (s *stack) wholeLog() string {
	time.Sleep(time.Second)
	return s.log.String()
}

func (s *stack) startWeb() {
	s.t.Helper()
	var err error
	s.web, err = startProcess("portal web", s.log, s.env, portalBinary(s.t), "web")
	must(s.t, err)
	eventually(s.t, 30*time.Second, "portal web serves", func() bool {
		if !s.web.running() {
			s.t.Fatalf("portal web ended: %v\n%s", s.web.err, tail(s.log.String()))
		}
		return listens(strings.TrimPrefix(s.base, "http://"))
	})
}

func (s *stack) startWorker() {
	s.t.Helper()
	var err error
	const ready = "worker works"
	before := strings.Count(s.log.String(), ready)
	s.worker, err = startProcess("portal worker", s.log, s.env, portalBinary(s.t), "worker")
	must(s.t, err)
	eventually(s.t, 30*time.Second, "portal worker works", func() bool {
		if !s.worker.running() {
			s.t.Fatalf("portal worker ended: %v\n%s", s.worker.err, tail(s.log.String()))
		}
		return strings.Count(s.log.String(), ready) > before
	})
}

func listens(addr string) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(context.Background(), "tcp", addr)
	return err == nil && conn.Close() == nil
}

// managerPassword is that of all managers whom tests add.
const managerPassword = "correct horse battery"

// addManager adds a manager by the portal's command.
func (s *stack) addManager(email, role string, teams ...string) signIn {
	s.t.Helper()
	args := []string{"user", "add", email, "--role", role, "--name", "Manager " + role}
	for _, team := range teams {
		args = append(args, "--team", team)
	}
	s.run(managerPassword+"\n", args...)
	return signIn{role, email, managerPassword}
}

// count asks the ledger for one number.
func (s *stack) count(query string, args ...any) (n int) {
	s.t.Helper()
	must(s.t, s.db.QueryRowContext(s.t.Context(), query, args...).Scan(&n))
	return n
}

// texts asks the ledger for one column of text.
func (s *stack) texts(query string, args ...any) (out []string) {
	s.t.Helper()
	rows, err := s.db.QueryContext(s.t.Context(), query, args...)
	must(s.t, err)
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var text string
		must(s.t, rows.Scan(&text))
		out = append(out, text)
	}
	must(s.t, rows.Err())
	return out
}

// healthy reports whether web answers and knows its services.
func (s *stack) healthy() bool {
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.base+"/readyz", nil)
	must(s.t, err)
	answer, err := http.DefaultClient.Do(request)
	return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// redisServer is a redis-server that a test may kill and start again at the
// same address.
type redisServer struct {
	*process
	t        testing.TB
	dir      string
	addr     string
	settings []string
}

// startRedis starts one with these settings besides its own.
func startRedis(t testing.TB, settings ...string) *redisServer {
	t.Helper()
	r := &redisServer{t: t, dir: t.TempDir(), addr: freeAddr(t), settings: settings}
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) url() string { return "redis://" + r.addr }

// start starts it on what its folder holds.
func (r *redisServer) start() {
	r.t.Helper()
	_, port, err := net.SplitHostPort(r.addr)
	must(r.t, err)
	r.process, err = startProcess("redis-server", &output{}, nil, "redis-server", append([]string{"--port", port, "--bind", "127.0.0.1",
		"--dir", r.dir, "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"}, r.settings...)...)
	must(r.t, err)
	eventually(r.t, 10*time.Second, "redis-server listens", func() bool {
		if !r.running() {
			r.t.Fatalf("redis-server ended: %v\n%s", r.err, r.out)
		}
		return listens(r.addr)
	})
}

// forget removes what a server that does not run has kept.
func (r *redisServer) forget() {
	r.t.Helper()
	kept, err := filepath.Glob(filepath.Join(r.dir, "*"))
	must(r.t, err)
	for _, path := range kept {
		must(r.t, os.RemoveAll(path))
	}
}

func (r *redisServer) client() *redis.Client {
	r.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: r.addr})
	r.t.Cleanup(func() { must(r.t, client.Close()) })
	return client
}

// apiBody is the body of the JSON API.
func apiBody(key string, answers map[string][]string) string {
	list := make([]string, 0, len(answers))
	for name, values := range answers {
		quoted := make([]string, len(values))
		for i, value := range values {
			quoted[i] = quote(value)
		}
		list = append(list, fmt.Sprintf("%s:[%s]", quote(name), strings.Join(quoted, ",")))
	}
	return fmt.Sprintf(`{"submission_key":%s,"answers":{%s}}`, quote(key), strings.Join(list, ","))
}

// formBody is the body of a form post.
func formBody(answers map[string][]string) string { return url.Values(answers).Encode() }
