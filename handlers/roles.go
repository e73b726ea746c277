package handlers

import (
	"slices"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// action is a part of the managers' pages that a role may use or not.
type action string

const (
	viewResults   action = "view_results"
	runSurveys    action = "run_surveys"
	workReferrals action = "work_referrals"
	viewRouting   action = "view_routing"
	viewQueues    action = "view_queues"
	viewAudit     action = "view_audit"
)

// grants is who may do what. An administrator runs the portal and its surveys
// and sees what is due and what was done, but neither a referral nor what care
// workers said.
// Which referrals somebody may work on is decided in the store's scope.
var grants = map[store.Role][]action{
	store.SurveyManager:    {viewResults, runSurveys},
	store.Triage:           {workReferrals, viewRouting},
	store.SafeguardingLead: {workReferrals, viewRouting, viewAudit},
	store.Admin:            {runSurveys, viewRouting, viewQueues, viewAudit},
}

func can(user *store.User, what action) bool {
	return user != nil && slices.Contains(grants[user.Role], what)
}

// may lets only those through whose role has the action. It follows signedIn.
func (a *app) may(what action) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !can(currentUser(c), what) {
			a.answer(c, errForbidden)
			c.Abort()
			return
		}
		c.Next()
	}
}
