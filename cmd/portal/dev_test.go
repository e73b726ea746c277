package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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

// demoWaves are the waves, the newest first, with how many responses each has.
func demoWaves(t *testing.T, db *testenv.DB) ([]store.Wave, []int) {
	t.Helper()
	waves, err := db.Store.Waves(t.Context(), "")
	must(t, err)
	totals := make([]int, len(waves))
	for i, wave := range waves {
		totals[i], err = db.Store.LiveTotal(t.Context(), wave.ID)
		must(t, err)
	}
	return waves, totals
}

// expectResponses checks how many responses each wave has, the newest first.
func expectResponses(t *testing.T, db *testenv.DB, want ...int) {
	t.Helper()
	if _, totals := demoWaves(t, db); !slices.Equal(totals, want) {
		t.Errorf("the waves have %v responses, want %v", totals, want)
	}
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
	admin := freeAddr(t)
	few := []string{"--responses", "20", "--referrals", "5", "--admin-addr", admin}
	first := startDev(t, db, redis, data, few...)
	first.says(devRuns)
	if status, _ := get(t, first.says(`home +(\S+)`)[1]); status != 200 {
		t.Errorf("the home page answers %d", status)
	}
	// One address tells of both halves.
	if _, metrics := get(t, "http://"+admin+"/metrics"); !strings.Contains(metrics, `route="/"`) || !strings.Contains(metrics, `portal_sweep_found_total{job="referral:route"}`) {
		t.Errorf("the metrics lack a half:\n%s", metrics)
	}
	printed := signIns(first.out.String())
	for _, role := range store.Roles {
		if !strings.Contains(strings.Join(printed, "\n"), "demo sign-in  "+string(role)+"  ") {
			t.Errorf("no sign-in of role %s is printed", role)
		}
	}
	first.isStopped()
	expectResponses(t, db, 20, 20)
	waves, _ := demoWaves(t, db)
	current, earlier := waves[0], waves[1]
	if !current.Demo || !current.Published || !current.Open(time.Now()) || current.Code != time.Now().Format(monthly) {
		t.Errorf("the current wave is %+v", current)
	}
	if !earlier.Demo || !earlier.Published || earlier.Takes(time.Now()) || earlier.Released != 20 || earlier.OpensAt.After(current.OpensAt.AddDate(0, -6, 0)) {
		t.Errorf("the earlier wave is %+v", earlier)
	}
	if got := referrals(t, db); got != 5 {
		t.Errorf("there are %d referrals", got)
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
	expectResponses(t, db, 20, 20)
	if got := referrals(t, db); got != 5 {
		t.Errorf("after the second start there are %d referrals", got)
	}
}

// Whoever presses Ctrl-C while demo data is made has it whole after the next
// start.
func TestInterruptedFirstRunIsMadeWhole(t *testing.T) {
	t.Parallel()
	db, redis, data := testenv.Open(t), testenv.Redis(t), t.TempDir()
	const responses, made = 12_000, 6
	args := []string{"--responses", strconv.Itoa(responses), "--referrals", strconv.Itoa(made)}
	first := startDev(t, db, redis, data, args...)
	first.says("First run")
	// The earlier wave is filled first: stop when the other has been begun.
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(time.Millisecond) {
		if waves, totals := demoWaves(t, db); len(waves) == 2 && totals[0] > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no responses are made")
		}
	}
	first.stops(130)
	waves, totals := demoWaves(t, db)
	if totals[0] >= responses || waves[0].Releases > 0 || totals[1] != responses {
		t.Fatalf("the first run was not interrupted: %d responses, %d releases", totals[0], waves[0].Releases)
	}
	if got := referrals(t, db); got != made {
		t.Errorf("there are %d referrals when the waves have opened, want all %d", got, made)
	}
	// This one is for whoever opens it.
	portal(t, "wave", "open", "trial", "--demo", "--database-url", db.DSN).wants(0)

	second := startDev(t, db, redis, data, args...)
	second.says("An earlier first run was stopped: making the " + strconv.Itoa(responses-totals[0]) + " demo responses")
	second.says(devRuns)
	second.isStopped()
	expectResponses(t, db, 0, responses, responses)
	if waves, _ := demoWaves(t, db); waves[1].Releases == 0 || referrals(t, db) != made {
		t.Errorf("then there are %d releases and %d referrals", waves[1].Releases, referrals(t, db))
	}
}

func TestFirstRunFinishesItsReferrals(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	first := startDev(t, db, testenv.Redis(t), t.TempDir(), "--responses", "20", "--referrals", "6")
	first.says("First run")
	first.stops(130)
	expectResponses(t, db, 0, 0)
	if got := referrals(t, db); got != 6 {
		t.Errorf("there are %d referrals, want 6", got)
	}
}

func TestFirstRunOfOneWave(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	dev := startDev(t, db, testenv.Redis(t), t.TempDir(), "--responses", "90", "--referrals", "0", "--waves", "1")
	dev.says(devRuns)
	dev.isStopped()
	expectResponses(t, db, 90)
	waves, _ := demoWaves(t, db)
	if waves[0].Released >= 90 || waves[0].Released < 80 {
		t.Errorf("%d of 90 responses are released, want all but a handful", waves[0].Released)
	}
	collectors, err := db.Store.Collectors(t.Context(), waves[0].ID)
	must(t, err)
	if i := slices.IndexFunc(collectors, func(c store.Collector) bool { return c.Kind == store.ClosedCollector }); i < 0 {
		t.Error("there are no letters")
	} else if percent, ok := collectors[i].Rate(); !ok || percent != 67 {
		t.Errorf("the letters have a rate of %d %%, %v", percent, ok)
	}
	portal(t, "dev", "--waves", "0").wants(1, "one wave at least")
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
