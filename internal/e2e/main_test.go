package e2e

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/lib/pq" // tests look at the ledger from outside

	"intake/internal/embedded"
)

var (
	rounds = flag.Int("rounds", 5, "rounds of the fault test")
	seed   = flag.Uint64("seed", 0, "seed of the fault test's first round; 0 is a new one")
	shots  = flag.String("screenshots", "", "folder for pictures of the pages that axe looks at; none if not set")
)

// full asks for every screen of every form, and for a portal that is built
// with the race detector.
var full = os.Getenv("PORTAL_E2E") == "full"

// shared is what all tests of the binary use. Each part starts when a test
// first needs it and ends with the binary.
var shared struct {
	dir     string
	closers []func() error // run in reverse
	mu      sync.Mutex
}

// atOnce is how many tests run together, unless -parallel says so: more than
// there are processors, since most of them wait for a browser.
const atOnce = "4"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err) // every test binary has that flag
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	// PostgreSQL runs as another user when we are root, and has to get in.
	base := os.TempDir()
	if os.Geteuid() == 0 {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "portal-e2e-")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: make a folder for the tests:", err)
		return 1
	}
	shared.dir = dir
	defer func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		var faults []error
		for i := len(shared.closers) - 1; i >= 0; i-- {
			faults = append(faults, shared.closers[i]())
		}
		if err := errors.Join(append(faults, os.RemoveAll(dir))...); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			code = 1
		}
	}()
	code = m.Run()
	if *benchWrite != "" && code == 0 {
		if err := writeFigures(*benchWrite); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: write the figures:", err)
			code = 1
		}
	}
	return code
}

// atEnd has something closed when the binary ends.
func atEnd(closer func() error) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.closers = append(shared.closers, closer)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// binary is the portal as it ships, built once.
var binary = sync.OnceValues(func() (string, error) {
	program := filepath.Join(shared.dir, "portal")
	args := []string{"build", "-o", program}
	if full {
		args = append(args, "-race")
	}
	build := exec.CommandContext(context.Background(), "go", append(args, "intake/cmd/portal")...)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the portal: %w\n%s", err, out)
	}
	return program, lookAtSources()
})

// lookAtSources lets go test know that these tests depend on what the portal is
// built of, so that it runs them again when that has changed: it remembers which
// files of the module a test looked at.
func lookAtSources() error {
	for _, folder := range []string{"cmd", "forms", "handlers", "internal", "migrations", "worker"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, entry os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "node_modules" || entry.Name() == "testdata":
				return filepath.SkipDir
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil {
			return fmt.Errorf("look at the portal's sources: %w", err)
		}
	}
	return nil
}

func portalBinary(t testing.TB) string {
	t.Helper()
	program, err := binary()
	must(t, err)
	return program
}

// durable makes the server wait for the disk at every commit, and serve over
// loopback; a bench sets it before it needs the server.
var durable bool

// postgres is the server in which stacks have a database each. What it logs is
// kept: people's words must not be there either.
type postgres struct {
	server *embedded.Postgres
	admin  *sql.DB
	log    *output
	made   atomic.Int64
}

var sharedPostgres = sync.OnceValues(func() (*postgres, error) {
	p := &postgres{log: &output{}}
	var err error
	p.server, err = embedded.StartPostgres(context.Background(), filepath.Join(shared.dir, "postgres"), embedded.Options{Log: p.log, Fsync: durable, Loopback: durable})
	if err != nil {
		return nil, err
	}
	atEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return p.server.Stop(ctx)
	})
	if p.admin, err = sql.Open("postgres", p.server.DSN()); err != nil {
		return nil, err
	}
	atEnd(p.admin.Close)
	return p, nil
})

// newDatabase makes an empty database for the test and gives its address.
func newDatabase(t testing.TB) string {
	t.Helper()
	p, err := sharedPostgres()
	must(t, err)
	name := fmt.Sprintf("e2e_%d", p.made.Add(1))
	_, err = p.admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	must(t, err)
	t.Cleanup(func() {
		if _, err := p.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return p.server.DSNOf(name)
}

// eventually waits until the condition holds, which it asks often.
func eventually(t testing.TB, patience time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
		time.Sleep(25 * time.Millisecond)
	}
}
