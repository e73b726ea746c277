package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options says how a private PostgreSQL runs.
type Options struct {
	// Fsync makes commits survive a crash of the machine; without it they
	// survive that of the server only, which is faster and enough for tests.
	Fsync bool
	// Loopback lets every user of this machine reach the server by TCP, too, as
	// measurements do. Data that was made without it stays closed to them.
	Loopback bool
	// Log gets what the server prints; nil for nowhere. Lines never hold
	// statements or the details of a row.
	Log io.Writer
	// Notice is told, in a sentence, what the person who started us should
	// know; nil for nobody.
	Notice func(sentence string)
}

// Postgres is a private server: only its Unix socket leads to it, and only the
// user that started it (and root) may use that, unless it was started with Loopback.
type Postgres struct {
	server *child
	lock   *lock
	socket string
	port   int // on loopback, or 0
}

// startPatience bounds how long a server may take from its start until it
// answers; after a crash it first replays its log.
const startPatience = 60 * time.Second

// StartPostgres starts PostgreSQL on the data under dir, which it makes on the
// first run, and returns when it answers. ctx bounds the start only; Stop ends
// the server, and so does the end of this process, however it comes. Errors
// are sentences for the person at the keyboard.
func StartPostgres(ctx context.Context, dir string, opt Options) (*Postgres, error) {
	return startPostgres(ctx, dir, opt, postgresFolders)
}

func startPostgres(ctx context.Context, dir string, opt Options, folders []string) (_ *Postgres, err error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	installed, err := findPostgres(ctx, folders)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("find the folder of the database: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("the database in %s can't start: %w", dir, err)
		}
	}()
	as, err := serverUser(filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	home, notice, err := settle(ctx, dir, as)
	if err != nil {
		return nil, err
	}
	if notice != "" && opt.Notice != nil {
		opt.Notice(notice)
	}
	held, err := lockFile(ctx, filepath.Join(home, "lock"))
	if err != nil {
		return nil, err
	}
	p := &Postgres{lock: held}
	if err := p.start(ctx, home, as, installed, opt); err != nil {
		return nil, errors.Join(err, p.clear())
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context, home string, as *syscall.Credential, installed []binaries, opt Options) error {
	data := filepath.Join(home, "data")
	version, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("its data can't be read: %w. Choose another folder with PORTAL_DATA", err)
	}
	major, err := dataVersion(version)
	if err != nil {
		return err
	}
	programs, err := choose(installed, major)
	if err != nil {
		return err
	}
	if major == 0 {
		if err := p.initialise(ctx, programs, data, as, opt); err != nil {
			return err
		}
	}
	if err := dropStalePid(data); err != nil {
		return err
	}
	if p.socket, err = socketFolder(ctx, home, as); err != nil {
		return err
	}
	if opt.Loopback {
		if p.port, err = freePort(ctx); err != nil {
			return err
		}
	}
	p.server, err = startChild(command{
		path: programs.path("postgres"), args: p.settings(data, opt), dir: home, log: opt.Log, user: as,
		// At once and without a last checkpoint, which may take long under
		// load: nothing is lost, as the next start replays the log.
		orphan: syscall.SIGQUIT, inherit: p.lock.file,
	})
	if err != nil {
		return fmt.Errorf("run %s: %w", programs.path("postgres"), err)
	}
	return p.awaitReady(ctx, data)
}

// initialise makes the data aside and moves it in place when it is whole, so
// that a run killed half-way leaves nothing that looks like a database.
func (p *Postgres) initialise(ctx context.Context, programs binaries, data string, as *syscall.Credential, opt Options) error {
	aside := data + ".new"
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("remove a half-made database: %w", err)
	}
	byTCP := "reject"
	if opt.Loopback {
		byTCP = "trust"
	}
	args := []string{"--pgdata", aside, "--username", databaseUser, "--auth-local", "trust", "--auth-host", byTCP, "--encoding", "UTF8", "--locale", "C.UTF-8"}
	if !opt.Fsync {
		args = append(args, "--no-sync")
	}
	printed, err := run(ctx, command{path: programs.path("initdb"), args: args, dir: filepath.Dir(data), log: opt.Log, user: as, orphan: syscall.SIGKILL, inherit: p.lock.file})
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(printed))
	}
	if err := os.Rename(aside, data); err != nil {
		return fmt.Errorf("put the new database in place: %w", err)
	}
	return nil
}

