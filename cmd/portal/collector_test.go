package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

const siteURL = "https://portal.example.org"

// collecting runs commands on the collectors of a database with one wave.
type collecting struct {
	*testenv.DB
	t    *testing.T
	wave *store.Wave
	keys string
}

func newCollecting(t *testing.T) *collecting {
	t.Helper()
	c := &collecting{DB: published(t), t: t}
	portal(t, "wave", "open", "2026-11", "--database-url", c.DSN).wants(0)
	var err error
	c.wave, err = c.Store.WaveByCode(t.Context(), "care-worker-survey", "2026-11")
	must(t, err)
	c.keys, err = c.Keys.Export()
	must(t, err)
	return c
}

func (c *collecting) plain(args ...string) result {
	c.t.Helper()
	return portal(c.t, append(append([]string{"collector"}, args...), "--database-url", c.DSN)...)
}

// run is a command with an address for links.
func (c *collecting) run(args ...string) result {
	c.t.Helper()
	return c.plain(append(args, "--base-url", siteURL+"/")...)
}

// sealed is one with the keys, too.
func (c *collecting) sealed(args ...string) result {
	c.t.Helper()
	return c.run(append(args, "--keyset", c.keys)...)
}

// rows reads the CSV of invitations and gives their codes.
func (c *collecting) rows(text string, first, n int) []string {
	c.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	must(c.t, err)
	if len(rows) != n+1 || strings.Join(rows[0], ",") != "number,code,link" {
		c.t.Fatalf("%d rows, want a heading and %d:\n%s", len(rows), n, text)
	}
	var codes []string
	for i, row := range rows[1:] {
		code, ok := store.ParseInvitation(row[1])
		if !ok || row[0] != fmt.Sprint(first+i) || row[1] != store.FormatInvitation(code) || row[2] != siteURL+"/i/"+code {
			c.t.Errorf("row %q", row)
		}
		if _, wave, err := c.Store.FindInvitation(c.t.Context(), code); err != nil || wave.ID != c.wave.ID {
			c.t.Errorf("%s leads to %+v, %v", code, wave, err)
		}
		codes = append(codes, code)
	}
	return codes
}

