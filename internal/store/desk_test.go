package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// actions gives, each time, an action on the referral as it is now.
func (l *ledger) actions(actor *store.User, reference string) func() store.Action {
	return func() store.Action {
		l.t.Helper()
		return store.Action{
			Actor: actor, Reference: reference, At: tuesday,
			Version: l.count(`SELECT version FROM referrals WHERE reference = $1`, reference),
		}
	}
}

func TestWhoReadsWhat(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	inMid := l.refer(nil)                                                                              // mid
	copied := l.refer(forms.Answers{"allegations.0.source": {"service_provider"}})                     // mid, cc org-safeguarding
	inWest := l.refer(forms.Answers{"adult_district": {"harlow"}})                                     // west
	unrouted := l.submit(submission(uuid.New(), concern(forms.Answers{"adult_name": {"Z"}}), tuesday)) // nobody's yet
	all := []store.Receipt{inMid, copied, inWest, unrouted}
	for _, c := range []struct {
		role  store.Role
		teams []string
		reads []store.Receipt
	}{
		{store.Triage, []string{"mid"}, []store.Receipt{inMid, copied}},
		{store.Triage, []string{"west"}, []store.Receipt{inWest}},
		{store.Triage, []string{"mid", "west"}, []store.Receipt{inMid, copied, inWest}},
		{store.Triage, []string{"org-safeguarding"}, []store.Receipt{copied}},
		{store.Triage, []string{"edt"}, nil},
		{store.Triage, nil, nil},
		{store.SafeguardingLead, nil, all},
		{store.SafeguardingLead, []string{"edt"}, all},
		{store.SurveyManager, []string{"mid"}, nil},
		{store.Admin, []string{"mid"}, nil},
	} {
		name := fmt.Sprintf("%s of %s", c.role, strings.Join(c.teams, " and "))
		reader := l.user(fmt.Sprintf("%s.%s@example.org", c.role, strings.Join(c.teams, ".")), c.role, c.teams...)
		rows, total, err := l.Desk(t.Context(), reader, store.DeskFilter{Limit: 10})
		l.must(err)
		counts, err := l.DeskCounts(t.Context(), reader, tuesday)
		l.must(err)
		if len(rows) != len(c.reads) || total != len(c.reads) || counts.All != len(c.reads) || counts.Unowned != len(c.reads) {
			t.Errorf("%s: %d rows of %d, counts %+v, want %d", name, len(rows), total, counts, len(c.reads))
		}
		for _, receipt := range all {
			reads := slices.Contains(c.reads, receipt)
			want := func(what string, err error) {
				t.Helper()
				if reads && errors.Is(err, store.ErrNotFound) || !reads && !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s, who may read it: %v: %s %s: %v", name, reads, what, receipt.Reference, err)
				}
			}
			if listed := slices.ContainsFunc(rows, func(r store.DeskRow) bool { return r.ID == receipt.ReferralID }); listed != reads {
				t.Errorf("%s: %s is listed: %v", name, receipt.Reference, listed)
			}
			id, team, err := l.LocateReferral(t.Context(), reader, receipt.Reference)
			want("locate", err)
			if err == nil && (id != receipt.ReferralID || team != l.work(id).Team) {
				t.Errorf("%s: %s is %v, with %q", name, receipt.Reference, id, team)
			}
			before := l.count(`SELECT count(*) FROM events`)
			opened, err := l.OpenReferral(t.Context(), reader, receipt.Reference, tuesday)
			want("open", err)
			if (opened != nil) != reads {
				t.Errorf("%s: opening gave %v", name, opened)
			}
			if reads && !opened.Workable {
				act := l.actions(reader, receipt.Reference)
				for what, err := range map[string]error{
					"own":      l.Own(t.Context(), act()),
					"re-route": l.Reroute(t.Context(), act(), "south-west", "why", false),
					"screen":   l.StartScreening(t.Context(), act()),
					"decide":   l.Decide(t.Context(), act(), store.NewDecision{Outcome: "advice"}),
				} {
					if !errors.Is(err, store.ErrReadOnly) {
						t.Errorf("%s only reads %s along, but %s: %v", name, receipt.Reference, what, err)
					}
				}
			}
			if !reads {
				act := l.actions(reader, receipt.Reference)
				want("own", l.Own(t.Context(), act()))
				want("note", l.AddNote(t.Context(), act(), "words"))
				want("re-route", l.Reroute(t.Context(), act(), "west", "why", false))
				want("screen", l.StartScreening(t.Context(), act()))
				want("decide", l.Decide(t.Context(), act(), store.NewDecision{Outcome: "advice"}))
				l.expect("events after what was refused", before, `SELECT count(*) FROM events`)
			}
		}
	}
	lead := l.user("another.lead@example.org", store.SafeguardingLead)
	if _, err := l.OpenReferral(t.Context(), lead, "SG-0000-0000", tuesday); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no referral: %v", err)
	}
}

