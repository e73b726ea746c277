package handlers

import (
	"database/sql"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// servedForm is a form as a browser without JavaScript holds it: everything
// that it would send, by name.
type servedForm struct {
	t      *testing.T
	by     *browser
	form   *goquery.Selection
	values url.Values
}

// fill takes the form of a page, with its hidden fields and whatever is filled
// in already.
func (b *browser) fill(p *page) *servedForm {
	b.app.t.Helper()
	form := p.Find(`main form[method="post"]`).First()
	if form.Length() == 0 {
		b.app.t.Fatalf("there is no form on the page: %s", p.text("main"))
	}
	f := &servedForm{t: b.app.t, by: b, form: form, values: url.Values{}}
	form.Find("input, textarea").Each(func(_ int, field *goquery.Selection) {
		name := field.AttrOr("name", "")
		switch kind := field.AttrOr("type", ""); {
		case name == "":
		case field.Is("textarea"):
			// Browsers drop one newline after the tag.
			f.values.Add(name, strings.TrimPrefix(field.Text(), "\n"))
		case kind == "radio" || kind == "checkbox":
			if _, ticked := field.Attr("checked"); ticked {
				f.values.Add(name, field.AttrOr("value", "on"))
			}
		default:
			f.values.Add(name, field.AttrOr("value", ""))
		}
	})
	return f
}

// set fills in one field. It must be on the page, and for a closed question
// the option too.
func (f *servedForm) set(name string, values ...string) *servedForm {
	f.t.Helper()
	fields := f.form.Find(`[name="` + name + `"]`)
	if fields.Length() == 0 {
		f.t.Fatalf("the form has no field %q", name)
	}
	for _, value := range values {
		if fields.Is(`[type="radio"], [type="checkbox"]`) && fields.Filter(`[value="`+value+`"]`).Length() != 1 {
			f.t.Fatalf("the field %q has no option %q", name, value)
		}
	}
	f.values[name] = values
	return f
}

func (f *servedForm) setAll(answers forms.Answers) *servedForm {
	f.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		f.set(name, answers[name]...)
	}
	return f
}

// press sends the form by the button with that action.
func (f *servedForm) press(action string) *page {
	f.t.Helper()
	button := f.form.Find(`button[name="action"][value="` + action + `"]`).First()
	if button.Length() == 0 {
		f.t.Fatalf("the form has no button %q", action)
	}
	return f.submit(button)
}

// pressOnly sends the form by its only button.
func (f *servedForm) pressOnly() *page {
	f.t.Helper()
	button := f.form.Find("button")
	if button.Length() != 1 {
		f.t.Fatalf("the form has %d buttons", button.Length())
	}
	return f.submit(button)
}

func (f *servedForm) submit(button *goquery.Selection) *page {
	f.t.Helper()
	sent := maps.Clone(f.values)
	if name, named := button.Attr("name"); named {
		sent.Set(name, button.AttrOr("value", ""))
	}
	target := button.AttrOr("formaction", f.form.AttrOr("action", ""))
	target, _, _ = strings.Cut(target, "#")
	return f.by.post(target, sent)
}

// answersOf writes answers as name, value pairs; several values are parted by
// bars.
func answersOf(pairs ...string) forms.Answers {
	a := forms.Answers{}
	for i := 0; i < len(pairs); i += 2 {
		a[pairs[i]] = strings.Split(pairs[i+1], "|")
	}
	return a
}

func with(base forms.Answers, pairs ...string) forms.Answers {
	a := maps.Clone(base)
	maps.Copy(a, answersOf(pairs...))
	return a
}

func without(base forms.Answers, names ...string) forms.Answers {
	a := maps.Clone(base)
	for _, name := range names {
		delete(a, name)
	}
	return a
}