func TestShortLinks(t *testing.T) {
	t.Parallel()
	c := newCollecting(t)
	got := c.run("open", "2026-11", "Day centres").wants(0)
	code := regexp.MustCompile(`^https://portal\.example\.org/s/(\w{6})\n$`).FindStringSubmatch(got.out)
	if code == nil {
		t.Fatalf("no link is printed: %q", got.out)
	}
	if _, wave, err := c.Store.CollectorByCode(t.Context(), code[1]); err != nil || wave.ID != c.wave.ID {
		t.Errorf("the link leads to %+v, %v", wave, err)
	}
	c.run("open", "2026-11", "Day centres").wants(1, `wave 2026-11 has a collector "Day centres" already`)
	c.run("open", "nope", "Day centres").wants(1, "has no wave nope")
	c.plain("open", "2026-11", "Other").wants(1, "PORTAL_BASE_URL is not set")
	c.plain("open", "2026-11", "Other", "--base-url", "portal").wants(1, "PORTAL_BASE_URL must be an address")
	for _, name := range []string{"", " x", "two\nlines", strings.Repeat("x", 101)} {
		c.run("open", "2026-11", name).wants(1, "is named with 1 to 100 characters")
	}
	if got := c.run("list", "2026-11").wants(0, "RATE"); !regexp.MustCompile(`Day centres +in use +- +- +not shown +- +https://portal\.example\.org/s/` + code[1]).MatchString(got.out) {
		t.Errorf("listed as\n%s", got.out)
	}
	c.plain("close", "2026-11", "Day centres").wants(0, `"Day centres" no longer leads to the survey.`, "72 hours, until ")
	c.plain("close", "2026-11", "Day centres").wants(1, "is closed already")
	c.plain("close", "2026-11", "Nothing").wants(1, `wave 2026-11 has no collector "Nothing": `+"`portal collector list 2026-11`")
	if got := c.run("list", "2026-11").wants(0); !regexp.MustCompile(`Day centres +closed`).MatchString(got.out) {
		t.Errorf("after closing listed as\n%s", got.out)
	}
	portal(t, "wave", "open", "invited", "--by-invitation", "--database-url", c.DSN).wants(0)
	c.run("open", "invited", "Poster").wants(1, "only invitations may answer wave invited")
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	c := newCollecting(t)
	file := filepath.Join(t.TempDir(), "invitations.csv")
	c.sealed("invite", "2026-11", "Providers", "12", "--csv", file).wants(0, "Made 12 invitations, numbers 1 to 12.", "keep the file safe")
	text, err := os.ReadFile(file)
	must(t, err)
	codes := c.rows(string(text), 1, 12)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the codes: %v, %v", info.Mode(), err)
	}
	c.sealed("export", "2026-11", "Providers", "--csv", file).wants(1, "is there already: name a new file")
	c.sealed("invite", "2026-11", "Providers", "3", "--csv", file).wants(1, "is there already: name a new file")
	c.rows(c.sealed("invite", "2026-11", "Providers", "3", "--csv", "-").wants(0, "numbers 13 to 15").out, 13, 3)
	c.sealed("invite", "2026-11", "Providers", "1").wants(0, "Made 1 invitations, numbers 16 to 16: `portal collector export`")
	c.rows(c.sealed("export", "2026-11", "Providers").wants(0).out, 1, 16)
	c.rows(c.sealed("export", "2026-11", "Providers", "--from", "10").wants(0).out, 10, 7)
	c.sealed("export", "2026-11", "Providers", "--from", "17").wants(1, `"Providers" has no invitation 17: it has numbers 1 to 16`)

	renewed := c.sealed("reissue", "2026-11", "Providers", "2").wants(0, siteURL+"/i/", "The old code no longer works.")
	code, ok := store.ParseInvitation(strings.SplitN(renewed.out, "\n", 2)[0])
	if all := c.rows(c.sealed("export", "2026-11", "Providers").out, 1, 16); !ok || all[1] != code || all[0] != codes[0] || code == codes[1] {
		t.Errorf("after a re-issue as %q the codes are %q", code, all)
	}
	c.sealed("reissue", "2026-11", "Providers", "99").wants(1, `"Providers" has no invitation 99: it has numbers 1 to 16`)

	for _, n := range []string{"0", "50001"} {
		c.sealed("invite", "2026-11", "Providers", n).wants(1, "between 1 and 50,000 invitations")
	}
	c.run("open", "2026-11", "Poster").wants(0)
	c.sealed("invite", "2026-11", "Poster", "1").wants(1, "has a short link named \"Poster\"")
	c.sealed("export", "2026-11", "Poster").wants(1, "it has no invitations")
	c.sealed("export", "2026-11", "Nothing").wants(1, `has no collector "Nothing"`)
	c.run("invite", "2026-11", "Others", "1").wants(1, "PORTAL_KEYSET is not set")
	c.run("export", "2026-11", "Providers", "--keyset", "x").wants(1, "PORTAL_KEYSET: ")
	missing := filepath.Join(t.TempDir(), "none", "x.csv")
	c.sealed("invite", "2026-11", "Others", "1", "--csv", missing).wants(1, "make the file")
	if got := c.run("list", "2026-11").wants(0); strings.Contains(got.out, "Others") || !regexp.MustCompile(`Providers +in use +16 +1 +not shown +- +one for each`).MatchString(got.out) {
		t.Errorf("listed as\n%s", got.out)
	}

	for i, code := range codes {
		if i == 1 {
			continue // re-issued
		}
		_, err := c.Store.Append(t.Context(), store.Response{Key: uuid.New(), WaveID: c.wave.ID, FormVersion: 1,
			Answers: forms.Answers{"overall": {"good"}}, Invitation: code}, now())
		must(t, err)
	}
	if _, err := c.Store.Release(t.Context(), c.wave.ID, now()); err != nil {
		t.Error(err)
	}
	if got := c.run("list", "2026-11").wants(0); !regexp.MustCompile(`Providers +in use +16 +1 +11 +69 %`).MatchString(got.out) {
		t.Errorf("with eleven of sixteen listed as\n%s", got.out)
	}

	c.plain("close", "2026-11", "Providers").wants(0)
	c.sealed("invite", "2026-11", "Providers", "1").wants(1, `"Providers" is closed: choose another name`)
	c.sealed("reissue", "2026-11", "Providers", "2").wants(1, `"Providers" is closed: its invitations cannot be re-issued`)
	c.rows(c.sealed("export", "2026-11", "Providers").wants(0).out, 1, 16)
	must(t, c.Store.Housekeep(t.Context(), now().Add(store.LateFor+time.Second)))
	unwritten := filepath.Join(t.TempDir(), "unwritten.csv")
	c.sealed("export", "2026-11", "Providers", "--csv", unwritten).wants(1, `the codes of "Providers" are no longer kept`)
	if _, err := os.Stat(unwritten); !os.IsNotExist(err) {
		t.Errorf("a file without codes is left: %v", err)
	}
	c.sealed("invite", "2026-11", "Others", "2").wants(0)
	portal(t, "wave", "close", "2026-11", "--database-url", c.DSN).wants(0)
	c.sealed("reissue", "2026-11", "Others", "1").wants(1, "wave 2026-11 has closed")
	if got := c.run("list", "2026-11").wants(0); !regexp.MustCompile(`Others +closed +2 +0 `).MatchString(got.out) {
		t.Errorf("of a closed wave listed as\n%s", got.out)
	}
	c.sealed("invite", "2026-11", "Late", "1").wants(1, "wave 2026-11 has closed")
	c.run("open", "2026-11", "Late").wants(1, "wave 2026-11 has closed")
}

