package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"intake/handlers"
	"intake/internal/testenv"
	"intake/worker"
)

// pair is a web and a worker process, each with an admin address of its own.
type pair struct {
	db              *testenv.DB
	redis           string
	services        []string // what both are told
	base            string
	web, worker     *running
	ofWeb, ofWorker string // where each serves its metrics
}

func startPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{db: testenv.Open(t), redis: testenv.Redis(t), ofWeb: freeAddr(t), ofWorker: freeAddr(t)}
	addr := freeAddr(t)
	p.base = "http://" + addr
	p.services = []string{"--database-url", p.db.DSN, "--redis-url", p.redis, "--keyset", sound(t).Keyset,
		"--base-url", p.base, "--smtp-url", testenv.Mail(t).URL()}
	p.web = start(t, append([]string{"web", "--addr", addr, "--admin-addr", p.ofWeb}, p.services...)...)
	p.web.says("web serves")
	p.worker = start(t, append([]string{"worker", "--admin-addr", p.ofWorker}, p.services...)...)
	p.worker.says("worker works")
	return p
}

func (p *pair) stop() {
	p.web.stops(0)
	p.worker.stops(0)
}

// exported are the names of the portal's metrics that an address serves.
func exported(t *testing.T, addr string) map[string]bool {
	t.Helper()
	status, text := get(t, "http://"+addr+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("the metrics answer %d", status)
	}
	names := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^# HELP (portal_\w+) (.*)$`).FindAllStringSubmatch(text, -1) {
		names[line[1]] = true
		if !strings.HasSuffix(line[2], ".") {
			t.Errorf("%s is explained as %q, which is no sentence", line[1], line[2])
		}
	}
	return names
}

var metricName = regexp.MustCompile(`\bportal_\w+`)

// family is the metric that a name in an expression belongs to.
func family(name string) string {
	for _, part := range []string{"_bucket", "_count", "_sum"} {
		name = strings.TrimSuffix(name, part)
	}
	return name
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + file)
	must(t, err)
	return text
}

// The rules, the dashboard and the documentation name exactly the metrics that
// there are.
func TestWhatIsWatchedIsThere(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	get(t, p.base+"/healthz") // requests are told of from the first one on
	names := exported(t, p.ofWeb)
	maps.Copy(names, exported(t, p.ofWorker))
	p.stop()
	if len(names) < 20 {
		t.Fatalf("only %v are exported", slices.Sorted(maps.Keys(names)))
	}

	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	must(t, yaml.Unmarshal(read(t, "operations/alerts.yaml"), &rules))
	var expressions []string
	alerts := map[string]bool{}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
			if rule.Alert == "" || alerts[rule.Alert] || metricName.FindString(rule.Expr) == "" {
				t.Errorf("group %s has the rule %+v", group.Name, rule)
			}
			alerts[rule.Alert] = true
			if severity := rule.Labels["severity"]; severity != "page" && severity != "ticket" {
				t.Errorf("%s has the severity %q", rule.Alert, severity)
			}
			if _, err := time.ParseDuration(rule.For); err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			for _, kind := range []string{"summary", "description"} {
				if !strings.HasSuffix(rule.Annotations[kind], ".") {
					t.Errorf("the %s of %s is %q, which is no sentence", kind, rule.Alert, rule.Annotations[kind])
				}
			}
		}
	}
	if len(alerts) < 8 {
		t.Errorf("there are only %d alerts", len(alerts))
	}

	var dashboard struct {
		Panels []struct {
			ID          int
			Title       string
			Description string
			Targets     []struct{ Expr string }
		}
	}
	must(t, json.Unmarshal(read(t, "operations/dashboard.json"), &dashboard))
	shown := map[string]bool{}
	for _, panel := range dashboard.Panels {
		if panel.Title == "" || panel.Description == "" || len(panel.Targets) == 0 {
			t.Errorf("the dashboard has the panel %+v", panel)
		}
		for _, target := range panel.Targets {
			expressions = append(expressions, target.Expr)
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				shown[family(name)] = true
			}
		}
	}
	for _, expression := range expressions {
		for _, name := range metricName.FindAllString(expression, -1) {
			if !names[name] && !names[family(name)] {
				t.Errorf("%s is in %q, and no process exports it", name, expression)
			}
		}
		if strings.Count(expression, "(") != strings.Count(expression, ")") || strings.Count(expression, "{") != strings.Count(expression, "}") {
			t.Errorf("%q is not closed", expression)
		}
	}
	documented := map[string]bool{}
	for _, name := range metricName.FindAllString(string(read(t, "operations.md")), -1) {
		documented[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !shown[name] {
			t.Errorf("%s is not on the dashboard", name)
		}
		if !documented[name] {
			t.Errorf("%s is not in docs/operations.md", name)
		}
	}
	for name := range documented {
		if !names[name] {
			t.Errorf("docs/operations.md names %s, which no process exports", name)
		}
	}
}

