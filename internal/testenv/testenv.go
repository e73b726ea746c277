// Package testenv gives tests the real things: a migrated PostgreSQL database
// of its own per test, a real redis-server, a catcher of emails, sealing keys.
// Whatever it starts ends with the test binary. Only tests import it.
//
// A package that uses Open needs, once:
//
//	func TestMain(m *testing.M) { testenv.Main(m) }
package testenv

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/embedded"
	"intake/internal/sealed"
	"intake/internal/store"
	"intake/migrations"
)

// Main runs the tests of a package and then ends what they share.
func Main(m *testing.M) {
	inMain.Store(true)
	code := m.Run()
	if err := server.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		code = 1
	}
	os.Exit(code)
}

// inMain says that Main will clean up.
var inMain atomic.Bool

// server is the test binary's one PostgreSQL, started by the first Open.
var server sharedServer

type sharedServer struct {
	once     sync.Once
	err      error
	dir      string
	postgres *embedded.Postgres
	admin    *sql.DB // on the database in which no test works
	copying  string  // how CREATE DATABASE is to copy the template
	made     atomic.Int64
}

const template = "portal_template"

// start brings the server up with one migrated database, which each test's is
// a copy of: copying takes a few hundredths of a second, migrating ten times that.
func (s *sharedServer) start(ctx context.Context) error {
	s.once.Do(func() { s.err = s.firstStart(ctx) })
	return s.err
}

func (s *sharedServer) firstStart(ctx context.Context) (err error) {
	if err := removeLeftovers(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp(base(), fmt.Sprintf("portal-test-%d-", os.Getpid())); err != nil {
		return fmt.Errorf("make a folder for the tests' database: %w", err)
	}
	// The server's user has to pass through.
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return fmt.Errorf("open the folder of the tests' database: %w", err)
	}
	if s.postgres, err = embedded.StartPostgres(ctx, filepath.Join(s.dir, "pg"), embedded.Options{}); err != nil {
		return err
	}
	if s.admin, err = sql.Open("postgres", s.postgres.DSN()); err != nil {
		return fmt.Errorf("connect to the tests' database: %w", err)
	}
	var version int
	if err := s.admin.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fmt.Errorf("ask the tests' database for its version: %w", err)
	}
	if version >= 15_00_00 {
		// Older ones know no other way; newer ones would write every page of
		// the template to their log as well.
		s.copying = " STRATEGY file_copy"
	}
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+template); err != nil {
		return fmt.Errorf("make the template of the tests' databases: %w", err)
	}
	return migrations.Up(ctx, s.postgres.DSNOf(template))
}

func (s *sharedServer) stop() error {
	var faults []error
	if s.admin != nil {
		faults = append(faults, s.admin.Close())
	}
	if s.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		faults = append(faults, s.postgres.Stop(ctx))
	}
	if s.dir != "" {
		faults = append(faults, os.RemoveAll(s.dir))
	}
	return errors.Join(faults...)
}

// base is where the database's folder goes. A test's database is some three
// hundred files that are made and removed within seconds, which costs a file
// system on a disk more than the test itself: so it goes into memory, where
// there is room for several of ten megabytes and the server's log of changes.
// Else for root, /tmp, as PostgreSQL runs as another user, who may not get
// into a temporary folder of root's own.
var base = sync.OnceValue(func() string {
	const memory, roomy = "/dev/shm", 2 << 30
	var space syscall.Statfs_t
	if err := syscall.Statfs(memory, &space); err == nil && space.Bavail*uint64(space.Bsize) >= roomy {
		return memory
	}
	if os.Geteuid() == 0 {
		return "/tmp"
	}
	return os.TempDir()
})

// removeLeftovers removes the folders of test binaries that were killed.
func removeLeftovers() error {
	dirs, err := filepath.Glob(filepath.Join(base(), "portal-test-*"))
	if err != nil {
		return fmt.Errorf("look for what killed tests left: %w", err)
	}
	for _, dir := range dirs {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), "portal-test-%d-", &pid); err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		// Another user's, or being removed by another test binary: no matter.
		_ = os.RemoveAll(dir)
	}
	return nil
}

// DB is a migrated database that one test has to itself.
type DB struct {
	DSN   string
	Store *store.Store
	Keys  *sealed.Keyset // the keys that Store seals with
}

// Open makes a database for this test, dropped with it.
func Open(t testing.TB) *DB {
	t.Helper()
	if !inMain.Load() {
		t.Fatal("testenv.Open needs `func TestMain(m *testing.M) { testenv.Main(m) }` in this package's tests.")
	}
	// Not the test's own context: the server outlives the test that starts it.
	if err := server.start(context.Background()); err != nil {
		t.Fatalf("The tests' PostgreSQL does not start: %v", err)
	}
	name := fmt.Sprintf("portal_test_%d", server.made.Add(1))
	if _, err := server.admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+server.copying); err != nil {
		t.Fatalf("make a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if _, err := server.admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	db := &DB{DSN: server.postgres.DSNOf(name), Keys: Keyset(t)}
	var err error
	if db.Store, err = store.Open(t.Context(), db.DSN, store.Options{Keys: db.Keys}); err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Store.Close(); err != nil {
			t.Errorf("close the test's database: %v", err)
		}
	})
	return db
}

// Redis starts a redis-server for this test and gives its URL.
func Redis(t testing.TB) string {
	t.Helper()
	r, err := embedded.StartRedis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatalf("start the test's Redis: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Errorf("stop the test's Redis: %v", err)
		}
	})
	if r.Kind() != embedded.RealRedis {
		t.Fatal("The tests need a real Redis: install one with `apt-get install redis-server`.")
	}
	return r.URL()
}

// Mail starts a catcher of emails for this test.
func Mail(t testing.TB) *embedded.Mail {
	t.Helper()
	m, err := embedded.StartMail(t.Context())
	if err != nil {
		t.Fatalf("start the test's catcher of emails: %v", err)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Errorf("stop the test's catcher of emails: %v", err)
		}
	})
	return m
}

// Keyset makes sealing keys for this test.
func Keyset(t testing.TB) *sealed.Keyset {
	t.Helper()
	keys, err := sealed.New()
	if err != nil {
		t.Fatalf("make the test's sealing keys: %v", err)
	}
	return keys
}

// Released are the released responses of a wave, in their order.
func Released(t testing.TB, ledger *store.Store, wave int64) []forms.Answers {
	t.Helper()
	var released []forms.Answers
	err := ledger.ReadReleased(t.Context(), wave, func(s *store.Snapshot) error {
		return s.Responses(t.Context(), 0, s.Wave.Released, func(_ int, a forms.Answers) error {
			released = append(released, a)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return released
}
