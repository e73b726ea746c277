package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// watchedRedis is a Redis with failover: a master and a replica, and three
// sentinels that make the replica the master when two of them miss it.
type watchedRedis struct {
	t         testing.TB
	servers   []*redisServer
	sentinels []*process
	addrs     []string // of the sentinels
}

const (
	watchedName = "portal"
	// missedAfter is how long a master says nothing before it is missed.
	missedAfter = time.Second
	// failoverWithin bounds a failover on a busy machine.
	failoverWithin = 20 * time.Second
)

// atOnceToReplicas: a master that is asked for a copy does not wait for others
// to ask too.
var atOnceToReplicas = []string{"--repl-diskless-sync-delay", "0"}

// startWatchedRedis starts them and waits until they know of each other. Each
// is a process of its own, which the test may stop.
func startWatchedRedis(t testing.TB) *watchedRedis {
	t.Helper()
	w := &watchedRedis{t: t}
	master := startRedis(t, atOnceToReplicas...)
	host, port, err := net.SplitHostPort(master.addr)
	must(t, err)
	replica := startRedis(t, append([]string{"--replicaof", host + " " + port}, atOnceToReplicas...)...)
	w.servers = []*redisServer{master, replica}
	// Sentinels ask a master for its replicas only each ten seconds.
	follower := replica.client()
	eventually(t, failoverWithin, "the replica follows", func() bool {
		told, err := follower.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(told, "master_link_status:up")
	})
	for range 3 {
		w.startSentinel(host, port)
	}
	eventually(t, failoverWithin, "the sentinels know of each other", w.ready)
	return w
}

func (w *watchedRedis) startSentinel(host, port string) {
	w.t.Helper()
	addr := freeAddr(w.t)
	_, own, err := net.SplitHostPort(addr)
	must(w.t, err)
	dir := w.t.TempDir()
	config := filepath.Join(dir, "sentinel.conf") // which it writes anew
	must(w.t, os.WriteFile(config, fmt.Appendf(nil, `port %s
bind 127.0.0.1
dir %s
sentinel monitor %[3]s %s %s 2
sentinel down-after-milliseconds %[3]s %[6]d
sentinel failover-timeout %[3]s 5000
`, own, dir, watchedName, host, port, missedAfter.Milliseconds()), 0o600))
	sentinel, err := startProcess("sentinel", &output{}, nil, "redis-server", config, "--sentinel")
	must(w.t, err)
	w.t.Cleanup(sentinel.kill)
	w.sentinels, w.addrs = append(w.sentinels, sentinel), append(w.addrs, addr)
}

// url is REDIS_URL.
func (w *watchedRedis) url() string {
	return "redis+sentinel://" + strings.Join(w.addrs, ",") + "/" + watchedName
}

// ask has each sentinel asked, until one answer is not as it should be.
func (w *watchedRedis) ask(fits func(context.Context, *redis.SentinelClient) bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, addr := range w.addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: addr})
		ok := fits(ctx, sentinel)
		if err := sentinel.Close(); err != nil || !ok {
			return false
		}
	}
	return true
}

// ready reports whether every sentinel knows the other two and a replica that
// could become the master.
func (w *watchedRedis) ready() bool {
	return w.ask(func(ctx context.Context, sentinel *redis.SentinelClient) bool {
		about, err := sentinel.Master(ctx, watchedName).Result()
		if err != nil || about["num-other-sentinels"] != "2" || about["flags"] != "master" {
			return false
		}
		replicas, err := sentinel.Replicas(ctx, watchedName).Result()
		return err == nil && len(replicas) == 1 && replicas[0]["flags"] == "slave" && replicas[0]["master-link-status"] == "ok"
	})
}

// master is the server that all sentinels hold for the master, nil while they
// do not agree.
func (w *watchedRedis) master() (agreed *redisServer) {
	w.ask(func(ctx context.Context, sentinel *redis.SentinelClient) bool {
		at, err := sentinel.GetMasterAddrByName(ctx, watchedName).Result()
		if err != nil || len(at) != 2 {
			agreed = nil
			return false
		}
		for _, server := range w.servers {
			if server.addr != net.JoinHostPort(at[0], at[1]) {
				continue
			}
			if agreed != nil && agreed != server {
				agreed = nil
				return false
			}
			agreed = server
		}
		return true
	})
	return agreed
}

// killMaster kills the master and gives it, to be started again.
func (w *watchedRedis) killMaster() *redisServer {
	w.t.Helper()
	old := w.master()
	if old == nil {
		w.t.Fatal("the sentinels do not agree on a master")
	}
	old.kill()
	return old
}

// awaitFailover waits until another server than old is the master and takes
// writes.
func (w *watchedRedis) awaitFailover(old *redisServer) {
	w.t.Helper()
	eventually(w.t, failoverWithin, "another Redis is the master", func() bool {
		master := w.master()
		if master == nil || master == old {
			return false
		}
		client := redis.NewClient(&redis.Options{Addr: master.addr})
		defer client.Close() //nolint:errcheck // it has been asked
		return client.Set(context.Background(), "failover", "done", time.Second).Err() == nil
	})
}

// rejoin starts a server that was killed as the replica of the one that has
// taken its place, as operators do, so that there can be another failover.
func (w *watchedRedis) rejoin(old *redisServer) {
	w.t.Helper()
	host, port, err := net.SplitHostPort(w.master().addr)
	must(w.t, err)
	old.settings = append([]string{"--replicaof", host + " " + port}, atOnceToReplicas...)
	old.start()
	eventually(w.t, failoverWithin, "the former master follows", w.ready)
}
