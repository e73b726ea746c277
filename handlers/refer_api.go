package handlers

import "github.com/gin-gonic/gin"

// apiReferral takes a referral from a partner organisation's own system.
func (a *app) apiReferral(c *gin.Context) error {
	if err := a.requireBearer(c, "referrals"); err != nil {
		return err
	}
	in, answers, err := readSubmission(c, a.Referral)
	if err != nil {
		return err
	}
	taken, err := a.takeReferral(c, in.Key, answers, in.Lang, nil)
	if err != nil {
		return err
	}
	return acknowledgeReferral(c, taken.Receipt)
}
