// Package demo fills an empty ledger with invented data, marked as such, so
// that the portal can be tried out: responses of care workers who do not
// exist, and referrals about people who do not exist at every point of their
// way across the desk. Everything goes in through the doors that real data
// uses, but for most of the responses, of which there may be a million and a
// half: see Responses. What real data needs does not belong here.
package demo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// Deps is what filling the ledger needs. Responses uses Store, Survey,
// Districts, Invitations and Now; Referrals uses all of it but Survey.
type Deps struct {
	Store            *store.Store
	Survey, Referral *forms.Form
	Rules            *routing.RuleSet
	Calendar         *routing.Calendar
	Districts        []string // slugs, in the order of the organisation
	Now              time.Time
	// Invitations are spent by the first responses, as far as they go. They
	// are of the wave that is filled.
	Invitations []string
	// Users act on the referrals: triage on those of its teams, the
	// safeguarding lead, who must be there, on all others.
	Users map[store.Role]*store.User
	// Progress, if not nil, is told how far it is; never by two goroutines
	// at once.
	Progress func(done, total int, what string)
}

func (d Deps) progress(done, total int, what string) {
	if d.Progress != nil {
		d.Progress(done, total, what)
	}
}

// answersTo takes posted values the way that real ones go. What is invented
// here is meant to be valid, so anything wrong is an error.
func answersTo(form *forms.Form, posted url.Values, now time.Time) (forms.Answers, error) {
	answers, err := form.Parse(posted)
	if err != nil {
		return nil, fmt.Errorf("parse demo answers: %w", err)
	}
	answers = form.Strip(answers)
	if page := form.Ending(answers); page != nil {
		return nil, fmt.Errorf("demo answers end at page %q, from which nothing can be sent", page.ID)
	}
	var faults []error
	for _, fault := range form.Validate(answers, "en", now) {
		faults = append(faults, fmt.Errorf("demo answer to %s: %s", fault.Field, fault.Message))
	}
	return answers, errors.Join(faults...)
}

// share is a code and how often it is drawn, compared with the others.
type share struct {
	code   string
	weight float64
}

func draw(rng *rand.Rand, shares []share) string {
	total := 0.0
	for _, s := range shares {
		total += s.weight
	}
	at := rng.Float64() * total
	for _, s := range shares {
		if at -= s.weight; at < 0 {
			return s.code
		}
	}
	return shares[len(shares)-1].code
}

func chance(rng *rand.Rand, p float64) bool { return rng.Float64() < p }
