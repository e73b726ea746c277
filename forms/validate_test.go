package forms

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

var validateDay = time.Date(2026, time.March, 27, 9, 0, 0, 0, time.UTC)

// sendable is valid; tests spoil it in one place.
func sendable() Answers {
	return Answers{
		"age": {"adult"}, "full_name": {"Ann Lee"}, "born.unknown": {"yes"}, "postcode": {"CM1 1QH"},
		"events.0.sorts": {"theft"},
	}
}

func TestValidateEachKind(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	if errs := f.Validate(sendable(), "en", validateDay); errs != nil {
		t.Fatalf("what should be valid has %v", errs)
	}
	date := func(name, day, month, year string) Answers {
		return Answers{name + ".day": {day}, name + ".month": {month}, name + ".year": {year}}
	}
	born := func(day, month, year string) Answers {
		a := date("born", day, month, year)
		a["born.unknown"] = nil
		return a
	}
	for name, c := range map[string]struct {
		change Answers
		want   string // "field: message", or nothing where it is valid
	}{
		"required choice":            {Answers{"age": nil}, "age: Select an answer: Age"},
		"choice that is none":        {Answers{"age": {"old"}}, "age: Select one of the answers in the list: Age"},
		"two of one choice":          {Answers{"age": {"adult", "both"}}, "age: Select one answer only: Age"},
		"own message":                {Answers{"full_name": nil}, "full_name: Enter the name or the looks"},
		"required otherwise":         {Answers{"full_name": nil, "looks": {"tall"}}, ""},
		"text at the limit":          {Answers{"full_name": {strings.Repeat("é", 200)}}, ""},
		"text too long":              {Answers{"full_name": {strings.Repeat("é", 203)}}, "full_name: Enter 200 characters or fewer, 3 fewer than now: Full name"},
		"text twice":                 {Answers{"full_name": {"A", "B"}}, "full_name: Enter one answer only: Full name"},
		"long text too long":         {Answers{"looks": {strings.Repeat("x", 21)}}, "looks: Enter 20 characters or fewer, 1 fewer than now: Looks"},
		"date":                       {born("29", "2", "1952"), ""},
		"required date":              {Answers{"born.unknown": nil}, "born.day: Enter the date, like 27 3 1950: Date of birth"},
		"not required for a child":   {Answers{"born.unknown": nil, "age": {"child"}}, ""},
		"date not in the calendar":   {born("29", "2", "1953"), "born.day: Enter a date that is in the calendar, like 27 3 1950: Date of birth"},
		"month 13":                   {born("1", "13", "1953"), "born.day: Enter a date that is in the calendar, like 27 3 1950: Date of birth"},
		"day 0":                      {born("0", "1", "1953"), "born.day: Enter a date that is in the calendar, like 27 3 1950: Date of birth"},
		"date in words":              {born("1", "March", "1953"), "born.day: Enter a date that is in the calendar, like 27 3 1950: Date of birth"},
		"year of two digits":         {born("1", "3", "53"), "born.year: Enter a year between 1900 and 2100: Date of birth"},
		"year too early":             {born("31", "12", "1899"), "born.year: Enter a year between 1900 and 2100: Date of birth"},
		"earliest year":              {born("1", "1", "1900"), ""},
		"year too late":              {date("seen", "1", "1", "2101"), "seen.year: Enter a year between 1900 and 2100: Last seen"},
		"no year":                    {Answers{"seen.day": {"1"}, "seen.month": {"2"}}, "seen.year: Enter the date with its day, month and year: Last seen"},
		"no day":                     {Answers{"seen.year": {"2020"}, "seen.month": {"2"}}, "seen.day: Enter the date with its day, month and year: Last seen"},
		"two months":                 {Answers{"seen.day": {"1"}, "seen.month": {"2", "3"}, "seen.year": {"2020"}}, "seen.month: Enter one date only: Last seen"},
		"past: yesterday":            {born("26", "3", "2026"), ""},
		"past: today":                {born("27", "3", "2026"), "born.day: Enter a date in the past: Date of birth"},
		"not_future: today":          {date("seen", "27", "3", "2026"), ""},
		"not_future: tomorrow":       {date("seen", "28", "3", "2026"), "seen.day: Enter today’s date or one in the past: Last seen"},
		"email":                      {Answers{"email": {"o'neil+x@sub.example.org"}}, ""},
		"email without a domain":     {Answers{"email": {"ann@"}}, "email: Enter the email address in full, like name@example.org: Email"},
		"email with a space":         {Answers{"email": {"ann lee@example.org"}}, "email: Enter the email address in full, like name@example.org: Email"},
		"email too long":             {Answers{"email": {strings.Repeat("a", 255)}}, "email: Enter an email address of 254 characters or fewer, 1 fewer than now: Email"},
		"phone":                      {Answers{"phone": {"01632960001"}}, ""},
		"mobile":                     {Answers{"phone": {"07700900123"}}, ""},
		"phone too short":            {Answers{"phone": {"96000"}}, "phone: Enter a UK phone number in full, like 01632 960001: Phone"},
		"phone from abroad":          {Answers{"phone": {"+48220000000"}}, "phone: Enter a UK phone number in full, like 01632 960001: Phone"},
		"postcode":                   {Answers{"postcode": {"GIR 0AA"}}, ""},
		"no fixed abode":             {Answers{"postcode": {"ZZ99 3VZ"}}, ""},
		"another ZZ99":               {Answers{"postcode": {"ZZ99 3VY"}}, "postcode: Enter the full postcode, like CM1 1QH: Postcode"},
		"outward code only":          {Answers{"postcode": {"CM1"}}, "postcode: Enter the full postcode, like CM1 1QH: Postcode"},
		"required postcode":          {Answers{"postcode": nil}, "postcode: Enter the postcode, like CM1 1QH: Postcode"},
		"postcode not known":         {Answers{"postcode": nil, "postcode.unknown": {"yes"}}, ""},
		"NHS number":                 {Answers{"nhs": {"943 476 5919"}}, ""},
		"NHS number, wrong digit":    {Answers{"nhs": {"943 476 5918"}}, "nhs: Enter the 10 digits of the NHS number, like 943 476 5919, and check them: NHS number"},
		"NHS number, one digit less": {Answers{"nhs": {"943 476 591"}}, "nhs: Enter the 10 digits of the NHS number, like 943 476 5919, and check them: NHS number"},
		"NHS number, all the same":   {Answers{"nhs": {"0000000000"}}, "nhs: Enter the 10 digits of the NHS number, like 943 476 5919, and check them: NHS number"},
		"other, say what":            {Answers{"district": {"elsewhere"}, "district.other": {strings.Repeat("x", 201)}}, "district.other: Say what “other” means in 200 characters or fewer, 1 fewer than now: District"},
		"say what without the other": {Answers{"district": {"maldon"}, "district.other": {strings.Repeat("x", 201)}}, ""},
		"required choices":           {Answers{"events.0.sorts": nil}, "events.0.sorts: Select at least one answer: Sorts"},
		"choices that are none":      {Answers{"events.0.sorts": {"fall", "flood"}, "events.0.hurt": {"no"}}, "events.0.sorts: Select only answers in the list: Sorts"},
		"too many choices":           {Answers{"events.0.sorts": {"fall", "theft", "other"}, "events.0.hurt": {"no"}}, "events.0.sorts: Select up to 2 answers, 1 fewer than now: Sorts"},
		"one that excludes":          {Answers{"events.0.sorts": {"unknown"}}, ""},
		"one that excludes, others":  {Answers{"events.0.sorts": {"theft", "unknown"}}, "events.0.sorts: Select either that one answer alone or the others: Sorts"},
		"required in a branch":       {Answers{"events.0.sorts": {"fall"}}, "events.0.hurt: Select an answer: Hurt"},
		"required in no branch":      {Answers{"events.0.sorts": {"theft"}}, ""},
		"wrong in a branch of none":  {Answers{"moved": {"no"}, "moved_why": {strings.Repeat("x", 300)}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sendable()
			for field, values := range c.change {
				a[field] = values
				if values == nil {
					delete(a, field)
				}
			}
			var got []string
			for _, e := range f.Validate(a, "en", validateDay) {
				got = append(got, e.Field+": "+e.Message)
			}
			if told := strings.Join(got, "\n"); told != c.want {
				t.Errorf("got  %s\nwant %s", told, c.want)
			}
			if stripped := f.Validate(f.Strip(a), "en", validateDay); len(stripped) != len(got) {
				t.Errorf("stripped, there are %d errors instead of %d", len(stripped), len(got))
			}
		})
	}
}

