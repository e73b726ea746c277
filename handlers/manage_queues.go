package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

type queuesPage struct {
	base
	Due     []dueView
	Inboxes []inboxView
	Monitor string // where the tasks themselves are shown; "" for nowhere
}

// dueView is work that the ledger shows as undone.
type dueView struct {
	Name  string
	Count int
	Note  string
	Late  bool
}

// inboxView is what a wave has received and not yet released.
type inboxView struct {
	Wave     string
	Open     bool
	Waiting  store.Told
	Released store.Told
}

// dueSoon is how long work may lie before the page points it out: the sweep
// takes up whatever the queue lost within seconds.
const dueSoon = 30 * time.Second

// queuesPage shows what is due by the ledger, which is the truth about it; the
// queue only hurries things along.
func (a *app) queuesPage(c *gin.Context) error {
	ctx, now := c.Request.Context(), a.Now()
	work, err := a.Store.Due(ctx)
	if err != nil {
		return err
	}
	page := queuesPage{base: a.base(c, "Work that is due")}
	page.Nav = "queues"
	if a.QueueMonitor != nil {
		page.Monitor = MonitorPath
	}
	unrouted := dueView{Name: "Referrals to route", Count: work.Unrouted}
	if work.UnroutedSince != nil {
		waited := now.Sub(*work.UnroutedSince)
		unrouted.Note, unrouted.Late = "The oldest has waited "+span(waited)+".", waited > dueSoon
	}
	emails := dueView{Name: "Emails to teams", Count: work.EmailsOwed, Late: work.FailedEmails > 0}
	if work.FailedEmails > 0 {
		emails.Note = "Sending failed for " + plural(work.FailedEmails, "email") + ". They are tried again by themselves."
	}
	page.Due = []dueView{unrouted, {Name: "Later additions to look at", Count: work.Amendments}, emails}
	waves, err := a.Store.Waves(ctx, "")
	if err != nil {
		return err
	}
	for _, wave := range waves {
		live, err := a.Store.LiveTotal(ctx, wave.ID)
		if err != nil {
			return err
		}
		page.Inboxes = append(page.Inboxes, inboxView{
			Wave: wave.Code, Open: wave.Open(now), Waiting: wave.ToldWaiting(live), Released: wave.ToldReleased(),
		})
	}
	return a.render(c, http.StatusOK, "queues", &page)
}
