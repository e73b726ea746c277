package main

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"

	"intake/internal/testenv"
)

// asPortal makes the test binary be the portal, for tests that need a process.
const asPortal = "PORTAL_TEST_AS_PORTAL"

func TestMain(m *testing.M) {
	if os.Getenv(asPortal) != "" {
		main()
	}
	// What is set outside must not decide what a test sees.
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "PORTAL_") || strings.HasPrefix(name, "DATABASE_") || name == "REDIS_URL" {
			_ = os.Unsetenv(name)
		}
	}
	testenv.Main(m)
}

// result is what a command left behind.
type result struct {
	t        *testing.T
	args     []string
	code     int
	out, err string
}

// portal runs a command with nothing on standard input.
func portal(t *testing.T, args ...string) result {
	t.Helper()
	return portalTyped(t, "", args...)
}

func portalTyped(t *testing.T, typed string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(typed), &out, &errOut)
	return result{t, args, code, out.String(), errOut.String()}
}

// wants checks the exit code and that everything said is somewhere in what was
// printed.
func (r result) wants(code int, says ...string) result {
	r.t.Helper()
	if r.code != code {
		r.t.Errorf("portal %s: exit code %d, want %d\n%s%s", strings.Join(r.args, " "), r.code, code, r.out, r.err)
	}
	for _, words := range says {
		if !strings.Contains(r.out+r.err, words) {
			r.t.Errorf("portal %s does not say %q:\n%s%s", strings.Join(r.args, " "), words, r.out, r.err)
		}
	}
	return r
}

// printed is a terminal that a running command writes to while a test reads.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHelpOfEveryCommand(t *testing.T) {
	t.Parallel()
	portal(t, "--help").wants(0, "dev", "web", "worker", "migrate", "user", "seed", "check")
	parser, err := kong.New(&commands{})
	must(t, err)
	leaves := parser.Model.Leaves(false)
	if len(leaves) < 15 {
		t.Fatalf("only %d commands were found", len(leaves))
	}
	for _, command := range leaves {
		var path []string
		for node := command; node.Type == kong.CommandNode; node = node.Parent {
			path = append([]string{node.Name}, path...)
		}
		got := portal(t, append(path, "--help")...).wants(0, "Usage: portal "+strings.Join(path, " "))
		if command.Help == "" || !strings.HasSuffix(command.Help, ".") {
			t.Errorf("%v is explained as %q, which is no sentence", path, command.Help)
		}
		if got.err != "" {
			t.Errorf("help for %v is printed as an error: %s", path, got.err)
		}
		for _, flag := range command.AllFlags(true) {
			for _, f := range flag {
				if f.Help == "" {
					t.Errorf("%v --%s is not explained", path, f.Name)
				}
			}
		}
	}
}

func TestWhatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"frobnicate"}, {"web", "--nope"}, {"web", "extra"}, {"user"}, {"user", "add"},
		{"user", "add", "a@example.org"}, {"user", "add", "a@example.org", "--role", "king"},
		{"partner", "add", "Trust"}, {"partner", "add", "Trust", "--right", "everything"},
		{"wave", "open"}, {"wave", "open", "2026", "--until", "tomorrow"}, {"keyset", "rotate"}, {"seed", "--responses", "many"},
	} {
		got := portal(t, args...).wants(2, "portal: ", "Run `portal --help`")
		if strings.Count(got.err, "\n") != 1 || got.out != "" {
			t.Errorf("portal %v prints more than one sentence:\n%s%s", args, got.out, got.err)
		}
	}
}

func TestInterruptedCommandsDoNotSayDone(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"migrate"}, {"user", "list"}} {
		var out, errOut bytes.Buffer
		code := run(ctx, append(slices.Clone(args), "--database-url", db.DSN), strings.NewReader(""), &out, &errOut)
		if code != 130 || out.Len() > 0 || !strings.Contains(errOut.String(), "stopped before it was done") {
			t.Errorf("%v: exit code %d and %q %q", args, code, &out, &errOut)
		}
	}
}
