package testenv

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"

	"intake/migrations"
)

func TestMain(m *testing.M) {
	if err := os.MkdirAll(filepath.Join(leftover(), "pg"), 0o700); err != nil {
		panic(err)
	}
	Main(m)
}

// leftover is what a test binary that was killed leaves. No process has its
// number, which is above what Linux gives out.
func leftover() string { return filepath.Join(base(), "portal-test-4194305-x") }

func TestEachTestHasAMigratedDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	one, two := Open(t), Open(t)
	if err := migrations.Check(t.Context(), one.DSN); err != nil {
		t.Errorf("the first database: %v", err)
	}
	if err := two.Store.Ping(t.Context()); err != nil {
		t.Errorf("the second database: %v", err)
	}
	if got := scalar(t, one.DSN, "create table only_here ()", "select count(*) from pg_tables where tablename = 'only_here'"); got != "1" {
		t.Fatal("the table was not made")
	}
	if got := scalar(t, two.DSN, "select count(*) from pg_tables where tablename = 'only_here'"); got != "0" {
		t.Error("the second test sees what the first one made")
	}
}

func TestDatabasesGoWithTheirTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("a test", func(t *testing.T) {
		name = scalar(t, Open(t).DSN, "select current_database()")
	})
	if got := scalar(t, Open(t).DSN, "select count(*) from pg_database where datname = '"+name+"'"); got != "0" {
		t.Errorf("the database %s outlives its test", name)
	}
}

func TestLeftoversOfKilledTestsAreRemoved(t *testing.T) {
	t.Parallel()
	Open(t)
	if _, err := os.Stat(leftover()); !os.IsNotExist(err) {
		t.Errorf("a killed test's folder is still there: %v", err)
	}
}

func TestRedisIsPrivateToATest(t *testing.T) {
	t.Parallel()
	for range 2 {
		options, err := redis.ParseURL(Redis(t))
		if err != nil {
			t.Fatal(err)
		}
		client := redis.NewClient(options)
		if fresh, err := client.SetNX(t.Context(), "key", "1", 0).Result(); err != nil || !fresh {
			t.Errorf("a new Redis is not empty: %v, %v", fresh, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}

// scalar runs statements and gives the single value that the last one selects.
func scalar(t *testing.T, dsn string, statements ...string) (value string) {
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
