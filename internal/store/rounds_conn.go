package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/lib/pq"
)

// openForRounds opens connections that rounds have to themselves, so that no
// page that is slow keeps a response waiting. How long a statement may take is
// a matter of these connections, at both their ends. A context could say it as
// well, but the driver has a goroutine watch each context, and a response that
// comes alone would take a twentieth longer.
func openForRounds(address pq.Config) (*sql.DB, error) {
	if address.ConnectTimeout <= 0 {
		address.ConnectTimeout = connectPatience
	}
	connector, err := pq.NewConnectorConfig(address)
	if err != nil {
		return nil, err
	}
	connector.Dialer(boundedDialer{})
	db := sql.OpenDB(boundedConnector{connector})
	db.SetMaxOpenConns(mostRounds)
	db.SetMaxIdleConns(mostRounds)
	return db, nil
}

const (
	// connectPatience bounds connecting, where the database's address does not.
	connectPatience = 3 * time.Second
	// answerPatience is how long a server may be silent that should have given
	// a statement up at roundPatience.
	answerPatience = roundPatience + time.Second
)

// boundedConnector bounds statements where they run: one that waits for a lock
// does not notice that nobody waits for it any more.
type boundedConnector struct{ *pq.Connector }

func (b boundedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := b.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	bound := fmt.Sprintf("SET statement_timeout = %d", roundPatience.Milliseconds())
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, bound, nil); err != nil { //nolint:forcetypeassert // the driver's connections all are
		return nil, errors.Join(fmt.Errorf("bound statements: %w", err), conn.Close())
	}
	return conn, nil
}

// boundedDialer and boundedConn bound the wait for the server's answer.
type boundedDialer struct{ net.Dialer }

func (d boundedDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &boundedConn{Conn: conn}, nil
}

// DialTimeout is for the driver's older interface, which it asks for a dialer by.
func (d boundedDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// Dial is for the driver's older interface, too.
func (d boundedDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

type boundedConn struct {
	net.Conn
	connected bool
}

// SetDeadline is the driver's way to bound connecting. It lifts that bound, by
// the zero time, when it is connected.
func (c *boundedConn) SetDeadline(t time.Time) error {
	c.connected = t.IsZero()
	return c.Conn.SetDeadline(t)
}

func (c *boundedConn) Write(b []byte) (int, error) {
	if c.connected {
		if err := c.Conn.SetDeadline(time.Now().Add(answerPatience)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}

// Read closes a connection whose answer did not come in time: it may come yet,
// and must not be taken for that to the next statement.
func (c *boundedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		_ = c.Close() // what was wrong with it is told already
	}
	return n, err
}
