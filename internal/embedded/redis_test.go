package embedded

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func mustStartRedis(t *testing.T, dir, kind string) *Redis {
	t.Helper()
	r, err := StartRedis(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind() != kind {
		t.Fatalf("started a %s, want a %s", r.Kind(), kind)
	}
	return r
}

func redisClient(t *testing.T, r *Redis) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestRedisKeepsWhatItHolds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openFolder(t), "the queue")
	r := mustStartRedis(t, dir, RealRedis)
	client := redisClient(t, r)
	if err := client.Set(t.Context(), "job", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"maxmemory-policy": "noeviction", "appendonly": "yes", "bind": "127.0.0.1"} {
		if got, err := client.ConfigGet(t.Context(), setting).Result(); err != nil || got[setting] != want {
			t.Errorf("%s is %v, %v; want %s", setting, got, err, want)
		}
	}
	_, err := StartRedis(t.Context(), dir)
	if err == nil {
		t.Fatal("two servers on the same data")
	}
	wantSentence(t, err.Error(), dir, "another portal is using it")

	pid := r.server.cmd.Process.Pid
	if err := r.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, 0, pid)

	r = mustStartRedis(t, dir, RealRedis)
	if got, err := redisClient(t, r).Get(t.Context(), "job").Result(); err != nil || got != "1" {
		t.Errorf("after a second start: %q, %v", got, err)
	}
	if err := r.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestRedisNeedsItsPassword(t *testing.T) {
	t.Parallel()
	r := mustStartRedis(t, openFolder(t), RealRedis)
	defer func() {
		if err := r.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	stranger := redis.NewClient(&redis.Options{Addr: r.addr, MaxRetries: -1})
	if err := stranger.Ping(t.Context()).Err(); err == nil {
		t.Error("a stranger without the password was let in")
	}
	if err := stranger.Close(); err != nil {
		t.Error(err)
	}
}

func TestRedisSaysWhatIsWrongWithItsFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(openFolder(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := StartRedis(t.Context(), filepath.Join(file, "redis"))
	if err == nil {
		t.Fatal("a queue started inside a file")
	}
	wantSentence(t, err.Error(), file, "can't be made", "PORTAL_DATA")
}

// Not parallel: it changes the PATH.
func TestMiniRedisStandsInWhereThereIsNoServer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r := mustStartRedis(t, t.TempDir(), MiniRedis)
	client := redisClient(t, r)
	if err := client.Set(t.Context(), "lease", "1", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(5 * time.Second)
	for client.Exists(t.Context(), "lease").Val() == 1 {
		if time.Now().After(end) {
			t.Fatal("its clock stands still: a key of 300 ms is there after 5 s")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	<-r.Done()
	if listens(t.Context(), r.addr) {
		t.Error("it listens after its end")
	}
}
