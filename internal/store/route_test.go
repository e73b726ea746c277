package store_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// danger makes a concern a P1.
var danger = forms.Answers{"immediate_danger": {"yes"}}

// work is what routing leaves behind.
type work struct {
	Team, CC, Priority, Notified, Events string
	Version                              int
}

func (l *ledger) work(id uuid.UUID) work {
	l.t.Helper()
	var w work
	l.must(l.raw.QueryRowContext(l.t.Context(), `SELECT COALESCE(team, ''), array_to_string(cc, ' '), priority, version,
		COALESCE((SELECT string_agg(team || ':' || reason, ' ' ORDER BY reason, team) FROM notifications WHERE referral_id = r.id), ''),
		(SELECT string_agg(kind, ' ' ORDER BY seq) FROM events WHERE referral_id = r.id)
		FROM referrals r WHERE id = $1`, id).Scan(&w.Team, &w.CC, &w.Priority, &w.Version, &w.Notified, &w.Events))
	return w
}

func (l *ledger) expectWork(id uuid.UUID, want work) {
	l.t.Helper()
	if got := l.work(id); got != want {
		l.t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func (l *ledger) unrouted(before time.Time) []uuid.UUID {
	l.t.Helper()
	ids, err := l.UnroutedReferrals(l.t.Context(), before, 100)
	l.must(err)
	return ids
}

func TestRouteDecidesOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	id := l.submit(submission(uuid.New(), concern(forms.Answers{"allegations.0.source": {"service_provider"}}), tuesday)).ReferralID
	if got := l.unrouted(tuesday); len(got) != 0 {
		t.Errorf("unrouted before it was received: %v", got)
	}
	if got := l.unrouted(tuesday.Add(time.Second)); !slices.Equal(got, []uuid.UUID{id}) {
		t.Errorf("unrouted: %v", got)
	}
	want := work{Team: "mid", CC: "org-safeguarding", Priority: "P3", Version: 2, Notified: "org-safeguarding:copied mid:routed", Events: "received routed"}
	for i := range 3 {
		if decided := l.route(id); decided != (i == 0) {
			t.Errorf("call %d decided: %v", i+1, decided)
		}
		l.expectWork(id, want)
	}
	if got := l.unrouted(tuesday.Add(time.Second)); len(got) != 0 {
		t.Errorf("unrouted afterwards: %v", got)
	}
	expected := rules.Decide(routing.FactsOf(concern(nil), tuesday, council.Calendar()), council.Calendar()).Clocks
	var hash string
	var open, screen, decideBy, feedback time.Time
	l.must(l.raw.QueryRowContext(t.Context(), `SELECT rule_set_hash, open_by, screen_by, decide_by, feedback_by FROM referrals`).
		Scan(&hash, &open, &screen, &decideBy, &feedback))
	if hash != rules.Hash() || !open.Equal(expected.OpenBy) || !screen.Equal(expected.ScreenBy) ||
		!decideBy.Equal(expected.DecideBy) || !feedback.Equal(expected.FeedbackBy) {
		t.Errorf("kept %s %v %v %v %v, want %s %+v", hash, open, screen, decideBy, feedback, rules.Hash(), expected)
	}
	if _, err := l.Route(t.Context(), uuid.New(), tuesday, decide); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no referral: %v", err)
	}
}

func TestRouteTogetherDecidesOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	id := l.submit(submission(key, concern(nil), tuesday)).ReferralID
	l.submit(submission(key, concern(danger), tuesday.Add(time.Minute)))
	var decided, asked atomic.Int32
	errs := together(10, func(int) error {
		did, err := l.Route(t.Context(), id, tuesday, func(f routing.Facts) store.Routing {
			asked.Add(1)
			return decide(f)
		})
		if did {
			decided.Add(1)
		}
		return err
	})
	l.must(errors.Join(errs...))
	if decided.Load() != 1 || asked.Load() != 2 {
		t.Errorf("%d calls decided, the rules were asked %d times; want 1 and 2", decided.Load(), asked.Load())
	}
	l.expectWork(id, work{Team: "mid", Priority: "P1", Version: 3, Notified: "mid:amended mid:routed", Events: "received amended routed priority_raised"})
}

