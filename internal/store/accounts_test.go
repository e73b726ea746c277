package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"intake/internal/store"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	user := l.user("Someone@Example.org", store.Triage, "west", "mid")
	if user.Email != "someone@example.org" || user.Role != store.Triage || !slices.Equal(user.Teams, []string{"mid", "west"}) || user.PasswordHash != nil {
		t.Errorf("user: %+v", user)
	}
	if again, err := l.UserByEmail(t.Context(), "SOMEONE@example.ORG"); err != nil || again.ID != user.ID {
		t.Errorf("by email in capitals: %+v, %v", again, err)
	}
	if _, err := l.AddUser(t.Context(), store.NewUser{Email: "SOMEONE@example.org", Role: store.Admin}); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same email again: %v", err)
	}
	if _, err := l.AddUser(t.Context(), store.NewUser{Email: "b@example.org", Role: store.Triage, Teams: []string{"mid", "nowhere"}}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a team that is not there: %v", err)
	}
	if _, err := l.AddUser(t.Context(), store.NewUser{Email: "c@example.org", Role: "king"}); err == nil {
		t.Error("a role that is not there was given")
	}
	if users, err := l.Users(t.Context()); err != nil || len(users) != 1 {
		t.Errorf("users: %+v, %v", users, err)
	}
	for _, email := range []string{"", "nobody@example.org"} {
		if _, err := l.UserByEmail(t.Context(), email); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("user %q: %v", email, err)
		}
	}
}

func TestSessionsEndWithTheirEpoch(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	user := l.user("a@example.org", store.Admin)
	expect := func(epoch int, want error) {
		t.Helper()
		if _, err := l.UserBySession(t.Context(), user.ID, epoch); !errors.Is(err, want) {
			t.Errorf("session of epoch %d: %v, want %v", epoch, err, want)
		}
	}
	expect(user.SessionEpoch, nil)
	expect(user.SessionEpoch+1, store.ErrNotFound)
	l.must(l.EndSessions(t.Context(), user.ID))
	expect(user.SessionEpoch, store.ErrNotFound)
	expect(user.SessionEpoch+1, nil)
	l.must(l.DisableUser(t.Context(), "A@example.org"))
	expect(user.SessionEpoch+1, store.ErrNotFound)
	expect(user.SessionEpoch+2, store.ErrNotFound)
	if _, err := l.UserByEmail(t.Context(), user.Email); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a disabled user signs in: %v", err)
	}
	if err := l.DisableUser(t.Context(), user.Email); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("disabling again: %v", err)
	}
}

func TestSetUpCodes(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	user, other := l.user("a@example.org", store.Triage), l.user("b@example.org", store.Triage)
	expires := tuesday.Add(time.Hour)
	for _, code := range []string{"first", "second"} {
		l.must(l.AddSetupCode(t.Context(), user.ID, []byte(code), expires))
	}
	l.must(l.AddSetupCode(t.Context(), other.ID, []byte("other"), expires))
	if found, err := l.UserBySetupCode(t.Context(), []byte("first"), tuesday); err != nil || found.ID != user.ID {
		t.Errorf("user of a code: %+v, %v", found, err)
	}
	for name, c := range map[string]struct {
		code string
		at   time.Time
	}{"unknown": {"third", tuesday}, "expired": {"first", expires}} {
		if err := l.SetPassword(t.Context(), []byte(c.code), "hash", c.at); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s code: %v", name, err)
		}
		if _, err := l.UserBySetupCode(t.Context(), []byte(c.code), c.at); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("user of an %s code: %v", name, err)
		}
	}
	// Spent once, by however many at once, and with it every other link that
	// this user was sent.
	errs := together(6, func(int) error { return l.SetPassword(t.Context(), []byte("first"), "hash", tuesday) })
	refused := 0
	for _, err := range errs {
		if errors.Is(err, store.ErrNotFound) {
			refused++
		} else if err != nil {
			t.Errorf("set password: %v", err)
		}
	}
	if refused != 5 {
		t.Errorf("%d of 6 were refused", refused)
	}
	changed, err := l.UserByEmail(t.Context(), user.Email)
	l.must(err)
	if changed.PasswordHash == nil || *changed.PasswordHash != "hash" || changed.SessionEpoch != user.SessionEpoch+1 {
		t.Errorf("afterwards: %+v", changed)
	}
	if err := l.SetPassword(t.Context(), []byte("second"), "theirs", tuesday); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an older link still sets the password: %v", err)
	}
	// A disabled user's link is dead, and so it stays.
	l.must(l.DisableUser(t.Context(), other.Email))
	if _, err := l.UserBySetupCode(t.Context(), []byte("other"), tuesday); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a disabled user's link: %v", err)
	}
	if err := l.SetPassword(t.Context(), []byte("other"), "hash", tuesday); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a disabled user's password: %v", err)
	}
}

func TestSignInFailuresCountInTheirWindow(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	account, here, there := []byte("account"), []byte("here"), []byte("there")
	for i, address := range [][]byte{here, here, there} {
		l.must(l.AddSignInFailure(t.Context(), [][]byte{account, address}, tuesday.Add(time.Duration(i)*time.Minute)))
	}
	expect := func(want int, since time.Time, keys ...[]byte) {
		t.Helper()
		if n, err := l.SignInFailures(t.Context(), keys, since); err != nil || n != want {
			t.Errorf("failures of %q since %v: %d, %v, want %d", keys, since, n, err, want)
		}
	}
	before := tuesday.Add(-time.Second)
	expect(3, before, account, here)
	expect(2, before, here)
	expect(1, before, there)
	expect(2, tuesday, account)
	expect(0, tuesday.Add(time.Hour), account, here)
	expect(0, before, []byte("nobody"))
	l.must(l.ForgetSignInFailures(t.Context(), account))
	expect(0, before, account)
	expect(2, before, account, here)
}

