package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

type homePage struct {
	base
	SurveyURL  string
	SurveyOpen bool
}

// home leads each of the three audiences to their place.
func (a *app) home(c *gin.Context) error {
	wave, err := a.currentWave(c)
	if err != nil {
		// The way to 999 and to the referral form needs no database.
		a.Log.Error("home page without the survey's state", "error", err, "request", requestID(c.Request.Context()))
	}
	return a.render(c, http.StatusOK, "home", &homePage{
		base: a.base(c, a.Organisation.Name), SurveyURL: "/survey/" + a.Survey.ID,
		SurveyOpen: err != nil || wave != nil && wave.Open(a.Now()),
	})
}

// healthz says that the process serves.
func (a *app) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// Mail is an email that `portal dev` caught instead of sending it.
type Mail struct {
	At      time.Time
	To      string
	Subject string
	Body    string
}

// Mailbox is the mail catcher of `portal dev`, the newest mail first.
type Mailbox interface{ Mails() []Mail }

type devMailPage struct {
	base
	Mails []Mail
}

func (a *app) devMail(c *gin.Context) error {
	return a.render(c, http.StatusOK, "dev_mail", &devMailPage{a.base(c, "Caught mail"), a.Mailbox.Mails()})
}
