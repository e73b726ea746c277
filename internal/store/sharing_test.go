package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
	"intake/internal/testenv"
)

// A team in cc may read. It may take the referral itself, as the team that is
// there in the morning does, but do nothing else with it.
func TestWhoReadsAlongMayTakeOver(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	reader := l.user("reader@example.org", store.Triage, "org-safeguarding")
	copied := l.refer(forms.Answers{"allegations.0.source": {"service_provider"}})
	act := l.actions(reader, copied.Reference)
	for name, err := range map[string]error{
		"pass it on":        l.Reroute(t.Context(), act(), "west", "why", false),
		"give it back":      l.Reroute(t.Context(), act(), "mid", "why", false),
		"keep its team out": l.Reroute(t.Context(), act(), "org-safeguarding", "why", true),
	} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	l.must(l.AddNote(t.Context(), act(), "We know this home."))
	l.must(l.Reroute(t.Context(), act(), "org-safeguarding", "It is the third from this home.", false))
	if w := l.work(copied.ReferralID); w.Team != "org-safeguarding" || w.CC != "mid" {
		t.Errorf("after taking it: %+v", w)
	}
	l.must(l.Own(t.Context(), act()))
}

// A team whose people may be the source of risk is kept out for good, also
// from what comes later.
func TestATeamThatIsKeptOut(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	kept := l.user("kept@example.org", store.Triage, "mid")
	both := l.user("both@example.org", store.Triage, "mid", "west")
	key := uuid.New()
	receipt := l.submit(submission(key, concern(nil), tuesday))
	l.route(receipt.ReferralID)
	act := l.actions(lead, receipt.Reference)
	l.must(l.Reroute(t.Context(), act(), "west", "One of them is named.", true))
	// The rules would let mid have the amendment, and tell it.
	l.submit(submission(key, concern(danger), tuesday))
	l.route(receipt.ReferralID)
	if w := l.work(receipt.ReferralID); w.Team != "west" || w.CC != "" || w.Notified != "west:amended west:rerouted mid:routed" {
		t.Errorf("after an amendment: %+v", w)
	}
	for _, user := range []*store.User{kept, both} {
		if _, err := l.OpenReferral(t.Context(), user, receipt.Reference, tuesday); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s opens it: %v", user.Email, err)
		}
		if err := l.Own(t.Context(), l.actions(user, receipt.Reference)()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s takes it: %v", user.Email, err)
		}
		if rows, total, err := l.Desk(t.Context(), user, store.DeskFilter{Limit: 10}); len(rows) != 0 || total != 0 || err != nil {
			t.Errorf("%s lists it: %d of %d, %v", user.Email, len(rows), total, err)
		}
	}
	// A lead may find that it was a mistake.
	l.must(l.Reroute(t.Context(), act(), "mid", "It was a namesake.", false))
	if _, err := l.OpenReferral(t.Context(), kept, receipt.Reference, tuesday); err != nil {
		t.Errorf("let in again: %v", err)
	}
}

// Referrals from before and after a change of keys find each other.
func TestTheOpenCaseIsFoundAfterAChangeOfKeys(t *testing.T) {
	t.Parallel()
	db := testenv.Open(t)
	l := openLedgerOn(t, db)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	number := forms.Answers{"adult_nhs_number": {"943 476 5919"}}
	first := l.refer(number)
	act := l.actions(lead, first.Reference)
	l.must(l.Reroute(t.Context(), act(), "west", "They know the family.", false))
	l.must(l.Own(t.Context(), act()))

	rotated, err := db.Keys.Rotate()
	l.must(err)
	l.Store, err = store.Open(t.Context(), db.DSN, store.Options{Keys: rotated})
	l.must(err)
	defer func() { l.must(l.Close()) }()
	l.expectTeam(l.refer(number), "west")
	if _, err := l.OpenReferral(t.Context(), lead, first.Reference, tuesday); err != nil {
		t.Errorf("what was sealed before does not open: %v", err)
	}
}

// Statistics and the desk's list go by the newest version, but the referral
// came when it came.
func TestAmendmentsRenewTheFacts(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	id := l.submit(submission(key, concern(nil), tuesday)).ReferralID
	l.route(id)
	for _, version := range []struct {
		changes            forms.Answers
		district, priority string
	}{
		{forms.Answers{"immediate_danger": {"yes"}, "adult_district": {"harlow"}}, "harlow", "P1"},
		{nil, "maldon", "P3"},
	} {
		l.submit(submission(key, concern(version.changes), tuesday.Add(12*time.Hour))) // at night
		l.route(id)
		rows, _, err := l.Desk(t.Context(), &store.User{Role: store.SafeguardingLead}, store.DeskFilter{Limit: 1})
		l.must(err)
		received, f := rows[0], rows[0].Facts
		if f.AdultDistrict != version.district || f.Priority != version.priority || !f.ReceivedAt.Equal(tuesday) || f.OutOfHours != "no" {
			t.Errorf("facts: %+v, want %+v", f, version)
		}
		if received.Priority != "P1" {
			t.Errorf("priority %s, which people have not lowered", received.Priority)
		}
	}
}

// What was sent is recorded even if the task's time is up by then.
func TestTellRecordsWhatWasSentTooLate(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	id := l.due(l.refer(nil).ReferralID, tuesday)[0]
	ctx, end := context.WithCancel(t.Context())
	l.must(l.Tell(ctx, id, tuesday, func(context.Context, store.Notice) error {
		end()
		return nil
	}))
	l.expect("events of a team told", 1, `SELECT count(*) FROM events WHERE kind = 'team_told'`)
}
