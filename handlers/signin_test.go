package handlers

import (
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"intake/internal/store"
)

func credentials(email, password string) url.Values {
	return url.Values{"email": {email}, "password": {password}}
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	b := app.browser()

	if to := b.get("/manage").redirects(); to != "/manage/sign-in" {
		t.Errorf("a stranger is led to %q", to)
	}
	to := b.get("/manage/referrals?whose=mine").redirects()
	form := b.get(to).want(http.StatusOK)
	values := credentials(strings.ToUpper(user.Email), testPassword)
	values.Set("next", form.value("next"))
	answer := b.post("/manage/sign-in", values)
	if to := answer.redirects(); to != "/manage/referrals?whose=mine" {
		t.Errorf("after signing in they come to %q", to)
	}
	cookie := answer.Header.Get("Set-Cookie")
	for _, part := range []string{"portal_session=", "HttpOnly", "SameSite=Lax", "Path=/;"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
	b.get("/manage").want(http.StatusOK).says("Tess Reid")

	if to := b.post("/manage/sign-out", nil).redirects(); to != "/manage/sign-in" {
		t.Errorf("signing out leads to %q", to)
	}
	b.get("/manage").redirects()

	var kinds []store.EventKind
	events, err := app.store.Audit(t.Context(), 10)
	app.must(err)
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	if len(kinds) != 2 || kinds[0] != store.EventSignedOut || kinds[1] != store.EventSignedIn {
		t.Errorf("the history holds %v", kinds)
	}
}

func TestSignInIsSecureOverTLS(t *testing.T) {
	t.Parallel()
	app := newTestApp(t, func(cfg *Config) { cfg.BaseURL = "https://portal.example.org" })
	user := app.addUser("Tess Reid", store.Triage, "mid")
	answer := app.browser().post("/manage/sign-in", credentials(user.Email, testPassword))
	answer.redirects()
	if cookie := answer.Header.Get("Set-Cookie"); !strings.Contains(cookie, "Secure") {
		t.Errorf("the cookie %q would travel without TLS", cookie)
	}
}

func TestWrongSignInTellsNotWhich(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	_, err := app.store.AddUser(t.Context(), store.NewUser{Email: "new@example.org", Name: "New", Role: store.Admin})
	app.must(err)

	var said []string
	for _, email := range []string{user.Email, "nobody@example.org", "new@example.org", ""} {
		p := app.browser().post("/manage/sign-in", credentials(email, "not the password")).want(http.StatusUnprocessableEntity)
		p.linksLeadToFields()
		if p.value("email") != email {
			t.Errorf("the email address %q came back as %q", email, p.value("email"))
		}
		if strings.Contains(p.Body, "not the password") {
			t.Error("the password came back")
		}
		said = append(said, p.text(".govuk-error-summary"))
	}
	for _, words := range said {
		if words != said[0] {
			t.Errorf("the page says %q to one and %q to another", said[0], words)
		}
	}
}

func TestSignInRefusesBytesThatAreNoText(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	for _, email := range []string{"a\x00b@example.org", "\xff@example.org"} {
		app.browser().post("/manage/sign-in", credentials(email, "x")).want(http.StatusBadRequest)
	}
}

func TestSignInThrottlesAnAccount(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	other := app.addUser("Omar Lane", store.Triage, "mid")
	b := app.browser()
	for range 5 {
		b.post("/manage/sign-in", credentials(user.Email, "wrong")).want(http.StatusUnprocessableEntity)
	}
	held := b.post("/manage/sign-in", credentials(user.Email, testPassword)).want(http.StatusTooManyRequests)
	held.says("Wait 15 minutes")
	if held.Header.Get("Retry-After") == "" {
		t.Error("the answer does not say when to try again")
	}
	app.browser().post("/manage/sign-in", credentials(other.Email, testPassword)).redirects()

	app.pass(16 * time.Minute)
	b.post("/manage/sign-in", credentials(user.Email, testPassword)).redirects()
}

func TestSignInForgetsFailuresAfterSuccess(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	b := app.browser()
	for range 2 {
		for range 4 {
			b.post("/manage/sign-in", credentials(user.Email, "wrong")).want(http.StatusUnprocessableEntity)
		}
		b.post("/manage/sign-in", credentials(user.Email, testPassword)).redirects()
	}
}

func TestSignInThrottlesAnAddress(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	key := app.db.Keys.BlindIndex("client_address", "127.0.0.1")
	for range failuresOfAddress {
		app.must(app.store.AddSignInFailure(t.Context(), [][]byte{key}, app.clock()))
	}
	app.browser().post("/manage/sign-in", credentials(user.Email, testPassword)).want(http.StatusTooManyRequests)
}

// Guesses that arrive all at once must not come past the count together.
func TestSignInThrottlesGuessesAtOnce(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	var wait sync.WaitGroup
	var mu sync.Mutex
	wrong := 0
	for range 24 {
		wait.Go(func() {
			b := app.browser()
			if b.post("/manage/sign-in", credentials(user.Email, "wrong")).Status == http.StatusUnprocessableEntity {
				mu.Lock()
				wrong++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	// Two are hashed at a time, so that at most one more is under way when the
	// fifth is counted, and one may slip in before each count.
	if wrong > failuresOfAccount+4 {
		t.Errorf("%d guesses were answered, though %d should be the most", wrong, failuresOfAccount)
	}
	app.browser().post("/manage/sign-in", credentials(user.Email, testPassword)).want(http.StatusTooManyRequests)
}

func TestSessionsCanBeEnded(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Tess Reid", store.Triage, "mid")
	b.get("/manage").want(http.StatusOK)
	user, err := app.store.UserByEmail(t.Context(), "tess.reid@example.org")
	app.must(err)
	app.must(app.store.EndSessions(t.Context(), user.ID))
	if to := b.get("/manage").redirects(); to != "/manage/sign-in" {
		t.Errorf("they are led to %q", to)
	}

	disabled := app.signIn("Omar Lane", store.Triage, "mid")
	app.must(app.store.DisableUser(t.Context(), "omar.lane@example.org"))
	disabled.get("/manage").redirects()
	disabled.post("/manage/sign-in", credentials("omar.lane@example.org", testPassword)).want(http.StatusUnprocessableEntity)
}

func TestSignInMakesANewToken(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Tess Reid", store.Triage, "mid")
	where, err := url.Parse(app.url + "/manage")
	app.must(err)
	before := b.client.Jar.Cookies(where)[0].Value
	b.post("/manage/sign-in", credentials("tess.reid@example.org", testPassword)).redirects()
	if after := b.client.Jar.Cookies(where)[0].Value; after == before {
		t.Error("the session kept its token over a sign-in")
	}
}

func TestSafeNext(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"":                                "/manage",
		"/manage":                         "/manage",
		"/manage/referrals?whose=mine":    "/manage/referrals?whose=mine",
		"/manage/audit":                   "/manage/audit",
		"/refer":                          "/manage",
		"//evil.example/manage/":          "/manage",
		"https://evil.example/manage/x":   "/manage",
		"/manage/../refer":                "/manage",
		"/manage/\\evil.example":          "/manage",
		"/manage/sign-in":                 "/manage",
		"/manage//evil.example":           "/manage",
		"javascript:alert(1)//manage/x":   "/manage",
		"/manage/x\r\nLocation: /evil":    "/manage",
		"/manage/%2e%2e/refer":            "/manage",
		"/managers-of-another-site/steal": "/manage",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("safeNext(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	id, err := app.store.AddUser(t.Context(), store.NewUser{Email: "new.person@example.org", Name: "New Person", Role: store.Admin})
	app.must(err)
	const code = "one-time-code"
	hash := sha256.Sum256([]byte(code))
	app.must(app.store.AddSetupCode(t.Context(), id, hash[:], app.clock().Add(48*time.Hour)))

	b := app.browser()
	const path = "/manage/set-password/" + code
	b.get(path).want(http.StatusOK).says("new.person@example.org")
	for name, typed := range map[string][2]string{
		"too short":     {"short", "short"},
		"not the same":  {"a long enough one", "another long one"},
		"the email":     {"New.Person@example.org", "New.Person@example.org"},
		"much too long": {strings.Repeat("x", 501), strings.Repeat("x", 501)},
		"eleven":        {"éééééééééée", "éééééééééée"},
	} {
		p := b.post(path, url.Values{"password": {typed[0]}, "again": {typed[1]}})
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got status %d", name, p.Status)
			continue
		}
		p.linksLeadToFields()
	}
	const chosen = "marsh lamp violin"
	if to := b.post(path, url.Values{"password": {chosen}, "again": {chosen}}).redirects(); to != "/manage/sign-in?password=set" {
		t.Errorf("they are led to %q", to)
	}
	b.get(path).want(http.StatusNotFound).says("cannot be used any more")
	b.post(path, url.Values{"password": {"another password"}, "again": {"another password"}}).want(http.StatusNotFound)
	b.post("/manage/sign-in", credentials("new.person@example.org", chosen)).redirects()
	b.get("/manage").want(http.StatusOK)
}

func TestSetPasswordLinkRunsOut(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	user := app.addUser("Tess Reid", store.Triage, "mid")
	hash := sha256.Sum256([]byte("code"))
	app.must(app.store.AddSetupCode(t.Context(), user.ID, hash[:], app.clock().Add(time.Hour)))
	app.pass(2 * time.Hour)
	app.browser().get("/manage/set-password/code").want(http.StatusNotFound)
}

func TestWordsOutliveTheSession(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	b := app.signIn("Tess Reid", store.Triage, "mid")
	receipt := app.refer(concern("maldon"))
	app.route(receipt.ReferralID)
	user, err := app.store.UserByEmail(t.Context(), "tess.reid@example.org")
	app.must(err)
	app.must(app.store.EndSessions(t.Context(), user.ID))

	const words = "Spoke to the ward, who will call back."
	p := b.post("/manage/referrals/"+receipt.Reference+"/note", url.Values{"version": {"1"}, "note": {words}})
	p.want(http.StatusUnauthorized).says("not saved", "Copy it from here")
	if got := strings.TrimSpace(p.text("textarea")); got != words {
		t.Errorf("the page gives back %q", got)
	}
	if next := p.value("next"); next != "/manage/referrals/"+receipt.Reference {
		t.Errorf("signing in leads to %q", next)
	}
	for _, e := range app.events(receipt.Reference) {
		if e.Kind == store.EventNote {
			t.Error("the note of somebody signed out was kept")
		}
	}
}
