package embedded

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// serverUser says whom PostgreSQL runs as: nil for ourselves. It refuses to
// run as root, so root lends it to the owner of data that is there already,
// else to postgres, else to nobody.
func serverUser(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if info, err := os.Stat(data); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			return &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor a user nobody to run it as")
}

// errNoEntry is what a folder gives that the server's user may not work in.
var errNoEntry = errors.New("there is no right to write there")

// ownFolder makes dir, with what is above it, and gives it to the user alone.
func ownFolder(dir string, as *syscall.Credential) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if as == nil {
		return nil
	}
	if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
		return err
	}
	return os.Chmod(dir, 0o700)
}

// canEnter tries, as the user, to work in dir: permissions, access lists and
// mounts are all asked at once.
func canEnter(ctx context.Context, dir string, as *syscall.Credential) error {
	_, err := run(ctx, command{path: "/bin/sh", args: []string{"-c", "test -w ."}, dir: dir, user: as, orphan: syscall.SIGKILL})
	if err != nil && ctx.Err() == nil {
		return errNoEntry
	}
	return err
}

// settle makes the folder that the database lives in: dir, or where the
// server's user may not enter that, a folder of its own elsewhere, always the
// same for the same dir. The notice is empty unless it is elsewhere.
func settle(ctx context.Context, dir string, as *syscall.Credential) (home, notice string, err error) {
	err = ownFolder(dir, as)
	if err == nil {
		err = canEnter(ctx, dir, as)
	}
	switch {
	case err == nil:
		return dir, "", nil
	case as == nil || !(errors.Is(err, errNoEntry) || errors.Is(err, fs.ErrPermission)):
		return "", "", fmt.Errorf("its folder can't be used: %w. Choose another one with PORTAL_DATA, or have this one opened to you", err)
	}
	// /var/tmp survives a restart of the machine, unlike /tmp.
	base := filepath.Join("/var/tmp", "portal-"+fingerprint(dir))
	if err := ownRootFolder(base); err != nil {
		return "", "", err
	}
	home = filepath.Join(base, filepath.Base(dir))
	if err := ownFolder(home, as); err != nil {
		return "", "", fmt.Errorf("make %s: %w", home, err)
	}
	if err := canEnter(ctx, home, as); err != nil {
		return "", "", fmt.Errorf("neither %s nor %s will do for the database, as PostgreSQL does not run as root: choose a folder that everybody may enter with PORTAL_DATA", dir, home)
	}
	return home, fmt.Sprintf("Only root may enter %s, and PostgreSQL does not run as root: the database is kept in %s instead.", dir, home), nil
}

// ownRootFolder makes a folder of root's in a place where everybody may write,
// and refuses one that somebody else has put there.
func ownRootFolder(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		// Whatever the umask, the server's user has to pass through.
		return os.Chmod(dir, 0o755)
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return checkOwn(dir, nil)
}

// checkOwn refuses what is not a real folder of ours or of the server's user.
func checkOwn(dir string, as *syscall.Credential) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || !(int(owner.Uid) == os.Geteuid() || as != nil && owner.Uid == as.Uid) {
		return fmt.Errorf("%s belongs to somebody else: have it removed", dir)
	}
	return nil
}

// plainPath is a path that needs no quoting in the server's settings, and is
// short enough for a socket in it: a socket's path has 107 bytes at most.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._-]{1,80}$`)

// socketFolder makes the private folder of the server's socket: beside the
// data, or for a long or unusual path, among the temporary files. The name is
// fixed by the data, so that what a killed run left is removed by the next.
func socketFolder(ctx context.Context, home string, as *syscall.Credential) (string, error) {
	dir := filepath.Join(home, "socket")
	if !plainPath.MatchString(dir) {
		base := os.TempDir()
		if !plainPath.MatchString(base) || canEnter(ctx, base, as) != nil {
			base = "/tmp"
		}
		dir = filepath.Join(base, "portal-pg-"+fingerprint(home))
	}
	if _, err := os.Lstat(dir); err == nil {
		if err := checkOwn(dir, as); err != nil {
			return "", err
		}
		if err := os.RemoveAll(dir); err != nil {
			return "", fmt.Errorf("remove an old socket's folder: %w", err)
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the socket's folder: %w", err)
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return "", fmt.Errorf("make the socket's folder: %w", err)
		}
	}
	return dir, nil
}

// fingerprint names a path in twelve characters.
func fingerprint(path string) string {
	sum := sha256.Sum256([]byte(path))
	return fmt.Sprintf("%x", sum[:6])
}
