package organisation

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/internal/routing"
)

func TestDemoIsCompleteAndFictitious(t *testing.T) {
	t.Parallel()
	demo := Demo()
	for _, slug := range []string{"triage-central", "north-east", "mid", "west", "south-west", "south-east", "edt", "org-safeguarding", "transfer", "childrens-liaison", "needs-assessment", "carers", "accommodation"} {
		if demo.Team(slug) == nil {
			t.Errorf("no team %s", slug)
		}
	}
	if demo.Team("nobody") != nil {
		t.Error("a team that is not there")
	}
	if !demo.Team("edt").OutOfHours || demo.Team("mid").OutOfHours {
		t.Error("the emergency duty team alone works while the office is shut")
	}
	if len(demo.Districts) != 12 || len(demo.Neighbours) != 3 {
		t.Errorf("%d districts, %d neighbours", len(demo.Districts), len(demo.Neighbours))
	}
	for _, number := range regexp.MustCompile(`0[0-9][0-9 ]{8,}`).FindAllString(string(demoSource), -1) {
		if !strings.HasPrefix(number, "01632 960") {
			t.Errorf("%s may be someone's phone number", number)
		}
	}
	for _, host := range regexp.MustCompile(`(?:@|https://)[a-z.-]+`).FindAllString(string(demoSource), -1) {
		if !strings.HasSuffix(host, "example.org") {
			t.Errorf("%s may be someone's address", host)
		}
	}
}

func TestDemoFitsTheBuiltInRules(t *testing.T) {
	t.Parallel()
	demo := Demo()
	rules, err := routing.Load(routing.BuiltIn(), demo.RoutingNames())
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range routing.Prove(rules, demo.Calendar()) {
		t.Errorf("%s: %s", finding.Place, finding.Message)
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	words := Demo().Placeholders()
	for _, name := range []string{"organisation", "adult_social_care_phone", "emergency_duty_phone", "childrens_phone", "police_phone", "southend_phone", "thurrock_phone"} {
		if words[name] == "" {
			t.Errorf("no word for {%s}", name)
		}
	}
	if words["police_phone"] != "101" || words["organisation"] != "Demo County Council" {
		t.Errorf("police %q, organisation %q", words["police_phone"], words["organisation"])
	}
	if word, ok := words["elsewhere_phone"]; ok {
		t.Errorf("everywhere else has the phone number %q", word)
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	calendar := Demo().Calendar()
	for at, office := range map[time.Time]bool{
		time.Date(2026, 6, 10, 17, 29, 0, 0, routing.London):  true,
		time.Date(2026, 6, 10, 17, 30, 0, 0, routing.London):  false,
		time.Date(2026, 6, 12, 16, 30, 0, 0, routing.London):  false,
		time.Date(2026, 6, 13, 12, 0, 0, 0, routing.London):   false,
		time.Date(2026, 12, 25, 12, 0, 0, 0, routing.London):  false,
		time.Date(2026, 12, 24, 13, 30, 0, 0, routing.London): true,
	} {
		if calendar.Open(routing.Office, at) != office {
			t.Errorf("%s: open = %v", at, !office)
		}
	}
	early := edited(t, "exceptions: []", "exceptions: [{date: 2026-12-24, name: Christmas Eve, hours: {opens: \"09:00\", closes: \"13:00\"}}, {date: 2026-06-10, name: A proclaimed holiday}]")
	o, err := Load(early)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Date(2026, 12, 24, 13, 30, 0, 0, routing.London), time.Date(2026, 6, 10, 12, 0, 0, 0, routing.London)} {
		if o.Calendar().Open(routing.Office, at) {
			t.Errorf("%s: open in spite of the exception", at)
		}
	}
}

func TestPlaceName(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]string{"castle_point": "Castle Point", "southend": "Southend-on-Sea", "unknown": "unknown"} {
		if got := Demo().PlaceName(slug); got != want {
			t.Errorf("%s is %q", slug, got)
		}
	}
}

