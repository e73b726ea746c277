package worker

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// DialRedis makes a client for REDIS_URL: redis://, rediss:// or unix:// for
// one server, redis+sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT/MASTER for
// one with failover, redis+cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT for a
// cluster. It connects at the first use. Errors never quote the address, which
// holds the password.
func DialRedis(raw string) (redis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, errors.New("REDIS_URL must be like redis://127.0.0.1:6379")
	}
	switch scheme {
	case "redis+sentinel":
		opt, err := sentinelOptions(rest)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL must be like redis+sentinel://HOST:26379,HOST:26379/MASTER: %w", err)
		}
		return redis.NewFailoverClient(opt), nil
	case "redis+cluster":
		opt, err := clusterOptions(rest)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL must be like redis+cluster://HOST:6379,HOST:6379: %w", err)
		}
		return redis.NewClusterClient(opt), nil
	case "redis", "rediss", "unix":
		opt, err := redis.ParseURL(raw)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL must be like %s://USER:PASSWORD@HOST:6379/0", scheme)
		}
		// A Redis that hangs must not hold a nudge up for longer than its time.
		opt.ContextTimeoutEnabled = true
		return redis.NewClient(opt), nil
	}
	return nil, errors.New("REDIS_URL must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
}

func sentinelOptions(rest string) (*redis.FailoverOptions, error) {
	a, err := cutAddress(rest)
	if err != nil {
		return nil, err
	}
	if a.path == "" {
		return nil, errors.New("the master's name is missing")
	}
	return &redis.FailoverOptions{
		MasterName: a.path, SentinelAddrs: a.hosts, Username: a.user, Password: a.password, ContextTimeoutEnabled: true,
	}, nil
}

func clusterOptions(rest string) (*redis.ClusterOptions, error) {
	a, err := cutAddress(rest)
	if err != nil {
		return nil, err
	}
	return &redis.ClusterOptions{Addrs: a.hosts, Username: a.user, Password: a.password, ContextTimeoutEnabled: true}, nil
}

// address is a URL without its scheme. Package url refuses one that lists
// several hosts with their ports.
type address struct {
	user, password string
	hosts          []string
	path           string
}

func cutAddress(s string) (address, error) {
	var a address
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		user, password, _ := strings.Cut(s[:at], ":")
		s = s[at+1:]
		var errUser, errPassword error
		a.user, errUser = url.PathUnescape(user)
		a.password, errPassword = url.PathUnescape(password)
		if errUser != nil || errPassword != nil {
			return a, errors.New("the user's name or password holds a % that begins no escape; write it as %25")
		}
	}
	hosts, path, _ := strings.Cut(s, "/")
	a.hosts, a.path = strings.Split(hosts, ","), strings.Trim(path, "/")
	if slices.Contains(a.hosts, "") {
		return a, errors.New("a host is missing")
	}
	return a, nil
}
