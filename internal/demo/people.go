package demo

import (
	"fmt"
	"strings"
	"time"
)

// Nobody here exists, and nothing reaches anybody: surnames that say so, phone
// numbers and email addresses that are reserved for fiction, postcodes that
// were never given out, NHS numbers of the range kept for tests.

// adult is an invented person whom referrals are about.
type adult struct {
	name, gender, ethnicity string
	born                    time.Time
	phone, address          string
	postcode, nhsNumber     string
	district                string
}

var adultFirstNames = []struct{ name, gender string }{
	{"Agnes", "woman"}, {"Bertram", "man"}, {"Clementine", "woman"}, {"Desmond", "man"}, {"Edith", "woman"},
	{"Farouk", "man"}, {"Gwendoline", "woman"}, {"Horace", "man"}, {"Ingrid", "woman"}, {"Jasper", "man"},
	{"Kamala", "woman"}, {"Leopold", "man"}, {"Mabel", "woman"}, {"Nathaniel", "man"}, {"Olive", "woman"},
	{"Percival", "man"}, {"Queenie", "woman"}, {"Robin", "non_binary"}, {"Sukhdeep", "woman"}, {"Thaddeus", "man"},
	{"Ursula", "woman"}, {"Vernon", "man"}, {"Winifred", "woman"},
}

var surnames = []string{
	"Example", "Sample", "Specimen", "Madeup", "Placeholder", "Fictional", "Pretend", "Testcase", "Invented", "Storybook", "Imaginary",
}

var streets = []string{"Imaginary Row", "Example Close", "Sample Street", "Nowhere Lane", "Placeholder Court", "Madeup Avenue", "Fiction Mews"}

// inventAdult makes the n-th adult; the same n is the same person.
func inventAdult(n int, district string) adult {
	first := adultFirstNames[n%len(adultFirstNames)]
	ethnicity := []string{"white", "white", "white", "asian", "white", "black", "white", "mixed", "white", "refused", "unknown"}[n%11]
	// Mostly old people, some of working age.
	age := []int{84, 79, 91, 47, 88, 72, 33, 86, 68, 22, 81, 96, 58}[n%13]
	return adult{
		name: first.name + " " + surnames[(n*3)%len(surnames)], gender: first.gender, ethnicity: ethnicity,
		born:      time.Date(2026-age, time.Month(1+n*5%12), 1+n*7%28, 0, 0, 0, 0, time.UTC),
		phone:     fmt.Sprintf("01632 960%03d", 200+n%600),
		address:   fmt.Sprintf("%d %s\nSampleton", 1+n*7%120, streets[n%len(streets)]),
		postcode:  fmt.Sprintf("%s97 %d%s", []string{"CM", "CO", "SS"}[n%3], n%10, []string{"ZA", "ZB", "ZD", "ZE"}[n%4]),
		nhsNumber: nhsNumber(n), district: district,
	}
}

// nhsNumber makes the n-th valid number of the test range 999 000 0000 to
// 999 999 9999. Numbers whose check digit would be 10 are not given out.
func nhsNumber(n int) string {
	for body := 999_000_000 + n*97; ; body += 50_000 {
		sum, weight := 0, 2
		for rest := body; rest > 0; rest /= 10 {
			sum += rest % 10 * weight
			weight++
		}
		if check := (11 - sum%11) % 11; check < 10 {
			return fmt.Sprintf("%d%d", body, check)
		}
	}
}

// reporter is an invented person who refers.
type reporter struct {
	name, phone, email     string
	organisation, job, typ string
}

var reporterFirstNames = []string{"Alex", "Billie", "Charlie", "Dilip", "Ewa", "Frankie", "Grace", "Hamza", "Imogen", "Jude", "Kit", "Lena", "Morgan", "Nia"}

// workplaces are those of professionals, by the kind of organisation.
var workplaces = map[string]struct{ organisation, job string }{
	"health":    {"Sampleton District Nurses", "District nurse"},
	"police":    {"Fictional Constabulary", "Police constable"},
	"council":   {"Demo County Council", "Contracts officer"},
	"provider":  {"Placeholder Home Care", "Registered manager"},
	"housing":   {"Imaginary Homes Association", "Tenancy officer"},
	"education": {"Example Adult College", "Learning support lead"},
	"voluntary": {"Madeup Community Kitchen", "Coordinator"},
	"other":     {"Pretend Bank", "Branch vulnerability lead"},
}

func inventReporter(n int, organisationType string) reporter {
	first, surname := reporterFirstNames[n%len(reporterFirstNames)], surnames[(n*5+2)%len(surnames)]
	work := workplaces[organisationType]
	return reporter{
		name:  first + " " + surname,
		phone: fmt.Sprintf("07700 900%03d", 100+n%800), email: fmt.Sprintf("%s.%d@example.org", strings.ToLower(first), n),
		organisation: work.organisation, job: work.job, typ: organisationType,
	}
}