func TestAWorkerSaysHowItIs(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": `{"postgres":"ok","redis":"ok","schema":"ok"}`} {
		for _, addr := range []string{p.ofWeb, p.ofWorker} {
			if status, body := get(t, "http://"+addr+path); status != http.StatusOK || body != want {
				t.Errorf("%s%s answers %d %s", addr, path, status, body)
			}
		}
	}
	portal(t, "health", "--addr", p.ofWorker).wants(0)
	if status, _ := get(t, "http://"+p.ofWorker+"/manage"); status != http.StatusNotFound {
		t.Errorf("a worker's admin address answers %d for pages", status)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, text := get(t, "http://"+p.ofWorker+"/metrics"); strings.Contains(text, "\nportal_sweep_leader 1\n") &&
			strings.Contains(text, "\nportal_redis_up 1\n") && strings.Contains(text, "\nportal_postgres_up 1\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the worker does not say that it sweeps")
		}
	}
	p.stop()
	portal(t, "health", "--addr", p.ofWorker).wants(1)
}

// One environment may serve both processes of a machine: the address goes to
// whoever has it first, and after its end to the other.
func TestAnAdminAddressThatIsTakenKeepsNobodyFromWork(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	second := start(t, append([]string{"worker", "--admin-addr", p.ofWeb}, p.services...)...)
	second.says("metrics are not served yet.*Give each its own PORTAL_ADMIN_ADDR")
	second.says("worker works")
	p.web.stops(0)
	second.says("metrics are served.*addr=" + regexp.QuoteMeta(p.ofWeb))
	if status, _ := get(t, "http://"+p.ofWeb+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz answers %d", status)
	}
	second.stops(0)
	p.worker.stops(0)
	for _, wrong := range []string{"nowhere", "127.0.0.1:x"} {
		portal(t, append([]string{"worker", "--admin-addr", wrong}, p.services...)...).wants(1, "cannot listen on "+wrong, "PORTAL_ADMIN_ADDR")
	}
}

func TestAnAdministratorLooksIntoTheQueues(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	const password = "correct horse battery"
	portalTyped(t, password+"\n", "user", "add", "admin@example.org", "--role", "admin", "--database-url", p.db.DSN).wants(0)
	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := &http.Client{Jar: jar}
	signedIn, err := browser.PostForm(p.base+"/manage/sign-in", url.Values{"email": {"admin@example.org"}, "password": {password}}) //nolint:noctx // the test's own server
	must(t, err)
	must(t, signedIn.Body.Close())
	look := func(path string) (int, http.Header, string) {
		t.Helper()
		answer, err := browser.Get(p.base + handlers.MonitorPath + path) //nolint:noctx // the test's own server
		must(t, err)
		defer answer.Body.Close() //nolint:errcheck // read whole
		body, err := io.ReadAll(answer.Body)
		must(t, err)
		return answer.StatusCode, answer.Header, string(body)
	}
	status, header, html := look("")
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(html, `<div id="root">`) {
		t.Errorf("the monitor answers %d %s", status, html)
	}
	// Each script that the page names is there.
	scripts := regexp.MustCompile(`<script src="`+handlers.MonitorPath+`([^"]+)"`).FindAllStringSubmatch(html, -1)
	if len(scripts) == 0 {
		t.Errorf("the page names no script: %s", html)
	}
	for _, script := range scripts {
		if status, header, _ := look(script[1]); status != http.StatusOK || !strings.Contains(header.Get("Content-Type"), "javascript") {
			t.Errorf("%s answers %d, %s", script[1], status, header.Get("Content-Type"))
		}
	}
	// So is each script inside it, or browsers would not run it.
	policy := header.Get("Content-Security-Policy")
	inside := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(html, -1)
	for _, script := range inside {
		hash := sha256.Sum256([]byte(script[1]))
		if known := "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"; !strings.Contains(policy, known) {
			t.Errorf("the policy lacks %s: %s", known, policy)
		}
	}
	if strings.Count(policy, "'sha256-") != len(inside) {
		t.Errorf("%d scripts are in the page, and the policy is %s", len(inside), policy)
	}
	// A queue is known from its first task on.
	client, err := worker.DialRedis(p.redis)
	must(t, err)
	queue := worker.NewQueue(client, slog.New(slog.DiscardHandler))
	queue.ReferralReceived(uuid.New())
	queue.ResponseReceived(1)
	queue.Close()
	must(t, client.Close())
	var queues struct{ Queues []struct{ Queue string } }
	status, _, body := look("/api/queues")
	must(t, json.Unmarshal([]byte(body), &queues))
	if status != http.StatusOK || len(queues.Queues) != 2 {
		t.Errorf("the queues: %d %s", status, body)
	}
	p.stop()
}
