package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"intake/internal/embedded"
)

// ownPostgres is a server that a test may stop, crash and start again at the
// same address.
type ownPostgres struct {
	t      testing.TB
	dir    string
	server *embedded.Postgres
}

func startOwnPostgres(t testing.TB) *ownPostgres {
	t.Helper()
	dir, err := os.MkdirTemp(shared.dir, "postgres-")
	must(t, err)
	must(t, os.Chmod(dir, 0o711)) //nolint:gosec // the server's user has to get in
	p := &ownPostgres{t: t, dir: filepath.Join(dir, "own")}
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start starts it on what its folder holds. After a crash the processes of the
// server before it may take a moment to go.
func (p *ownPostgres) start() {
	p.t.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		p.server, err = embedded.StartPostgres(context.Background(), p.dir, embedded.Options{Log: &output{}})
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatal(err)
		}
	}
}

func (p *ownPostgres) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := p.server.Stop(ctx); err != nil {
		p.t.Logf("stop PostgreSQL: %v", err)
	}
}

// end ends it by a signal to its first process.
func (p *ownPostgres) end(s syscall.Signal) {
	p.t.Helper()
	must(p.t, syscall.Kill(p.pids()[0], s))
	<-p.server.Done()
	p.stop() // what is left: its lock
}

// freeze stops all its processes, until thaw is called.
func (p *ownPostgres) freeze() (thaw func()) {
	p.t.Helper()
	frozen := p.pids()
	for _, pid := range frozen {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // one may have ended meanwhile
	}
	return func() {
		for _, pid := range slices.Backward(frozen) {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}

// pids are those of its processes, the first one first.
func (p *ownPostgres) pids() []int {
	p.t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.dir, "data", "postmaster.pid"))
	must(p.t, err)
	first, _, _ := strings.Cut(string(raw), "\n")
	postmaster, err := strconv.Atoi(strings.TrimSpace(first))
	must(p.t, err)
	pids := []int{postmaster}
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	must(p.t, err)
	for _, stat := range processes {
		raw, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(after)
		if len(fields) > 1 && fields[1] == first {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			must(p.t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}
