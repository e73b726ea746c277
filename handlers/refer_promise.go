package handlers

import (
	"fmt"
	"strings"
	"time"

	"intake/internal/routing"
	"intake/internal/store"
)

// promise is what people who sent a referral are told: that it arrived, what
// happens next and by when, and who is told of it. It is worked out from the
// rules, since the worker may not have routed the referral yet.
type promise struct {
	heading  string
	lead     []paragraph
	keep     []paragraph // what the reference is for
	sections []promiseSection
}

type promiseSection struct {
	Title string
	Body  []paragraph
}

// kindWords are the words that differ by kind of referral.
type kindWords struct {
	sent   string // what was sent: "referral"
	team   string // who reads it
	decide string // what is decided by the decision's clock; "" is not said
}

var wordsOfKind = map[string]kindWords{
	"safeguarding":     {"referral", "our triage team", "we will decide what to do to keep the adult safe"},
	"needs_assessment": {"request", "our needs assessment team", "we will decide how to look into what help the adult needs"},
	"carer":            {"request", "our team for unpaid carers", "we will decide how we can support the carer"},
	"accommodation":    {"request", "our accommodation team", "we will decide how to look into where the adult could live"},
	"other":            {"message", "our triage team", "we will decide who can help"},
}

func (a *app) promise(note receivedNote, row *store.Received) promise {
	kind, ok := wordsOfKind[note.Facts.Kind]
	if !ok {
		kind = wordsOfKind["other"]
	}
	b := promiseBuilder{
		app: a, note: note, row: row, kind: kind, now: a.Now(),
		decision: a.Rules.Decide(note.Facts, a.Calendar), fill: filler(a.Organisation.Placeholders()),
	}
	p := promise{keep: b.keep(), sections: []promiseSection{
		{"What happens next", b.next()},
		{"Who is told, and how we contact people", b.told()},
		{"If things change", b.change()},
	}}
	switch note.Outcome {
	case store.Duplicate:
		p.heading = "We already had this " + kind.sent
		p.lead = b.fill.paragraphs("These answers had already arrived, so nothing was sent twice. You do not need to do anything more.")
	case store.Amended:
		p.heading = "We have added this to your " + kind.sent
		p.lead = b.fill.paragraphs("It is the same " + kind.sent + " with the same reference. Our team sees what you sent before and what is new.")
	default:
		p.heading = "We have your " + kind.sent
	}
	return p
}

type promiseBuilder struct {
	*app
	note     receivedNote
	row      *store.Received
	kind     kindWords
	decision routing.Decision
	fill     filler
	now      time.Time
}

func (b promiseBuilder) anonymous() bool { return b.note.Facts.Path == "A" }

func (b promiseBuilder) paragraphs(sentences ...string) []paragraph {
	return b.fill.paragraphs(strings.Join(sentences, "\n\n"))
}

func (b promiseBuilder) keep() []paragraph {
	if b.anonymous() {
		return b.paragraphs("Write the reference down if that is safe for you. If you call us, it helps us to find what you sent. " +
			"You did not give your name, and the reference cannot yet be used to write back to us here.")
	}
	return b.paragraphs("Write the reference down if that is safe for you. If you call us, it helps us to find what you sent. " +
		"We show it here for ten minutes.")
}

// next says who reads the referral when, and what follows by when.
func (b promiseBuilder) next() []paragraph {
	sentences := []string{b.reading()}
	clocks := b.decision.Clocks
	by := func(at time.Time, words string) {
		// After an amendment the first clocks may have run out.
		if at.After(b.now) {
			sentences = append(sentences, fmt.Sprintf("By %s, %s.", timeInWords(at, b.now), words))
		}
	}
	if b.decision.SLA == routing.P1 {
		by(clocks.OpenBy, "someone will have read it")
	} else {
		by(clocks.ScreenBy, "someone will have read it")
	}
	by(clocks.DecideBy, b.kind.decide)
	if !b.anonymous() && len(b.note.SafeWays) > 0 {
		by(clocks.FeedbackBy, "we will tell you what we can about what happens. We may not be able to tell you everything")
	}
	return b.paragraphs(sentences...)
}

// reading says whether somebody reads referrals now, or when next.
func (b promiseBuilder) reading() string {
	if b.Calendar.Open(routing.Office, b.now) {
		return capital(b.kind.team) + " is reading referrals now."
	}
	if team := b.Organisation.Team(b.decision.Team); team != nil && team.OutOfHours {
		return "Our office is shut, but our emergency duty team is working now and is told at once."
	}
	opening := b.Calendar.NextOpening(routing.Office, b.now)
	return fmt.Sprintf("Our office is shut. Your %s will next be read at %s. "+
		"If it cannot wait until then, call our emergency duty team on {emergency_duty_phone}.",
		b.kind.sent, timeInWords(opening, b.now))
}

// told says who gets to know, which on channels that nobody marked as safe is
// nobody.
func (b promiseBuilder) told() []paragraph {
	sentences := []string{capital(b.kind.team) + " can read what you sent. We may have to share it with others, such as the police or the NHS, to keep someone safe."}
	switch ways := b.safeWays(); {
	case b.anonymous():
		sentences = append(sentences, "You did not give your name, so we cannot ask you anything or tell you what we did.")
	case ways == "":
		sentences = append(sentences, "You did not mark any way of contacting you as safe, so we will not contact you. You can call us.")
	default:
		sentences = append(sentences, "We contact you only in the ways that you marked as safe: "+ways+".")
	}
	if b.note.Facts.Deceased != "yes" {
		sentences = append(sentences, "We contact the adult only in ways that we know are safe.")
	}
	return b.paragraphs(sentences...)
}

// safeWays lists the safe channels in words: "phone call or email".
func (b promiseBuilder) safeWays() string {
	question := b.Referral.Question("reporter_contact_channels")
	var labels []string
	for _, code := range b.note.SafeWays {
		if question == nil {
			break
		}
		if option := question.Option(code); option != nil {
			labels = append(labels, strings.ToLower(option.Label.In("en")))
		}
	}
	if n := len(labels); n > 1 {
		return strings.Join(labels[:n-1], ", ") + " or " + labels[n-1]
	}
	return strings.Join(labels, "")
}

func (b promiseBuilder) change() []paragraph {
	return b.paragraphs("If someone is in danger, call 999. Do not wait for us.",
		"To tell us more, use the button below, or call us on {adult_social_care_phone} and say the reference. "+
			"When our office is shut, call our emergency duty team on {emergency_duty_phone}.")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// timeInWords says a time as people in London would: "2:30pm today", "9am
// tomorrow", "5:30pm on Monday 23 November".
func timeInWords(at, now time.Time) string {
	clock := clockInWords(at)
	switch today := now.In(routing.London); routing.DateOf(at) {
	case routing.DateOf(today):
		return clock + " today"
	case routing.DateOf(today.AddDate(0, 0, 1)):
		return clock + " tomorrow"
	}
	return clock + at.In(routing.London).Format(" on Monday 2 January")
}

// clockInWords is the time of day in London: "9am", "2:30pm", "midday".
func clockInWords(at time.Time) string {
	at = at.In(routing.London)
	switch {
	case at.Hour() == 12 && at.Minute() == 0:
		return "midday"
	case at.Minute() == 0:
		return at.Format("3pm")
	}
	return at.Format("3:04pm")
}
