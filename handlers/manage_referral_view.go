package handlers

import (
	"slices"
	"strings"
	"time"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

func teamName(names map[string]string, slug string) string {
	if name, known := names[slug]; known {
		return name
	}
	return slug
}

// clocks say how each step stands. A step that was taken says when.
func clocks(o *store.Opened, now time.Time) []clockView {
	when := func(kind store.EventKind) *time.Time {
		i := slices.IndexFunc(o.History, func(e store.Event) bool { return e.Kind == kind })
		if i < 0 {
			return nil
		}
		return &o.History[i].At
	}
	var out []clockView
	for _, step := range []struct {
		name      string
		by, taken *time.Time
	}{
		{"Opened by a person", o.OpenBy, o.OpenedAt},
		{"Screening started", o.ScreenBy, when(store.EventScreening)},
		{"Decided", o.DecideBy, when(store.EventDecided)},
		{"Referrer told", o.FeedbackBy, nil},
	} {
		if step.by == nil {
			continue
		}
		view := clockView{Step: step.name}
		if step.taken != nil {
			view.Words = moment(*step.taken)
			if step.taken.After(*step.by) {
				view.Words += ", " + span(step.taken.Sub(*step.by)) + " late"
			}
		} else {
			view.Words, view.Late = due(*step.by, now)
		}
		out = append(out, view)
	}
	return out
}

// versionView is what a referrer sent at one time.
type versionView struct {
	Number     int
	ReceivedAt string
	Changed    int // answers that differ from the version before
	Parts      []answerPart
}

// answerPart keeps who reported apart from what they reported.
type answerPart struct {
	Title    string
	Sections []answerSection
}

type answerSection struct {
	Title string
	Rows  []answerRow
}

// answerRow is one answer, and in a later version how it differs.
type answerRow struct {
	Label  string
	Values []string
	Change string // "", Added, Changed or Removed
	Before []string
}

// versionViews words the versions, the newest first.
func versionViews(form *forms.Form, versions []store.Version) []versionView {
	var out []versionView
	var before []forms.SummaryRow
	for i, version := range versions {
		rows := answered(form.Summary(version.Answers, "en"))
		view := versionView{Number: i + 1, ReceivedAt: moment(version.ReceivedAt)}
		view.fill(rows, before, i > 0)
		out = append(out, view)
		before = rows
	}
	slices.Reverse(out)
	return out
}

func answered(rows []forms.SummaryRow) []forms.SummaryRow {
	return slices.DeleteFunc(rows, func(row forms.SummaryRow) bool { return len(row.Values) == 0 })
}

func (v *versionView) fill(rows, before []forms.SummaryRow, compare bool) {
	was, is := map[string][]string{}, map[string]bool{}
	for _, row := range before {
		was[row.Name] = row.Values
	}
	for _, row := range rows {
		is[row.Name] = true
		view := answerRow{Label: row.Label, Values: row.Values}
		if old, known := was[row.Name]; compare && !known {
			view.Change = "Added"
		} else if compare && !slices.Equal(old, row.Values) {
			view.Change, view.Before = "Changed", old
		}
		v.put(row, view)
	}
	for _, row := range before {
		if !is[row.Name] {
			v.put(row, answerRow{Label: row.Label, Change: "Removed", Before: row.Values})
		}
	}
}

func (v *versionView) put(row forms.SummaryRow, view answerRow) {
	if view.Change != "" {
		v.Changed++
	}
	title := "The concern"
	if row.Page.Part == forms.PartReporter {
		title = "Who reported it"
	}
	part := find(&v.Parts, func(p answerPart) bool { return p.Title == title }, answerPart{Title: title})
	section := find(&part.Sections, func(s answerSection) bool { return s.Title == row.Title }, answerSection{Title: row.Title})
	section.Rows = append(section.Rows, view)
}

// find returns the first element that is the one, adding it where there is none.
func find[T any](all *[]T, is func(T) bool, add T) *T {
	i := slices.IndexFunc(*all, is)
	if i < 0 {
		i = len(*all)
		*all = append(*all, add)
	}
	return &(*all)[i]
}

// historyLine is one or several like events.
type historyLine struct {
	At    string
	Who   string
	What  string
	Words []string // paragraphs that somebody wrote
}

// history words the events, the newest first. Somebody who opened the referral
// several times on end is told of once.
func history(events []store.Event, teams map[string]string) []historyLine {
	var out []historyLine
	for i, event := range events {
		if i > 0 && event.Kind == store.EventOpened && events[i-1].Kind == store.EventOpened && actor(event) == actor(events[i-1]) {
			continue
		}
		line := historyLine{At: moment(event.At), Who: actor(event), What: eventWords(event, teams)}
		if event.Words != "" {
			line.Words = strings.Split(event.Words, "\n")
		}
		out = append(out, line)
	}
	slices.Reverse(out)
	return out
}

func actor(e store.Event) string {
	switch {
	case e.ActorName != nil:
		return *e.ActorName
	case e.Wave != nil:
		return "Somebody by a command" // the portal does nothing to surveys by itself
	}
	return "The portal"
}

// raisesVersion lists the events after which an action on the version before
// is refused.
var raisesVersion = []store.EventKind{
	store.EventRouted, store.EventAmended, store.EventRaised, store.EventOwned,
	store.EventRerouted, store.EventScreening, store.EventDecided,
}

// staleWords say who changed the referral meanwhile, and how.
func staleWords(events []store.Event, teams map[string]string) string {
	for _, event := range slices.Backward(events) {
		if slices.Contains(raisesVersion, event.Kind) {
			return actor(event) + ", " + moment(event.At) + ": " + eventWords(event, teams) + "."
		}
	}
	return ""
}

// stepView is one routing rule as it was evaluated.
type stepView struct{ Rule, Effect, Why string }

// steps word the trace: the rules that held, and those that did not.
func steps(trace []routing.Step, teams map[string]string) (held, not []stepView) {
	for _, step := range trace {
		view := stepView{Rule: step.Rule, Why: step.Why}
		if !step.Held {
			not = append(not, view)
			continue
		}
		view.Effect = effectWords(routing.Effect{Queue: step.Queue, CC: step.CC, SLA: step.SLA, Exclude: step.Exclude}, step.Stopped, teams)
		if view.Effect == "" {
			view.Effect = "changed nothing, because an earlier rule came first"
		}
		held = append(held, view)
	}
	return held, not
}

// effectWords say what a rule does.
func effectWords(e routing.Effect, stops bool, teams map[string]string) string {
	named := func(slugs []string) string {
		var out []string
		for _, slug := range slugs {
			out = append(out, teamName(teams, slug))
		}
		return strings.Join(out, ", ")
	}
	var parts []string
	if len(e.Exclude) > 0 {
		parts = append(parts, "keeps it from "+named(e.Exclude))
	}
	if e.Queue != "" {
		parts = append(parts, "sends it to "+named([]string{e.Queue}))
	}
	if len(e.CC) > 0 {
		parts = append(parts, "lets "+named(e.CC)+" read it")
	}
	if e.SLA != "" {
		parts = append(parts, "sets the clocks of "+lowerPriority(e.SLA))
	}
	if stops {
		parts = append(parts, "ends the asking")
	}
	return strings.Join(parts, "; ")
}

// decisionView is a recorded decision.
type decisionView struct {
	At, By  string
	Tests   []decidedTest
	Outcome string
	Reason  string
}

type decidedTest struct {
	Label, Reason string
	Met           bool
}

func decisions(recorded []store.Decision) []decisionView {
	var out []decisionView
	for _, d := range recorded {
		view := decisionView{At: moment(d.DecidedAt), By: d.DecidedBy, Outcome: labelOf(outcomes, d.Outcome), Reason: d.Reasons.Outcome}
		met := []bool{d.HasNeeds, d.AtRisk, d.CannotProtect}
		reasons := []string{d.Reasons.HasNeeds, d.Reasons.AtRisk, d.Reasons.CannotProtect}
		for i, test := range tests {
			view.Tests = append(view.Tests, decidedTest{Label: test.label, Reason: reasons[i], Met: met[i]})
		}
		out = append(out, view)
	}
	return out
}
