package routing

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// officeWeek is Monday to Thursday 9:00 to 17:30, Friday until 16:30.
func officeWeek() Week {
	day := Hours{9 * time.Hour, 17*time.Hour + 30*time.Minute}
	friday := Hours{9 * time.Hour, 16*time.Hour + 30*time.Minute}
	return Week{time.Monday: day, time.Tuesday: day, time.Wednesday: day, time.Thursday: day, time.Friday: friday}
}

func testCalendar(t testing.TB, exceptions ...Exception) *Calendar {
	t.Helper()
	calendar, err := NewCalendar(officeWeek(), exceptions)
	if err != nil {
		t.Fatal(err)
	}
	return calendar
}

func london(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, London)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func utc(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestEmergencyDutyIsOpenWheneverTheOfficeIsShut(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	for _, c := range []struct {
		at   string
		duty bool
		why  string
	}{
		{"2026-06-08 08:59", true, "before a Monday's opening"},
		{"2026-06-08 09:00", false, "as the office opens"},
		{"2026-06-11 17:29", false, "a Thursday's last minute"},
		{"2026-06-11 17:30", true, "as a Thursday ends"},
		{"2026-06-12 16:29", false, "a Friday's last minute"},
		{"2026-06-12 16:30", true, "as a Friday ends"},
		{"2026-06-13 12:00", true, "a Saturday"},
		{"2026-06-14 12:00", true, "a Sunday"},
		{"2026-12-25 12:00", true, "Christmas Day, a Friday"},
		{"2026-12-28 12:00", true, "Boxing Day's substitute, a Monday"},
		{"2026-12-29 12:00", false, "the Tuesday after"},
		{"2027-12-27 12:00", true, "Christmas Day's substitute, a Monday"},
		{"2027-12-28 12:00", true, "Boxing Day's substitute, a Tuesday"},
		{"2022-12-26 12:00", true, "Boxing Day, a Monday"},
		{"2022-12-27 12:00", true, "Christmas Day's substitute, a Tuesday"},
		{"2028-01-03 12:00", true, "New Year's substitute, a Monday"},
		{"2026-04-03 12:00", true, "Good Friday"},
		{"2026-04-06 12:00", true, "Easter Monday"},
		{"2027-03-26 12:00", true, "Good Friday"},
		{"2027-03-29 12:00", true, "Easter Monday"},
		{"2026-05-04 12:00", true, "the early May bank holiday"},
		{"2026-05-25 12:00", true, "the spring bank holiday"},
		{"2026-08-31 12:00", true, "the summer bank holiday"},
		{"2026-08-03 12:00", false, "a bank holiday of Scotland only"},
		{"2026-03-17 12:00", false, "a bank holiday of Northern Ireland only"},
		{"2022-06-03 12:00", true, "a bank holiday once only"},
	} {
		at := london(t, c.at)
		if calendar.Open(EmergencyDuty, at) != c.duty || calendar.Open(Office, at) == c.duty {
			t.Errorf("%s (%s): emergency duty open = %v, office open = %v", c.at, c.why, calendar.Open(EmergencyDuty, at), calendar.Open(Office, at))
		}
		// The same moment in another zone is the same moment.
		if calendar.Open(EmergencyDuty, at.UTC()) != c.duty {
			t.Errorf("%s (%s): the answer changes with the zone that the time is written in", c.at, c.why)
		}
	}
	if calendar.Open("ambulance", london(t, "2026-06-08 12:00")) {
		t.Error("an unknown calendar is open")
	}
}

// TestClockChanges gives times in UTC, so that the office must move with
// London's clocks: spring 2026-03-29 and 2027-03-28, autumn 2026-10-25 and
// 2027-10-31.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	for _, c := range []struct {
		utc  string
		duty bool
	}{
		{"2026-03-27 08:59", true}, {"2026-03-27 09:00", false}, // Friday, winter time
		{"2026-03-30 07:59", true}, {"2026-03-30 08:00", false}, // Monday, summer time
		{"2026-10-23 07:59", true}, {"2026-10-23 08:00", false},
		{"2026-10-26 08:59", true}, {"2026-10-26 09:00", false},
		{"2026-10-26 17:29", false}, {"2026-10-26 17:30", true},
		{"2027-03-25 17:29", false}, {"2027-03-25 17:30", true}, // Thursday before Good Friday
		{"2027-03-30 07:59", true}, {"2027-03-30 08:00", false}, // Tuesday after Easter
		{"2027-10-29 15:29", false}, {"2027-10-29 15:30", true},
		{"2027-11-01 08:59", true}, {"2027-11-01 09:00", false},
	} {
		if got := calendar.Open(EmergencyDuty, utc(t, c.utc)); got != c.duty {
			t.Errorf("%s UTC: emergency duty open = %v", c.utc, got)
		}
	}
	for _, c := range []struct{ from, next string }{
		{"2026-03-27 17:00", "2026-03-30 08:00"},
		{"2026-10-23 16:00", "2026-10-26 09:00"},
		{"2027-03-28 00:30", "2027-03-30 08:00"}, // the hour before the change; Easter Monday is shut
		{"2027-10-31 01:30", "2027-11-01 09:00"},
	} {
		if got := calendar.NextOpening(Office, utc(t, c.from)); !got.Equal(utc(t, c.next)) {
			t.Errorf("after %s UTC the office opens %s, want %s", c.from, got.UTC(), c.next)
		}
	}
}

