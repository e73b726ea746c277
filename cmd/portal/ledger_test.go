package main

import (
	"crypto/sha256"
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"intake/internal/sealed"
	"intake/internal/store"
	"intake/internal/testenv"
)

// emptyDatabase is one without a schema.
func emptyDatabase(t *testing.T, db *testenv.DB) string {
	t.Helper()
	admin, err := sql.Open("postgres", db.DSN)
	must(t, err)
	name := regexp.MustCompile(`dbname=(\S+)`).FindStringSubmatch(db.DSN)[1]
	empty := name + "_empty"
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+empty+" TEMPLATE template0")
	must(t, err)
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + empty + " WITH (FORCE)"); err != nil { //nolint:noctx // the test's context has ended by then
			t.Error(err)
		}
		must(t, admin.Close())
	})
	return strings.Replace(db.DSN, "dbname="+name, "dbname="+empty, 1)
}

func TestNothingWorksOnAStaleSchema(t *testing.T) {
	t.Parallel()
	dsn := emptyDatabase(t, testenv.Open(t))
	s := sound(t)
	for _, command := range []string{"web", "worker", "seed"} {
		portal(t, command, "--database-url", dsn, "--redis-url", s.RedisURL, "--keyset", s.Keyset,
			"--base-url", s.BaseURL, "--smtp-url", s.SMTPURL).wants(1, "run `portal migrate` first")
	}
	portal(t, "user", "list", "--database-url", dsn).wants(1, "run `portal migrate` first")
	portal(t, "migrate", "--database-url", dsn).wants(0, "The schema is up to date.")
	portal(t, "migrate", "--database-url", dsn).wants(0, "The schema is up to date.")
	portal(t, "user", "list", "--database-url", dsn).wants(0, "EMAIL")
	// Around a pooler, which need not even be there.
	portal(t, "migrate", "--database-url", "host=/nowhere", "--database-direct-url", dsn).wants(0, "The schema is up to date.")
	portal(t, "migrate", "--database-url", dsn, "--database-direct-url", "host=/nowhere").wants(1, "/nowhere")
}

func TestDatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	portal(t, "migrate").wants(1, "DATABASE_URL is not set")
	portal(t, "user", "list").wants(1, "DATABASE_URL is not set")
	portal(t, "wave", "list", "--database-url", "postgres://127.0.0.1:1/none?sslmode=disable").wants(1, "connect to PostgreSQL")
}

