package embedded

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// oldestPostgres is the oldest PostgreSQL that the portal is tried with.
const oldestPostgres = 13

// postgresFolders is where distributions keep the server's programs, which
// Debian leaves out of the PATH.
var postgresFolders = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"}

// binaries is one installed PostgreSQL.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findPostgres lists the servers installed in folders (patterns) and in the
// PATH, the newest first.
func findPostgres(ctx context.Context, folders []string) ([]binaries, error) {
	var dirs []string
	for _, pattern := range folders {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("look for PostgreSQL in %s: %w", pattern, err)
		}
		dirs = append(dirs, found...)
	}
	if inPath, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(inPath))
	}
	var all []binaries
	for _, dir := range dirs {
		b := binaries{dir: dir}
		if _, err := exec.LookPath(b.path("initdb")); err != nil {
			continue
		}
		// A broken installation is no reason to refuse a sound one beside it.
		if b.major = majorVersion(ctx, b.path("postgres")); b.major >= oldestPostgres {
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no PostgreSQL server (%d or newer) on this machine: install one with `apt-get install postgresql`, or set DATABASE_URL to a server elsewhere", oldestPostgres)
	}
	slices.SortStableFunc(all, func(a, b binaries) int { return b.major - a.major })
	return all, nil
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorVersion is 0 if the program does not say.
func majorVersion(ctx context.Context, postgres string) int {
	printed, err := run(ctx, command{path: postgres, args: []string{"--version"}, orphan: syscall.SIGKILL})
	if err != nil {
		return 0
	}
	match := versionText.FindStringSubmatch(printed)
	if match == nil {
		return 0
	}
	major, err := strconv.Atoi(match[1])
	if err != nil {
		return 0
	}
	return major
}

// choose picks the server for data of that major version (0 for new data).
func choose(all []binaries, major int) (binaries, error) {
	if major == 0 {
		return all[0], nil
	}
	var have []string
	for _, b := range all {
		if b.major == major {
			return b, nil
		}
		have = append(have, strconv.Itoa(b.major))
	}
	return binaries{}, fmt.Errorf("it was made by PostgreSQL %d and this machine has PostgreSQL %s: install that version with `apt-get install postgresql-%d`, or move the folder away to start afresh", major, strings.Join(have, " and "), major)
}

// dataVersion reads the major version that data was made by, 0 if there is no
// database yet.
func dataVersion(versionFile []byte) (int, error) {
	if len(versionFile) == 0 {
		return 0, nil
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(versionFile)))
	if err != nil {
		return 0, errors.New("its file PG_VERSION does not hold a version: move the folder away to start afresh")
	}
	return major, nil
}