func TestNextOpeningAndWorkingDays(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	for _, c := range []struct{ name, from, want string }{
		{Office, "2026-06-10 10:15", "2026-06-10 10:15"},
		{Office, "2026-06-10 07:00", "2026-06-10 09:00"},
		{Office, "2026-06-10 17:30", "2026-06-11 09:00"},
		{Office, "2026-12-24 18:00", "2026-12-29 09:00"}, // Christmas, the weekend and a substitute day
		{Office, "2026-04-02 17:30", "2026-04-07 09:00"}, // Easter
		{EmergencyDuty, "2026-06-12 10:00", "2026-06-12 16:30"},
		{EmergencyDuty, "2026-06-12 20:00", "2026-06-12 20:00"},
	} {
		if got := calendar.NextOpening(c.name, london(t, c.from)); !got.Equal(london(t, c.want)) {
			t.Errorf("NextOpening(%s, %s) = %s, want %s", c.name, c.from, got, c.want)
		}
	}
	for _, c := range []struct {
		from  string
		after int
		want  string
	}{
		{"2026-06-10 10:00", 0, "2026-06-10 17:30"},
		{"2026-06-10 03:00", 0, "2026-06-10 17:30"}, // before opening is still that day
		{"2026-06-10 17:30", 0, "2026-06-11 17:30"}, // as the office shuts it is the next
		{"2026-06-10 10:00", 2, "2026-06-12 16:30"},
		{"2026-06-12 10:00", 2, "2026-06-16 17:30"},
		{"2026-06-13 10:00", 2, "2026-06-17 17:30"}, // a Saturday counts as Monday
		{"2026-12-24 10:00", 2, "2026-12-30 17:30"},
		{"2026-12-25 10:00", 5, "2027-01-06 17:30"}, // taken up on the 29th; 1 January is shut
		{"2027-03-25 10:00", 1, "2027-03-30 17:30"},
	} {
		if got := calendar.EndOfWorkingDay(london(t, c.from), c.after); !got.Equal(london(t, c.want)) {
			t.Errorf("EndOfWorkingDay(%s, %d) = %s, want %s", c.from, c.after, got, c.want)
		}
	}
}

func TestExceptionsComeBeforeHolidaysAndTheWeek(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t,
		Exception{Date: Date{2026, time.June, 10}, Name: "a day proclaimed"},
		Exception{Date: Date{2026, time.May, 25}, Name: "a bank holiday moved away", Hours: officeWeek()[time.Monday]},
		Exception{Date: Date{2026, time.December, 24}, Name: "Christmas Eve", Hours: Hours{9 * time.Hour, 12 * time.Hour}},
	)
	for at, office := range map[string]bool{
		"2026-06-10 12:00": false, "2026-05-25 12:00": true, "2026-12-24 11:59": true, "2026-12-24 12:00": false,
	} {
		if calendar.Open(Office, london(t, at)) != office {
			t.Errorf("%s: office open = %v", at, !office)
		}
	}
	if name, ok := calendar.Holiday(Date{2026, time.June, 10}); !ok || name != "a day proclaimed" {
		t.Errorf("Holiday = %q, %v", name, ok)
	}
	if name, ok := calendar.Holiday(Date{2026, time.December, 28}); !ok || name != "Boxing Day" {
		t.Errorf("Holiday = %q, %v", name, ok)
	}
	if name, ok := calendar.Holiday(Date{2026, time.December, 29}); ok {
		t.Errorf("29 December is the holiday %q", name)
	}
}

func TestNewCalendarNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := NewCalendar(Week{time.Monday: {Opens: 10 * time.Hour, Closes: 9 * time.Hour}}, []Exception{{Name: "Long day", Hours: Hours{1, 25 * time.Hour}}})
	if err == nil || !strings.Contains(err.Error(), "Monday") || !strings.Contains(err.Error(), "Long day") {
		t.Errorf("err = %v", err)
	}
	if _, err := NewCalendar(nil, nil); err == nil || !strings.Contains(err.Error(), "at least one day") {
		t.Errorf("a week without opening: err = %v", err)
	}
}

// TestCalendarLaws holds at any moment of 2020 to 2040: the two calendars are
// never open together, the next opening is open and nothing before it is, and
// a working day later is later.
func TestCalendarLaws(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1577836800, 2208988800).Draw(t, "unix"), 0).UTC()
		if calendar.Open(Office, at) == calendar.Open(EmergencyDuty, at) {
			t.Fatalf("%s: office and emergency duty agree", at)
		}
		for _, name := range []string{Office, EmergencyDuty} {
			next := calendar.NextOpening(name, at)
			if next.Before(at) || !calendar.Open(name, next) {
				t.Fatalf("%s: %s next opens %s, when it is shut or which is past", at, name, next)
			}
			if next.After(at) && calendar.Open(name, next.Add(-time.Second)) {
				t.Fatalf("%s: %s was open before %s", at, name, next)
			}
		}
		days := rapid.IntRange(0, 10).Draw(t, "days")
		end := calendar.EndOfWorkingDay(at, days)
		if !end.After(at) || !end.Before(calendar.EndOfWorkingDay(at, days+1)) {
			t.Fatalf("%s: the end of working day %d is %s", at, days, end)
		}
		if calendar.Open(Office, end) || !calendar.Open(Office, end.Add(-time.Second)) {
			t.Fatalf("%s: working day %d does not end as the office shuts but at %s", at, days, end)
		}
	})
}