func TestSessionStore(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	sessions := l.Sessions()
	expect := func(token, want string, known bool) {
		t.Helper()
		if data, found, err := sessions.Find(token); err != nil || found != known || string(data) != want {
			t.Errorf("session %s: %q, %v, %v, want %q", token, data, found, err, want)
		}
	}
	expect("a", "", false)
	l.must(sessions.Commit("a", []byte("one"), time.Now().Add(time.Hour)))
	l.must(sessions.Commit("b", []byte("old"), time.Now().Add(-time.Second)))
	expect("a", "one", true)
	expect("b", "", false)
	l.must(sessions.Commit("a", []byte("two"), time.Now().Add(time.Hour)))
	expect("a", "two", true)
	over, cancel := context.WithCancel(t.Context())
	cancel() // the request's time is up
	l.must(sessions.CommitCtx(over, "a", []byte("late"), time.Now().Add(time.Hour)))
	expect("a", "late", true)
	l.expect("tokens that a thief could use", 0, `SELECT count(*) FROM sessions WHERE token_hash IN ('a', 'b')`)
	l.must(sessions.Delete("a"))
	l.must(sessions.Delete("a"))
	expect("a", "", false)
	l.must(sessions.Commit("a", []byte("on its way"), time.Now().Add(time.Hour))) // by a request that began before
	expect("a", "", false)
	l.expect("sessions that have ended and are kept", 1, `SELECT count(*) FROM sessions WHERE data = ''`)
	l.must(l.Housekeep(t.Context(), time.Now().Add(2*time.Minute)))
	l.expect("sessions afterwards", 0, `SELECT count(*) FROM sessions WHERE data = ''`)
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	put := func(id, words string, replaces []byte) {
		t.Helper()
		l.must(l.PutDraft(t.Context(), store.Draft{ID: []byte(id), FormVersion: 2, Sealed: []byte(words), ExpiresAt: tuesday.Add(time.Hour)}, replaces))
	}
	put("one", "first", nil)
	put("two", "second", []byte("one"))
	put("three", "third", []byte("gone"))
	if draft, err := l.DraftByID(t.Context(), []byte("two"), tuesday); err != nil || string(draft.Sealed) != "second" || draft.FormVersion != 2 {
		t.Errorf("draft: %+v, %v", draft, err)
	}
	for id, at := range map[string]time.Time{"one": tuesday, "nothing": tuesday, "two": tuesday.Add(time.Hour)} {
		if _, err := l.DraftByID(t.Context(), []byte(id), at); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("draft %s at %v: %v", id, at, err)
		}
	}
}

func TestHousekeepingDeletesWhatHasExpiredAndNothingElse(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	user := l.user("a@example.org", store.Triage)
	for name, at := range map[string]time.Time{"old": tuesday, "new": tuesday.Add(time.Second)} {
		l.must(l.PutDraft(t.Context(), store.Draft{ID: []byte(name), Sealed: []byte("x"), ExpiresAt: at}, nil))
		l.must(l.Sessions().Commit(name, []byte(name), at))
		l.must(l.AddSetupCode(t.Context(), user.ID, []byte(name), at))
		l.must(l.AddSignInFailure(t.Context(), [][]byte{[]byte(name)}, at.Add(-24*time.Hour-time.Millisecond)))
	}
	l.must(l.Housekeep(t.Context(), tuesday))
	for _, query := range []string{
		`SELECT convert_from(id, 'UTF8') FROM drafts`, `SELECT convert_from(data, 'UTF8') FROM sessions`,
		`SELECT convert_from(code_hash, 'UTF8') FROM setup_codes`, `SELECT convert_from(key, 'UTF8') FROM sign_in_failures`,
	} {
		if left := l.texts(query); !slices.Equal(left, []string{"new"}) {
			t.Errorf("%s: %q", query, left)
		}
	}
}

func TestTeamsAndAPIKeys(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	l.must(l.PutTeam(t.Context(), store.Team{Slug: "mid", Name: "Renamed", Email: "new@example.org"}))
	teams, err := l.Teams(t.Context())
	l.must(err)
	if len(teams) != len(council.Teams) || !slices.Contains(teams, store.Team{Slug: "mid", Name: "Renamed", Email: "new@example.org"}) {
		t.Errorf("teams: %+v", teams)
	}

	hash := []byte("hash")
	l.must(l.AddAPIKey(t.Context(), "partner", hash, []string{"referrals"}))
	if err := l.AddAPIKey(t.Context(), "partner", []byte("other"), []string{"results"}); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same name again: %v", err)
	}
	if err := l.AddAPIKey(t.Context(), "too much", []byte("third"), []string{"everything"}); err == nil {
		t.Error("a right that is not there was given")
	}
	expect := func(right string, want bool) {
		t.Helper()
		if has, err := l.APIKeyHas(t.Context(), hash, right); err != nil || has != want {
			t.Errorf("right to %s: %v, %v", right, has, err)
		}
	}
	expect("referrals", true)
	expect("results", false)
	l.must(l.RevokeAPIKey(t.Context(), "partner"))
	expect("referrals", false)
	if err := l.RevokeAPIKey(t.Context(), "partner"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoking again: %v", err)
	}
}
