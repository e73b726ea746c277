package organisation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"intake/internal/routing"
)

// Load reads organisation.yaml and checks it. Unknown keys are refused. The
// error joins every fault found, each a sentence that names the place.
func Load(source []byte) (*Organisation, error) {
	o := &Organisation{}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	var c checker
	var typeErr *yaml.TypeError
	err := decoder.Decode(o)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("organisation.yaml is empty")
	case errors.As(err, &typeErr):
		// The rest was read, so its faults can be told in the same go.
		for _, text := range typeErr.Errors {
			c.fault("%s", text)
		}
	case err != nil:
		return nil, fmt.Errorf("read organisation.yaml: %w", err)
	default:
		if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
			c.fault("organisation.yaml is one YAML document, without anything after it")
		}
	}
	c.check(o)
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	return o, nil
}

type checker struct{ faults []error }

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *checker) check(o *Organisation) {
	c.text("name", o.Name)
	c.text("data_controller.name", o.DataController.Name)
	c.email("data_controller.email", o.DataController.Email)
	c.text("data_controller.address", o.DataController.Address)
	c.phone("phones.adult_social_care", o.Phones.AdultSocialCare)
	c.phone("phones.emergency_duty", o.Phones.EmergencyDuty)
	c.phone("phones.childrens", o.Phones.Childrens)
	c.phone("phones.police_non_emergency", o.Phones.PoliceNonEmergency)
	c.hours(o)
	c.languages(o.Languages)
	c.places(o)
	c.teams(o.Teams)
	for i, link := range o.Help {
		place := fmt.Sprintf("help[%d]", i)
		c.text(place+".name", link.Name)
		c.text(place+".text", link.Text)
		if link.Phone == "" && link.URL == "" {
			c.fault("%s needs a phone number, a url or both", place)
		}
		c.optionalContact(place, link.Phone, link.URL)
	}
	if o.Survey.Workforce < 1 {
		c.fault("survey.workforce must say how many people could answer, like 25000")
	}
}

func (c *checker) text(place, value string) {
	if strings.TrimSpace(value) == "" {
		c.fault("%s is missing", place)
	}
}

func (c *checker) email(place, value string) {
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value {
		c.fault("%s must be an email address, like triage@example.org, not %q", place, value)
	}
}

var phoneNumber = regexp.MustCompile(`^(\+44 ?|0)[0-9]([0-9 ]{7,12})[0-9]$|^1[0-9]{2}$`)

func (c *checker) phone(place, value string) {
	if !phoneNumber.MatchString(value) {
		c.fault("%s must be a UK phone number, like 01632 960001 or 101, not %q", place, value)
	}
}

func (c *checker) optionalContact(place, phone, link string) {
	if phone != "" {
		c.phone(place+".phone", phone)
	}
	if link == "" {
		return
	}
	if parsed, err := url.Parse(link); err != nil || parsed.Scheme != "https" || parsed.Host == "" {
		c.fault("%s.url must be a full address, like https://www.example.org/help, not %q", place, link)
	}
}

// slug checks a name that is used in addresses and in answers, and that it is
// used once.
func (c *checker) slug(place, value string, form *regexp.Regexp, looksLike string, seen map[string]bool) {
	if !form.MatchString(value) {
		c.fault("%s.slug must look like %s, not %q", place, looksLike, value)
	} else if seen[value] {
		c.fault("%s.slug: %q is there already", place, value)
	}
	seen[value] = true
}

var (
	placeSlug    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	teamSlug     = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	languageCode = regexp.MustCompile(`^[a-z]{2,3}$`)
)

// reservedPlaces are codes that the forms add to the list of districts.
var reservedPlaces = []string{"several", "unknown", "prefer_not_to_say"}

func (c *checker) places(o *Organisation) {
	if len(o.Districts) == 0 {
		c.fault("districts is empty: name at least one part of your area")
	}
	seen := map[string]bool{}
	for i, district := range o.Districts {
		place := fmt.Sprintf("districts[%d]", i)
		c.slug(place, district.Slug, placeSlug, "epping_forest", seen)
		c.text(place+".name", district.Name)
		if slices.Contains(reservedPlaces, district.Slug) {
			c.fault("%s.slug: %q is a code of the forms' own", place, district.Slug)
		}
	}
	for i, neighbour := range o.Neighbours {
		place := fmt.Sprintf("neighbours[%d]", i)
		c.slug(place, neighbour.Slug, placeSlug, "southend", seen)
		c.text(place+".name", neighbour.Name)
		c.optionalContact(place, neighbour.Phone, neighbour.URL)
	}
}

func (c *checker) teams(teams []Team) {
	if len(teams) == 0 {
		c.fault("teams is empty: a referral needs a team to go to")
	}
	seen := map[string]bool{}
	for i, team := range teams {
		place := fmt.Sprintf("teams[%d]", i)
		c.slug(place, team.Slug, teamSlug, "triage-central", seen)
		c.text(place+".name", team.Name)
		c.email(place+".email", team.Email)
	}
}

func (c *checker) languages(codes []string) {
	if len(codes) == 0 {
		c.fault("languages is empty: switch on at least en")
	}
	for i, code := range codes {
		if !languageCode.MatchString(code) {
			c.fault("languages[%d] must be the code of a language, like en, not %q", i, code)
		} else if slices.Contains(codes[:i], code) {
			c.fault("languages[%d]: %q is there already", i, code)
		}
	}
}

func (c *checker) hours(o *Organisation) {
	faults := len(c.faults)
	week := routing.Week{}
	for day := time.Sunday; day <= time.Saturday; day++ {
		span, open := o.Hours.days()[day]
		if !open {
			continue
		}
		hours, err := span.hours()
		if err != nil {
			c.fault("hours.%s: %w", strings.ToLower(day.String()), err)
		}
		week[day] = hours
	}
	var exceptions []routing.Exception
	seen := map[routing.Date]bool{}
	for i, written := range o.Hours.Exceptions {
		place := fmt.Sprintf("hours.exceptions[%d]", i)
		c.text(place+".name", written.Name)
		date, err := routing.ParseDate(written.Date)
		if err != nil {
			c.fault("%s.date: %w", place, err)
		} else if seen[date] {
			c.fault("%s.date: %s is there already", place, written.Date)
		}
		seen[date] = true
		hours, err := written.Hours.hours()
		if err != nil {
			c.fault("%s.hours: %w", place, err)
		}
		exceptions = append(exceptions, routing.Exception{Date: date, Name: written.Name, Hours: hours})
	}
	if len(c.faults) > faults {
		return
	}
	calendar, err := routing.NewCalendar(week, exceptions)
	if err != nil {
		c.fault("hours: %w", err)
		return
	}
	o.calendar = calendar
}