func TestRouteThatFailsLeavesTheReferralDue(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	id := l.submit(submission(uuid.New(), concern(nil), tuesday)).ReferralID
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_, err := l.Route(t.Context(), id, tuesday, func(routing.Facts) store.Routing { panic("a fault in the rules") })
		t.Errorf("no panic, but %v", err)
	}()
	_, err := l.Route(t.Context(), id, tuesday, func(routing.Facts) store.Routing {
		return store.Routing{Decision: routing.Decision{Team: "no-such-team"}}
	})
	if err == nil {
		t.Error("a team that is not there got a referral")
	}
	l.expectWork(id, work{Priority: "P3", Version: 1, Events: "received"})
	// Neither holds the row's lock on to it.
	soon := make(chan bool, 1)
	go func() { soon <- l.route(id) }()
	select {
	case decided := <-soon:
		if !decided {
			t.Error("nothing was decided")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the referral is still locked")
	}
}

func TestRouteFindsTheTeamOfTheOpenCase(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	number := forms.Answers{"adult_nhs_number": {"943 476 5919"}}
	first := l.refer(number)
	l.expectTeam(first, "mid")
	l.expectTeam(l.refer(number), "mid") // nobody works on the first one yet

	desk := l.actions(lead, first.Reference)
	l.must(l.Reroute(t.Context(), desk(), "west", "They know the family.", false))
	l.must(l.Own(t.Context(), desk()))
	l.expectTeam(l.refer(number), "west")
	l.expectTeam(l.refer(nil), "mid")
	l.expectTeam(l.refer(forms.Answers{"adult_nhs_number": {"401 023 2137"}}), "mid")

	// A number that an amendment brings counts as well, and its own case is
	// taken into account when the amendment is looked at.
	key := uuid.New()
	late := l.submit(submission(key, concern(forms.Answers{"what_happened": {"No number yet."}}), tuesday))
	l.submit(submission(key, concern(number), tuesday))
	l.route(late.ReferralID)
	if w := l.work(late.ReferralID); w.Team != "west" {
		t.Errorf("an amendment brought the number of an open case: %+v", w)
	}

	l.must(l.StartScreening(t.Context(), desk()))
	l.must(l.Decide(t.Context(), desk(), store.NewDecision{Outcome: "advice"}))
	l.expectTeam(l.refer(number), "mid")
}

func (l *ledger) expectTeam(receipt store.Receipt, want string) {
	l.t.Helper()
	if got := l.work(receipt.ReferralID).Team; got != want {
		l.t.Errorf("went to %s, want %s", got, want)
	}
}

func TestAmendmentsRaiseButNeverLower(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	id := l.submit(submission(key, concern(nil), tuesday)).ReferralID
	l.route(id)
	clocks := func() (open, screen, decideBy, feedback time.Time) {
		l.must(l.raw.QueryRowContext(t.Context(), `SELECT open_by, screen_by, decide_by, feedback_by FROM referrals WHERE id = $1`, id).
			Scan(&open, &screen, &decideBy, &feedback))
		return
	}
	amend := func(changes forms.Answers, words string, at time.Time) {
		answers := concern(changes)
		answers["what_happened"] = []string{words}
		if got := l.submit(submission(key, answers, at)); got.Outcome != store.Amended {
			t.Errorf("%s: %s", words, got.Outcome)
		}
		if got := l.unrouted(at.Add(time.Second)); !slices.Equal(got, []uuid.UUID{id}) {
			t.Errorf("%s: unrouted: %v", words, got)
		}
		if !l.route(id) || l.route(id) {
			t.Errorf("%s: not looked at once", words)
		}
	}
	open, screen, decideBy, feedback := clocks()

	// No more urgent: the team is told, nothing else changes.
	amend(nil, "More.", tuesday.Add(time.Minute))
	l.expectWork(id, work{Team: "mid", Priority: "P3", Version: 3, Notified: "mid:amended mid:routed", Events: "received routed amended"})

	// More urgent, and in another team's area: it stays where it is, the
	// other team may read it and is told.
	at := tuesday.Add(10 * time.Minute)
	amend(forms.Answers{"immediate_danger": {"yes"}, "adult_district": {"harlow"}}, "Danger.", at)
	l.expectWork(id, work{
		Team: "mid", CC: "west", Priority: "P1", Version: 4, Notified: "mid:amended mid:amended west:amended mid:routed",
		Events: "received routed amended amended priority_raised",
	})
	newOpen, newScreen, newDecide, newFeedback := clocks()
	if !newOpen.Equal(at.Add(30*time.Minute)) || !newOpen.Before(open) || newScreen.After(screen) || newDecide.After(decideBy) || !newFeedback.Equal(feedback) {
		t.Errorf("clocks went from %v %v %v %v to %v %v %v %v", open, screen, decideBy, feedback, newOpen, newScreen, newDecide, newFeedback)
	}

	// The danger is over, they say: people decide that, not the portal.
	amend(nil, "All well now.", tuesday.Add(20*time.Minute))
	if w := l.work(id); w.Priority != "P1" || w.CC != "west" || w.Team != "mid" {
		t.Errorf("after a calmer amendment: %+v", w)
	}
	if again, _, _, _ := clocks(); !again.Equal(newOpen) {
		t.Errorf("open by moved from %v to %v", newOpen, again)
	}
}

