package handlers

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"intake/internal/sealed"
	"intake/internal/store"
)

// What a session remembers.
const (
	sessionUser  = "user"
	sessionEpoch = "epoch"
)

const signInPath = "/manage/sign-in"

func newSessions(cfg Config) *scs.SessionManager {
	s := scs.New()
	s.Store = cfg.Store.Sessions()
	s.IdleTimeout = 30 * time.Minute
	s.Lifetime = 12 * time.Hour
	s.Cookie.Name = "portal_session"
	s.Cookie.Path = "/" // the results are under /api too
	s.Cookie.HttpOnly = true
	s.Cookie.SameSite = http.SameSiteLaxMode
	s.Cookie.Secure = strings.HasPrefix(cfg.BaseURL, "https://")
	s.Cookie.Persist = false // closing the browser of a shared desk signs out
	return s
}

// userKey is where signedIn leaves the user for handlers and templates.
const userKey = "portal.user"

// currentUser is who is signed in, nil on pages that ask nobody to.
func currentUser(c *gin.Context) *store.User {
	user, _ := c.Value(userKey).(*store.User)
	return user
}

// signedIn lets only signed-in users through and leads others to sign in. The
// user is read anew for each request, so that one who is disabled or whose
// sessions were ended is out at once.
func (a *app) signedIn(c *gin.Context) {
	user, err := a.sessionUser(c.Request.Context())
	switch {
	case errors.Is(err, store.ErrNotFound):
		a.askToSignIn(c)
		c.Abort()
	case err != nil:
		a.fail(c, err)
		c.Abort()
	default:
		c.Set(userKey, user)
		c.Next()
	}
}

// sessionUser is who the session belongs to, ErrNotFound if to nobody any more.
func (a *app) sessionUser(ctx context.Context) (*store.User, error) {
	return a.Store.UserBySession(ctx, a.sessions.GetInt64(ctx, sessionUser), a.sessions.GetInt(ctx, sessionEpoch))
}

var errSignIn = &problem{status: http.StatusUnauthorized, title: "Sign in first",
	words: "You have not signed in, or you were signed out. Sign in and try again."}

func (a *app) askToSignIn(c *gin.Context) {
	if wantsJSON(c) {
		a.answer(c, errSignIn)
		return
	}
	if typed := typedWords(c); len(typed) > 0 {
		page := signInPage{base: a.base(c, "Sign in again"), problems: newProblems(),
			Next: safeNext(path.Dir(c.Request.URL.Path)), Typed: typed}
		if err := a.render(c, http.StatusUnauthorized, "sign_in", &page); err != nil {
			a.fail(c, err)
		}
		return
	}
	target := url.URL{Path: signInPath}
	if c.Request.Method == http.MethodGet && c.Request.URL.Path != "/manage" {
		target.RawQuery = url.Values{"next": {c.Request.URL.RequestURI()}}.Encode()
	}
	c.Redirect(http.StatusSeeOther, target.String())
}

// typedWords are what somebody typed into a form that they sent after their
// session had ended: a reason, a note. They get it back to copy, since it was
// not saved.
func typedWords(c *gin.Context) []string {
	if c.Request.Method != http.MethodPost {
		return nil
	}
	posted, err := requireForm(c)
	if err != nil {
		return nil
	}
	var typed []string
	for _, name := range slices.Sorted(maps.Keys(posted)) {
		for _, words := range posted[name] {
			if strings.Contains(strings.TrimSpace(words), " ") { // a code or a number has no space
				typed = append(typed, words)
			}
		}
	}
	return typed
}

// safeNext is where to go after signing in: a page of the managers' own, else
// their home. Anything that a browser could take for another site is refused.
func safeNext(next string) string {
	const home = "/manage"
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || strings.ContainsAny(next, "\\\r\n\t") ||
		path.Clean(u.Path) != u.Path || !strings.HasPrefix(u.Path, home+"/") || u.Path == signInPath {
		return home
	}
	return u.RequestURI()
}

type signInPage struct {
	base
	problems
	Email       string
	Next        string
	PasswordSet bool // they come from setting it
	Typed       []string
}

// signInPage shows the form; somebody who is signed in may sign in anew.
func (a *app) signInPage(c *gin.Context) error {
	return a.showSignIn(c, http.StatusOK, "", safeNext(c.Query("next")), "")
}

