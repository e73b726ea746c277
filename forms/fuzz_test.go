package forms

import (
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
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

// FuzzDecodeAnswers holds both ways of answers to and from JSON to what
// encoding/json makes of them.
func FuzzDecodeAnswers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"a": ["b", "c"], "d": []}`, `{"a":["b"],"a":["c"]}`, `{"a":["\u0062\n"]}`, `{"a":["é<&>"]}`, `{"a":["b"]} x`, `{"a":["b",]}`,
		`{"a":null}`, `null`, `{"a":["b"]`, `{"a":[""]}`, `{"":["x"]}`, "{\"a\":[\"\x7f\"]}", "{\"a\":[\"\xff\"]}", "{\t\"a\":[\"b\"]}", `{"a":["b" "c"]}`, `{"a":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var want Answers
		wrong := json.Unmarshal(encoded, &want)
		got, err := DecodeAnswers(encoded)
		if (err != nil) != (wrong != nil) {
			t.Fatalf("%q: %v, encoding/json says %v", encoded, err, wrong)
		}
		if err != nil {
			return
		}
		if want == nil {
			want = Answers{}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %q, by encoding/json as %q", encoded, got, want)
		}
		var lines []string
		for _, name := range slices.SortedFunc(maps.Keys(want), storedOrder) {
			line, err := json.Marshal(map[string][]string{name: want[name]})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line[1:len(line)-1]))
		}
		if plain := "{" + strings.Join(lines, ",") + "}"; string(got.Encode()) != plain {
			t.Fatalf("%q is written as %s, by encoding/json as %s", want, got.Encode(), plain)
		}
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