// The one role and the one database that initdb makes.
const (
	databaseUser = "portal"
	databaseName = "postgres"
	databasePort = 5432 // of a socket: only part of its file's name
	loopback     = "127.0.0.1"
)

func (p *Postgres) settings(data string, opt Options) []string {
	args := []string{"-D", data}
	// synchronous_commit stays on either way: a commit outlives the server's
	// process even where it need not outlive the machine.
	durable := "off"
	if opt.Fsync {
		durable = "on"
	}
	listen, port := "", databasePort
	if p.port != 0 {
		listen, port = loopback, p.port
	}
	for _, setting := range []string{
		"listen_addresses=" + listen,
		"unix_socket_directories=" + p.socket,
		"unix_socket_permissions=0700",
		"port=" + strconv.Itoa(port),
		"max_connections=200",
		"timezone=UTC",
		"log_timezone=UTC",
		// No statement and no row's values in the log: they hold what people
		// wrote.
		"log_error_verbosity=terse",
		"log_min_error_statement=panic",
		"fsync=" + durable,
		"full_page_writes=" + durable,
	} {
		args = append(args, "-c", setting)
	}
	return args
}

// awaitReady reads what the server itself says of its state, line 8 of its pid
// file, as its own tools do.
func (p *Postgres) awaitReady(ctx context.Context, data string) error {
	for {
		if raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid")); err == nil {
			lines := strings.Split(string(raw), "\n")
			if len(lines) > 7 && lines[0] == strconv.Itoa(p.server.cmd.Process.Pid) && strings.TrimSpace(lines[7]) == "ready" {
				return nil
			}
		}
		select {
		case <-p.server.ended:
			printed := p.server.tail.String()
			if strings.Contains(printed, `"postmaster.pid" already exists`) {
				return errors.New("another PostgreSQL server is already running on this data. Stop that one first")
			}
			return fmt.Errorf("it ended while starting: %s", lastLine(printed))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// DSN is the connection string for lib/pq of the server's only database.
func (p *Postgres) DSN() string { return p.DSNOf(databaseName) }

// DSNOf is the connection string of another database, made since; its name is
// plain letters, digits and underscores.
func (p *Postgres) DSNOf(database string) string {
	host, port := p.socket, databasePort
	if p.port != 0 {
		host, port = loopback, p.port
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(host)
	return fmt.Sprintf("host='%s' port=%d user=%s dbname=%s sslmode=disable", quoted, port, databaseUser, database)
}

// Done is closed when the server has ended, asked to or not.
func (p *Postgres) Done() <-chan struct{} { return p.server.ended }

// Stop ends the server: connections are cut and what is committed is written
// out, for which it may take until ctx ends; then it is ended at once, which
// loses nothing either. Call it once.
func (p *Postgres) Stop(ctx context.Context) error {
	// SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
	err := p.server.stop(ctx, syscall.SIGINT, syscall.SIGQUIT)
	if err = errors.Join(err, p.clear()); err != nil {
		return fmt.Errorf("stop the database: %w", err)
	}
	return nil
}

// clear gives back what a start has taken, as far as it came.
func (p *Postgres) clear() error {
	var faults []error
	if p.server != nil {
		soon, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		faults = append(faults, p.server.stop(soon, syscall.SIGQUIT))
	}
	if p.socket != "" {
		faults = append(faults, os.RemoveAll(p.socket))
	}
	return errors.Join(append(faults, p.lock.release())...)
}

// dropStalePid removes the pid file of a killed server whose number some other
// program has got since, as after a restart of a container: PostgreSQL would
// take that program for its server. Called with the lock held.
func dropStalePid(data string) error {
	path := filepath.Join(data, "postmaster.pid")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read its pid file: %w", err)
	}
	pid, _, _ := strings.Cut(string(raw), "\n")
	name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
	if err != nil || strings.HasPrefix(string(name), "postgres") {
		return nil // gone, or perhaps really a server: PostgreSQL decides
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove a stale pid file: %w", err)
	}
	return nil
}

func lastLine(printed string) string {
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	return lines[len(lines)-1]
}
