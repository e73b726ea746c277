package worker

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// listen takes connections on address, or fails the test.
func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// relay listens on address for the rest of the test and passes every
// connection on to another one.
func relay(t *testing.T, address, to string) {
	t.Helper()
	listener := listen(t, address)
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return // closed at the end of the test
			}
			connections.Go(func() { pass(t, from, to) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		connections.Wait()
	})
}

// pass copies both ways until either side or the test ends.
func pass(t *testing.T, from net.Conn, to string) {
	onward, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
	if err != nil {
		_ = from.Close()
		return
	}
	end := func() {
		_ = from.Close()
		_ = onward.Close()
	}
	defer context.AfterFunc(t.Context(), end)()
	var directions sync.WaitGroup
	for _, pair := range [][2]net.Conn{{from, onward}, {onward, from}} {
		directions.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			end()
		})
	}
	directions.Wait()
}
