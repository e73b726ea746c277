package forms

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseMakesCanonical(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	for name, c := range map[string]struct {
		post url.Values
		want Answers
	}{
		"trims":                     {url.Values{"full_name": {"  Ann   Lee \t"}}, Answers{"full_name": {"Ann Lee"}}},
		"drops what is empty":       {url.Values{"full_name": {"", " "}, "looks": {"\r\n "}}, Answers{}},
		"drops unknown names":       {url.Values{"colour": {"red"}, "full_name.first": {"A"}, "events": {"x"}, "sorts": {"fall"}, "postcode.other": {"x"}, "": {"x"}}, Answers{}},
		"drops reserved names":      {url.Values{"submission_key": {"k"}, "lang": {"pl"}, "action": {"send"}}, Answers{}},
		"a date has only its parts": {url.Values{"born": {"1950-02-01"}, "born.day": {"1"}}, Answers{"born.day": {"1"}}},
		"keeps lines of long text":  {url.Values{"looks": {" tall\r\nthin\rold \n"}}, Answers{"looks": {"tall\nthin\nold"}}},
		"one line of short text":    {url.Values{"full_name": {"Ann\r\nLee"}}, Answers{"full_name": {"Ann Lee"}}},
		"drops invisible controls":  {url.Values{"full_name": {"A\x07nn\x1b"}}, Answers{"full_name": {"Ann"}}},
		"numbers of a date":         {url.Values{"born.day": {"01"}, "born.month": {" 2 "}, "born.year": {"1950"}}, Answers{"born.day": {"1"}, "born.month": {"2"}, "born.year": {"1950"}}},
		"a zero of a date":          {url.Values{"born.day": {"00"}}, Answers{"born.day": {"0"}}},
		"boxes are yes or nothing":  {url.Values{"born.estimated": {"yes"}, "born.unknown": {"on"}}, Answers{"born.estimated": {"yes"}}},
		"phone":                     {url.Values{"phone": {"+44 (0)1632 960-001"}}, Answers{"phone": {"01632960001"}}},
		"phone, 00":                 {url.Values{"phone": {"0044 1632 960001"}}, Answers{"phone": {"01632960001"}}},
		"phone that is none":        {url.Values{"phone": {"ask  my son"}}, Answers{"phone": {"ask my son"}}},
		"foreign phone as typed":    {url.Values{"phone": {"+48 22 000 00 00"}}, Answers{"phone": {"+48 22 000 00 00"}}},
		"postcode":                  {url.Values{"postcode": {" cm11qh"}}, Answers{"postcode": {"CM1 1QH"}}},
		"postcode, odd spaces":      {url.Values{"postcode": {"c m 1 1 q h"}}, Answers{"postcode": {"CM1 1QH"}}},
		"no fixed abode":            {url.Values{"postcode": {"zz993vz"}}, Answers{"postcode": {"ZZ99 3VZ"}}},
		"postcode that is none":     {url.Values{"postcode": {"chelmsford"}}, Answers{"postcode": {"chelmsford"}}},
		"NHS number":                {url.Values{"nhs": {"9434765919"}}, Answers{"nhs": {"943 476 5919"}}},
		"NHS number, hyphens":       {url.Values{"nhs": {"943-476-5919"}}, Answers{"nhs": {"943 476 5919"}}},
		"NHS number, wrong":         {url.Values{"nhs": {"9434765910"}}, Answers{"nhs": {"9434765910"}}},
		"email keeps its case":      {url.Values{"email": {" Ann@Example.org "}}, Answers{"email": {"Ann@Example.org"}}},
		"options in form order":     {url.Values{"events.0.sorts": {"other", "zap", "fall", "fall", "bang"}}, Answers{"events.0.sorts": {"fall", "other", "bang", "zap"}}},
		"say what":                  {url.Values{"events.0.sorts.other": {" a  flood "}}, Answers{"events.0.sorts.other": {"a flood"}}},
		"gaps between members":      {url.Values{"events.7.sorts": {"theft"}, "events.2.sorts": {"fall"}, "events.2.hurt": {"no"}, "events.5.sorts": {""}}, Answers{"events.0.sorts": {"fall"}, "events.0.hurt": {"no"}, "events.1.sorts": {"theft"}}},
		"members that are numbers":  {url.Values{"events.00.sorts": {"fall"}, "events.-1.sorts": {"fall"}, "events.+1.sorts": {"fall"}, "events.x.sorts": {"fall"}, "events..sorts": {"fall"}, "events.9999999.sorts": {"fall"}}, Answers{}},
		"more members than allowed": {url.Values{"events.0.hurt": {"no"}, "events.1.hurt": {"no"}, "events.2.hurt": {"no"}, "events.3.hurt": {"no"}}, Answers{"events.0.hurt": {"no"}, "events.1.hurt": {"no"}, "events.2.hurt": {"no"}, "events.3.hurt": {"no"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := f.Parse(c.post)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestParseRefusesMalformed(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	tooMany := url.Values{}
	for i := range maxPostedMembers + 1 {
		tooMany.Set(fmt.Sprintf("events.%d.sorts", i), "fall")
	}
	for name, post := range map[string]url.Values{
		"NUL":            {"full_name": {"a\x00b"}},
		"NUL in a group": {"events.0.sorts.other": {"\x00"}},
		"broken UTF-8":   {"looks": {"a\xff"}},
		"cut off UTF-8":  {"looks": {"\xe2\x82"}},
		"members":        tooMany,
	} {
		a, err := f.Parse(post)
		if !errors.Is(err, ErrMalformed) || a != nil {
			t.Errorf("%s: got %v and %v", name, a, err)
		}
	}
	if _, err := f.Parse(url.Values{"nobody\xff": {"\x00"}}); err != nil {
		t.Errorf("what is ignored is refused: %v", err)
	}
}

func TestParseJSON(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	for name, c := range map[string]struct {
		body string
		want Answers
	}{
		"empty":               {`{}`, Answers{}},
		"string":              {`{"full_name": " Ann "}`, Answers{"full_name": {"Ann"}}},
		"list":                {`{"full_name": ["Ann"]}`, Answers{"full_name": {"Ann"}}},
		"empty list":          {`{"full_name": []}`, Answers{}},
		"dotted":              {`{"born.day": "1", "events.3.sorts": ["theft", "fall"]}`, Answers{"born.day": {"1"}, "events.0.sorts": {"fall", "theft"}}},
		"group":               {`{"events": [{"sorts": "fall"}, {}, {"sorts": ["theft"], "happened.day": "3"}]}`, Answers{"events.0.sorts": {"fall"}, "events.1.sorts": {"theft"}, "events.1.happened.day": {"3"}}},
		"empty group":         {`{"events": []}`, Answers{}},
		"unknown of any type": {`{"x": 1, "y": {"z": [[[]]]}, "w": null, "events": [{"x": 1}], "born": 7}`, Answers{}},
		"escapes":             {`{"full_name": "Z\u00f6e \ud83d\ude00"}`, Answers{"full_name": {"Zöe 😀"}}},
		"space":               {" {\"full_name\" :\n\"Ann\" } ", Answers{"full_name": {"Ann"}}},
	} {
		got, err := f.ParseJSON([]byte(c.body))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestParseJSONRefusesMalformed(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	for name, body := range map[string]string{
		"nothing":               ``,
		"null":                  `null`,
		"list":                  `[]`,
		"string":                `"full_name"`,
		"cut off":               `{"full_name": "Ann"`,
		"more after it":         `{} {}`,
		"number":                `{"full_name": 1}`,
		"true":                  `{"born.unknown": true}`,
		"null answer":           `{"full_name": null}`,
		"null in a list":        `{"full_name": ["Ann", null]}`,
		"object":                `{"full_name": {"first": "Ann"}}`,
		"list of lists":         `{"full_name": [["Ann"]]}`,
		"list of numbers":       `{"events.0.sorts": [1]}`,
		"group as object":       `{"events": {"0": {"sorts": "fall"}}}`,
		"group as string":       `{"events": "fall"}`,
		"group null":            `{"events": null}`,
		"member as string":      `{"events": ["fall"]}`,
		"member null":           `{"events": [null]}`,
		"number in a member":    `{"events": [{"sorts": 4}]}`,
		"NUL":                   `{"full_name": "a\u0000b"}`,
		"broken UTF-8":          "{\"full_name\": \"\xff\"}",
		"deep":                  `{"x": ` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"deep in an answer":     `{"full_name": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
		"more members than fit": `{"events": [` + strings.Repeat(`{"sorts": "fall"},`, 600) + `{}]}`,
	} {
		a, err := f.ParseJSON([]byte(body))
		if !errors.Is(err, ErrMalformed) || a != nil {
			t.Errorf("%s: got %v and %v", name, a, err)
		}
	}
}

// TestMalformedIsSafeToShow: a message must not echo what was posted.
func TestMalformedIsSafeToShow(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	_, err := f.ParseJSON([]byte(`{"full_name": {"secret-words": 1}}`))
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestHugePostsAreCheap(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	post := url.Values{}
	for i := range 10_000 {
		post.Set(fmt.Sprintf("field_%d", i), "x")
		post.Add("full_name", fmt.Sprint("name ", i))
		post.Add("events.1.sorts", fmt.Sprint("code ", i))
		post.Set(fmt.Sprintf("events.%d.sorts", i%400), "fall")
	}
	post.Set("looks", strings.Repeat("é", 5<<20))
	took := processorTime(t, func() {
		a, err := f.Parse(post)
		if err != nil {
			t.Fatal(err)
		}
		if errs := f.Validate(f.Strip(a), "en", provingDay); len(errs) == 0 {
			t.Error("it is valid")
		}
	})
	if took > 5*time.Second {
		t.Errorf("it takes the processor %v", took)
	}
}

func TestAnswersAccessors(t *testing.T) {
	t.Parallel()
	a := Answers{
		"sorts": {"x"}, "events.0.sorts": {"a", "b"}, "events.10.sorts": {"d"}, "events.2.sorts": {"c"},
		"events.2.sorts.other": {"said"}, "eventsmore.4.sorts2": {"no"},
		"born.day": {"29"}, "born.month": {"2"}, "born.year": {"1952"},
		"seen.day": {"29"}, "seen.month": {"2"}, "seen.year": {"1953"},
	}
	if got := a.Get("sorts") + a.Get("events.0.sorts") + a.Get("nobody"); got != "xa" {
		t.Errorf("Get gives %q", got)
	}
	if got := a.All("sorts"); !reflect.DeepEqual(got, []string{"x", "a", "b", "c", "d"}) {
		t.Errorf("All gives %v", got)
	}
	if got := a.Members("events"); got != 11 {
		t.Errorf("Members gives %d", got)
	}
	if got := a.Members("event"); got != 0 {
		t.Errorf("Members of another name gives %d", got)
	}
	if date, ok := a.Date("born"); !ok || date.Format(time.DateOnly) != "1952-02-29" {
		t.Errorf("Date gives %v %v", date, ok)
	}
	if _, ok := a.Date("seen"); ok {
		t.Error("29 February 1953 is a date")
	}
	if _, ok := a.Date("nobody"); ok {
		t.Error("no answer is a date")
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	a := Answers{"b": {"2", "1"}, "aa": {}, "a": {"<é>"}}
	if got, want := string(a.Encode()), `{"a":["\u003cé\u003e"],"b":["2","1"],"aa":[]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := string(Answers(nil).Encode()); got != "{}" {
		t.Errorf("no answers are %s", got)
	}
	back, err := DecodeAnswers(a.Encode())
	if err != nil || !back.Equal(a) {
		t.Errorf("got %v, %v", back, err)
	}
	if a.Equal(Answers{"b": {"1", "2"}, "a": {"<é>"}}) || a.Equal(Answers{"a": {"<é>"}}) {
		t.Error("different answers are equal")
	}
	if _, err := DecodeAnswers([]byte(`{"a": 1}`)); err == nil {
		t.Error("a number is decoded")
	}
	if back, err := DecodeAnswers([]byte(`null`)); err != nil || back == nil {
		t.Errorf("null is decoded as %v, %v", back, err)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	got := f.Split(Answers{"age": {"adult"}, "full_name": {"Ann"}, "born.day": {"1"}, "events.0.sorts": {"fall"}, "from_an_older_version": {"x"}})
	want := map[Part]Answers{
		PartRest:     {"age": {"adult"}, "events.0.sorts": {"fall"}, "from_an_older_version": {"x"}},
		PartReporter: {"full_name": {"Ann"}, "born.day": {"1"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