func TestValidateInPageOrder(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	a := Answers{
		"phone": {"x"}, "events.0.sorts": {"fall"}, "events.1.sorts": {"fall", "theft", "other"}, "events.1.hurt": {"yes"},
		"events.1.happened.day": {"1"},
	}
	want := []FieldError{
		{"age", "age", "age", "Select an answer: Age", "en"},
		{"full_name", "full_name", "full_name", "Enter the name or the looks", "en"},
		{"phone", "phone", "phone", "Enter a UK phone number in full, like 01632 960001: Phone", "en"},
		{"postcode", "postcode", "postcode", "Enter the postcode, like CM1 1QH: Postcode", "en"},
		{"events.0.hurt", "events.0.hurt", "hurt", "Event 1: Select an answer: Hurt", "en"},
		{"events.1.sorts", "events.1.sorts", "sorts", "Event 2: Select up to 2 answers, 1 fewer than now: Sorts", "en"},
		{"events.1.happened.month", "events.1.happened", "happened", "Event 2: Enter the date with its day, month and year: Happened", "en"},
	}
	if got := f.Validate(a, "en", validateDay); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	if got := f.Validate(a, "xx", validateDay); !reflect.DeepEqual(got, want) {
		t.Errorf("a language without words gives\n%v", got)
	}
}