// An amendment may come before any worker has seen the referral, and rules
// may let no other team read along.
func TestAmendedBeforeItIsRouted(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	id := l.submit(submission(key, concern(nil), tuesday)).ReferralID
	l.submit(submission(key, concern(forms.Answers{"what_happened": {"More."}}), tuesday))
	decided, err := l.Route(t.Context(), id, tuesday, func(facts routing.Facts) store.Routing {
		routed := decide(facts)
		routed.Decision.CC = nil
		return routed
	})
	if !decided || err != nil {
		t.Errorf("decided %v, error %v", decided, err)
	}
	l.expectWork(id, work{Team: "mid", Priority: "P3", Version: 3, Notified: "mid:amended mid:routed", Events: "received amended routed"})
}

func TestTheMostUrgentIsDueFirst(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	calm := l.submit(submission(uuid.New(), concern(nil), tuesday)).ReferralID
	urgent := l.submit(submission(uuid.New(), concern(danger), tuesday.Add(time.Minute))).ReferralID
	if got := l.unrouted(tuesday.Add(time.Hour)); !slices.Equal(got, []uuid.UUID{urgent, calm}) {
		t.Errorf("unrouted: %v, want %v first", got, urgent)
	}
	if first, err := l.UnroutedReferrals(t.Context(), tuesday.Add(time.Hour), 1); err != nil || !slices.Equal(first, []uuid.UUID{urgent}) {
		t.Errorf("the first one: %v, %v", first, err)
	}
	due, err := l.Due(t.Context())
	if err != nil || due.Unrouted != 2 || due.UnroutedSince == nil || !due.UnroutedSince.Equal(tuesday) || due.EmailsOwed != 0 {
		t.Errorf("due: %+v, %v", due, err)
	}
	l.route(calm)
	l.route(urgent)
	owed, err := l.ReferralsOwedNews(t.Context(), tuesday, 10)
	if err != nil || !slices.Equal(owed, []uuid.UUID{urgent, calm}) {
		t.Errorf("owed news: %v, %v", owed, err)
	}
	if due, err = l.Due(t.Context()); err != nil || due.Unrouted != 0 || due.EmailsOwed != 2 || !due.NextEmail.Equal(tuesday) || due.FailedEmails != 0 {
		t.Errorf("due: %+v, %v", due, err)
	}
}

func TestTheTraceIsKept(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	receipt := l.refer(nil)
	opened, err := l.OpenReferral(t.Context(), lead, receipt.Reference, tuesday)
	l.must(err)
	last := opened.Trace[len(opened.Trace)-1]
	if last.Rule != "home-mid" || !last.Held || last.Queue != "mid" || !strings.Contains(last.Why, "maldon") || *opened.RuleSetHash != rules.Hash() {
		t.Errorf("trace ends with %+v, rule set %s", last, *opened.RuleSetHash)
	}
}