func TestCommandsAreRecorded(t *testing.T) {
	t.Parallel()
	c := newCollecting(t)
	wave := func(args ...string) {
		t.Helper()
		portal(t, append(append([]string{"wave"}, args...), "--database-url", c.DSN)...).wants(0)
	}
	wave("publish", "2026-11")
	wave("unpublish", "2026-11")
	wave("accept", "2026-11", "1")
	c.run("open", "2026-11", "Poster").wants(0)
	c.sealed("invite", "2026-11", "Letters", "3").wants(0)
	codes := c.rows(c.sealed("invite", "2026-11", "Letters", "2", "--csv", "-").wants(0).out, 4, 2)
	c.sealed("export", "2026-11", "Letters").wants(0)
	c.sealed("reissue", "2026-11", "Letters", "4").wants(0)
	c.plain("close", "2026-11", "Letters").wants(0)
	wave("close", "2026-11")
	c.sealed("reissue", "2026-11", "Letters", "4").wants(1) // nothing that was refused

	events, err := c.Store.Audit(t.Context(), 20)
	must(t, err)
	var got []string
	for _, e := range slices.Backward(events) {
		what := string(e.Kind)
		if e.Collector != nil {
			what += " " + *e.Collector
		}
		if e.Wave == nil || *e.Wave != "2026-11" || e.ActorName != nil || time.Since(e.At) > time.Hour {
			t.Errorf("recorded %+v", e)
		}
		got = append(got, what)
	}
	want := []string{
		"wave_made", "results_published", "results_unpublished", "version_accepted", "collector_made Poster", "collector_made Letters",
		"invitations_added Letters", "codes_exported Letters", "codes_exported Letters", "invitation_reissued Letters",
		"collector_closed Letters", "wave_closed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
	for _, code := range codes {
		if strings.Contains(fmt.Sprint(events), code) {
			t.Error("an invitation's code is recorded")
		}
	}
}
