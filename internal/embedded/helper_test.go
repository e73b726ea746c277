package embedded

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
)

// helperDir, when set, makes the test binary a small portal of its own that
// can be killed: it runs the services on that folder until its input ends.
const helperDir = "EMBEDDED_TEST_HELPER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		if err := help(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// helperReport is the one line that the helper prints when all is up, or when
// it can't be.
type helperReport struct {
	Postgres, Redis int // process ids
	DSN, Notice     string
	Fault           string
}

func help(dir string) error {
	ctx := context.Background()
	var report helperReport
	p, err := StartPostgres(ctx, filepath.Join(dir, "postgres"), Options{Notice: func(s string) { report.Notice = s }})
	if err != nil {
		report.Fault = err.Error()
		return json.NewEncoder(os.Stdout).Encode(report)
	}
	r, err := StartRedis(ctx, filepath.Join(dir, "redis"))
	if err != nil {
		return err
	}
	report.Postgres, report.Redis, report.DSN = p.server.cmd.Process.Pid, r.server.cmd.Process.Pid, p.DSN()
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if err := r.Stop(ctx); err != nil {
		return err
	}
	return p.Stop(ctx)
}

type helper struct {
	helperReport
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// startHelper runs the helper, as another user if as is not nil.
func startHelper(t *testing.T, dir string, as *syscall.Credential) *helper {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if as != nil {
		self = readableCopy(t, self)
	}
	h := &helper{cmd: exec.CommandContext(t.Context(), self)}
	h.cmd.Env = append(os.Environ(), helperDir+"="+dir, "PORTAL_KEYSET=a-secret-of-ours")
	h.cmd.Dir = "/"
	h.cmd.Stderr = os.Stderr
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the helper says nothing: %v", err)
	}
	if err := json.Unmarshal(line, &h.helperReport); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *helper) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

func (h *helper) finish(t *testing.T) {
	t.Helper()
	if err := h.stdin.Close(); err != nil {
		t.Error(err)
	}
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("the helper did not end in order: %v", err)
	}
}

// readableCopy puts the test binary where another user can run it: go test
// builds it in a folder that only we may enter.
func readableCopy(t *testing.T, binary string) string {
	t.Helper()
	raw, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(openFolder(t), "helper")
	if err := os.WriteFile(path, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// openFolder is a new folder that everybody may enter, removed with the test.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "embedded test ")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// family lists a process and all that descend from it.
func family(t *testing.T, pid int) []int {
	t.Helper()
	all := []int{pid}
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if parent, _ := statOf(entry); parent == pid {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, family(t, child)...)
		}
	}
	return all
}

// statOf reads the parent and the state of a process; state is empty if it is
// gone.
func statOf(path string) (parent int, state string) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, ""
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0, ""
	}
	parent, _ = strconv.Atoi(fields[1])
	return parent, fields[0]
}

func awaitGone(t *testing.T, patience time.Duration, pids ...int) {
	t.Helper()
	end := time.Now().Add(patience)
	for _, pid := range pids {
		for {
			_, state := statOf(fmt.Sprintf("/proc/%d/stat", pid))
			if state == "" || state == "Z" {
				break
			}
			if time.Now().After(end) {
				t.Errorf("process %d still runs after %v", pid, patience)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func mustStart(t *testing.T, dir string) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), dir, Options{Notice: func(s string) { t.Errorf("unexpected notice: %s", s) }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustStop(t *testing.T, p *Postgres) {
	t.Helper()
	if err := p.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(p.socket); !os.IsNotExist(err) {
		t.Errorf("the socket's folder %s is left: %v", p.socket, err)
	}
}

// query runs statements and gives the single value that the last one selects.
func query(t *testing.T, dsn string, statements ...string) (value string) {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	last := len(statements) - 1
	for _, statement := range statements[:last] {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.QueryRowContext(t.Context(), statements[last]).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// startFault is the sentence of a start that has to fail.
func startFault(t *testing.T, dir string) string {
	t.Helper()
	p, err := StartPostgres(t.Context(), dir, Options{})
	if err == nil {
		mustStop(t, p)
		t.Fatalf("a start in %s that has to fail did not", dir)
	}
	return err.Error()
}

func wantSentence(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q does not say %q", got, part)
		}
	}
}
