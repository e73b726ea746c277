package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"intake/internal/routing"
	"intake/internal/testenv"
)

func TestAllFaultsOfTheSettingsAtOnce(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"web", "worker", "seed"} {
		portal(t, command).wants(1, "the portal cannot start:", "DATABASE_URL is not set", "REDIS_URL is not set",
			"PORTAL_KEYSET is not set", "PORTAL_BASE_URL is not set", "PORTAL_SMTP_URL is not set")
	}
	const secret = "wombat"
	got := portal(t, "web", "--database-url", "postgres://127.0.0.1:1/none",
		"--redis-url", "http://:"+secret+"@127.0.0.1:1", "--smtp-url", "http://u:"+secret+"@127.0.0.1",
		"--keyset", secret, "--base-url", "portal.example.org", "--rate-limit", "many", "--drain-delay", "soon",
		"--trusted-proxies", "10.0.0.0/8,everyone", "--organisation-file", "/nowhere/organisation.yaml").wants(1,
		"REDIS_URL must", "PORTAL_SMTP_URL must", "PORTAL_KEYSET: ", "PORTAL_BASE_URL must", "PORTAL_RATE_LIMIT must",
		`PORTAL_DRAIN_DELAY must be a time like 10s, of at most 5 minutes, not "soon"`,
		`PORTAL_TRUSTED_PROXIES must list addresses or networks, like 10.0.0.0/8, not "everyone"`,
		"PORTAL_ORGANISATION_FILE: open /nowhere/organisation.yaml")
	if strings.Contains(got.err, secret) {
		t.Errorf("a secret is printed:\n%s", got.err)
	}

	rules := filepath.Join(t.TempDir(), "rules.yaml")
	must(t, os.WriteFile(rules, []byte("version: 1\n"), 0o600))
	portal(t, "web", "--rules-file", rules).wants(1, "routing rules: ", "DATABASE_URL is not set")
	later := regexp.MustCompile(`(?m)^effective: .*$`).ReplaceAll(routing.BuiltIn(), []byte("effective: 2999-04-01"))
	must(t, os.WriteFile(rules, later, 0o600))
	portal(t, "web", "--rules-file", rules).wants(1, "not in force before 2999-04-01", "DATABASE_URL is not set")
}

// sound are settings that nothing is wrong with.
func sound(t *testing.T) settings {
	keys, err := testenv.Keyset(t).Export()
	must(t, err)
	return settings{
		database: database{DatabaseURL: "host=/nowhere"}, RedisURL: "redis://127.0.0.1:1", Keyset: keys,
		BaseURL: "https://portal.example.org", Addr: "127.0.0.1:0", RateLimit: "120", DrainDelay: "0s", SMTPURL: "smtps://mail.example.org",
	}
}

func TestSettingsMean(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]struct{ url, from string }{
		"https://portal.example.org":  {"https://portal.example.org", "portal@portal.example.org"},
		"https://portal.example.org/": {"https://portal.example.org", "portal@portal.example.org"},
		"http://127.0.0.1:8080":       {"http://127.0.0.1:8080", "portal@localhost"},
		"http://[::1]:8080":           {"http://[::1]:8080", "portal@localhost"},
		"https://example.org/portal":  {},
		"https://example.org/?a=b":    {},
		"ftp://example.org":           {},
		"//example.org":               {},
		"https://":                    {},
		"https://u:p@example.org":     {},
	} {
		s := sound(t)
		s.BaseURL = base
		c, err := s.read(io.Discard)
		if (err == nil) != (want.url != "") {
			t.Errorf("%s: %v", base, err)
		} else if err == nil && (c.baseURL != want.url || c.mailFrom != want.from) {
			t.Errorf("%s means %s from %s", base, c.baseURL, c.mailFrom)
		}
	}
	for limit, want := range map[string]int{"off": 0, "1": 1, "120": 120} {
		if got, err := readRateLimit(limit); err != nil || got != want {
			t.Errorf("a limit of %s means %d, %v", limit, got, err)
		}
	}
	for _, limit := range []string{"", "0", "-1", "many", "1.5", "120/m", "99999999999999999999"} {
		if got, err := readRateLimit(limit); err == nil {
			t.Errorf("a limit of %q means %d", limit, got)
		}
	}
	for delay, want := range map[string]time.Duration{"0s": 0, "0": 0, "1500ms": 1500 * time.Millisecond, "5m": 5 * time.Minute} {
		if got, err := readDrainDelay(delay); err != nil || got != want {
			t.Errorf("a delay of %s means %s, %v", delay, got, err)
		}
	}
	for _, delay := range []string{"", "10", "-1s", "6m", "soon"} {
		if got, err := readDrainDelay(delay); err == nil {
			t.Errorf("a delay of %q means %s", delay, got)
		}
	}
	own := sound(t)
	own.MailFrom = "adults@council.example.org"
	c, err := own.read(io.Discard)
	must(t, err)
	if c.mailFrom != own.MailFrom {
		t.Errorf("emails come from %s", c.mailFrom)
	}
}

// Compose files set what is not given to nothing.
func TestEmptySettingsAreNone(t *testing.T) {
	for _, name := range []string{"PORTAL_TRUSTED_PROXIES", "PORTAL_ADMIN_ADDR", "PORTAL_MAIL_FROM", "PORTAL_ORGANISATION_FILE",
		"PORTAL_RULES_FILE", "PORTAL_ADDR", "PORTAL_RATE_LIMIT", "PORTAL_DRAIN_DELAY"} {
		t.Setenv(name, "")
	}
	t.Setenv("PORTAL_BASE_URL", "https://portal.example.org")
	forgetEmptySettings()
	got := portal(t, "web").wants(1, "DATABASE_URL is not set")
	for _, name := range []string{"PORTAL_TRUSTED_PROXIES", "PORTAL_RATE_LIMIT", "PORTAL_DRAIN_DELAY", "PORTAL_ORGANISATION_FILE", "PORTAL_BASE_URL"} {
		if strings.Contains(got.err, name) {
			t.Errorf("%s is refused:\n%s", name, got.err)
		}
	}
	if _, set := os.LookupEnv("PORTAL_ADDR"); set {
		t.Error("an empty address would be all of this machine's")
	}
}

func TestLocalAddr(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", "0.0.0.0:8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080",
		"[::]:8080": "127.0.0.1:8080", "[::1]:8080": "[::1]:8080", "portal.example:80": "portal.example:80",
	} {
		if got := localAddr(addr); got != want {
			t.Errorf("who listens on %s is reached at %s, want %s", addr, got, want)
		}
	}
}