func TestUsers(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	at := []string{"--database-url", db.DSN}
	user := func(typed string, args ...string) result {
		t.Helper()
		return portalTyped(t, typed, append(append([]string{"user"}, args...), at...)...)
	}
	must(t, db.Store.PutTeam(t.Context(), store.Team{Slug: "mid", Name: "Mid", Email: "mid@example.org"}))
	const password = "correct horse battery"

	user(password+"\n", "add", "Tess@Example.org", "--role", "triage", "--team", "mid").wants(0, "Added Tess@Example.org as triage.")
	tess, err := db.Store.UserByEmail(t.Context(), "tess@example.org")
	must(t, err)
	if ok, err := sealed.PasswordMatches(t.Context(), password, *tess.PasswordHash); err != nil || !ok {
		t.Errorf("the typed password does not sign in: %v, %v", ok, err)
	}
	if tess.Name != "Tess" || len(tess.Teams) != 1 || tess.Demo {
		t.Errorf("got %+v", tess)
	}

	for name, test := range map[string]struct {
		typed, says string
		args        []string
	}{
		"again":         {password, "there is a manager tess@example.org already", []string{"tess@example.org", "--role", "admin"}},
		"too short":     {"short\n", "at least 12 characters: nothing was added", []string{"new@example.org", "--role", "admin"}},
		"no password":   {"", "use --link", []string{"new@example.org", "--role", "admin"}},
		"unknown team":  {password, "`portal team list` lists the teams", []string{"new@example.org", "--role", "triage", "--team", "atlantis"}},
		"no team":       {password, "name at least one with --team", []string{"new@example.org", "--role", "triage"}},
		"no email":      {password, `"new" is not an email address`, []string{"new", "--role", "admin"}},
		"a named email": {password, "is not an email address", []string{"New <new@example.org>", "--role", "admin"}},
		"link to where": {"", "PORTAL_BASE_URL is not set", []string{"new@example.org", "--role", "admin", "--link"}},
	} {
		got := user(test.typed, append([]string{"add"}, test.args...)...)
		if got.code != 1 || !strings.Contains(got.err, test.says) {
			t.Errorf("%s: exit code %d and %q, want 1 and %q", name, got.code, got.err, test.says)
		}
	}
	if _, err := db.Store.UserByEmail(t.Context(), "new@example.org"); err == nil {
		t.Error("a refused manager was added")
	}

	linked := user("", "add", "lena@example.org", "--role", "safeguarding_lead", "--name", "Lena Lead", "--link",
		"--base-url", "https://portal.example.org/").wants(0, "works once, for 72 hours")
	code := regexp.MustCompile(`(?m)^https://portal\.example\.org/manage/set-password/(\S+)$`).FindStringSubmatch(linked.out)
	if code == nil {
		t.Fatalf("no link is printed:\n%s", linked.out)
	}
	hash := sha256.Sum256([]byte(code[1]))
	for after, works := range map[time.Duration]bool{0: true, 71 * time.Hour: true, 73 * time.Hour: false} {
		lena, err := db.Store.UserBySetupCode(t.Context(), hash[:], time.Now().Add(after))
		if works != (err == nil) || works && lena.Email != "lena@example.org" {
			t.Errorf("after %s the link leads to %+v, %v", after, lena, err)
		}
	}

	renewed := user("", "link", "tess@example.org", "--base-url", "https://portal.example.org").wants(0, "https://portal.example.org/manage/set-password/")
	if strings.Contains(renewed.out, code[1]) {
		t.Error("two links hold the same code")
	}
	user("", "link", "tess@example.org").wants(1, "PORTAL_BASE_URL is not set")
	user("", "link", "nobody@example.org", "--base-url", "https://portal.example.org").wants(1, "there is no manager nobody@example.org")
	user("", "sign-out", "tess@example.org").wants(0, "is signed out everywhere")
	if _, err := db.Store.UserBySession(t.Context(), tess.ID, tess.SessionEpoch); err == nil {
		t.Error("a session from before is still good")
	}
	user("", "sign-out", "nobody@example.org").wants(1, "there is no manager nobody@example.org")
	user("", "enable", "tess@example.org").wants(1, "there is no disabled manager tess@example.org")

	user("", "list").wants(0, "tess@example.org", "triage", "mid", "lena@example.org", "Lena Lead")
	user("", "disable", "TESS@example.org").wants(0, "can no longer sign in")
	user("", "disable", "tess@example.org").wants(1, "there is no manager tess@example.org")
	if got := user("", "list").wants(0); strings.Contains(got.out, "tess@example.org") {
		t.Errorf("the disabled manager is listed:\n%s", got.out)
	}
	user("", "enable", "Tess@example.org").wants(0, "can sign in again")
	user("", "list").wants(0, "tess@example.org")
}

func TestTeams(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	add := func(args ...string) result {
		return portal(t, append([]string{"team", "add", "--database-url", db.DSN}, args...)...)
	}
	add("night-owls", "--name", "Night", "--email", "night@example.org").wants(0, "Team night-owls is told at night@example.org.")
	add("night-owls", "--name", "Night and day", "--email", "new@example.org").wants(0)
	add("north-east", "--name", "North East", "--email", "ne@example.org").wants(1, "change it in organisation.yaml")
	add("North East", "--name", "North East", "--email", "ne@example.org").wants(1, "like north-east")
	add("west", "--name", "West", "--email", "nobody").wants(1, "is not an email address")
	got := portal(t, "team", "list", "--database-url", db.DSN).wants(0, "new@example.org", "Night and day")
	if strings.Count(got.out, "\n") != 2 {
		t.Errorf("one team and a heading should be listed:\n%s", got.out)
	}
}

func TestPartners(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	partner := func(args ...string) result {
		return portal(t, append(append([]string{"partner"}, args...), "--database-url", db.DSN)...)
	}
	got := partner("add", "Demo Health", "--right", "referrals").wants(0, "the only time that the key is shown")
	hash := sha256.Sum256([]byte(strings.TrimSpace(got.out)))
	has := func(right string) bool {
		ok, err := db.Store.APIKeyHas(t.Context(), hash[:], right)
		must(t, err)
		return ok
	}
	if !has("referrals") || has("results") {
		t.Errorf("the key may send referrals: %v, read results: %v", has("referrals"), has("results"))
	}
	partner("add", "Demo Health", "--right", "results").wants(1, "choose another name")
	partner("revoke", "Demo Health").wants(0, "no longer works")
	if has("referrals") {
		t.Error("the revoked key still works")
	}
	partner("revoke", "Demo Health").wants(1, "has no key")
	partner("revoke", "Nobody").wants(1, "has no key")
	both := partner("add", "Analyst", "--right", "referrals", "--right", "results").wants(0)
	hash = sha256.Sum256([]byte(strings.TrimSpace(both.out)))
	if !has("referrals") || !has("results") {
		t.Error("a key with both rights lacks one")
	}
}
