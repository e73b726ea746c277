package handlers

import (
	"fmt"
	"strconv"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

// tag is a word in a coloured box.
type tag struct{ Text, Class string }

var priorityTags = map[string]tag{
	routing.P1: {"Priority 1", "govuk-tag--red"},
	routing.P2: {"Priority 2", "govuk-tag--orange"},
	routing.P3: {"Priority 3", "govuk-tag--grey"},
}

var statusTags = map[string]tag{
	"received":  {"Received", "govuk-tag--blue"},
	"screening": {"Being screened", "govuk-tag--yellow"},
	"decided":   {"Decided", "govuk-tag--green"},
}

// option is one code with its words, where the order counts.
type option struct{ code, label string }

// kinds are what a referral asks for, in fewer words than its form has.
var kinds = []option{
	{routing.KindSafeguarding, "Safeguarding concern"},
	{"needs_assessment", "Needs assessment"},
	{"carer", "Support for a carer"},
	{"accommodation", "A place to live"},
	{"other", "Something else"},
	{"unknown", "Kind not known"},
	{"", "Kind not asked"},
}

const outcomeEnquiry = "s42_enquiry"

// outcomes are what triage can decide.
var outcomes = []option{
	{outcomeEnquiry, "Section 42 enquiry"},
	{"other_enquiry", "Another safeguarding enquiry"},
	{"no_action", "No further action"},
	{"advice", "Advice or information"},
	{"care_act_assessment", "Care Act assessment"},
	{"case_management", "Case management"},
	{"review", "Review of the care and support plan"},
	{"other_council_service", "Another service of the council"},
	{"external_agency", "An agency outside the council"},
	{"other_authority", "Another local authority"},
}

func labelOf(options []option, code string) string {
	for _, o := range options {
		if o.code == code {
			return o.label
		}
	}
	return code
}

// plural is the number with its noun: "1 minute", "2 minutes".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// span says a length of time in its largest whole unit.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour")
	}
	return plural(int(d/(24*time.Hour)), "day")
}

// moment says a time by London's clocks.
func moment(at time.Time) string {
	return at.In(routing.London).Format("2 January 2006 at 15:04")
}

// due says how a time stands to now, and whether it has passed.
func due(by, now time.Time) (words string, late bool) {
	left := by.Sub(now)
	if left < 0 {
		return "late by " + span(-left), true
	}
	if left < time.Hour {
		return "due in " + span(left), false
	}
	local := by.In(routing.London)
	switch clock := local.Format("15:04"); routing.DateOf(by) {
	case routing.DateOf(now):
		return "due today at " + clock, false
	case routing.DateOf(now.Add(24 * time.Hour)):
		return "due tomorrow at " + clock, false
	default:
		return "due " + local.Format("Monday 2 January") + " at " + clock, false
	}
}

// nextClock is the step that a referral waits for, nil where none is due. It
// follows the same order as the count of late referrals.
func nextClock(row *store.DeskRow) (step string, by *time.Time) {
	switch {
	case row.Status == "decided":
		return "", nil
	case row.OpenedAt == nil && row.OpenBy != nil:
		return "Open", row.OpenBy
	case row.Status == "received":
		return "Screen", row.ScreenBy
	}
	return "Decide", row.DecideBy
}

// eventWords says what happened. teams names teams by slug.
func eventWords(e store.Event, teams map[string]string) string {
	team := func(slug string) string {
		if name, known := teams[slug]; known {
			return name
		}
		return slug
	}
	switch e.Kind {
	case store.EventReceived:
		return "The referral was received"
	case store.EventAmended:
		return "The referrer sent more"
	case store.EventRouted:
		return fmt.Sprintf("Routed to %s as %s", team(e.Detail.Team), lowerPriority(e.Detail.Priority))
	case store.EventRaised:
		return fmt.Sprintf("Raised to %s, because of what the referrer sent later", lowerPriority(e.Detail.Priority))
	case store.EventTeamTold:
		return fmt.Sprintf("%s was told by email", team(e.Detail.Team))
	case store.EventOpened:
		return "Opened the referral"
	case store.EventOwned:
		return "Took ownership"
	case store.EventNote:
		return "Added a note"
	case store.EventRerouted:
		return fmt.Sprintf("Re-routed it from %s to %s", team(e.Detail.From), team(e.Detail.Team))
	case store.EventScreening:
		return "Started screening"
	case store.EventDecided:
		return "Decided: " + labelOf(outcomes, e.Detail.Outcome)
	case store.EventReceiptTaken:
		return "The referrer opened the sent answers to print them"
	case store.EventSignedIn:
		return "Signed in"
	case store.EventSignedOut:
		return "Signed out"
	}
	return deedWords(e)
}

// deedWords says what was done to a survey.
func deedWords(e store.Event) string {
	wave, collector := "a wave", "a collector"
	if e.Wave != nil {
		wave = "wave " + *e.Wave
	}
	if e.Collector != nil {
		collector = "“" + *e.Collector + "” of " + wave
	}
	invitation := "invitation " + strconv.Itoa(e.Detail.Invitation) + " of " + collector
	switch e.Kind {
	case store.EventWaveMade:
		return "Made " + wave
	case store.EventWaveClosed:
		return "Closed " + wave
	case store.EventPublished:
		return "Published the results of " + wave
	case store.EventUnpublished:
		return "Stopped publishing the results of " + wave
	case store.EventVersionAccepted:
		return "Accepted version " + strconv.Itoa(e.Detail.Version) + " of the questions for " + wave
	case store.EventCollectorMade:
		if e.Detail.Invitations > 0 {
			return "Made " + collector + ", with " + plural(e.Detail.Invitations, "invitation")
		}
		return "Made " + collector
	case store.EventCollectorClosed:
		return "Closed " + collector
	case store.EventInvitationsAdded:
		return "Added " + plural(e.Detail.Invitations, "invitation") + " to " + collector
	case store.EventReissued:
		return "Gave " + invitation + " a new code"
	case store.EventCodesShown:
		if e.Detail.Invitation > 0 {
			return "Opened the code of " + invitation
		}
		return "Opened codes of " + collector + " to print"
	case store.EventCodesExported:
		return "Took the codes of " + collector + " as a file"
	case store.EventTextReleased:
		return "Released what somebody wrote in " + wave
	case store.EventTextHeld:
		return "Held back what somebody wrote in " + wave
	case store.EventTextTakenBack:
		return "Took back the decision on what somebody wrote in " + wave
	case store.EventActionWritten:
		return "Wrote an action, shown from " + wave + " on"
	case store.EventActionChanged:
		return "Changed an action, shown from " + wave + " on"
	case store.EventActionEnded:
		return "Ended an action, shown from " + wave + " on"
	case store.EventExportAsked:
		return "Asked for the analyst’s file of " + wave
	case store.EventExportFetched:
		return "Fetched the analyst’s file of " + wave
	}
	return string(e.Kind)
}

func lowerPriority(code string) string {
	if len(code) == 2 {
		return "priority " + code[1:]
	}
	return "priority " + code
}
