package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	makeNote = "create table note (words text); insert into note values ('kept')"
	readNote = "select words from note"
)

func TestPostgresKeepsItsDataOnAPathWithASpace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "it's \"here\", ünder", "postgres")
	p := mustStart(t, dir)
	if got := query(t, p.DSN(), makeNote, readNote); got != "kept" {
		t.Errorf("got %q", got)
	}
	for setting, want := range map[string]string{"server_encoding": "UTF8", "TimeZone": "UTC", "listen_addresses": "", "fsync": "off"} {
		if got := query(t, p.DSN(), "show "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	processes := family(t, p.server.cmd.Process.Pid)
	if len(processes) < 4 {
		t.Fatalf("expected the server's helpers among %v", processes)
	}
	mustStop(t, p)
	awaitGone(t, 0, processes...)

	p = mustStart(t, dir)
	defer mustStop(t, p)
	if got := query(t, p.DSN(), readNote); got != "kept" {
		t.Errorf("after a second start: %q", got)
	}
}

func TestPostgresOverLoopback(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "postgres")
	p, err := StartPostgres(t.Context(), dir, Options{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := query(t, p.DSN(), makeNote, "select host(inet_server_addr())"); got != "127.0.0.1" {
		t.Errorf("the server is reached at %q", got)
	}
	mustStop(t, p)
	p = mustStart(t, dir)
	defer mustStop(t, p)
	if got := query(t, p.DSN(), "select words || coalesce(host(inet_server_addr()), ' by socket') from note"); got != "kept by socket" {
		t.Errorf("without it: %q", got)
	}
}

func TestTwoDatabasesAtOnce(t *testing.T) {
	t.Parallel()
	root := openFolder(t)
	one, two := mustStart(t, filepath.Join(root, "one")), mustStart(t, filepath.Join(root, "two"))
	defer mustStop(t, two)
	query(t, one.DSN(), makeNote, readNote)
	if got := query(t, two.DSN(), "select count(*) from pg_tables where tablename = 'note'"); got != "0" {
		t.Errorf("the second database sees the first one's table")
	}
	mustStop(t, one)
	if got := query(t, two.DSN(), "select 'here'"); got != "here" {
		t.Errorf("the second database went with the first: %q", got)
	}
}

func TestOnlyOneRunAtATime(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "postgres")
	p := mustStart(t, dir)
	defer mustStop(t, p)
	wantSentence(t, startFault(t, dir), dir, "another portal is using it", fmt.Sprintf("process %d", os.Getpid()))

	// A server that was not started by us holds no lock of ours.
	if err := os.Remove(filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	wantSentence(t, startFault(t, dir), dir, "another PostgreSQL server is already running")
}

func TestStaleRemainsDoNotStopAStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "postgres")
	// What an initdb killed half-way leaves.
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := mustStart(t, dir)
	query(t, p.DSN(), makeNote, readNote)

	processes := family(t, p.server.cmd.Process.Pid)
	p.server.signal(syscall.SIGKILL)
	<-p.Done()
	awaitGone(t, 5*time.Second, processes...)
	if err := p.clear(); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	raw, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatalf("a killed server should leave its pid file: %v", err)
	}
	p = mustStart(t, dir)
	if got := query(t, p.DSN(), readNote); got != "kept" {
		t.Errorf("after a kill: %q", got)
	}
	mustStop(t, p)

	// The number has gone to another program of the same user since.
	user, err := serverUser(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := startChild(command{path: "/bin/sleep", args: []string{"600"}, user: user, orphan: syscall.SIGKILL})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.signal(syscall.SIGKILL)
	_, rest, _ := strings.Cut(string(raw), "\n")
	if err := os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s", stranger.cmd.Process.Pid, rest), 0o600); err != nil {
		t.Fatal(err)
	}
	mustStop(t, mustStart(t, dir))
}

func TestChildrenAreOutOfReachOfTheTerminalAndOfOurSecrets(t *testing.T) {
	h := startHelper(t, openFolder(t), nil)
	defer h.finish(t)
	ours, err := syscall.Getpgid(h.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range append(family(t, h.Postgres), family(t, h.Redis)...) {
		group, err := syscall.Getpgid(pid)
		if err != nil {
			t.Fatal(err)
		}
		if group == ours {
			t.Errorf("process %d would get the Ctrl-C of the terminal", pid)
		}
		environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(environ), "a-secret-of-ours") {
			t.Errorf("process %d has our environment", pid)
		}
	}
}

