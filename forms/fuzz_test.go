package forms

import (
	"net/url"
	"slices"
	"testing"
)

func FuzzParse(f *testing.F) {
	form := loadFile(f, "testdata/every-kind.yaml")
	for _, seed := range []string{
		"age=adult&full_name=Ann&events.0.sorts=fall&events.0.sorts=theft&born.day=1&born.month=2&born.year=1950",
		"events.1.sorts=other&events.1.sorts.other=%00", "phone=%2B44+1632&postcode=cm11qh&nhs=943", "looks=%ff&=&a=b;c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		values, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		a, err := form.Parse(values)
		if err != nil {
			return
		}
		checkParsed(t, form, a)
	})
}

func FuzzParseJSON(f *testing.F) {
	form := loadFile(f, "testdata/every-kind.yaml")
	for _, seed := range []string{
		`{"age":"adult","events":[{"sorts":["fall"],"happened.day":"1"}],"born.day":["1"]}`,
		`{"events":[null]}`, `{"full_name":"\ud800"}`, `[[[[`, `{"age":{}}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := form.ParseJSON(body)
		if err != nil {
			return
		}
		checkParsed(t, form, a)
	})
}

func checkParsed(t *testing.T, f *Form, a Answers) {
	t.Helper()
	again, err := f.Parse(url.Values(a))
	if err != nil || !again.Equal(a) {
		t.Errorf("%q becomes %q (%v)", a, again, err)
	}
	stripped := f.Strip(a)
	if !f.Strip(stripped).Equal(stripped) {
		t.Errorf("%q is not stripped to the fixpoint", a)
	}
	f.Validate(a, "en", validateDay)
	f.Summary(a, "en")
	if !slices.Equal(a.Encode(), again.Encode()) {
		t.Error("equal answers are encoded differently")
	}
}
