package demo

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// all opens every referral as the lead.
func all(t *testing.T, d Deps) []*store.Opened {
	t.Helper()
	lead := d.Users[store.SafeguardingLead]
	rows, total, err := d.Store.Desk(t.Context(), lead, store.DeskFilter{Limit: 1000})
	if err != nil || total != len(rows) {
		t.Fatalf("%d of %d referrals, %v", len(rows), total, err)
	}
	var opened []*store.Opened
	for _, row := range rows {
		o, err := d.Store.OpenReferral(t.Context(), lead, row.Reference, d.Now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		o.OpenedAt = row.OpenedAt
		opened = append(opened, o)
	}
	return opened
}

// wants reports codes that none of the referrals has.
func wants(t *testing.T, what string, got map[string]int, codes ...string) {
	t.Helper()
	for _, code := range codes {
		if got[code] == 0 {
			t.Errorf("no referral has the %s %q: %v", what, code, got)
		}
	}
}

func TestReferralsShowAllThatTheDeskProduces(t *testing.T) {
	t.Parallel()
	d, _ := depsWithLedger(t, thursday)
	if err := Referrals(t.Context(), d, 60); err != nil {
		t.Fatal(err)
	}
	opened := all(t, d)
	if len(opened) != 60 {
		t.Errorf("%d referrals", len(opened))
	}
	kinds, paths, priorities, teams, districts := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	statuses, outcomes, events, owned := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	late, outOfHours := 0, 0
	for _, o := range opened {
		if !o.Demo {
			t.Errorf("%s is not marked as demo data", o.Reference)
		}
		if o.ReceivedAt.After(d.Now) || o.ReceivedAt.Before(d.Now.Add(-30*24*time.Hour)) {
			t.Errorf("%s was received at %s", o.Reference, o.ReceivedAt)
		}
		if o.RoutedAt == nil || o.Team == nil {
			t.Fatalf("%s is not routed", o.Reference)
		}
		kinds[o.Facts.Kind]++
		paths[o.Facts.Path]++
		priorities[o.Priority]++
		teams[*o.Team]++
		districts[o.Facts.AdultDistrict]++
		statuses[o.Status]++
		if o.Facts.OutOfHours == "yes" {
			outOfHours++
		}
		if o.OwnerID != nil {
			owned[o.Status+" owned"]++
		} else {
			owned[o.Status+" unowned"]++
		}
		if o.Status != "decided" && d.Now.After(*o.DecideBy) {
			late++
		}
		if (o.Status == "decided") != (len(o.Decisions) == 1) {
			t.Errorf("%s is %s with %d decisions", o.Reference, o.Status, len(o.Decisions))
		}
		for _, decision := range o.Decisions {
			outcomes[decision.Outcome]++
			if allMet := decision.HasNeeds && decision.AtRisk && decision.CannotProtect; allMet && decision.Outcome != section42 &&
				o.Facts.Deceased != "yes" && decision.Outcome != otherAuthority || decision.Outcome == section42 && !allMet {
				t.Errorf("%s: all tests met is %v, yet the outcome is %s", o.Reference, allMet, decision.Outcome)
			}
		}
		before := o.ReceivedAt
		for _, event := range o.History[:len(o.History)-1] { // the last is this test's own reading
			events[string(event.Kind)]++
			if event.At.Before(before) || event.At.After(d.Now.Add(2*time.Second)) {
				t.Errorf("%s: %s at %s, after %s", o.Reference, event.Kind, event.At, before)
			}
			before = event.At
		}
	}
	wants(t, "kind", kinds, "safeguarding", "needs_assessment", "carer", "accommodation", "other")
	wants(t, "path", paths, "I", "A", "P")
	wants(t, "priority", priorities, routing.P1, routing.P2, routing.P3)
	wants(t, "district", districts, append([]string{"thurrock"}, d.Districts...)...)
	wants(t, "team", teams, "triage-central", "north-east", "mid", "west", "south-west", "south-east", "edt",
		"org-safeguarding", "transfer", "needs-assessment", "carers", "accommodation")
	wants(t, "outcome", outcomes, section42, otherEnquiry, noAction, advice, careActAssessment, caseManagement, review,
		otherCouncilService, externalAgency, otherAuthority)
	wants(t, "state", owned, "received owned", "received unowned", "screening owned", "decided owned")
	wants(t, "event", events, "received", "amended", "routed", "priority_raised", "team_told", "opened", "owned", "note", "rerouted", "screening", "decided")
	if late == 0 || outOfHours == 0 {
		t.Errorf("%d are late, %d came in out of hours", late, outOfHours)
	}
	t.Run("only the newest are emailed", func(t *testing.T) { onlyTheNewestAreEmailed(t, d) })
	t.Run("the history is in the order of time", func(t *testing.T) { historyIsInOrder(t, d) })
}

func onlyTheNewestAreEmailed(t *testing.T, d Deps) {
	owed, err := d.Store.ReferralsOwedNews(t.Context(), d.Now, 100)
	if err != nil || len(owed) == 0 || len(owed) > newsOwed {
		t.Errorf("emails are owed about %d referrals, %v", len(owed), err)
	}
	unrouted, err := d.Store.UnroutedReferrals(t.Context(), d.Now, 100)
	if err != nil || len(unrouted) > 0 {
		t.Errorf("%d referrals or amendments are left to the worker, %v", len(unrouted), err)
	}
}

func historyIsInOrder(t *testing.T, d Deps) {
	audit, err := d.Store.Audit(t.Context(), 10000)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(audit); i++ { // the newest first
		if audit[i].At.After(audit[i-1].At.Add(time.Second)) {
			t.Fatalf("the audit has %s at %s before %s at %s", audit[i].Kind, audit[i].At, audit[i-1].Kind, audit[i-1].At)
		}
	}
}

func TestEveryStatusIsThereAtAnyHour(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]time.Time{
		"Sunday night":   time.Date(2026, 11, 22, 3, 30, 0, 0, routing.London),
		"Monday morning": time.Date(2026, 6, 15, 9, 1, 0, 0, routing.London),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _ := depsWithLedger(t, now)
			if err := Referrals(t.Context(), d, 60); err != nil {
				t.Fatal(err)
			}
			for _, status := range []string{"received", "screening", "decided"} {
				_, n, err := d.Store.Desk(t.Context(), d.Users[store.SafeguardingLead], store.DeskFilter{Status: status, Limit: 1})
				if err != nil || n < 3 {
					t.Errorf("%d referrals are %s, %v", n, status, err)
				}
			}
		})
	}
}

