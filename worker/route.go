package worker

import (
	"context"
	"slices"

	"intake/internal/routing"
	"intake/internal/store"
)

// route decides which team gets a referral that nobody has routed, and looks
// at amendments that came since.
func (w *Worker) route(ctx context.Context, p payload) error {
	decided, err := w.Referrals.Route(ctx, p.Referral, w.Now(), w.decide)
	if err == nil && decided {
		w.Queue.TeamOwedNews(p.Referral)
	}
	return err
}

func (w *Worker) decide(facts routing.Facts) store.Routing {
	decision := w.Rules.Decide(facts, w.Calendar)
	tell := []string{decision.Team}
	if facts.Priority == routing.P1 && facts.OutOfHours == "yes" && w.DutyTeam != "" &&
		w.DutyTeam != decision.Team && !excludes(decision, w.DutyTeam) {
		tell = append(tell, w.DutyTeam)
		if !slices.Contains(decision.CC, w.DutyTeam) {
			// Whoever is told must be able to read it.
			decision.CC = append(decision.CC, w.DutyTeam)
		}
	}
	return store.Routing{Decision: decision, Tell: tell}
}

// excludes reports whether a rule keeps the team out.
func excludes(d routing.Decision, team string) bool {
	return slices.ContainsFunc(d.Trace, func(step routing.Step) bool { return slices.Contains(step.Exclude, team) })
}
