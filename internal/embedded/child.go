// Package embedded runs the private services of `portal dev` and of tests:
// PostgreSQL from the machine's own binaries, a Redis, and a catcher of
// emails. What they start ends with the process that started it, however that
// one ends, and two runs never share a folder. It knows nothing of the portal
// itself and imports no other package of it. It needs Linux.
package embedded

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// child is a process that ends when ours does.
type child struct {
	cmd   *exec.Cmd
	tail  *tail
	ended chan struct{}
	err   error // why it ended, once ended is closed
}

// command says how to run a child.
type command struct {
	path    string
	args    []string
	dir     string
	stdin   io.Reader
	log     io.Writer           // gets what the child prints, nil for nowhere
	user    *syscall.Credential // nil to stay who we are
	orphan  syscall.Signal      // what the child gets when we die
	inherit *os.File            // kept open by the child and all it starts
}

// startChild starts a process in a group of its own, so that the Ctrl-C of a
// terminal reaches only us and we end our children in order.
func startChild(c command) (*child, error) {
	// The child outlives the context of whoever starts it; stop ends it.
	cmd := exec.CommandContext(context.Background(), c.path, c.args...)
	cmd.Dir = c.dir
	cmd.Stdin = c.stdin
	// Nothing of our environment: it holds secrets, and settings such as
	// PGDATA or PGOPTIONS that would change what the child does.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	if c.inherit != nil {
		cmd.ExtraFiles = []*os.File{c.inherit}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: c.orphan, Credential: c.user}
	p := &child{cmd: cmd, tail: &tail{}, ended: make(chan struct{})}
	out := io.Writer(p.tail)
	if c.log != nil {
		out = io.MultiWriter(p.tail, c.log)
	}
	cmd.Stdout, cmd.Stderr = out, out
	// A grandchild that keeps the pipe open must not keep Wait from returning.
	cmd.WaitDelay = 5 * time.Second

	started := make(chan error, 1)
	go func() {
		// The kernel sends the orphan's signal when the *thread* that started
		// the child ends. Locked and waiting here, the thread lives exactly as
		// long as the child, unless the whole process ends first.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run starts a child and waits for its end; ctx ends it early. The error holds
// what it printed last.
func run(ctx context.Context, c command) (printed string, err error) {
	p, err := startChild(c)
	if err != nil {
		return "", err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.signal(syscall.SIGKILL)
		<-p.ended
		return p.tail.String(), ctx.Err()
	}
	return p.tail.String(), p.err
}

// signal tells the child's first process; one that has ended is no fault.
func (p *child) signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s)
}

// stop sends the signals in turn, each when the one before has not helped: the
// first may take until ctx ends, the others two seconds each.
func (p *child) stop(ctx context.Context, signals ...syscall.Signal) error {
	for i, s := range append(signals, syscall.SIGKILL) {
		p.signal(s)
		patience := ctx.Done()
		if i > 0 {
			late, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			patience = late.Done()
		}
		select {
		case <-p.ended:
			return nil
		case <-patience:
		}
	}
	return fmt.Errorf("process %d does not end", p.cmd.Process.Pid)
}

// tail keeps the last few kilobytes that a child printed, for error messages.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailBytes = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = append([]byte(nil), t.last[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}
