package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Redis is a private queue: on a random port of this machine, behind a random
// password.
type Redis struct {
	addr, password string

	server *child // redis-server, or:
	mini   *miniredis.Miniredis

	lock *lock
	done chan struct{} // of miniredis
}

// The two kinds of Redis.
const (
	// RealRedis is a redis-server that keeps what it holds under its folder.
	RealRedis = "redis-server"
	// MiniRedis is part of this process and keeps nothing.
	MiniRedis = "miniredis"
)

// StartRedis starts the machine's redis-server on the data under dir, or a
// miniredis where there is none, and returns when it answers. ctx bounds the
// start only; Stop ends it, and so does the end of this process.
func StartRedis(ctx context.Context, dir string) (*Redis, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return startMiniRedis()
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("find the folder of the queue: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the queue's folder %s can't be made: %w. Choose another one with PORTAL_DATA", dir, err)
	}
	held, err := lockFile(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("the queue in %s can't start: %w", dir, err)
	}
	r := &Redis{lock: held, password: rand.Text()}
	if err := r.start(ctx, program, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("the queue in %s can't start: %w", dir, err), r.Stop(ctx))
	}
	return r, nil
}

// start tries a few ports: between our finding a free one and the server's
// binding it, somebody else may have taken it.
func (r *Redis) start(ctx context.Context, program, dir string) error {
	for range 5 {
		port, err := freePort(ctx)
		if err != nil {
			return err
		}
		r.addr = fmt.Sprintf("127.0.0.1:%d", port)
		r.server, err = startChild(command{
			path: program, args: []string{"-"}, dir: dir,
			// Settings by way of its input: the list of processes, which
			// anybody may read, shows arguments.
			stdin: strings.NewReader(fmt.Sprintf("port %d\nbind 127.0.0.1\nrequirepass %s\nappendonly yes\nsave \"\"\nmaxmemory-policy noeviction\n", port, r.password)),
			// An orderly end, which here is only a write of what is buffered.
			orphan: syscall.SIGTERM, inherit: r.lock.file,
		})
		if err != nil {
			return fmt.Errorf("run %s: %w", program, err)
		}
		if err = r.awaitReady(ctx); err == nil || !strings.Contains(r.server.tail.String(), "already in use") {
			return err
		}
	}
	return errors.New("no port of this machine stays free")
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

func (r *Redis) awaitReady(ctx context.Context) (err error) {
	client := redis.NewClient(&redis.Options{Addr: r.addr, Password: r.password, MaxRetries: -1})
	defer func() { err = errors.Join(err, client.Close()) }()
	for {
		// While it loads its data, it answers with an error.
		if listens(ctx, r.addr) && client.Ping(ctx).Err() == nil {
			return nil
		}
		select {
		case <-r.server.ended:
			return fmt.Errorf("redis-server ended while starting: %s", lastLine(r.server.tail.String()))
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// listens is asked before the client, which makes a noise about a port that
// nobody listens on.
func listens(ctx context.Context, addr string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func startMiniRedis() (*Redis, error) {
	mini := miniredis.NewMiniRedis()
	r := &Redis{mini: mini, password: rand.Text(), done: make(chan struct{})}
	mini.RequireAuth(r.password)
	if err := mini.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the queue inside this process: %w", err)
	}
	r.addr = mini.Addr()
	go func() {
		// Its clock stands still but for this.
		const tick = 250 * time.Millisecond
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-r.done:
				return
			case <-ticker.C:
				mini.FastForward(tick)
			}
		}
	}()
	return r, nil
}

// Kind is RealRedis or MiniRedis.
func (r *Redis) Kind() string {
	if r.mini != nil {
		return MiniRedis
	}
	return RealRedis
}

// URL is the address with its password, as REDIS_URL takes it.
func (r *Redis) URL() string { return fmt.Sprintf("redis://:%s@%s", r.password, r.addr) }

// Done is closed when the server has ended, asked to or not.
func (r *Redis) Done() <-chan struct{} {
	if r.mini != nil {
		return r.done
	}
	return r.server.ended
}

// Stop ends the server, in order while ctx lasts and then at once. Call it
// once.
func (r *Redis) Stop(ctx context.Context) error {
	if r.mini != nil {
		close(r.done)
		r.mini.Close()
		return nil
	}
	var faults []error
	if r.server != nil {
		faults = append(faults, r.server.stop(ctx, syscall.SIGTERM))
	}
	if err := errors.Join(append(faults, r.lock.release())...); err != nil {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return nil
}
