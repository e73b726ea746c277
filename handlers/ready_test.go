package handlers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"intake/internal/store"
	"intake/internal/testenv"
	"intake/migrations"
)

// asked is what a process with these services says of itself.
func asked(t *testing.T, r Readiness) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	begun := time.Now()
	r.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	if took := time.Since(begun); took > 2*probePatience {
		t.Errorf("whoever asks waits %v", took)
	}
	return answer.Code, answer.Body.String()
}

// expectReady checks the answer: its status, its fields in their order, and that
// whoever reads it is told what to do.
func expectReady(t *testing.T, when string, r Readiness, status int, fields, says string) {
	t.Helper()
	got, body := asked(t, r)
	if want := strings.TrimSuffix(fields, "}"); got != status || !strings.HasPrefix(body, want) || !strings.Contains(body, says) || says == "" && body != fields {
		t.Errorf("%s: %d %s", when, got, body)
	}
}

func redisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.ContextTimeoutEnabled = true // as the portal's own client
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestReadinessTellsHowRedisIs(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	url := testenv.Redis(t)
	client := redisClient(t, url)
	r := Readiness{Store: db.Store, Redis: client, Schema: migrations.Newest()}
	const sound = `{"postgres":"ok","redis":"ok","schema":"ok"}`
	const noWrites = `{"postgres":"ok","redis":"no_writes","schema":"ok"}`
	const away = `{"postgres":"ok","redis":"away","schema":"ok"}`
	set := func(name, value string) {
		t.Helper()
		if err := client.ConfigSet(t.Context(), name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	expectReady(t, "sound", r, http.StatusOK, sound, "")
	set("maxmemory", "1")
	expectReady(t, "out of memory", r, http.StatusOK, noWrites, "Redis answers and takes no writes")
	set("maxmemory", "0")
	expectReady(t, "with memory again", r, http.StatusOK, sound, "")

	follow := func(host, port string) {
		t.Helper()
		if err := client.ReplicaOf(t.Context(), host, port).Err(); err != nil {
			t.Fatal(err)
		}
	}
	follow("127.0.0.1", "1")
	expectReady(t, "a replica", r, http.StatusOK, noWrites, "whether it is a replica")
	follow("NO", "ONE")
	expectReady(t, "no replica any more", r, http.StatusOK, sound, "")

	other := redisClient(t, url)
	if err := other.Do(t.Context(), "CLIENT", "PAUSE", "2500").Err(); err != nil {
		t.Fatal(err)
	}
	expectReady(t, "too slow", r, http.StatusOK, away, "Redis does not answer")
	time.Sleep(2500 * time.Millisecond)
	expectReady(t, "quick again", r, http.StatusOK, sound, "")

	options := client.Options()
	wrong := redis.NewClient(&redis.Options{Addr: options.Addr, Password: "wrong"})
	t.Cleanup(func() { _ = wrong.Close() })
	if _, body := asked(t, Readiness{Store: db.Store, Redis: wrong}); strings.Contains(body, `"redis":"ok"`) || strings.Contains(body, "wrong") {
		t.Errorf("with a wrong password: %s", body)
	}
	if keys, err := client.Keys(t.Context(), "*").Result(); err != nil || len(keys) > 1 {
		t.Errorf("what asking leaves behind: %v %v", keys, err)
	}
}

func TestReadinessTellsHowPostgresIs(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	client := redisClient(t, testenv.Redis(t))
	newest := migrations.Newest()
	expectReady(t, "a schema that is too old", Readiness{Store: db.Store, Redis: client, Schema: newest + 1}, http.StatusServiceUnavailable,
		`{"postgres":"ok","redis":"ok","schema":"old"}`, "run portal migrate")
	// Whatever its services are, one that is about to end takes nothing more.
	stopping := make(chan struct{})
	ending := Readiness{Store: db.Store, Redis: client, Schema: newest, Stopping: stopping}
	expectReady(t, "before its end", ending, http.StatusOK, `{"postgres":"ok","redis":"ok","schema":"ok"}`, "")
	close(stopping)
	expectReady(t, "about to end", ending, http.StatusServiceUnavailable,
		`{"postgres":"ok","redis":"ok","schema":"ok","stopping":true}`, "send requests to others")
	// While a release is rolled out, processes of the release before serve on.
	expectReady(t, "a schema that is newer", Readiness{Store: db.Store, Redis: client, Schema: newest - 1}, http.StatusOK, `{"postgres":"ok","redis":"ok","schema":"ok"}`, "")

	readOnly, err := store.Open(t.Context(), db.DSN+" default_transaction_read_only=on", store.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	expectReady(t, "a standby", Readiness{Store: readOnly, Redis: client, Schema: newest}, http.StatusServiceUnavailable,
		`{"postgres":"no_writes","redis":"ok","schema":"ok"}`, "point DATABASE_URL at the primary")

	// All its connections are taken for longer than anybody waits.
	held := make(chan struct{})
	go func() {
		_, _ = readOnly.IfLeader(t.Context(), "x", func(ctx context.Context) error {
			close(held)
			time.Sleep(2 * probePatience)
			return nil
		})
	}()
	<-held
	expectReady(t, "too slow", Readiness{Store: readOnly, Redis: client, Schema: newest}, http.StatusServiceUnavailable,
		`{"postgres":"away","redis":"ok","schema":"unknown"}`, "PostgreSQL does not answer")
	if err := readOnly.Close(); err != nil {
		t.Fatal(err)
	}
	expectReady(t, "closed", Readiness{Store: readOnly, Redis: client, Schema: newest}, http.StatusServiceUnavailable,
		`{"postgres":"away","redis":"ok","schema":"unknown"}`, "PostgreSQL does not answer")
}