// killed starts the helper, kills it, and starts it again.
func killed(t *testing.T, as *syscall.Credential) {
	t.Helper()
	dir := filepath.Join(openFolder(t), "my portal")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	h := startHelper(t, dir, as)
	if h.Fault != "" {
		t.Fatal(h.Fault)
	}
	query(t, h.DSN, makeNote, readNote)
	processes := slices.Concat(family(t, h.cmd.Process.Pid), family(t, h.Postgres), family(t, h.Redis))
	h.kill()
	// At once, while the children may still be winding up.
	again := startHelper(t, dir, as)
	awaitGone(t, 2*time.Second, processes...)
	if again.Fault != "" {
		t.Fatal(again.Fault)
	}
	if got := query(t, again.DSN, readNote); got != "kept" {
		t.Errorf("after the kill: %q", got)
	}
	processes = slices.Concat(family(t, again.Postgres), family(t, again.Redis))
	again.finish(t)
	awaitGone(t, 0, processes...)
}

func TestNothingOutlivesAKilledPortal(t *testing.T) {
	t.Parallel()
	killed(t, nil)
}

func TestNothingOutlivesAKilledPortalOfANormalUser(t *testing.T) {
	t.Parallel()
	killed(t, normalUser(t))
}

// normalUser is somebody who is not root: nobody, or ourselves if we aren't.
func normalUser(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := openFolder(t)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	h := startHelper(t, dir, normalUser(t))
	defer h.finish(t)
	wantSentence(t, h.Fault, dir, "can't be used", "permission denied", "PORTAL_DATA")
}

// A clone in root's own home: PostgreSQL, which is not root, can't get there.
func TestAFolderThatOnlyRootMayEnter(t *testing.T) {
	t.Parallel()
	private := filepath.Join(openFolder(t), "private")
	if err := os.Mkdir(private, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(private, "clone", "postgres")
	if os.Geteuid() != 0 {
		// For anybody else it is an ordinary folder of their own.
		mustStop(t, mustStart(t, dir))
		return
	}
	elsewhere := filepath.Join("/var/tmp", "portal-"+fingerprint(dir))
	t.Cleanup(func() {
		if err := os.RemoveAll(elsewhere); err != nil {
			t.Error(err)
		}
	})
	start := func() (*Postgres, string) {
		var notice string
		p, err := StartPostgres(t.Context(), dir, Options{Notice: func(s string) { notice = s }})
		if err != nil {
			t.Fatal(err)
		}
		return p, notice
	}
	p, notice := start()
	wantSentence(t, notice, "Only root may enter "+dir, elsewhere)
	query(t, p.DSN(), makeNote, readNote)
	mustStop(t, p)
	p, notice = start()
	wantSentence(t, notice, elsewhere)
	if got := query(t, p.DSN(), readNote); got != "kept" {
		t.Errorf("the second run found %q", got)
	}
	mustStop(t, p)

	if err := os.Chown(elsewhere, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	wantSentence(t, startFault(t, dir), elsewhere, "belongs to somebody else")
}

func TestDataOfAnotherVersion(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "postgres")
	for version, parts := range map[string][]string{
		"9\n":  {dir, "made by PostgreSQL 9", "this machine has PostgreSQL", "apt-get install postgresql-9"},
		"what": {dir, "PG_VERSION", "move the folder away"},
	} {
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte(version), 0o644); err != nil {
			t.Fatal(err)
		}
		wantSentence(t, startFault(t, dir), parts...)
	}
}

// Not parallel: it changes the PATH.
func TestNoPostgresOnTheMachine(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := startPostgres(t.Context(), t.TempDir(), Options{}, []string{"/nowhere/*/bin"})
	if err == nil {
		t.Fatal("PostgreSQL started without being there")
	}
	wantSentence(t, err.Error(), "no PostgreSQL server", "apt-get install postgresql", "DATABASE_URL")
}

func TestChooseTakesTheVersionOfTheDataElseTheNewest(t *testing.T) {
	t.Parallel()
	all := []binaries{{"/17", 17}, {"/15", 15}}
	for major, want := range map[int]string{0: "/17", 15: "/15", 17: "/17"} {
		if got, err := choose(all, major); err != nil || got.dir != want {
			t.Errorf("data of %d: got %v, %v; want %s", major, got, err, want)
		}
	}
}
