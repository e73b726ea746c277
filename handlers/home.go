package handlers

import (
	"context"
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
		a.Log.Error("home page without the survey's state", "error", err)
	}
	return a.render(c, http.StatusOK, "home", &homePage{
		base: a.base(c, a.Organisation.Name), SurveyURL: "/survey/" + a.Survey.ID,
		SurveyOpen: err != nil || wave != nil && wave.Open(a.Now()),
	})
}

// healthz says that the process serves.
func (a *app) healthz(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// probePatience is how long readyz waits for each service: whoever asks gives
// up soon, and a service that answers later is as good as away.
const probePatience = time.Second

type readiness struct {
	Postgres string `json:"postgres"`
	Redis    string `json:"redis"`
}

// readyz says whether the process can take submissions. Without Redis it can:
// the sweep does what no nudge told of.
func (a *app) readyz(c *gin.Context) {
	probe := func(ping func(context.Context) error) string {
		ctx, cancel := context.WithTimeout(c.Request.Context(), probePatience)
		defer cancel()
		if ping(ctx) != nil {
			return "away"
		}
		return "ok"
	}
	state := readiness{
		Postgres: probe(a.Store.Ping),
		Redis:    probe(func(ctx context.Context) error { return a.Redis.Ping(ctx).Err() }),
	}
	status := http.StatusOK
	if state.Postgres != "ok" {
		status = http.StatusServiceUnavailable
	}
	c.JSON(status, state)
}

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
