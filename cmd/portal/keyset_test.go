package main

import (
	"strings"
	"testing"
	"time"

	"intake/internal/sealed"
)

func TestKeyset(t *testing.T) {
	t.Parallel()
	first := portal(t, "keyset", "new").wants(0, "Whoever loses it loses every sealed referral")
	text := strings.TrimSpace(first.out)
	keys, err := sealed.Parse(text)
	must(t, err)
	if strings.Contains(first.err, text) {
		t.Error("the keys are printed among the warnings too")
	}
	if second := portal(t, "keyset", "new").wants(0); second.out == first.out {
		t.Error("two new keysets are the same")
	}

	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	token, err := keys.SealToken("test", []byte("wombat"), at.Add(time.Hour))
	must(t, err)
	rotated := portal(t, "keyset", "rotate", "--keyset", text).wants(0, "KEEP THIS SAFE")
	if rotated.out == first.out {
		t.Error("rotating changed nothing")
	}
	newer, err := sealed.Parse(strings.TrimSpace(rotated.out))
	must(t, err)
	if plain, err := newer.OpenToken("test", token, at); err != nil || string(plain) != "wombat" {
		t.Errorf("what was sealed before opens as %q, %v", plain, err)
	}
	newToken, err := newer.SealToken("test", []byte("wombat"), at.Add(time.Hour))
	must(t, err)
	if _, err := keys.OpenToken("test", newToken, at); err == nil {
		t.Error("the older keys open what the new first key sealed")
	}

	junk := portal(t, "keyset", "rotate", "--keyset", "wombat").wants(1, "PORTAL_KEYSET")
	if junk.out != "" {
		t.Errorf("keys were printed for junk: %s", junk.out)
	}
}
