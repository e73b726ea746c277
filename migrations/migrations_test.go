package migrations_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"intake/internal/embedded"
	"intake/migrations"
)

// newDatabase starts a private server for the test and gives its empty
// database.
func newDatabase(t *testing.T) (dsn string) {
	t.Helper()
	server, err := embedded.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "pg"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return server.DSN()
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	if err := migrations.Check(t.Context(), dsn); !errors.Is(err, migrations.ErrStale) {
		t.Errorf("check of an empty database: %v", err)
	}

	// Several processes start at once; one applies, the others wait.
	start := time.Now()
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if err := migrations.Up(t.Context(), dsn); err != nil {
				t.Errorf("one of four at once: %v", err)
			}
		})
	}
	running.Wait()
	t.Logf("four at once took %v", time.Since(start).Round(time.Millisecond))
	if err := migrations.Check(t.Context(), dsn); err != nil {
		t.Errorf("check afterwards: %v", err)
	}
	applied := appliedVersions(t, dsn)
	files, err := filepath.Glob("*.sql")
	if err != nil || applied != len(files) {
		t.Errorf("%d migrations applied, there are %d files, %v", applied, len(files), err)
	}

	if err := migrations.Up(t.Context(), dsn); err != nil {
		t.Errorf("again: %v", err)
	}
	if again := appliedVersions(t, dsn); again != applied {
		t.Errorf("%d applied the second time", again-applied)
	}

	// One that is missing is noticed.
	execute(t, dsn, `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	if err := migrations.Check(t.Context(), dsn); !errors.Is(err, migrations.ErrStale) {
		t.Errorf("check with one missing: %v", err)
	}
}

func TestADatabaseThatIsAwayIsNotStale(t *testing.T) {
	t.Parallel()
	const nowhere = "host=/nonexistent dbname=portal sslmode=disable"
	if err := migrations.Check(t.Context(), nowhere); err == nil || errors.Is(err, migrations.ErrStale) {
		t.Errorf("check: %v", err)
	}
	if err := migrations.Up(t.Context(), nowhere); err == nil {
		t.Error("migrations were applied nowhere")
	}
}

// Migrations only go forward, are numbered without a gap, and each is one
// transaction.
func TestFilesAreNumberedAndForwardOnly(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("files: %q, %v", files, err)
	}
	name := regexp.MustCompile(`^\d{4}_[a-z_]+\.sql$`)
	for i, file := range files {
		if !name.MatchString(file) || file[:4] != fmt.Sprintf("%04d", i+1) {
			t.Errorf("%s is not number %d", file, i+1)
		}
		sql, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?i)\+goose (down|no transaction)`).Match(sql) {
			t.Errorf("%s goes back, or is not one transaction", file)
		}
	}
}

func appliedVersions(t *testing.T, dsn string) int {
	t.Helper()
	db := open(t, dsn)
	var n int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM goose_db_version WHERE version_id > 0`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func execute(t *testing.T, dsn, statement string) {
	t.Helper()
	if _, err := open(t, dsn).ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
