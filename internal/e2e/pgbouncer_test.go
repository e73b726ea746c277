package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pgbouncer is a pooler in transaction mode before the tests' PostgreSQL: each
// transaction of a client gets one of few connections of the server.
type pgbouncer struct {
	*process
	port string
}

var (
	dsnHost     = regexp.MustCompile(`host='([^']*)'`)
	dsnDatabase = regexp.MustCompile(`dbname=(\S+)`)
)

// startPgBouncer starts one that has so many connections to each database.
func startPgBouncer(t testing.TB, serverConns int) *pgbouncer {
	t.Helper()
	server, err := sharedPostgres()
	must(t, err)
	folder := dsnHost.FindStringSubmatch(server.server.DSN())[1]
	addr := freeAddr(t)
	p := &pgbouncer{port: addr[strings.LastIndexByte(addr, ':')+1:]}
	config := filepath.Join(t.TempDir(), "pgbouncer.ini")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `[databases]
* = host=%s port=5432 user=portal
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
max_client_conn = 400
`, folder, p.port, serverConns), 0o600))
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	args := []string{config}
	if os.Geteuid() == 0 { // it does not run as root, nor does the server
		args = append([]string{"-u", ownerOf(t, folder)}, args...)
	}
	p.process, err = startProcess("pgbouncer", &output{}, nil, program, args...)
	must(t, err)
	t.Cleanup(p.kill)
	eventually(t, 10*time.Second, "pgbouncer listens", func() bool {
		if !p.running() {
			t.Fatalf("pgbouncer ended: %v\n%s", p.err, p.out)
		}
		return listens(addr)
	})
	return p
}

func ownerOf(t testing.TB, path string) string {
	t.Helper()
	about, err := os.Stat(path)
	must(t, err)
	owner, err := user.LookupId(strconv.FormatUint(uint64(about.Sys().(*syscall.Stat_t).Uid), 10))
	must(t, err)
	return owner.Username
}

// dsn leads to the database of a direct address through the pooler.
func (p *pgbouncer) dsn(direct string, options ...string) string {
	return strings.Join(append([]string{"host=127.0.0.1 port=" + p.port + " user=portal sslmode=disable",
		"dbname=" + dsnDatabase.FindStringSubmatch(direct)[1]}, options...), " ")
}

// oneMessage has the driver send a query together with its values.
const oneMessage = "binary_parameters=yes"
