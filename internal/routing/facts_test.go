package routing

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"intake/forms"
)

func TestFactsOfARichReferral(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	at := london(t, "2026-06-10 22:00")
	got := FactsOf(forms.Answers{
		"referral_kind": {"safeguarding"}, "immediate_danger": {"no"}, "referrer_role": {"professional"},
		"adult_age": {"adult"}, "adult_dob.day": {"10"}, "adult_dob.month": {"6"}, "adult_dob.year": {"1961"},
		"adult_name": {"Marked Name"}, "adult_district": {"maldon"}, "adult_gender": {"woman"},
		"adult_ethnicity": {"white"}, "adult_support_reason": {"mental_health"}, "adult_deceased": {"no"},
		"allegations.0.types": {"neglect", "financial"}, "allegations.0.location": {"own_home"},
		"allegations.0.source": {"known"}, "allegations.0.place_district": {"maldon"},
		"allegations.1.types": {"neglect"}, "allegations.1.location": {"hospital_acute"},
		"allegations.1.source": {"service_provider"}, "allegations.1.place_district": {"thurrock"},
		"sources.0.still_in_contact": {"no"}, "sources.0.works_with_people": {"unknown"},
		"sources.1.still_in_contact": {"yes"}, "sources.1.works_with_people": {"no"},
		"concern_flags": {"falls"}, "whole_service": {"no"}, "children_at_risk": {"no"}, "police_told": {"yes"},
		"what_happened": {"Marked words"},
	}, at, calendar)
	want := Facts{
		Kind: "safeguarding", Path: "P", ImmediateDanger: "no", Priority: P2, AdultAgeBand: "65_74",
		AdultDistrict: "maldon", PlaceDistrict: []string{"maldon", "thurrock"},
		Types: []string{"financial", "neglect"}, Sources: []string{"known", "service_provider"},
		Locations: []string{"hospital_acute", "own_home"}, SupportReason: "mental_health",
		AdultEthnicityGroup: "white", AdultGender: "woman", ConcernFlags: []string{"falls"},
		WholeService: "no", PositionOfTrust: "unknown", Deceased: "no", StillInContact: "yes",
		ChildrenAtRisk: "no", PoliceTold: "yes", OutOfHours: "yes", ReceivedAt: at,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(encoded), "Marked") {
		t.Errorf("the facts hold sealed words: %s", encoded)
	}
	var back Facts
	if err := json.Unmarshal(encoded, &back); err != nil || !back.ReceivedAt.Equal(at) {
		t.Fatalf("read back %+v, %v", back, err)
	}
	if back.ReceivedAt = at; !reflect.DeepEqual(back, want) {
		t.Errorf("JSON changed the facts to %+v", back)
	}
}

func TestPriority(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	contact := func(more forms.Answers) forms.Answers {
		more["sources.3.still_in_contact"] = []string{"yes"}
		return more
	}
	for _, c := range []struct {
		name    string
		answers forms.Answers
		want    string
	}{
		{"nothing said", forms.Answers{}, P3},
		{"danger", forms.Answers{"immediate_danger": {"yes"}}, P1},
		{"danger not known", forms.Answers{"immediate_danger": {"unknown"}}, P2},
		{"contact and physical", contact(forms.Answers{"allegations.0.types": {"physical"}}), P1},
		{"contact and sexual", contact(forms.Answers{"allegations.0.types": {"sexual"}}), P1},
		{"contact and domestic abuse", contact(forms.Answers{"allegations.0.types": {"neglect", "domestic_abuse"}}), P1},
		{"contact and slavery", contact(forms.Answers{"allegations.1.types": {"modern_slavery"}}), P1},
		{"contact and exploitation", contact(forms.Answers{"allegations.1.types": {"sexual_exploitation"}}), P1},
		{"contact and money", contact(forms.Answers{"allegations.0.types": {"financial"}}), P2},
		{"physical without contact", forms.Answers{"allegations.0.types": {"physical"}, "sources.0.still_in_contact": {"no"}}, P3},
		{"contact not known", forms.Answers{"sources.0.still_in_contact": {"unknown"}}, P2},
		{"ongoing", forms.Answers{"ongoing": {"yes"}}, P2},
		{"children", forms.Answers{"children_at_risk": {"yes"}}, P2},
		{"adult and child", forms.Answers{"adult_age": {"both"}}, P2},
		{"others", forms.Answers{"others_at_risk": {"yes"}}, P2},
	} {
		if got := FactsOf(c.answers, london(t, "2026-06-10 12:00"), calendar).Priority; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPathAndAgeBand(t *testing.T) {
	t.Parallel()
	calendar := testCalendar(t)
	for want, answers := range map[string]forms.Answers{
		"P": {"referrer_role": {"professional"}},
		"A": {"referrer_role": {"self"}, "anonymous": {"yes"}},
		"I": {"referrer_role": {"neighbour_public"}, "anonymous": {"no"}},
	} {
		if got := pathOf(answers); got != want {
			t.Errorf("path = %s, want %s", got, want)
		}
	}
	for _, c := range []struct{ day, month, year, want string }{
		{"10", "6", "2008", "18_64"},   // 18 today
		{"11", "6", "2008", "unknown"}, // 17 until tomorrow
		{"11", "6", "1961", "18_64"},   // 64 until tomorrow
		{"10", "6", "1961", "65_74"},
		{"1", "1", "1951", "75_84"},
		{"29", "2", "1940", "85_94"},
		{"1", "1", "1931", "95_over"},
		{"1", "1", "1700", "unknown"},
		{"31", "2", "1950", "unknown"},
		{"", "", "1950", "unknown"},
	} {
		answers := forms.Answers{"adult_dob.day": {c.day}, "adult_dob.month": {c.month}, "adult_dob.year": {c.year}}
		// Half past midnight in London is still yesterday in UTC.
		if got := FactsOf(answers, london(t, "2026-06-10 00:30").UTC(), calendar).AdultAgeBand; got != c.want {
			t.Errorf("born %s/%s/%s: %s, want %s", c.day, c.month, c.year, got, c.want)
		}
	}
}

// TestFieldTableIsTheStruct holds the two together: each plain fact of the
// struct but the time is a field, under its JSON name, that reads what it wrote.
func TestFieldTableIsTheStruct(t *testing.T) {
	t.Parallel()
	var inStruct []string
	for i := range reflect.TypeFor[Facts]().NumField() {
		inStruct = append(inStruct, reflect.TypeFor[Facts]().Field(i).Tag.Get("json"))
	}
	inStruct = slices.DeleteFunc(inStruct, func(name string) bool { return name == "received_at" })
	if got := FieldNames(); !slices.Equal(got, inStruct) {
		t.Errorf("fields  %v\nstruct  %v", got, inStruct)
	}
	for _, f := range fields {
		var facts Facts
		code := f.codes(demoNames())[0]
		f.set(&facts, []string{code})
		if got := facts.Values(f.name, nil); !slices.Equal(got, []string{code}) {
			t.Errorf("%s: wrote %q, read %v", f.name, code, got)
		}
		encoded, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		var tagged map[string]any
		if err := json.Unmarshal(encoded, &tagged); err != nil {
			t.Fatal(err)
		}
		if value := tagged[f.name]; !reflect.DeepEqual(value, code) && !reflect.DeepEqual(value, []any{code}) {
			t.Errorf("%s writes another field of the struct: %s", f.name, encoded)
		}
	}
	if got := (Facts{}).Values("adult_name", nil); got != nil {
		t.Errorf("a sealed field has values %v", got)
	}
}
