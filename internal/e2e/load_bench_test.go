package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The sizes of `make bench`; the flags make a quicker run for a look.
var (
	benchRounds  = flag.Int("bench.rounds", 5, "how often the two sides of each ratio take turns")
	benchSeconds = flag.Int("bench.seconds", 10, "how long a turn takes, in seconds")
	benchWrite   = flag.String("bench.write", "", "the page whose figures are written anew, such as ../../docs/performance.md")
)

// told is what benches have found so far.
var told bytes.Buffer

// tell prints what a bench has found, and keeps it for the page of figures.
func tell(format string, values ...any) {
	fmt.Printf(format, values...)
	fmt.Fprintf(&told, format, values...)
}

// The figures stand between these lines of the page.
const figuresBegin, figuresEnd = "<!-- figures: written by make bench -->\n", "<!-- end of figures -->\n"

// writeFigures puts what benches have found into the page.
func writeFigures(path string) error {
	page, err := os.ReadFile(path) //nolint:gosec // the caller's own page
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), figuresBegin)
	_, after, foundEnd := strings.Cut(rest, figuresEnd)
	if !found || !foundEnd {
		return fmt.Errorf("%s has no place for figures", path)
	}
	figures := fmt.Sprintf("```text\n%s, %d processors\n%s```\n", time.Now().UTC().Format("2 January 2006"), runtime.NumCPU(), told.String())
	return os.WriteFile(path, []byte(before+figuresBegin+figures+figuresEnd+after), 0o644) //nolint:gosec // it is to be read by all
}

// side is one of those that take turns.
type side struct {
	name  string
	run   func() load
	after func() // once the turn has been measured; optional
	runs  []load
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
			l := s.run()
			for i, to := range []*time.Duration{&l.processor, &l.web, &l.worker} {
				*to = time.Duration(float64(clocks[i]()-before[i]) / (l.perSecond * float64(*benchSeconds)))
			}
			s.runs = append(s.runs, l)
			if s.after != nil {
				s.after()
			}
		}
	}
	tell("\n%s\n%-34s %9s %19s %9s %9s %9s %9s %9s\n", what, "", "a second", "least to most", "median", "p99", "CPU each", "web", "worker")
	for _, s := range sides {
		rates := s.sorted(func(l load) float64 { return l.perSecond })
		in := func(of func(load) time.Duration) time.Duration {
			return time.Duration(s.median(func(l load) float64 { return float64(of(l)) })).Round(time.Microsecond)
		}
		tell("%-34s %9.0f %9.0f %9.0f %9s %9s %9s %9s %9s\n", s.name, s.median(perSecond), rates[0], rates[len(rates)-1],
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

var wrkRate = regexp.MustCompile(`(?m)^done (\d+) (\d+) (\d+) (\d+) (\d+)$`)

// wrk runs the script and expects that no answer is an error. (Its script does
// not look at each answer, which would take the processors more time than some
// answers do.)
func (s *stack) wrk(b *testing.B, connections int, script string) (l load, answered int) {
	b.Helper()
	file := filepath.Join(b.TempDir(), "wrk.lua")
	script += `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("done %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout + e.status))
end
`
	must(b, os.WriteFile(file, []byte(script), 0o600))
	threads := min(2, connections)
	out, err := exec.CommandContext(b.Context(), "wrk", "-t", strconv.Itoa(threads), "-c", strconv.Itoa(connections), //nolint:gosec // a bench of our own
		"-d", strconv.Itoa(*benchSeconds)+"s", "-s", file, s.base).CombinedOutput()
	if err != nil {
		b.Fatalf("wrk: %v\n%s", err, out)
	}
	found := wrkRate.FindSubmatch(out)
	if found == nil {
		b.Fatalf("wrk says\n%s", out)
	}
	var n [5]int
	for i := range n {
		n[i], err = strconv.Atoi(string(found[i+1]))
		must(b, err)
	}
	if n[4] != 0 {
		b.Fatalf("not every request was answered well:\n%s", out)
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
