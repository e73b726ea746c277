package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"intake/handlers"
	"intake/worker"
)

// adminAgain is how long it takes until an address that was taken is tried
// again: another process may serve there that is about to end.
const adminAgain = 2 * time.Second

// withAdmin runs do, and meanwhile serves on PORTAL_ADMIN_ADDR what is for the
// eyes of whoever runs the portal. An address that is taken keeps nobody from
// working: it is served there as soon as it is free.
func (c *config) withAdmin(ctx context.Context, s *services, do func() error) error {
	if c.AdminAddr == "" {
		return do()
	}
	listener, err := listenAdmin(ctx, c.AdminAddr)
	if errors.Is(err, syscall.EADDRINUSE) {
		c.log.Warn("metrics are not served yet: another process has the address. Give each its own PORTAL_ADMIN_ADDR", "addr", c.AdminAddr)
	} else if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           c.adminHandler(s, ctx.Done()),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          withoutAddresses(c.log),
	}
	// Until do has ended: how a process drains is to be seen, too.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan struct{})
	go func() {
		defer close(served)
		c.serveAdmin(serving, server, listener)
	}()
	err = do()
	stop()
	<-served
	return err
}

// serveAdmin serves on the listener, or once it gets one, until ctx is done.
func (c *config) serveAdmin(ctx context.Context, server *http.Server, listener net.Listener) {
	for listener == nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(adminAgain):
		}
		listener, _ = listenAdmin(ctx, c.AdminAddr) // why not was told at the first try
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // nobody's answer is lost with it
	c.log.Info("metrics are served", "addr", listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		c.log.Error("metrics are not served any more", "error", err)
	}
}

func listenAdmin(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%w). Set PORTAL_ADMIN_ADDR to an address of this machine, like 127.0.0.1:9090, or leave it out", addr, err)
	}
	return listener, nil
}

// adminHandler serves /metrics, and how this process is, which a worker has no
// other place for.
func (c *config) adminHandler(s *services, stopping <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.Handle("GET /readyz", handlers.Readiness{Store: s.ledger, Redis: s.redis, Schema: s.schema, Stopping: stopping})
	return mux
}

// metrics are those of this process, and those that it asks its services for.
func (s *services) metrics() prometheus.Gatherer {
	asked := prometheus.NewRegistry()
	asked.MustRegister(s.ledger.Collector(now), worker.NewQueueCollector(s.redis))
	return prometheus.Gatherers{prometheus.DefaultGatherer, asked}
}