// TestTooManyMembers: what is too much is told, never dropped in silence.
func TestTooManyMembers(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	a := sendable()
	for i := range 5 {
		a[fmt.Sprintf("events.%d.sorts", i)] = []string{"theft"}
	}
	want := []FieldError{{"events.3.sorts", "events.3.sorts", "events", "Give 3 of these or fewer, 2 fewer than now: Event", "en"}}
	if got := f.Validate(f.Strip(a), "en", validateDay); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

// TestNowHasItsOwnDay: the day is that of the place, not of Greenwich.
func TestNowHasItsOwnDay(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	a := sendable()
	a["seen.day"], a["seen.month"], a["seen.year"] = []string{"2"}, []string{"6"}, []string{"2026"}
	instant := time.Date(2026, time.June, 1, 23, 30, 0, 0, time.UTC)
	if errs := f.Validate(a, "en", instant); len(errs) != 1 {
		t.Errorf("in UTC, tomorrow gives %v", errs)
	}
	if errs := f.Validate(a, "en", instant.In(time.FixedZone("BST", 3600))); errs != nil {
		t.Errorf("an hour further east, today gives %v", errs)
	}
}

func TestOwnRulesAndMessages(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, ask(t, `{id: code, kind: text, label: {en: Code}, validate: "len=4,alphanum", messages: {len: {en: "The code has 4 characters"}, alphanum: {en: "The code {name} has letters and digits"}}}`))
	for value, want := range map[string]string{"ab12": "", "abc": "The code has 4 characters", "ab-1": "The code Code has letters and digits"} {
		got := ""
		for _, e := range f.Validate(Answers{"code": {value}}, "en", validateDay) {
			got += e.Message
		}
		if got != want {
			t.Errorf("%s gives %q, want %q", value, got, want)
		}
	}
}

// TestKindsAreWhole: an entry of the table can do all that the engine asks.
func TestKindsAreWhole(t *testing.T) {
	t.Parallel()
	if got := len(Kinds()); got != len(kinds) || got < 9 {
		t.Errorf("there are %d kinds", got)
	}
	for id, k := range kinds {
		if len(k.parts) == 0 || k.clean == nil || k.check == nil || k.words == nil || k.samples == nil || len(k.rules) == 0 {
			t.Errorf("the kind %s is not whole", id)
		}
		if id.Closed() != k.closed || id.Several() != k.several {
			t.Errorf("the kind %s does not say what it is", id)
		}
		q := &Question{ID: "q", Kind: id, Max: k.max}
		if k.closed {
			q.Options = []Option{{Code: "a"}, {Code: "b"}}
		}
		n := newNode(&Page{}, q, nil)
		if n.validSample() == nil {
			t.Errorf("the kind %s has no valid sample", id)
		}
	}
	if Kind("slider").Closed() || Kind("slider").Several() {
		t.Error("a kind that does not exist has qualities")
	}
}
