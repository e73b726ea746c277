package forms

import (
	"testing"
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