func (a *app) showSignIn(c *gin.Context, status int, email, next, fault string) error {
	page := signInPage{base: a.base(c, "Sign in"), problems: newProblems(), Email: email, Next: next,
		PasswordSet: c.Query("password") == "set"}
	if fault != "" {
		page.add("email", fault)
	}
	return a.render(c, status, "sign_in", &page)
}

// How many failures there may be before signing in has to wait.
const (
	failureWindow      = 15 * time.Minute
	failuresOfAccount  = 5  // from one address
	failuresAnywhere   = 50 // of one account: a stranger far away must not lock somebody out
	failuresOfAddress  = 30
	wrongSignIn        = "The email address or the password is not right"
	tooManySignIns     = "There were too many wrong tries. Wait 15 minutes, then try again, or ask an administrator for a new password link."
	retryAfterFailures = "900"
)

// failureKeys are keyed hashes: the table of failures tells nobody who has an
// account or from where they came.
type failureKeys struct{ account, anywhere, address []byte }

func (a *app) throttled(ctx context.Context, keys failureKeys, now time.Time) (bool, error) {
	since := now.Add(-failureWindow)
	for _, limit := range []struct {
		key  []byte
		most int
	}{{keys.account, failuresOfAccount}, {keys.anywhere, failuresAnywhere}, {keys.address, failuresOfAddress}} {
		failures, err := a.Store.SignInFailures(ctx, [][]byte{limit.key}, since)
		if err != nil {
			return false, err
		}
		if failures >= limit.most {
			return true, nil
		}
	}
	return false, nil
}

func (a *app) signIn(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	email, err := typedLine(posted, "email")
	if err != nil {
		return err
	}
	ctx, now, next := c.Request.Context(), a.Now(), safeNext(posted.Get("next"))
	keys := failureKeys{
		account:  a.Keys.BlindIndex("sign_in_account", strings.ToLower(email)+" from "+c.ClientIP()),
		anywhere: a.Keys.BlindIndex("sign_in_account", strings.ToLower(email)),
		address:  a.Keys.BlindIndex("client_address", c.ClientIP()),
	}
	wait := func() error {
		c.Header("Retry-After", retryAfterFailures)
		return a.showSignIn(c, http.StatusTooManyRequests, email, next, tooManySignIns)
	}
	if held, err := a.throttled(ctx, keys, now); err != nil {
		return err
	} else if held {
		return wait()
	}
	user, err := a.authenticate(ctx, email, posted.Get("password"))
	if err != nil {
		return err
	}
	// Asked again, since guesses that were sent all at once came past the
	// first time together.
	if held, err := a.throttled(ctx, keys, now); err != nil {
		return err
	} else if held {
		return wait()
	}
	if user == nil {
		if err := a.Store.AddSignInFailure(ctx, [][]byte{keys.account, keys.anywhere, keys.address}, now); err != nil {
			return err
		}
		return a.showSignIn(c, http.StatusUnprocessableEntity, email, next, wrongSignIn)
	}
	if err := a.Store.ForgetSignInFailures(ctx, keys.account); err != nil {
		return err
	}
	if err := a.startSession(ctx, user, now); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// authenticate returns the user whose password it is, nil if it is nobody's.
// It takes as long for an unknown email as for a wrong password.
func (a *app) authenticate(ctx context.Context, email, password string) (*store.User, error) {
	user, err := a.Store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	hash := sealed.DummyHash()
	if user != nil && user.PasswordHash != nil {
		hash = *user.PasswordHash
	}
	matches, err := sealed.PasswordMatches(ctx, password, hash)
	if err != nil || !matches {
		return nil, err
	}
	return user, nil
}

func (a *app) startSession(ctx context.Context, user *store.User, now time.Time) error {
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	a.sessions.Put(ctx, sessionUser, user.ID)
	a.sessions.Put(ctx, sessionEpoch, user.SessionEpoch)
	return a.Store.RecordSignIn(ctx, user.ID, store.EventSignedIn, now)
}

func (a *app) signOut(c *gin.Context) error {
	ctx := c.Request.Context()
	if err := a.Store.RecordSignIn(ctx, currentUser(c).ID, store.EventSignedOut, a.Now()); err != nil {
		return err
	}
	if err := a.sessions.Destroy(ctx); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, signInPath)
	return nil
}
