package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
)

// The sizes of `make bench`; the flags make a quicker run for a look.
var (
	benchRounds  = flag.Int("bench.rounds", 5, "how often the two sides of each ratio take turns")
	benchSeconds = flag.Int("bench.seconds", 10, "how long a turn takes, in seconds")
)

// side is one of those that take turns.
type side struct {
	name string
	run  func() load
	runs []load
}

// load is what one turn gave.
type load struct {
	perSecond float64       // of what is in the tables afterwards, or was answered
	p50, p99  time.Duration // of one request or transaction
	processor time.Duration // for each, of portal web, PostgreSQL and all others on this machine
	web       time.Duration // of that, portal web
	worker    time.Duration // and portal worker
}

// takeTurns runs the sides in turn, and prints the medians of each.
func (st *stack) takeTurns(what string, sides ...*side) {
	clocks := []func() time.Duration{machineBusy, st.web.busy, st.worker.busy}
	for range *benchRounds {
		for _, s := range sides {
			var before []time.Duration
			for _, clock := range clocks {
				before = append(before, clock())
			}
			began := time.Now()
			l := s.run()
			for i, to := range []*time.Duration{&l.processor, &l.web, &l.worker} {
				*to = time.Duration(float64(clocks[i]()-before[i]) / (l.perSecond * time.Since(began).Seconds()))
			}
			s.runs = append(s.runs, l)
		}
	}
	fmt.Printf("\n%s\n%-34s %9s %19s %9s %9s %9s %9s %9s\n", what, "", "a second", "least to most", "median", "p99", "CPU each", "web", "worker")
	for _, s := range sides {
		rates := s.sorted(func(l load) float64 { return l.perSecond })
		in := func(of func(load) time.Duration) time.Duration {
			return time.Duration(s.median(func(l load) float64 { return float64(of(l)) })).Round(time.Microsecond)
		}
		fmt.Printf("%-34s %9.0f %9.0f %9.0f %9s %9s %9s %9s %9s\n", s.name, s.median(perSecond), rates[0], rates[len(rates)-1],
			in(func(l load) time.Duration { return l.p50 }), in(func(l load) time.Duration { return l.p99 }),
			in(func(l load) time.Duration { return l.processor }), in(func(l load) time.Duration { return l.web }), in(func(l load) time.Duration { return l.worker }))
	}
}

func (s *side) sorted(of func(load) float64) []float64 {
	var out []float64
	for _, l := range s.runs {
		out = append(out, of(l))
	}
	slices.Sort(out)
	return out
}

func (s *side) median(of func(load) float64) float64 {
	sorted := s.sorted(of)
	return sorted[len(sorted)/2]
}

// ratio is the median of the ratios of the turns.
func (s *side) ratio(other *side, of func(load) float64) float64 {
	var out []float64
	for i := range s.runs {
		out = append(out, of(s.runs[i])/of(other.runs[i]))
	}
	slices.Sort(out)
	return out[len(out)/2]
}

func perSecond(l load) float64 { return l.perSecond }

func p99(l load) float64 { return float64(l.p99) }

func p50(l load) float64 { return float64(l.p50) }

// BenchmarkIngest times durable responses through HTTP beside single inserts of
// the same body by pgbench, on a database that waits for the disk.
func BenchmarkIngest(b *testing.B) {
	s := newDurableStack(b)
	s.run("", "wave", "open", "2026-11")
	body := fullResponse(b)
	_, err := s.db.ExecContext(b.Context(), `CREATE TABLE bench_inbox (LIKE inbox INCLUDING ALL)`)
	must(b, err)
	answers := s.storedAnswers(b, body)
	fmt.Printf("a response of %d bytes as it is posted, %d as it is stored\n", len(body), len(answers))

	for _, connections := range []int{64, 1} {
		single := &side{name: "pgbench, one row a statement", run: func() load { return s.pgbench(b, connections, answers) }}
		portal := &side{name: "the portal, over HTTP", run: func() load { return s.postAway(b, connections, body) }}
		s.takeTurns(fmt.Sprintf("Responses, %d connections", connections), single, portal)
		fmt.Printf("the portal to pgbench: rate %.2f, median %.2f, p99 %.2f\n", portal.ratio(single, perSecond), portal.ratio(single, p50), portal.ratio(single, p99))
	}
	b.ReportMetric(0, "ns/op") // the time of the whole says nothing
}