// The answers of each path of the built-in form, each with what is mandatory
// and a little more. Words that people write hold "wombat", which may turn up
// nowhere but on their own pages.
var (
	individualAnswers = answersOf(
		"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding",
		"referrer_role", "neighbour_public", "anonymous", "no",
		"reporter_name", "Wombat Reporter", "reporter_email", "wombat@example.org",
		"adult_description", "A wombat of a man, about 80", "adult_location_now", "At home, 2 Wombat Lane",
		"adult_district", "maldon",
		"allegations.0.types", "neglect", "what_happened", "The wombat has no food.\nNot since Monday.",
		"sources.0.lives_with", "no", "sources.0.still_in_contact", "yes",
		"others_at_risk", "no", "children_at_risk", "unknown",
		"reporter_contact_channels", "text|email", "adult_contact_channels", "unknown",
	)
	anonymousAnswers = answersOf(
		"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding",
		"referrer_role", "family_friend", "anonymous", "yes",
		"adult_name", "Wombat Smith", "adult_address.unknown", "yes", "what_happened", "Shouting, wombat, each night",
	)
	professionalAnswers = answersOf(
		"immediate_danger", "no", "adult_age", "adult", "referral_kind", "safeguarding", "referrer_role", "professional",
		"reporter_name", "Wombat Nurse", "reporter_phone", "01632960123", "reporter_relationship", "Wombat district nurse",
		"reporter_organisation", "Wombat Health", "reporter_job_title", "Nurse", "reporter_organisation_type", "health",
		"adult_name", "Wombat Marsh", "adult_dob.day", "3", "adult_dob.month", "4", "adult_dob.year", "1941",
		"adult_gender", "woman", "adult_deceased", "no", "adult_address", "1 Wombat Lane", "adult_postcode", "ZZ99 3VZ",
		"adult_location_now.unknown", "yes", "adult_district", "colchester",
		"adult_needs", "Wombat needs help with washing", "adult_support_reason", "memory_cognition",
		"adult_language", "Wombatish", "adult_interpreter", "no", "adult_communication.unknown", "yes",
		"adult_ethnicity", "white", "adult_nhs_number", "943 476 5919",
		"allegations.0.types", "physical|financial", "allegations.0.location", "own_home",
		"allegations.0.place_district", "colchester", "allegations.0.source", "known",
		"what_happened", "Wombat bruises", "when_happened.unknown", "yes", "ongoing", "yes", "happened_before", "unknown",
		"injuries", "Wombat bruise", "concern_flags", "hate_crime|falls",
		"sources.0.kind", "person", "sources.0.name", "Wombat Jones", "sources.0.relationship", "Wombat son",
		"sources.0.employer.unknown", "yes", "sources.0.lives_with", "yes", "sources.0.still_in_contact", "yes",
		"sources.0.main_carer", "no", "sources.0.aware", "no", "sources.0.at_risk_too", "no", "sources.0.works_with_people", "no",
		"adult_told", "yes", "adult_agrees", "no", "no_consent_reason", "coercion|unsafe_to_ask",
		"desired_outcomes", "The wombat wants peace", "capacity_concern", "no", "capacity_assessed", "no", "advocate", "unknown",
		"others_at_risk", "no", "children_at_risk", "no", "police_told", "yes", "police_reference", "WOMBAT-7",
		"police_told_on.day", "20", "police_told_on.month", "11", "police_told_on.year", "2026",
		"others_told", "Wombat GP", "action_taken", "Locks of the wombat changed",
		"reporter_contact_channels", "call", "adult_contact_channels", "none",
	)
	carerAnswers = answersOf(
		"immediate_danger", "no", "adult_age", "adult", "referral_kind", "carer", "referrer_role", "self", "anonymous", "no",
		"reporter_name", "Wombat Carer", "reporter_phone", "01632960123",
		"adult_name", "Wombat Carer", "adult_location_now", "At home", "adult_district", "harlow",
		"adult_needs", "Wombat is tired", "reporter_contact_channels", "none",
	)
)

// The eight answers that are enough while someone is in danger.
var (
	dangerGate = answersOf(
		"immediate_danger", "yes", "adult_age", "adult", "referral_kind", "safeguarding",
		"referrer_role", "family_friend", "anonymous", "no",
	)
	dangerEight = answersOf(
		"reporter_name", "Wombat Friend", "reporter_phone", "01632960123", "adult_name", "Wombat Green",
		"adult_location_now", "In the wombat kitchen", "what_happened", "He hits the wombat now",
		"sources.0.still_in_contact", "yes", "reporter_contact_channels", "text", "adult_contact_channels", "none",
	)
)

// sent is what the ledger holds of the newest referral that was nudged.
func (app *testApp) sent() forms.Answers {
	app.t.Helper()
	app.jobs.mu.Lock()
	defer app.jobs.mu.Unlock()
	if len(app.jobs.referrals) == 0 {
		app.t.Fatal("no referral was handed to the worker")
	}
	answers, err := app.store.SentAnswers(app.t.Context(), app.jobs.referrals[len(app.jobs.referrals)-1])
	app.must(err)
	return answers
}

// nudges counts how often the worker was told of a referral.
func (app *testApp) nudges() int {
	app.jobs.mu.Lock()
	defer app.jobs.mu.Unlock()
	return len(app.jobs.referrals)
}

// sendReferral fills the served form, sends it and gives the page after it.
func (b *browser) sendReferral(answers forms.Answers) *page {
	b.app.t.Helper()
	checked := b.fill(b.get("/refer").want(http.StatusOK)).setAll(answers).press("check").want(http.StatusOK)
	where := b.fill(checked).press("send").redirects()
	if where != "/refer/received" {
		b.app.t.Fatalf("sending leads to %q", where)
	}
	return b.get(where).want(http.StatusOK)
}

// count asks the database for one number.
// deskRow is the referral as the desk lists it.
func (app *testApp) deskRow(id uuid.UUID) store.DeskRow {
	app.t.Helper()
	rows, _, err := app.store.Desk(app.t.Context(), &store.User{Role: store.SafeguardingLead}, store.DeskFilter{Limit: 1000})
	app.must(err)
	i := slices.IndexFunc(rows, func(row store.DeskRow) bool { return row.ID == id })
	if i < 0 {
		app.t.Fatal("the desk does not list the referral")
	}
	return rows[i]
}

func (app *testApp) count(query string) int {
	app.t.Helper()
	db, err := sql.Open("postgres", app.db.DSN)
	app.must(err)
	defer func() { app.must(db.Close()) }()
	var n int
	app.must(db.QueryRowContext(app.t.Context(), query).Scan(&n))
	return n
}