func TestOpeningIsRecorded(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	answers := concern(forms.Answers{"adult_name": {"Ada Example"}})
	receipt := l.submit(submission(uuid.New(), answers, tuesday))
	for i := range 2 {
		opened, err := l.OpenReferral(t.Context(), lead, receipt.Reference, tuesday.Add(time.Duration(i)*time.Hour))
		l.must(err)
		if len(opened.Versions) != 1 || !opened.Versions[0].Answers.Equal(answers) {
			t.Errorf("opened: %v", opened.Versions)
		}
		last := opened.History[len(opened.History)-1]
		if len(opened.History) != 2+i || last.Kind != store.EventOpened || last.ActorName == nil || *last.ActorName != lead.Name {
			t.Errorf("history of opening %d: %+v", i+1, opened.History)
		}
	}
	var opened time.Time
	if l.scan(&opened, `SELECT opened_at FROM referrals`); !opened.Equal(tuesday) {
		t.Errorf("first opened at %v", opened)
	}
	audit, err := l.Audit(t.Context(), 10)
	l.must(err)
	if len(audit) != 3 || audit[0].Kind != store.EventOpened || *audit[0].Reference != receipt.Reference {
		t.Errorf("audit: %+v", audit)
	}
}

func TestTheSecondOfTwoPeopleIsTold(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	one := l.user("one@example.org", store.Triage, "mid")
	two := l.user("two@example.org", store.Triage, "mid")
	for name, act := range map[string]func(store.Action) error{
		"own":      func(a store.Action) error { return l.Own(t.Context(), a) },
		"screen":   func(a store.Action) error { return l.StartScreening(t.Context(), a) },
		"re-route": func(a store.Action) error { return l.Reroute(t.Context(), a, "west", "why", false) },
	} {
		receipt := l.refer(nil)
		both := []store.Action{l.actions(one, receipt.Reference)(), l.actions(two, receipt.Reference)()}
		errs := together(2, func(i int) error { return act(both[i]) })
		stale := 0
		for _, err := range errs {
			// After a re-route the loser's team only reads along, but does.
			if errors.Is(err, store.ErrStale) {
				stale++
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if stale != 1 {
			t.Errorf("%s: %d of two people were told", name, stale)
		}
		// A note contradicts nobody, so an old page may send one.
		l.must(l.AddNote(t.Context(), both[0], "words"))
	}
	// What the worker does meanwhile counts as somebody else's change, too.
	key := uuid.New()
	receipt := l.submit(submission(key, concern(nil), tuesday))
	l.route(receipt.ReferralID)
	old := l.actions(one, receipt.Reference)()
	l.submit(submission(key, concern(danger), tuesday))
	l.route(receipt.ReferralID)
	if err := l.Own(t.Context(), old); !errors.Is(err, store.ErrStale) {
		t.Errorf("own after an amendment: %v", err)
	}
}

func TestFromReceivedToDecided(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	receipt := l.refer(nil)
	act := l.actions(lead, receipt.Reference)
	decision := store.NewDecision{
		HasNeeds: true, AtRisk: true, CannotProtect: false, Outcome: "other_enquiry",
		Reasons: store.Reasons{HasNeeds: "Because 1.", AtRisk: "Because 2.", CannotProtect: "Because 3.", Outcome: "Because 4."},
	}
	if err := l.Decide(t.Context(), act(), decision); !errors.Is(err, store.ErrWrongStatus) {
		t.Errorf("deciding before screening: %v", err)
	}
	l.must(l.StartScreening(t.Context(), act()))
	if err := l.StartScreening(t.Context(), act()); !errors.Is(err, store.ErrWrongStatus) {
		t.Errorf("screening twice: %v", err)
	}
	l.must(l.AddNote(t.Context(), act(), "Rang the GP."))
	l.must(l.Decide(t.Context(), act(), decision))
	if err := l.Decide(t.Context(), act(), decision); !errors.Is(err, store.ErrWrongStatus) {
		t.Errorf("deciding twice: %v", err)
	}
	opened, err := l.OpenReferral(t.Context(), lead, receipt.Reference, tuesday)
	l.must(err)
	if opened.Status != "decided" || opened.OwnerID == nil || *opened.OwnerID != lead.ID || len(opened.Decisions) != 1 {
		t.Fatalf("opened: %+v", opened)
	}
	d := opened.Decisions[0]
	if d.HasNeeds != true || d.AtRisk != true || d.CannotProtect != false || d.Outcome != "other_enquiry" || d.Reasons != decision.Reasons || d.DecidedBy != lead.Name || !d.DecidedAt.Equal(tuesday) {
		t.Errorf("decision: %+v", d)
	}
	var told []string
	for _, e := range opened.History {
		told = append(told, strings.TrimSpace(fmt.Sprint(e.Kind, " ", e.Detail.Outcome, e.Words)))
	}
	if want := []string{"received", "routed", "screening", "note Rang the GP.", "decided other_enquiry", "opened"}; !slices.Equal(told, want) {
		t.Errorf("history: %q, want %q", told, want)
	}
	audit, err := l.Audit(t.Context(), 100)
	l.must(err)
	for _, e := range audit {
		if e.Words != "" {
			t.Errorf("the audit of the whole portal shows words: %q", e.Words)
		}
	}
}

func TestReroute(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	west := l.user("west@example.org", store.Triage, "west")
	unrouted := l.submit(submission(uuid.New(), concern(nil), tuesday))
	if err := l.Reroute(t.Context(), l.actions(lead, unrouted.Reference)(), "west", "why", false); !errors.Is(err, store.ErrWrongStatus) {
		t.Errorf("re-routing what is nobody's: %v", err)
	}
	receipt := l.refer(nil)
	act := l.actions(lead, receipt.Reference)
	l.must(l.Own(t.Context(), act()))
	l.must(l.Reroute(t.Context(), act(), "west", "They know the family.", false))
	if w := l.work(receipt.ReferralID); w.Team != "west" || w.CC != "mid" || w.Notified != "west:rerouted mid:routed" {
		t.Errorf("after a re-route: %+v", w)
	}
	l.must(l.Reroute(t.Context(), act(), "mid", "They do not.", false))
	l.must(l.Reroute(t.Context(), act(), "west", "They do after all.", false))
	if w := l.work(receipt.ReferralID); w.Team != "west" || w.CC != "mid" || w.Notified != "mid:rerouted west:rerouted west:rerouted mid:routed" {
		t.Errorf("after three re-routes, of each of which its team is told: %+v", w)
	}
	opened, err := l.OpenReferral(t.Context(), west, receipt.Reference, tuesday)
	l.must(err)
	if opened.OwnerID != nil {
		t.Error("the new team's referral still has the old owner")
	}
	event := opened.History[3]
	if event.Kind != store.EventRerouted || event.Words != "They know the family." || event.Detail != (store.Detail{From: "mid", Team: "west"}) {
		t.Errorf("event: %+v", event)
	}
}

func TestDeskFiltersAndOrder(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	me := l.user("me@example.org", store.Triage, "mid")
	calm := l.refer(nil)
	urgent := l.refer(danger)
	decided := l.refer(danger)
	mine := l.refer(forms.Answers{"ongoing": {"yes"}})
	l.must(l.Own(t.Context(), l.actions(me, mine.Reference)()))
	act := l.actions(me, decided.Reference)
	l.must(l.StartScreening(t.Context(), act()))
	l.must(l.Decide(t.Context(), act(), store.NewDecision{Outcome: "advice"}))
	for _, c := range []struct {
		name   string
		filter store.DeskFilter
		want   []store.Receipt
		total  int
	}{
		{"all", store.DeskFilter{Limit: 10}, []store.Receipt{urgent, mine, calm, decided}, 4},
		{"the second page", store.DeskFilter{Limit: 2, Offset: 2}, []store.Receipt{calm, decided}, 4},
		{"mine", store.DeskFilter{Whose: "mine", Limit: 10}, []store.Receipt{mine, decided}, 2},
		{"unowned", store.DeskFilter{Whose: "unowned", Limit: 10}, []store.Receipt{urgent, calm}, 2},
		{"received", store.DeskFilter{Status: "received", Limit: 10}, []store.Receipt{urgent, mine, calm}, 3},
		{"decided P1", store.DeskFilter{Status: "decided", Priority: "P1", Limit: 10}, []store.Receipt{decided}, 1},
		{"P2 of mine", store.DeskFilter{Whose: "mine", Priority: "P2", Limit: 10}, []store.Receipt{mine}, 1},
		{"nonsense", store.DeskFilter{Status: "'; DROP TABLE referrals", Limit: 10}, nil, 0},
	} {
		rows, total, err := l.Desk(t.Context(), me, c.filter)
		l.must(err)
		var got, want []string
		for _, row := range rows {
			got = append(got, row.Reference)
		}
		for _, receipt := range c.want {
			want = append(want, receipt.Reference)
		}
		if !slices.Equal(got, want) || total != c.total {
			t.Errorf("%s: %q of %d, want %q of %d", c.name, got, total, want, c.total)
		}
	}
	for at, late := range map[time.Time]int{
		tuesday:                       0,
		tuesday.Add(31 * time.Minute): 1, // the P1 that nobody opened
		tuesday.AddDate(0, 0, 1):      3,
	} {
		counts, err := l.DeskCounts(t.Context(), me, at)
		if want := (store.DeskCounts{Mine: 1, Unowned: 2, All: 3, Late: late}); err != nil || counts != want {
			t.Errorf("counts at %v: %+v, %v, want %+v", at, counts, err, want)
		}
	}
}