// newDurableStack is newStack on a database that waits for the disk at every
// commit, as an operator's does.
func newDurableStack(b *testing.B, settings ...string) *stack {
	b.Helper()
	durable = true
	s := newStack(b, settings...)
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		if s.texts(`SELECT current_setting($1)`, setting)[0] != "on" {
			b.Fatalf("%s is not on: the run would say nothing", setting)
		}
	}
	return s
}

// fullResponse is a form post that answers every question that a home care
// worker can be asked, without its key.
func fullResponse(b *testing.B) string {
	b.Helper()
	form := benchSurvey()
	answers := forms.Answers{"care_role": {"paid_provider"}, "service": {"home_care"}, "years_in_care": {"1_2"}, "works_alone": {"always"},
		"abuse_at_work": {"monthly"}, "housing_effect": {"a_lot"}, "in_12_months": {"leaving"},
		"one_change": {"Pay us for the time between visits, please, and let two of us go where it is not safe."}}
	for more := true; more; {
		more = false
		for _, step := range form.Visible(answers) {
			for _, asked := range step.Asked {
				q := form.Question(asked.ID)
				if len(answers[asked.Name]) > 0 || len(q.Options) == 0 {
					continue
				}
				answers[asked.Name] = []string{q.Options[0].Code}
				if q.Kind.Several() {
					answers[asked.Name] = append(answers[asked.Name], q.Options[1].Code)
				}
				more = true
			}
		}
	}
	answers = form.Strip(answers)
	if faults := form.Validate(answers, "en", time.Now()); len(faults) > 0 || len(answers) < 40 {
		b.Fatalf("%d answers, %v", len(answers), faults)
	}
	return url.Values(answers).Encode() + "&wave=2026-11&version=1&collector=&invitation=&lang=en&action=send"
}

// storedAnswers posts the response once and reads how it is stored.
func (s *stack) storedAnswers(b *testing.B, body string) string {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.base+"/survey/care-worker-survey",
		strings.NewReader(body+"&submission_key="+uuid.NewString()))
	must(b, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	must(b, err)
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(answer.Body)
		b.Fatalf("the response is answered %s: %s", answer.Status, said)
	}
	return s.texts(`SELECT answers::text FROM inbox`)[0]
}

// pgbench inserts the answers into a table like the inbox, a row a statement.
func (s *stack) pgbench(b *testing.B, connections int, answers string) load {
	b.Helper()
	dir := b.TempDir()
	script := filepath.Join(dir, "insert.sql")
	must(b, os.WriteFile(script, []byte("INSERT INTO bench_inbox (submission_key, wave_id, form_version, answers) VALUES (gen_random_uuid(), 1, 1, :answers);\n"), 0o600))
	dsn := parseDSN(s.dsn)
	_, err := s.db.ExecContext(b.Context(), `TRUNCATE bench_inbox`)
	must(b, err)
	s.checkpoint(b)
	threads := min(2, connections)
	cmd := exec.CommandContext(b.Context(), "pgbench", "-n", "-M", "prepared", "-j", strconv.Itoa(threads), "-c", strconv.Itoa(connections), //nolint:gosec // a bench of our own
		"-T", strconv.Itoa(*benchSeconds), "-f", script, "-D", "answers="+answers, "-l", "--log-prefix", filepath.Join(dir, "log"),
		"-h", dsn["host"], "-p", dsn["port"], "-U", dsn["user"], dsn["dbname"])
	cmd.Env = append(os.Environ(), "PGPASSWORD="+dsn["password"])
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("pgbench: %v\n%s", err, out)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "log*"))
	must(b, err)
	var took []time.Duration
	for _, log := range logs {
		raw, err := os.ReadFile(log)
		must(b, err)
		for line := range bytes.Lines(raw) {
			fields := bytes.Fields(line) // client, transaction, microseconds, ...
			if len(fields) < 3 {
				continue
			}
			micros, err := strconv.Atoi(string(fields[2]))
			must(b, err)
			took = append(took, time.Duration(micros)*time.Microsecond)
		}
	}
	rate := float64(s.count(`SELECT count(*) FROM bench_inbox`)) / float64(*benchSeconds)
	return load{perSecond: rate, p50: quantile(took, 50), p99: quantile(took, 99)}
}

