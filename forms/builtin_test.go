package forms

import (
	"testing"
	"time"
)

func demoLists() Lists {
	var districts []Option
	for _, slug := range []string{
		"basildon", "braintree", "brentwood", "castle_point", "chelmsford", "colchester",
		"epping_forest", "harlow", "maldon", "rochford", "tendring", "uttlesford",
	} {
		districts = append(districts, Option{Code: slug, Label: Text{"en": slug}})
	}
	return Lists{"districts": districts}
}

func loadBuiltIn(t testing.TB, id string) *Form {
	t.Helper()
	source, ok := BuiltIn(id)
	if !ok {
		t.Fatalf("there is no built-in definition %q", id)
	}
	f, err := Load(source, demoLists())
	if err != nil {
		t.Fatalf("load %s:\n%v", id, err)
	}
	return f
}

func TestBuiltInsLoad(t *testing.T) {
	t.Parallel()
	for _, id := range BuiltInIDs() {
		if f := loadBuiltIn(t, id); f.ID != id {
			t.Errorf("the file is named %s but the form %s", id, f.ID)
		}
	}
}

func TestBuiltInsProve(t *testing.T) {
	t.Parallel()
	for _, id := range BuiltInIDs() {
		start := time.Now()
		p := prove(loadBuiltIn(t, id))
		for _, finding := range p.findings {
			t.Errorf("%s: %s: %s: %s", finding.Form, finding.Place, finding.Rule, finding.Message)
		}
		t.Logf("%s: %d stops, %d merged, %d finished, %d witnesses sent in %v",
			id, p.walk.stops, len(p.walk.merged), len(p.walk.finished), p.witnesses, time.Since(start).Round(time.Millisecond))
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v to prove, more than 5 s", id, took)
		}
	}
}
