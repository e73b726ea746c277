package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"intake/internal/store"
	"intake/internal/testenv"
)

// startDev runs `portal dev` on the test's own services.
func startDev(t *testing.T, db *testenv.DB, redis, data string, args ...string) *running {
	t.Helper()
	return start(t, append([]string{"dev", "--addr", "127.0.0.1:0", "--data", data, "--rate-limit", "off",
		"--database-url", db.DSN, "--redis-url", redis}, args...)...)
}

const devRuns = `Press Ctrl-C to stop\.`

func signIns(printed string) []string {
	return regexp.MustCompile(`(?m)^demo sign-in  \S+  \S+  \S+$`).FindAllString(printed, -1)
}

func (r *running) isStopped() {
	r.t.Helper()
	r.stops(0)
	r.says("Stopped.")
}

func demoWave(t *testing.T, db *testenv.DB) (wave store.Wave, total int) {
	t.Helper()
	waves, err := db.Store.Waves(t.Context(), "")
	must(t, err)
	if len(waves) != 1 {
		t.Fatalf("there are %d waves, want 1", len(waves))
	}
	total, err = db.Store.LiveTotal(t.Context(), waves[0].ID)
	must(t, err)
	return waves[0], total
}

func referrals(t *testing.T, db *testenv.DB) int {
	t.Helper()
	lead, err := db.Store.UserByEmail(t.Context(), "lead@demo.example")
	must(t, err)
	_, total, err := db.Store.Desk(t.Context(), lead, store.DeskFilter{})
	must(t, err)
	return total
}

func TestDevTwiceOnTheSameData(t *testing.T) {
	t.Parallel()
	db, redis, data := testenv.Open(t), testenv.Redis(t), filepath.Join(t.TempDir(), "a folder")
	few := []string{"--responses", "20", "--referrals", "5"}
	first := startDev(t, db, redis, data, few...)
	first.says(devRuns)
	if status, _ := get(t, first.says(`home +(\S+)`)[1]); status != 200 {
		t.Errorf("the home page answers %d", status)
	}
	printed := signIns(first.out.String())
	for _, role := range store.Roles {
		if !strings.Contains(strings.Join(printed, "\n"), "demo sign-in  "+string(role)+"  ") {
			t.Errorf("no sign-in of role %s is printed", role)
		}
	}
	first.isStopped()
	wave, total := demoWave(t, db)
	if !wave.Demo || total != 20 || referrals(t, db) != 5 {
		t.Errorf("got a demo wave %v with %d responses, and %d referrals", wave.Demo, total, referrals(t, db))
	}

	// An account that was ended stays ended, and does not keep the portal from
	// starting. And a first run that was whole is not made up for.
	portal(t, "user", "disable", "west@demo.example", "--database-url", db.DSN).wants(0)
	second := startDev(t, db, redis, data)
	second.says(devRuns)
	var want []string
	for _, line := range printed {
		if !strings.Contains(line, "west@demo.example") {
			want = append(want, line)
		}
	}
	if got := signIns(second.out.String()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the second start prints\n%s\nthe first printed\n%s", strings.Join(got, "\n"), strings.Join(printed, "\n"))
	}
	second.isStopped()
	if _, total := demoWave(t, db); total != 20 || referrals(t, db) != 5 {
		t.Errorf("after the second start there are %d responses and %d referrals", total, referrals(t, db))
	}
}

// Whoever presses Ctrl-C while demo data is made has it whole after the next
// start.
func TestInterruptedFirstRunIsMadeWhole(t *testing.T) {
	t.Parallel()
	db, redis, data := testenv.Open(t), testenv.Redis(t), t.TempDir()
	const responses, made = 1500, 6
	args := []string{"--responses", strconv.Itoa(responses), "--referrals", strconv.Itoa(made)}
	first := startDev(t, db, redis, data, args...)
	first.says("First run")
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		waves, err := db.Store.Waves(t.Context(), "")
		must(t, err)
		if len(waves) == 1 {
			if total, err := db.Store.LiveTotal(t.Context(), waves[0].ID); err == nil && total > 0 {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("no responses are made")
		}
	}
	first.stops(130)
	wave, total := demoWave(t, db)
	if total >= responses || wave.Releases > 0 {
		t.Fatalf("the first run was not interrupted: %d responses, %d releases", total, wave.Releases)
	}
	if got := referrals(t, db); got != made {
		t.Errorf("there are %d referrals when the wave has opened, want all %d", got, made)
	}

	second := startDev(t, db, redis, data, args...)
	second.says("An earlier first run was stopped: making the " + strconv.Itoa(responses-total) + " demo responses")
	second.says(devRuns)
	second.isStopped()
	if wave, total := demoWave(t, db); total != responses || wave.Releases == 0 || referrals(t, db) != made {
		t.Errorf("then there are %d responses, %d releases and %d referrals", total, wave.Releases, referrals(t, db))
	}
}

