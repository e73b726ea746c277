package routing

import (
	"errors"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the image has no zone files, and every clock here is London's

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/gb"
)

// The calendars that a rule may ask about. The emergency duty team (edt) is
// open whenever the office is not.
const (
	Office        = "office"
	EmergencyDuty = "edt"
)

// London is the zone in which office hours and working days are meant.
var London = mustLoad("Europe/London")

func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic("routing: zone data is compiled in: " + err.Error())
	}
	return zone
}

// Hours are one day's office hours as London's clocks show them, counted from
// midnight. The zero Hours are a day on which the office is shut.
type Hours struct{ Opens, Closes time.Duration }

// Shut reports whether the office does not open at all.
func (h Hours) Shut() bool { return h == Hours{} }

// Week holds the office hours of an ordinary week; a missing day is shut.
type Week map[time.Weekday]Hours

// Date is a day of London's calendar.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day on which London lives at that moment.
func DateOf(at time.Time) Date {
	year, month, day := at.In(London).Date()
	return Date{year, month, day}
}

// at is the moment at which London's clocks show that time of the day.
func (d Date) at(clock time.Duration) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, int(clock/time.Minute), 0, 0, London)
}

// Start is the first moment of the day.
func (d Date) Start() time.Time { return d.at(0) }

// String writes the day like 2026-04-01.
func (d Date) String() string { return d.at(0).Format(time.DateOnly) }

func (d Date) next() Date { return DateOf(d.at(36 * time.Hour)) }

// Exception replaces the hours of one day: a bank holiday proclaimed after
// this was built, one that was moved, an early closing.
type Exception struct {
	Date  Date
	Name  string
	Hours Hours
}

// Calendar knows when the office and the emergency duty team are open. It is
// never changed after NewCalendar, so many goroutines may share it.
type Calendar struct {
	week       Week
	exceptions map[Date]Exception
	holidays   *cal.Calendar
}

// NewCalendar makes a calendar of an ordinary week, England's bank holidays
// (on which the office is shut) and exceptions, which come before both.
func NewCalendar(week Week, exceptions []Exception) (*Calendar, error) {
	var faults []error
	opens := false
	for day := time.Sunday; day <= time.Saturday; day++ {
		hours := week[day]
		opens = opens || !hours.Shut()
		if err := hours.check(); err != nil {
			faults = append(faults, fmt.Errorf("the office hours of %s: %w", day, err))
		}
	}
	if !opens {
		faults = append(faults, errors.New("the office must open on at least one day of the week"))
	}
	byDate := map[Date]Exception{}
	for _, exception := range exceptions {
		if err := exception.Hours.check(); err != nil {
			faults = append(faults, fmt.Errorf("the exception %q: %w", exception.Name, err))
		}
		byDate[exception.Date] = exception
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	// The list is the one for England and Wales; a cached calendar would not
	// be safe to share.
	holidays := &cal.Calendar{Name: "England", Holidays: slices.Clone(gb.Holidays)}
	return &Calendar{week: week, exceptions: byDate, holidays: holidays}, nil
}

func (h Hours) check() error {
	if h.Shut() {
		return nil
	}
	if h.Opens < 0 || h.Closes > 24*time.Hour || h.Opens >= h.Closes {
		return errors.New("must open before they close, within one day")
	}
	return nil
}

// Holiday names the bank holiday or exception of that day; ok is false on an
// ordinary day.
func (c *Calendar) Holiday(day Date) (name string, ok bool) {
	if exception, found := c.exceptions[day]; found {
		return exception.Name, true
	}
	actual, observed, holiday := c.holidays.IsHoliday(time.Date(day.Year, day.Month, day.Day, 12, 0, 0, 0, time.UTC))
	if !actual && !observed {
		return "", false
	}
	return holiday.Name, true
}

// HoursOn returns the office hours of that day.
func (c *Calendar) HoursOn(day Date) Hours {
	if exception, found := c.exceptions[day]; found {
		return exception.Hours
	}
	if _, holiday := c.Holiday(day); holiday {
		return Hours{}
	}
	return c.week[day.at(12*time.Hour).Weekday()]
}

// Open reports whether the named calendar is open at that moment. A name that
// is neither Office nor EmergencyDuty is never open; loading a rule set
// refuses it.
func (c *Calendar) Open(name string, at time.Time) bool {
	day := DateOf(at)
	hours := c.HoursOn(day)
	office := !hours.Shut() && !at.Before(day.at(hours.Opens)) && at.Before(day.at(hours.Closes))
	switch name {
	case Office:
		return office
	case EmergencyDuty:
		return !office
	}
	return false
}

// NextOpening is the moment from which the named calendar is open: at itself
// if it is open then.
func (c *Calendar) NextOpening(name string, at time.Time) time.Time {
	if c.Open(name, at) {
		return at
	}
	day := DateOf(at)
	if name == EmergencyDuty {
		return day.at(c.HoursOn(day).Closes)
	}
	for {
		hours := c.HoursOn(day)
		if opening := day.at(hours.Opens); !hours.Shut() && opening.After(at) {
			return opening
		}
		day = day.next()
	}
}

// WorkingDay is the day on which the office takes up what comes in at that
// moment: the same day until the office closes, otherwise the next day on
// which it opens.
func (c *Calendar) WorkingDay(at time.Time) Date {
	day := DateOf(at)
	if hours := c.HoursOn(day); hours.Shut() || !at.Before(day.at(hours.Closes)) {
		day = c.nextWorkingDay(day)
	}
	return day
}

// EndOfWorkingDay is the moment at which the office closes, so many working
// days after the one on which it takes up what comes in at that moment; after
// 0 days is that working day itself.
func (c *Calendar) EndOfWorkingDay(at time.Time, after int) time.Time {
	day := c.WorkingDay(at)
	for range after {
		day = c.nextWorkingDay(day)
	}
	return day.at(c.HoursOn(day).Closes)
}

func (c *Calendar) nextWorkingDay(day Date) Date {
	for {
		day = day.next()
		if !c.HoursOn(day).Shut() {
			return day
		}
	}
}
