package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// output keeps what processes print, in a file that they write to themselves. The
// zero value is ready to use.
type output struct {
	opened sync.Once
	file   *os.File
	err    error
}

func (o *output) open() (*os.File, error) {
	o.opened.Do(func() {
		if o.file, o.err = os.CreateTemp(shared.dir, "output-"); o.err != nil {
			return
		}
		// Several may write, each to the end.
		name := o.file.Name()
		_ = o.file.Close()
		o.file, o.err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // a file of the tests
	})
	return o.file, o.err
}

func (o *output) Write(p []byte) (int, error) {
	file, err := o.open()
	if err != nil {
		return 0, err
	}
	return file.Write(p)
}

func (o *output) String() string {
	file, err := o.open()
	if err != nil {
		return err.Error()
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// process is a program that a test runs and that ends with it.
type process struct {
	name  string
	cmd   *exec.Cmd
	out   *output
	ended chan struct{}
	err   error // why it ended, once ended is closed
}

// startProcess runs a program with that environment and nothing of ours but
// the PATH. out may be shared by several processes.
func startProcess(name string, out *output, env []string, program string, args ...string) (*process, error) {
	// Whoever started it ends it: no context of a test does.
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	file, err := out.open()
	if err != nil {
		return nil, fmt.Errorf("keep what %s prints: %w", name, err)
	}
	cmd.Stdout, cmd.Stderr = file, file
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{name: name, cmd: cmd, out: out, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// Pdeathsig comes when the thread that started the child ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// signal tells the first process of the program; one that has ended is no fault.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// stop ends the program as Ctrl-C does and says if that did not go well.
func (p *process) stop(patience time.Duration) error { return p.end(syscall.SIGINT, patience) }

// end tells the program to end and says if that did not go well.
func (p *process) end(how syscall.Signal, patience time.Duration) error {
	p.signal(how)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("%s did not end within %s of the signal", p.name, patience)
	}
	if p.err != nil {
		return fmt.Errorf("%s ended with %w:\n%s", p.name, p.err, tail(p.out.String()))
	}
	if strings.Contains(p.out.String(), "DATA RACE") {
		return fmt.Errorf("%s has a data race:\n%s", p.name, tail(p.out.String()))
	}
	return nil
}

// kill ends it at once and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// awaitLine waits for a line with that text and returns it.
func (p *process) awaitLine(patience time.Duration, text string) (string, error) {
	deadline := time.Now().Add(patience)
	for {
		printed := p.out.String()
		for line := range strings.Lines(printed) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return strings.TrimSpace(line), nil
			}
		}
		if !p.running() {
			return "", fmt.Errorf("%s ended before it printed %q (%w):\n%s", p.name, text, p.err, tail(printed))
		}
		if time.Now().After(deadline) {
			return "", fmt.Errorf("%s did not print %q within %s:\n%s", p.name, text, patience, tail(printed))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func tail(text string) string {
	const most = 3000
	return text[max(0, len(text)-most):]
}

// descendants are the processes that a process started, and those that they did.
func descendants(t testing.TB, of int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	children := map[int][]int{}
	for _, path := range stats {
		if parent, state := parentAndState(path); parent > 0 && state != "Z" {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			must(t, err)
			children[parent] = append(children[parent], pid)
		}
	}
	var all []int
	for wait := children[of]; len(wait) > 0; wait = wait[1:] {
		all = append(all, wait[0])
		wait = append(wait, children[wait[0]]...)
	}
	return all
}

// parentAndState reads /proc/PID/stat; the parent is 0 for one that is gone.
func parentAndState(path string) (parent int, state string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, ""
	}
	// The name, in brackets, may hold spaces and brackets.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0, ""
	}
	parent, err = strconv.Atoi(fields[1])
	if err != nil {
		return 0, ""
	}
	return parent, fields[0]
}

// awaitGone waits until none of the processes lives. One that nobody has
// waited for yet does not count as living.
func awaitGone(t testing.TB, patience time.Duration, pids []int) {
	t.Helper()
	for _, pid := range pids {
		eventually(t, patience, fmt.Sprintf("process %d is still there", pid), func() bool {
			parent, state := parentAndState(fmt.Sprintf("/proc/%d/stat", pid))
			return parent == 0 || state == "Z" || state == "X"
		})
	}
}

// freeAddr is an address of this machine on which nobody listens.
func freeAddr(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	must(t, listener.Close())
	return listener.Addr().String()
}

// takenAddr is an address on which the test itself listens.
func takenAddr(t testing.TB) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, listener.Close()) })
	return listener.Addr().String()
}