// postAway posts the response over so many connections, each with a new key,
// and counts what is in the tables afterwards.
func (s *stack) postAway(b *testing.B, connections int, body string) load {
	b.Helper()
	s.checkpoint(b)
	script := fmt.Sprintf(`
local hex = "0123456789abcdef"
local thread = 0
function setup(t) thread = thread + 1; t:set("id", thread) end
function init() math.randomseed(%d + id) end
local function key()
  local out = {}
  for i = 1, 32 do local n = math.random(16); out[i] = hex:sub(n, n) end
  local s = table.concat(out)
  return s:sub(1, 8) .. "-" .. s:sub(9, 12) .. "-4" .. s:sub(14, 16) .. "-a" .. s:sub(18, 20) .. "-" .. s:sub(21, 32)
end
local headers = {["Content-Type"] = "application/x-www-form-urlencoded", ["Accept"] = "application/json"}
local body = %q
function request() return wrk.format("POST", "/survey/care-worker-survey", headers, body .. key()) end
`, time.Now().UnixNano()%1_000_000_000, body+"&submission_key=")
	before := s.stored()
	l, answered := s.wrk(b, connections, script, http.StatusCreated)
	if stored := s.stored() - before; stored < answered || stored > answered+connections {
		b.Fatalf("%d were acknowledged and %d are stored", answered, stored)
	}
	return l
}

// stored counts the responses that are in the ledger.
func (s *stack) stored() int {
	return s.count(`SELECT (SELECT count(*) FROM inbox) + (SELECT coalesce(sum(released), 0) FROM waves)`)
}

var (
	wrkRate    = regexp.MustCompile(`(?m)^done (\d+) (\d+) (\d+) (\d+) (\d+)$`)
	wrkAnswers = regexp.MustCompile(`(?m)^answers of another status: (\d+)$`)
)

// wrk runs the script and expects the status of every answer.
func (s *stack) wrk(b *testing.B, connections int, script string, status int) (l load, answered int) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "wrk.lua")
	script += fmt.Sprintf(`
local threads = {}
local setUp = setup
function setup(t) if setUp then setUp(t) end; table.insert(threads, t) end
others = 0
function response(status) if status ~= %d then others = others + 1 end end
function done(summary, latency)
  local others = 0
  for _, t in ipairs(threads) do others = others + t:get("others") end
  local e = summary.errors
  io.write(string.format("done %%d %%d %%d %%d %%d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout))
  io.write(string.format("answers of another status: %%d\n", others))
end
`, status)
	must(b, os.WriteFile(file, []byte(script), 0o600))
	threads := min(2, connections)
	out, err := exec.CommandContext(b.Context(), "wrk", "-t", strconv.Itoa(threads), "-c", strconv.Itoa(connections), //nolint:gosec // a bench of our own
		"-d", strconv.Itoa(*benchSeconds)+"s", "-s", file, s.base).CombinedOutput()
	if err != nil {
		b.Fatalf("wrk: %v\n%s", err, out)
	}
	found, others := wrkRate.FindSubmatch(out), wrkAnswers.FindSubmatch(out)
	if found == nil || others == nil {
		b.Fatalf("wrk says\n%s", out)
	}
	var n [5]int
	for i := range n {
		n[i], err = strconv.Atoi(string(found[i+1]))
		must(b, err)
	}
	if string(others[1]) != "0" || n[4] != 0 {
		b.Fatalf("not every request was answered with %d:\n%s", status, out)
	}
	micros := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
	return load{perSecond: float64(n[0]) / micros(n[1]).Seconds(), p50: micros(n[2]), p99: micros(n[3])}, n[0]
}

// checkpoint has the server begin each turn with the same left to do.
func (s *stack) checkpoint(b *testing.B) {
	b.Helper()
	p, err := sharedPostgres()
	must(b, err)
	_, err = p.admin.ExecContext(context.WithoutCancel(b.Context()), `CHECKPOINT`)
	must(b, err)
}

// parseDSN reads the address of a database in words.
func parseDSN(dsn string) map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(\w+)=('[^']*'|\S+)`).FindAllStringSubmatch(dsn, -1) {
		out[m[1]] = strings.Trim(m[2], "'")
	}
	return out
}

// busy is the processor time that the process has used.
func (p *process) busy() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid()))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * (time.Second / 100)
}

// machineBusy is the processor time that everything on this machine has used.
func machineBusy() time.Duration {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(strings.SplitN(string(raw), "\n", 2)[0])
	busy := 0
	for i, field := range fields[1:] {
		n, err := strconv.Atoi(field)
		if err == nil && i != 3 && i != 4 && i < 8 { // neither idle nor waiting for the disk
			busy += n
		}
	}
	return time.Duration(busy) * (time.Second / 100)
}
