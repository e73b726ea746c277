package store_test

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
	"intake/internal/testenv"
)

// TestRoundsGiveUp: a response that the database cannot commit in time is
// refused, and does not land after all when nobody knows of it any more.
func TestRoundsGiveUp(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	letGo := l.holdUp()
	began := time.Now()
	_, err := l.Append(t.Context(), response(wave, uuid.New(), ""), tuesday)
	if took := time.Since(began); !store.IsUnavailable(err) || took > 20*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	if waiting := l.count(`SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); waiting > 0 {
		t.Error("its statement still waits")
	}
	letGo()
	l.expect("responses", 0, `SELECT count(*) FROM inbox`)
	if _, err := l.Append(t.Context(), response(wave, uuid.New(), ""), tuesday); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// TestServerStandsStill: its answer is not waited for without end, and what
// comes then goes another way.
func TestServerStandsStill(t *testing.T) {
	t.Parallel()
	server, own := openOwnServer(t)
	t.Cleanup(func() {
		if err := errors.Join(own.Close(), server.Stop(context.Background())); err != nil {
			t.Error(err)
		}
	})
	l := openLedgerOn(t, &testenv.DB{Store: own, DSN: server.DSN()})
	wave := l.wave("one")
	send := func() error {
		_, err := l.Append(t.Context(), response(wave, uuid.New(), ""), tuesday)
		return err
	}
	l.must(send())
	still := l.count(`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'WITH fresh%'`)
	l.must(syscall.Kill(still, syscall.SIGSTOP))
	defer func() { l.must(syscall.Kill(still, syscall.SIGCONT)) }()
	began := time.Now()
	if err, took := send(), time.Since(began); !store.IsUnavailable(err) || took > 20*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	if err := send(); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// TestLateAnswer: what comes after a statement was given up is not taken for the
// answer to the next one.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	ours, servers := net.Pipe()
	defer servers.Close() //nolint:errcheck // only a pipe
	conn := store.BoundedConn(ours)
	if err := conn.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("no answer: %v", err)
	}
	if err := conn.SetDeadline(time.Time{}); err == nil {
		t.Error("the connection is open yet")
	}
	if _, err := conn.Write([]byte("next")); err == nil {
		t.Error("something can be asked on it")
	}
}