func TestAnyNumberOfReferrals(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 5} {
		d, _ := depsWithLedger(t, thursday)
		if err := Referrals(t.Context(), d, n); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		if _, total, err := d.Store.Desk(t.Context(), d.Users[store.SafeguardingLead], store.DeskFilter{Limit: 1}); err != nil || total != n {
			t.Errorf("%d of %d referrals, %v", total, n, err)
		}
	}
}

func TestReferralsNeedALead(t *testing.T) {
	t.Parallel()
	d, _ := depsWithLedger(t, thursday)
	delete(d.Users, store.SafeguardingLead)
	if err := Referrals(t.Context(), d, 5); err == nil {
		t.Error("there is nobody to work on them")
	}
}

func TestAnInterruptedSeedSaysSo(t *testing.T) {
	t.Parallel()
	d, _ := depsWithLedger(t, thursday)
	ctx, cancel := context.WithCancel(t.Context())
	d.Progress = func(done, _ int, _ string) {
		if done > 0 {
			cancel()
		}
	}
	if err := Referrals(ctx, d, 20); !errors.Is(err, context.Canceled) && !store.IsUnavailable(err) {
		t.Errorf("got %v", err)
	}
}

// told makes what the i-th of 60 referrals says.
func told(t *testing.T, d Deps, i int) forms.Answers {
	t.Helper()
	s := newStory(d, i, 60)
	posted := s.matter.tell(s.rng, s.about, inventReporter(s.rng.IntN(600), s.matter.works), s.received)
	answers, err := answersTo(d.Referral, posted, s.received)
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

func TestReferralsAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	for i := range 60 {
		if once, again := told(t, d, i), told(t, d, i); !once.Equal(again) {
			t.Errorf("referral %d differs: %s and %s", i, once.Encode(), again.Encode())
		}
	}
}

func TestNobodyInAReferralExists(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	allowed := map[string]*regexp.Regexp{
		"reporter_phone":   regexp.MustCompile(`^(07700900|01632960)\d{3}$`),
		"reporter_email":   regexp.MustCompile(`@example\.org$`),
		"adult_postcode":   regexp.MustCompile(`^((CM|CO|SS)97 \d[A-Z]{2}|ZZ99 3VZ)$`),
		"adult_nhs_number": regexp.MustCompile(`^999 \d{3} \d{4}$`),
		"adult_name":       regexp.MustCompile(`^\w+ (` + strings.Join(surnames, "|") + `)$`),
		"reporter_name":    regexp.MustCompile(`^\w+ (` + strings.Join(surnames, "|") + `)$`),
	}
	seen := map[string]map[string]bool{}
	for i := range 60 {
		answers := told(t, d, i)
		for id, pattern := range allowed {
			value := answers.Get(id)
			if value == "" {
				continue
			}
			if !pattern.MatchString(value) {
				t.Errorf("referral %d: %s is %q", i, id, value)
			}
			if seen[id] == nil {
				seen[id] = map[string]bool{}
			}
			seen[id][value] = true
		}
	}
	for id := range allowed {
		if len(seen[id]) < 10 {
			t.Errorf("%s has only the values %v", id, seen[id])
		}
	}
}

func TestMattersFitTheirPath(t *testing.T) {
	t.Parallel()
	for i, m := range matters {
		if m.professional() != (m.works != "") || m.professional() && m.anonymous {
			t.Errorf("matter %d: role %q, works %q, anonymous %v", i, m.role, m.works, m.anonymous)
		}
		if m.works != "" && workplaces[m.works].organisation == "" {
			t.Errorf("matter %d: nobody works at %q", i, m.works)
		}
		if !m.short() && len(m.says["what_happened"]) == 0 {
			t.Errorf("matter %d does not say what happened", i)
		}
		for _, why := range []string{m.decision.Reasons.HasNeeds, m.decision.Reasons.AtRisk, m.decision.Reasons.CannotProtect, m.decision.Reasons.Outcome} {
			if why == "" {
				t.Errorf("matter %d has a decision without a reason", i)
			}
		}
	}
	ids := func(m matter) (ids []string) {
		for id := range m.says {
			ids = append(ids, id)
		}
		return ids
	}
	d := pureDeps(t, thursday)
	for i, m := range matters {
		answers := told(t, d, i)
		for _, id := range ids(m) {
			if m.says[id] != nil && !slices.Equal(sorted(answers[id]), sorted(m.says[id])) {
				t.Errorf("matter %d says %s = %v, which its path does not ask: %v", i, id, m.says[id], answers[id])
			}
		}
	}
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }
