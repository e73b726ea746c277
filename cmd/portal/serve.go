package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"intake/handlers"
	"intake/internal/counting"
	"intake/internal/organisation"
	"intake/worker"
)

// drainPatience is how long requests at hand may take once the end has come.
const drainPatience = 15 * time.Second

// waveMemory is how long it may take until the survey's pages know of a change
// that a manager made to a wave.
const waveMemory = 250 * time.Millisecond

type webCommand struct{ settings }

// Run serves until ctx is done, then drains.
func (w *webCommand) Run(ctx context.Context, t terminal) error {
	return w.with(ctx, t, func(ctx context.Context, c *config, s *services) error {
		listener, err := listen(ctx, c.Addr)
		if err != nil {
			return err
		}
		c.log.Info("web serves", "addr", listener.Addr().String())
		return c.withAdmin(ctx, s, func() error { return c.serveWeb(ctx, listener, s, nil) })
	})
}

type workerCommand struct{ settings }

// Run works until ctx is done, then finishes what is at hand.
func (w *workerCommand) Run(ctx context.Context, t terminal) error {
	return w.with(ctx, t, func(ctx context.Context, c *config, s *services) error {
		return c.withAdmin(ctx, s, func() error {
			c.log.Info("worker works")
			c.work(ctx, s)
			return nil
		})
	})
}

// with opens what a serving command needs, and closes it behind it.
func (s settings) with(ctx context.Context, t terminal, do func(context.Context, *config, *services) error) (err error) {
	if os.Getenv("GOGC") == "" {
		// Little stays in use, and each request leaves some garbage. Web takes
		// this back where it holds the index of a large wave.
		debug.SetGCPercent(400)
	}
	c, err := s.read(t.err)
	if err != nil {
		return err
	}
	defer c.writeLog()
	opened, err := c.openServices(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.close()) }()
	return do(ctx, c, opened)
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w). Is another portal running? Stop it, or set PORTAL_ADDR to a free address, like 127.0.0.1:8081", addr, err)
	}
	return listener, nil
}

// localAddr is where this machine itself reaches a server that listens on addr.
func localAddr(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// serveWeb serves on the listener until ctx is done, and on for as long as a load
// balancer takes to notice. Then it lets the requests at hand finish.
func (c *config) serveWeb(ctx context.Context, listener net.Listener, s *services, mailbox handlers.Mailbox) error {
	handler, err := handlers.New(handlers.Config{
		Store: s.ledger, Referrals: s.referrals, Keys: c.keys, Redis: s.redis, Jobs: s.jobs,
		Organisation: c.organisation, Calendar: c.calendar, Rules: c.rules, Survey: c.survey, Referral: c.referral,
		BaseURL: c.baseURL, TrustedProxies: c.TrustedProxies, RateLimit: c.rateLimit, WaveMemory: waveMemory, Mailbox: mailbox,
		Lists: listsOf(c.organisation), NoOffline: c.Offline == "off",
		QueueMonitor: worker.NewMonitor(s.redis, handlers.MonitorPath), Schema: s.schema,
		Demo: c.OrganisationFile == "",
		Log:  c.log, Now: now, Stopping: ctx.Done(),
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler:           partingFrom(ctx.Done(), handler),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          withoutAddresses(c.log),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = c.serveOn(ended)
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainPatience)
	defer cancel()
	if server.Shutdown(draining) != nil {
		// Whoever is still at it would find the ledger closed next.
		c.log.Warn("requests were cut off at the end", "after", drainPatience)
		err = errors.Join(err, server.Close())
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// serveOn waits for PORTAL_DRAIN_DELAY, or for the server to end by itself.
func (c *config) serveOn(ended <-chan error) error {
	if c.drainDelay == 0 {
		return nil
	}
	c.log.Info("web is about to end and serves on for a moment", "for", c.drainDelay)
	select {
	case err := <-ended:
		return err
	case <-time.After(c.drainDelay):
		return nil
	}
}

// partingFrom ends connections with their next answer once stopping is closed.
// Those on which nothing happens stay open until the server ends: closed at once
// they could meet a request that is on its way, which no proxy may send twice.
func partingFrom(stopping <-chan struct{}, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-stopping:
			w.Header().Set("Connection", "close")
		default:
		}
		next.ServeHTTP(w, r)
	})
}

// withoutAddresses is where net/http writes what went wrong below the
// handlers. Its lines name clients, so only that there was one is told.
func withoutAddresses(logger *slog.Logger) *log.Logger {
	return log.New(writerFunc(func(line []byte) (int, error) {
		logger.Warn("a connection failed")
		return len(line), nil
	}), "", 0)
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(line []byte) (int, error) { return w(line) }

// work runs the worker until ctx is done.
func (c *config) work(ctx context.Context, s *services) {
	w := &worker.Worker{
		Store: s.ledger, Referrals: s.referrals, Redis: s.redis, Queue: s.jobs, Rules: c.rules, Calendar: c.calendar, Mailer: c.mailer,
		DutyTeam: dutyTeam(c.organisation), Log: c.log, Now: now,
		Counter: counting.Counter{Store: s.ledger, Versions: s.ledger.Versions(listsOf(c.organisation), c.survey)},
	}
	w.Run(ctx)
}

// dutyTeam is the team that works while the office is shut.
func dutyTeam(o *organisation.Organisation) string {
	for _, team := range o.Teams {
		if team.OutOfHours {
			return team.Slug
		}
	}
	return ""
}

type healthCommand struct {
	Addr string `env:"PORTAL_ADDR" default:"127.0.0.1:8080" help:"Where the web server listens."`
}

// Run asks the web server how it is.
func (h *healthCommand) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+localAddr(h.Addr)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("PORTAL_ADDR must be like 127.0.0.1:8080: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the web server does not answer: %w", err)
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the web server answers %s", answer.Status)
	}
	return nil
}
