package demo

import (
	"testing"
	"time"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// thursday is inside office hours, so that the desk is at work.
var thursday = time.Date(2026, 6, 11, 14, 0, 0, 0, routing.London)

// pureDeps is what inventing needs, without a database.
func pureDeps(t *testing.T, now time.Time) Deps {
	t.Helper()
	org := organisation.Demo()
	var districts []string
	var options []forms.Option
	for _, district := range org.Districts {
		districts = append(districts, district.Slug)
		options = append(options, forms.Option{Code: district.Slug, Label: forms.Text{"en": district.Name}})
	}
	load := func(id string) *forms.Form {
		source, ok := forms.BuiltIn(id)
		if !ok {
			t.Fatalf("there is no built-in form %q", id)
		}
		form, err := forms.Load(source, forms.Lists{"districts": options})
		if err != nil {
			t.Fatal(err)
		}
		return form
	}
	rules, err := routing.Load(routing.BuiltIn(), org.RoutingNames())
	if err != nil {
		t.Fatal(err)
	}
	return Deps{
		Survey: load("care-worker-survey"), Referral: load("safeguarding-referral"),
		Rules: rules, Calendar: org.Calendar(), Districts: districts, Now: now,
	}
}

// depsWithLedger has an empty ledger with the demo organisation's teams, a
// lead and a triage worker of three teams.
func depsWithLedger(t *testing.T, now time.Time) (Deps, *testenv.DB) {
	t.Helper()
	d, db := pureDeps(t, now), testenv.Open(t)
	d.Store = db.Store
	for _, team := range organisation.Demo().Teams {
		if err := d.Store.PutTeam(t.Context(), store.Team{Slug: team.Slug, Name: team.Name, Email: team.Email}); err != nil {
			t.Fatal(err)
		}
	}
	d.Users = map[store.Role]*store.User{}
	for role, teams := range map[store.Role][]string{
		store.SafeguardingLead: nil, store.Triage: {"triage-central", "mid", "org-safeguarding"},
	} {
		email := string(role) + "@example.org"
		if _, err := d.Store.AddUser(t.Context(), store.NewUser{Email: email, Name: "Demo " + string(role), Role: role, Demo: true, Teams: teams}); err != nil {
			t.Fatal(err)
		}
		user, err := d.Store.UserByEmail(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		d.Users[role] = user
	}
	return d, db
}
