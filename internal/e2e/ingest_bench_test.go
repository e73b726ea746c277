package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// BenchmarkIngest times durable responses through HTTP beside single inserts of
// the same body by pgbench, on a database that waits for the disk.
func BenchmarkIngest(b *testing.B) {
	s := newDurableStack(b)
	s.run("", "wave", "open", "2026-11")
	body := toWave(fullResponse(b), "2026-11")
	_, err := s.db.ExecContext(b.Context(), `CREATE TABLE bench_inbox (LIKE inbox INCLUDING ALL)`)
	must(b, err)
	answers := s.storedAnswers(b, body)
	tell("a response of %d bytes as it is posted, %d as it is stored\n", len(body), len(answers))

	for _, connections := range []int{64, 1} {
		single := &side{name: "pgbench, one row a statement", run: func() load { return s.pgbench(b, connections, answers) }}
		web := &side{name: "the portal, while the worker stands", run: func() load {
			s.worker.signal(syscall.SIGSTOP)
			defer s.worker.signal(syscall.SIGCONT)
			return s.postAway(b, connections, body)
		}, after: s.settle}
		both := &side{name: "the portal, released and counted too", run: func() load { return s.postAway(b, connections, body) }, after: s.settle}
		s.takeTurns(fmt.Sprintf("Responses, %d connections", connections), single, web, both)
		for _, portal := range []*side{web, both} {
			tell("%s, to pgbench: rate %.2f, median %.2f, p99 %.2f\n", portal.name,
				portal.ratio(single, perSecond), portal.ratio(single, p50), portal.ratio(single, p99))
		}
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
	return url.Values(answers).Encode() + "&version=1&collector=&invitation=&lang=en&action=send"
}

// toWave is a response to a wave, still without its key.
func toWave(body, wave string) string { return body + "&wave=" + wave }

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
	took = withThoseNotSent(took, time.Duration(float64(connections)/rate*float64(time.Second)))
	return load{perSecond: rate, p50: quantile(took, 50), p99: quantile(took, 99)}
}

// withThoseNotSent adds what the transactions would have taken that a client did
// not begin because the one before took longer than expected. wrk does so with
// what it counts, by the same rule.
func withThoseNotSent(took []time.Duration, expected time.Duration) []time.Duration {
	for _, t := range took {
		if t < 2*expected {
			continue
		}
		for t -= expected; t > expected; t -= expected {
			took = append(took, t)
		}
	}
	return took
}

// postAway posts the response over so many connections, each with a new key,
// and counts what is in the tables afterwards.
func (s *stack) postAway(b *testing.B, connections int, body string) load {
	b.Helper()
	s.checkpoint(b)
	before := s.stored()
	l, answered := s.wrk(b, connections, postScript(body))
	if stored := s.stored() - before; stored < answered || stored > answered+connections {
		b.Fatalf("%d were acknowledged and %d are stored", answered, stored)
	}
	return l
}

// postScript has wrk post the response, each time with a new key. The request is
// put together once, since the client works on the same processors.
func postScript(body string) string {
	return fmt.Sprintf(`
local thread = 0
function setup(t) thread = thread + 1; t:set("id", thread) end
local headers = {["Content-Type"] = "application/x-www-form-urlencoded", ["Accept"] = "application/json"}
local none = "00000000-0000-4000-a000-000000000000"
local before
function init()
  math.randomseed(%d + id)
  before = wrk.format("POST", "/survey/care-worker-survey", headers, %q .. none):sub(1, -1 - #none)
end
local random, format = math.random, string.format
function request()
  return before .. format("%%08x-%%04x-4%%03x-a%%03x-%%06x%%06x", random(0, 2^32 - 1), random(0, 2^16 - 1), random(0, 2^12 - 1), random(0, 2^12 - 1), random(0, 2^24 - 1), random(0, 2^24 - 1))
end
`, time.Now().UnixNano()%1_000_000_000, body+"&submission_key=")
}

// settle waits until the worker has nothing to do, so that one turn leaves no
// work to the next.
func (s *stack) settle() {
	s.t.Helper()
	const mostOfOneWave = `SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM inbox GROUP BY wave_id) w`
	eventually(s.t, 10*time.Minute, "all is released", func() bool { return s.count(mostOfOneWave) < store.MinRelease })
	const sweepAndMore = 4 * time.Second // what is not indexed yet the next sweep finds
	for before := s.worker.busy(); ; before = s.worker.busy() {
		time.Sleep(sweepAndMore)
		if s.worker.busy()-before < sweepAndMore/20 {
			return
		}
	}
}

// stored counts the responses that are in the ledger.
func (s *stack) stored() int {
	return s.count(`SELECT (SELECT count(*) FROM inbox) + (SELECT coalesce(sum(released), 0) FROM waves)`)
}