// edited is the demo with one piece of its text replaced.
func edited(t *testing.T, piece, by string) []byte {
	t.Helper()
	if !strings.Contains(string(demoSource), piece) {
		t.Fatalf("the demo does not say %q", piece)
	}
	return []byte(strings.Replace(string(demoSource), piece, by, 1))
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, piece, by, says string }{
		{"an unknown key", "languages:", "tongues:", "tongues"},
		{"a name missing", "name: Demo County Council", "name: ' '", "name is missing"},
		{"a phone", "adult_social_care: 01632 960100", "adult_social_care: call us", "phones.adult_social_care must be a UK phone number"},
		{"an email", "email: mid@example.org", "email: mid at example", "teams[2].email must be an email address"},
		{"an email with a name", "email: mid@example.org", `email: "Mid <mid@example.org>"`, "teams[2].email"},
		{"a url", "https://helpline.example.org", "helpline", "help[0].url must be a full address"},
		{"a url that runs script", "https://helpline.example.org", "javascript:alert(1)", "help[0].url must be a full address"},
		{"a link to nowhere", "\n    url: https://wellbeing.example.org", "", "help[2] needs a phone number, a url or both"},
		{"a district's slug", "slug: basildon", "slug: Basildon", "districts[0].slug must look like"},
		{"a district twice", "slug: braintree", "slug: basildon", `districts[1].slug: "basildon" is there already`},
		{"a district that a neighbour has", "slug: southend,", "slug: maldon,", `neighbours[0].slug: "maldon" is there already`},
		{"a district that the forms use", "slug: basildon", "slug: several", "a code of the forms' own"},
		{"a team's slug", "slug: south-east,", "slug: south_east,", "teams[5].slug must look like"},
		{"a team twice", "slug: west,", "slug: mid,", `teams[3].slug: "mid" is there already`},
		{"a time", `friday: {opens: "09:00"`, `friday: {opens: "nine"`, "hours.friday: write the time like 09:00"},
		{"hours the wrong way round", `friday: {opens: "09:00"`, `friday: {opens: "19:00"`, "Friday: must open before they close"},
		{"an exception's date", "exceptions: []", "exceptions: [{date: Christmas, name: Christmas}]", "hours.exceptions[0].date: write the date like"},
		{"an exception twice", "exceptions: []", "exceptions: [{date: 2026-06-10, name: a}, {date: 2026-06-10, name: b}]", "is there already"},
		{"a language", "languages: [en, pl, ro, hi, ur, ar]", "languages: [english]", "languages[0] must be the code of a language"},
		{"no language", "languages: [en, pl, ro, hi, ur, ar]", "languages: []", "languages is empty"},
		{"a workforce", "workforce: 25000", "workforce: 0", "survey.workforce must say"},
		{"a workforce in words", "workforce: 25000", "workforce: many", "line "},
		{"a second document", "  workforce: 25000", "  workforce: 25000\n---\nname: x", "one YAML document"},
	} {
		if _, err := Load(edited(t, c.piece, c.by)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: err = %v, want it to say %q", c.name, err, c.says)
		}
	}
	if _, err := Load(nil); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := Load([]byte("name: [")); err == nil {
		t.Error("broken YAML loads")
	}
	// All faults at once, the unknown key among them.
	_, err := Load([]byte("title: x\nlanguages: [en]\n"))
	if err == nil {
		t.Fatal("a nearly empty file loads")
	}
	faults := strings.Split(err.Error(), "\n")
	for _, says := range []string{"title", "name is missing", "phones.childrens", "districts is empty", "teams is empty", "at least one day", "survey.workforce"} {
		if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, says) }) {
			t.Errorf("%q is not among the faults:\n%v", says, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(demoSource)
	f.Add([]byte("hours: {monday: }"))
	f.Add([]byte("hours: {exceptions: [{}]}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		if o, err := Load(source); err == nil && (o.Calendar() == nil || len(o.Teams) == 0) {
			t.Fatal("loaded without a calendar or a team")
		}
	})
}