func TestFirstRunFinishesItsReferrals(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	first := startDev(t, db, testenv.Redis(t), t.TempDir(), "--responses", "20", "--referrals", "6")
	first.says("First run")
	first.stops(130)
	if _, total := demoWave(t, db); total != 0 || referrals(t, db) != 6 {
		t.Errorf("there are %d responses and %d referrals, want none and 6", total, referrals(t, db))
	}
}

func TestDemoKeepsOutOfRealLedgers(t *testing.T) {
	t.Parallel()
	db, redis := testenv.Open(t), testenv.Redis(t)
	s := sound(t)
	seed := []string{"seed", "--database-url", db.DSN, "--redis-url", redis, "--keyset", s.Keyset,
		"--base-url", s.BaseURL, "--smtp-url", s.SMTPURL, "--responses", "12", "--referrals", "3"}
	portal(t, seed...).wants(1, "there is no wave to seed")
	portal(t, "wave", "open", "spring", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(1, "wave spring is real: demo data goes into demo waves only")
	dev := startDev(t, db, redis, t.TempDir())
	dev.ends(1)
	dev.says("is in real use")
	users, err := db.Store.Users(t.Context())
	must(t, err)
	if len(users) != 0 {
		t.Errorf("a ledger in real use got %d demo managers", len(users))
	}

	portal(t, "wave", "close", "spring", "--database-url", db.DSN).wants(0)
	portal(t, "wave", "open", "trial", "--demo", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(0, "12 survey responses", "3 referrals")
	if got := referrals(t, db); got != 3 {
		t.Errorf("there are %d referrals, want 3", got)
	}
	portal(t, "wave", "close", "trial", "--database-url", db.DSN).wants(0)
	portal(t, seed...).wants(1, "wave trial has closed")
}

func TestDevRefusesAtOnce(t *testing.T) {
	t.Parallel()
	db, redis := testenv.Open(t), testenv.Redis(t)
	running := startDev(t, db, redis, t.TempDir(), "--responses", "0", "--referrals", "0")
	addr := strings.TrimPrefix(running.says(`home +(http://\S+)/`)[1], "http://")
	data := t.TempDir()
	portal(t, "dev", "--addr", addr, "--data", data).wants(1, "cannot listen on "+addr, "Is another portal running?", "PORTAL_ADDR")
	left, err := os.ReadDir(data)
	must(t, err)
	if len(left) > 0 {
		t.Errorf("the refused portal left %v in its folder", left)
	}
	running.isStopped()
}

// A wrong setting is said before PostgreSQL is started for it.
func TestDevRefusesWrongSettingsFirst(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	portal(t, "dev", "--addr", "127.0.0.1:0", "--data", data, "--rate-limit", "many", "--keyset", "nonsense", "--redis-url", "wombat://x",
		"--base-url", "portal", "--smtp-url", "wombat://x").
		wants(1, "the portal cannot start", "PORTAL_RATE_LIMIT", "PORTAL_KEYSET", "PORTAL_BASE_URL", "REDIS_URL", "PORTAL_SMTP_URL")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("something was started in the data folder: %v", err)
	}
}

// Root may write anywhere, so the portal runs as nobody if the tests are root's.
func TestDevSaysWhereItMayNotWrite(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "portal-nobody-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o755)) //nolint:gosec // others are to come in
	locked := filepath.Join(dir, "locked")
	must(t, os.Mkdir(locked, 0o555)) //nolint:gosec // nobody may write here
	program := filepath.Join(dir, "portal")
	copyProgram(t, program)
	for data, says := range map[string]string{
		filepath.Join(locked, "data"): "can't be made",
		locked:                        "can't be written to",
	} {
		cmd := exec.CommandContext(t.Context(), program, "dev", "--addr", "127.0.0.1:0", "--data", data)
		cmd.Env = []string{asPortal + "=yes", "PATH=" + os.Getenv("PATH")}
		cmd.Dir = dir
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: %v:\n%s", data, err, out)
		}
		for _, words := range []string{data, says, "Set PORTAL_DATA to a folder that you may write to"} {
			if !strings.Contains(string(out), words) {
				t.Errorf("%s: the portal does not say %q:\n%s", data, words, out)
			}
		}
	}
}

// copyProgram puts this test binary where everybody may run it.
func copyProgram(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	from, err := os.Open(self) //nolint:gosec // ourselves
	must(t, err)
	defer from.Close() //nolint:errcheck // only read

	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755) //nolint:gosec // others are to run it
	must(t, err)
	_, err = io.Copy(file, from)
	must(t, err)
	must(t, file.Close())
}
