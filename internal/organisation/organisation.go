// Package organisation holds what differs from one council to the next: names,
// phone numbers, districts, teams and office hours, read from organisation.yaml.
// Whatever else the portal needs to know about who runs it belongs here too,
// but never a secret, and nothing that differs between processes.
package organisation

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"time"

	"intake/internal/routing"
)

// Organisation is the council that runs the portal. It is never changed after
// Load, so goroutines may share it.
type Organisation struct {
	Name           string         `yaml:"name"`
	DataController DataController `yaml:"data_controller"`
	Phones         Phones         `yaml:"phones"`
	Hours          Hours          `yaml:"hours"`
	// Languages are the codes of those switched on, the first one being the
	// one to fall back to.
	Languages  []string    `yaml:"languages"`
	Districts  []District  `yaml:"districts"`
	Neighbours []Neighbour `yaml:"neighbours"`
	Teams      []Team      `yaml:"teams"`
	Help       []HelpLink  `yaml:"help"`
	Survey     Survey      `yaml:"survey"`

	calendar *routing.Calendar
}

// DataController answers for personal data, and is named on the privacy page.
type DataController struct {
	Name    string `yaml:"name"`
	Email   string `yaml:"email"`
	Address string `yaml:"address"` // lines of a postal address
}

// Phones are the numbers that the forms show, as people write them.
type Phones struct {
	AdultSocialCare    string `yaml:"adult_social_care"`
	EmergencyDuty      string `yaml:"emergency_duty"`
	Childrens          string `yaml:"childrens"`
	PoliceNonEmergency string `yaml:"police_non_emergency"`
}

// District is a part of the organisation's own area.
type District struct {
	Slug string `yaml:"slug"`
	Name string `yaml:"name"`
}

// Neighbour is another authority, or everywhere else, to which referrals are
// transferred. Phone and URL may be empty for everywhere else.
type Neighbour struct {
	Slug  string `yaml:"slug"`
	Name  string `yaml:"name"`
	Phone string `yaml:"phone"`
	URL   string `yaml:"url"`
}

// Team receives referrals.
type Team struct {
	Slug  string `yaml:"slug"`
	Name  string `yaml:"name"`
	Email string `yaml:"email"`
	// OutOfHours says that the team works while the office is shut.
	OutOfHours bool `yaml:"out_of_hours"`
}

// HelpLink is somewhere for care workers to turn to. It has a phone number, a
// URL or both.
type HelpLink struct {
	Name  string `yaml:"name"`
	Phone string `yaml:"phone"`
	URL   string `yaml:"url"`
	Text  string `yaml:"text"`
}

// Survey says what the results are measured against.
type Survey struct {
	Workforce int `yaml:"workforce"` // people who could answer
}

//go:embed demo.yaml
var demoSource []byte

// Demo is a council that does not exist, for trying the portal out.
func Demo() *Organisation {
	demo, err := Load(demoSource)
	if err != nil {
		panic("organisation: the demo is part of the program: " + err.Error())
	}
	return demo
}

// Calendar is the organisation's office hours and bank holidays.
func (o *Organisation) Calendar() *routing.Calendar { return o.calendar }

// RoutingNames are the names that the organisation's rule set may use.
func (o *Organisation) RoutingNames() routing.Names {
	names := routing.Names{}
	for _, team := range o.Teams {
		names.Teams = append(names.Teams, team.Slug)
	}
	for _, district := range o.Districts {
		names.Places = append(names.Places, district.Slug)
	}
	for _, neighbour := range o.Neighbours {
		names.Places = append(names.Places, neighbour.Slug)
	}
	return names
}

// Team returns the team with that slug, or nil.
func (o *Organisation) Team(slug string) *Team {
	i := slices.IndexFunc(o.Teams, func(t Team) bool { return t.Slug == slug })
	if i < 0 {
		return nil
	}
	return &o.Teams[i]
}

// PlaceName names a district or neighbour; a slug that is neither is returned
// as it is.
func (o *Organisation) PlaceName(slug string) string {
	for _, district := range o.Districts {
		if district.Slug == slug {
			return district.Name
		}
	}
	for _, neighbour := range o.Neighbours {
		if neighbour.Slug == slug {
			return neighbour.Name
		}
	}
	return slug
}

// Placeholders are the words that the texts of a form may name in braces:
// "phone {adult_social_care_phone}". A neighbour SLUG gives SLUG_phone.
func (o *Organisation) Placeholders() map[string]string {
	words := map[string]string{
		"organisation":            o.Name,
		"adult_social_care_phone": o.Phones.AdultSocialCare,
		"emergency_duty_phone":    o.Phones.EmergencyDuty,
		"childrens_phone":         o.Phones.Childrens,
		"police_phone":            o.Phones.PoliceNonEmergency,
	}
	for _, neighbour := range o.Neighbours {
		if neighbour.Phone != "" {
			words[neighbour.Slug+"_phone"] = neighbour.Phone
		}
	}
	return words
}

// Hours are when the office is open, by London's clocks; a day left out is
// shut.
type Hours struct {
	Monday    *Span `yaml:"monday"`
	Tuesday   *Span `yaml:"tuesday"`
	Wednesday *Span `yaml:"wednesday"`
	Thursday  *Span `yaml:"thursday"`
	Friday    *Span `yaml:"friday"`
	Saturday  *Span `yaml:"saturday"`
	Sunday    *Span `yaml:"sunday"`
	// Exceptions replace the hours of single days. England's bank holidays
	// are known and shut; a holiday proclaimed later, one that was moved, or
	// an early closing is written here.
	Exceptions []Exception `yaml:"exceptions"`
}

// Span is from when until when, written like 09:00.
type Span struct {
	Opens  string `yaml:"opens"`
	Closes string `yaml:"closes"`
}

// Exception is one day with other hours; without any the office is shut.
type Exception struct {
	Date  string `yaml:"date"` // like 2026-12-24
	Name  string `yaml:"name"`
	Hours *Span  `yaml:"hours"`
}

func (h Hours) days() map[time.Weekday]*Span {
	days := map[time.Weekday]*Span{
		time.Monday: h.Monday, time.Tuesday: h.Tuesday, time.Wednesday: h.Wednesday,
		time.Thursday: h.Thursday, time.Friday: h.Friday, time.Saturday: h.Saturday, time.Sunday: h.Sunday,
	}
	maps.DeleteFunc(days, func(_ time.Weekday, span *Span) bool { return span == nil })
	return days
}

func (s *Span) hours() (routing.Hours, error) {
	if s == nil {
		return routing.Hours{}, nil
	}
	opens, err := clock(s.Opens)
	if err != nil {
		return routing.Hours{}, err
	}
	closes, err := clock(s.Closes)
	if err != nil {
		return routing.Hours{}, err
	}
	return routing.Hours{Opens: opens, Closes: closes}, nil
}

// clock reads a time of the day as the duration since midnight.
func clock(text string) (time.Duration, error) {
	at, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("write the time like 09:00, not %q", text)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, nil
}
