package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// sendReferral commits the referral and only then acknowledges it.
func (a *app) sendReferral(c *gin.Context, p *referralPost) error {
	if p.newKey && wantsJSON(c) {
		return errNoKey
	}
	if ending := a.Referral.Ending(p.answers); ending != nil && !wantsJSON(c) {
		return a.showEnding(c, p, ending)
	}
	if p.newKey {
		in := a.document(p)
		in.Errors = a.Referral.Validate(p.answers, p.lang, a.Now())
		return a.showReferral(c, http.StatusUnprocessableEntity, p, in, wordsIn(p.lang)["stale"])
	}
	taken, err := a.takeReferral(c, p.key, p.answers, p.lang, p.draft.id)
	var faults *problem
	switch {
	case wantsJSON(c):
		if err != nil {
			return err
		}
		return acknowledgeReferral(c, taken.Receipt)
	case errors.As(err, &faults) && faults.fields != nil:
		in := a.document(p)
		in.Errors = faults.fields
		return a.showReferral(c, http.StatusUnprocessableEntity, p, in, "")
	case err != nil:
		return a.keepTyped(c, p, err, "We could not take your referral just now.")
	}
	if err := a.setReceived(c, taken); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, referURL+"/received")
	return nil
}

// keepTyped answers a fault of ours with the form, so that nobody types a
// referral twice, and leaves the error to be logged.
func (a *app) keepTyped(c *gin.Context, p *referralPost, err error, what string) error {
	because := *asProblem(err)
	if because.status < http.StatusInternalServerError {
		return err
	}
	because.words = what + " Your answers are still here. Wait a moment and try again. " +
		"If someone is in danger, call 999. If it cannot wait, call us on " + a.urgentPhone() + "."
	return errors.Join(a.refuse(c, p, &because), err)
}

// urgentPhone is the number at which somebody answers now.
func (a *app) urgentPhone() string {
	if a.Calendar.Open(routing.Office, a.Now()) {
		return a.Organisation.Phones.AdultSocialCare
	}
	return a.Organisation.Phones.EmergencyDuty
}

// takenReferral is a referral that is committed, with what the page after
// sending needs to know and the ledger does not keep in the open.
type takenReferral struct {
	store.Receipt
	Facts routing.Facts
	// SafeWays are the codes of the ways in which it is safe to contact the
	// reporter.
	SafeWays []string
}

// takeReferral validates answers, commits them and nudges the worker. Invalid
// answers are a problem with fields.
func (a *app) takeReferral(c *gin.Context, key uuid.UUID, answers forms.Answers, lang string, draft []byte) (*takenReferral, error) {
	now := a.Now().Truncate(time.Microsecond) // what the ledger keeps of a time
	if ending := a.Referral.Ending(answers); ending != nil {
		a.countEnding(c, ending)
		return nil, a.endedProblem(ending, lang)
	}
	if faults := a.Referral.Validate(answers, lang, now); len(faults) > 0 {
		return nil, invalid(faults)
	}
	answers = a.Referral.Strip(answers)
	facts := routing.FactsOf(answers, now, a.Calendar)
	receipt, err := a.Referrals.Submit(c.Request.Context(), store.Submission{
		Key: key, Form: a.Referral, Answers: answers, Facts: facts, ReceivedAt: now, Draft: draft,
	})
	if err != nil {
		return nil, fmt.Errorf("take referral: %w", err)
	}
	if receipt.Outcome == store.Duplicate {
		facts.ReceivedAt = receipt.ReceivedAt
	} else {
		a.Jobs.ReferralReceived(receipt.ReferralID)
	}
	return &takenReferral{receipt, facts, safeWays(answers)}, nil
}

// safeWays are the channels that the reporter marked as safe.
func safeWays(answers forms.Answers) []string {
	return slices.DeleteFunc(slices.Clone(answers["reporter_contact_channels"]), func(code string) bool {
		return code == "none" || code == "unknown"
	})
}

// acknowledgeReferral answers a program: 201, or 200 for a key that it sent
// before.
func acknowledgeReferral(c *gin.Context, receipt store.Receipt) error {
	status := http.StatusCreated
	if receipt.Outcome != store.Accepted {
		status = http.StatusOK
	}
	c.JSON(status, struct {
		Reference  string        `json:"reference"`
		ReceivedAt time.Time     `json:"received_at"`
		Outcome    store.Outcome `json:"outcome"`
	}{receipt.Reference, receipt.ReceivedAt.UTC(), receipt.Outcome})
	return nil
}
