package routing

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// Clocks say by when people must have taken each step with a referral.
// Nothing pauses them.
type Clocks struct {
	OpenBy     time.Time `json:"open_by"`     // a person has opened it
	ScreenBy   time.Time `json:"screen_by"`   // triage has screened it
	DecideBy   time.Time `json:"decide_by"`   // the section 42 decision is recorded
	FeedbackBy time.Time `json:"feedback_by"` // the referrer has heard back
}

// Allowance is the time allowed for one step: a time that runs day and night,
// or a number of working days, of which 0 is the same working day. What comes
// in while the office is shut counts as received on the next working day, so
// its "same working day" ends when the office closes on that day.
type Allowance struct {
	elapsed     time.Duration
	workingDays int
}

var allowanceWords = regexp.MustCompile(`^([0-9]{1,3}) (minutes?|hours?|working days?)$`)

// UnmarshalYAML reads "30 minutes", "24 hours", "same working day" or
// "2 working days".
func (a *Allowance) UnmarshalYAML(node *yaml.Node) error {
	if node.Value == "same working day" {
		*a = Allowance{}
		return nil
	}
	words := allowanceWords.FindStringSubmatch(node.Value)
	if words == nil {
		return fmt.Errorf("line %d: write a time allowed like \"30 minutes\", \"24 hours\", \"same working day\" or \"2 working days\", not %q", node.Line, node.Value)
	}
	count, err := strconv.Atoi(words[1])
	if err != nil || count == 0 {
		return fmt.Errorf("line %d: a time allowed is at least 1, not %q", node.Line, node.Value)
	}
	switch words[2][0] {
	case 'm':
		*a = Allowance{elapsed: time.Duration(count) * time.Minute}
	case 'h':
		*a = Allowance{elapsed: time.Duration(count) * time.Hour}
	default:
		*a = Allowance{workingDays: count}
	}
	return nil
}

// Due is the moment by which the step must be done.
func (a Allowance) Due(received time.Time, calendar *Calendar) time.Time {
	if a.elapsed > 0 {
		return received.Add(a.elapsed)
	}
	return calendar.EndOfWorkingDay(received, a.workingDays)
}

// Allowances are the times allowed at one priority.
type Allowances struct {
	Open     Allowance `yaml:"open"`
	Screen   Allowance `yaml:"screen"`
	Decide   Allowance `yaml:"decide"`
	Feedback Allowance `yaml:"feedback"`
}

// Start sets the clocks of a referral received at that moment.
func (a Allowances) Start(received time.Time, calendar *Calendar) Clocks {
	return Clocks{
		OpenBy:     a.Open.Due(received, calendar),
		ScreenBy:   a.Screen.Due(received, calendar),
		DecideBy:   a.Decide.Due(received, calendar),
		FeedbackBy: a.Feedback.Due(received, calendar),
	}
}

// defaultAllowances hold where a rule set names none for a priority. Only the
// most urgent must be opened before they are due to be screened.
func defaultAllowances(priority string) Allowances {
	a := Allowances{Decide: Allowance{workingDays: 2}, Feedback: Allowance{workingDays: 5}}
	if priority == P1 {
		a.Open = Allowance{elapsed: 30 * time.Minute}
	}
	return a
}
