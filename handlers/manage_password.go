package handlers

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"intake/internal/sealed"
	"intake/internal/store"
)

// What a password must be like. Length is what makes it hard to guess; the
// upper bound only keeps hashing cheap.
const (
	minPassword = 12
	maxPassword = 500
)

var errSetupLink = &problem{status: http.StatusNotFound, title: "This link cannot be used any more",
	words: "It works once, and only for some days. Ask an administrator of the portal for a new one."}

type setPasswordPage struct {
	base
	problems
	Email string
}

// Error is what is wrong with the field of that name.
func (p *setPasswordPage) Error(name string) string { return p.byName[name] }

// setupUser finds whose one-time link it is. Only a hash of its code is kept.
func (a *app) setupUser(c *gin.Context) (*store.User, []byte, error) {
	hash := sha256.Sum256([]byte(c.Param("code")))
	user, err := a.Store.UserBySetupCode(c.Request.Context(), hash[:], a.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, errSetupLink
	}
	return user, hash[:], err
}

func (a *app) setPasswordPage(c *gin.Context) error {
	user, _, err := a.setupUser(c)
	if err != nil {
		return err
	}
	return a.showSetPassword(c, http.StatusOK, user, newProblems())
}

func (a *app) showSetPassword(c *gin.Context, status int, user *store.User, faults problems) error {
	return a.render(c, status, "set_password", &setPasswordPage{
		base: a.base(c, "Set your password"), problems: faults, Email: user.Email,
	})
}

func (a *app) setPassword(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	user, codeHash, err := a.setupUser(c)
	if err != nil {
		return err
	}
	password := posted.Get("password")
	faults := newProblems()
	if fault := passwordFault(password, user.Email); fault != "" {
		faults.add("password", fault)
	} else if posted.Get("again") != password {
		faults.add("again", "Type the same password in both boxes")
	}
	if faults.found() {
		return a.showSetPassword(c, http.StatusUnprocessableEntity, user, faults)
	}
	ctx := c.Request.Context()
	hash, err := sealed.HashPassword(ctx, password)
	if err != nil {
		return err
	}
	err = a.Store.SetPassword(ctx, codeHash, hash, a.Now())
	if errors.Is(err, store.ErrNotFound) {
		return errSetupLink
	} else if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, signInPath+"?password=set")
	return nil
}

// passwordFault says what is wrong with a password, "" if nothing is.
func passwordFault(password, email string) string {
	name, _, _ := strings.Cut(email, "@")
	switch length := utf8.RuneCountInString(password); {
	case length < minPassword:
		return "Use a password of 12 characters or more: three or four words will do"
	case length > maxPassword:
		return "Use a password of 500 characters or fewer"
	case strings.EqualFold(password, email), strings.EqualFold(password, name):
		return "Use a password that is not your email address"
	}
	return ""
}
