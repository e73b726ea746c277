package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// lock keeps a folder to one run at a time. Children inherit the open file, so
// the lock of a killed run holds until the last of its children is gone.
type lock struct{ file *os.File }

// errInUse is what a folder gives that another live run holds.
var errInUse = errors.New("another portal is using it")

// lockFile takes the lock. It waits, until ctx ends, while the children of a
// killed run are winding up; a run that lives is errInUse after a second.
func lockFile(ctx context.Context, path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := waitForLock(ctx, file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err := writeOwner(file); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return &lock{file}, nil
}

func waitForLock(ctx context.Context, file *os.File) error {
	// A killed process can be seen a moment longer, until its parent looks.
	surelyAlive := time.Now().Add(time.Second)
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		if owner, alive := ownerOf(file); alive && time.Now().After(surelyAlive) {
			return fmt.Errorf("%w (process %d)", errInUse, owner)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", errInUse, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func writeOwner(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

func ownerOf(file *os.File) (pid int, alive bool) {
	var text [32]byte
	n, err := file.ReadAt(text[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false
	}
	if _, err := fmt.Sscanf(string(text[:n]), "%d", &pid); err != nil {
		return 0, false
	}
	err = syscall.Kill(pid, 0)
	return pid, err == nil || errors.Is(err, syscall.EPERM)
}

// release gives the lock up. The file stays: removing it would let two runs
// hold locks on two files of the same name.
func (l *lock) release() error { return l.file.Close() }
