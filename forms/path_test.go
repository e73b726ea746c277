package forms

import (
	"reflect"
	"strings"
	"testing"
)

func TestStrip(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	for name, c := range map[string]struct{ given, want Answers }{
		"keeps what is asked": {
			Answers{"age": {"adult"}, "full_name": {"Ann"}, "moved": {"yes"}, "moved_why": {"work"}},
			Answers{"age": {"adult"}, "full_name": {"Ann"}, "moved": {"yes"}, "moved_why": {"work"}},
		},
		"drops a branch not taken": {
			Answers{"moved": {"no"}, "moved_why": {"work"}},
			Answers{"moved": {"no"}},
		},
		// The dropped answer no longer counts, so what it hid is asked again.
		"drops to the fixpoint": {
			Answers{"moved": {"no"}, "moved_why": {"work"}, "stayed_why": {"garden"}},
			Answers{"moved": {"no"}, "stayed_why": {"garden"}},
		},
		"drops along a chain": {
			Answers{"events.0.sorts": {"theft"}, "events.0.hurt": {"yes"}, "events.0.happened.day": {"1"}, "doctor": {"Dr Lee"}},
			Answers{"events.0.sorts": {"theft"}},
		},
		"any member opens a page": {
			Answers{"events.0.sorts": {"theft"}, "events.1.sorts": {"fall"}, "events.1.hurt": {"yes"}, "doctor": {"Dr Lee"}},
			Answers{"events.0.sorts": {"theft"}, "events.1.sorts": {"fall"}, "events.1.hurt": {"yes"}, "doctor": {"Dr Lee"}},
		},
		"a member's branch is its own": {
			Answers{"events.0.sorts": {"theft"}, "events.0.hurt": {"yes"}, "events.1.sorts": {"fall"}},
			Answers{"events.0.sorts": {"theft"}, "events.1.sorts": {"fall"}},
		},
		"members close up": {
			Answers{"events.0.hurt": {"yes"}, "events.1.sorts": {"fall"}, "events.1.hurt": {"no"}},
			Answers{"events.0.sorts": {"fall"}, "events.0.hurt": {"no"}},
		},
		"nothing after an ending": {
			Answers{"age": {"child"}, "full_name": {"Ann"}, "events.0.sorts": {"fall"}},
			Answers{"age": {"child"}},
		},
		"say what without its option": {
			Answers{"district": {"maldon"}, "district.other": {"Wales"}, "events.0.sorts": {"fall", "other"}, "events.0.sorts.other": {"x"}},
			Answers{"district": {"maldon"}, "events.0.sorts": {"fall", "other"}, "events.0.sorts.other": {"x"}},
		},
		"not known clears the answer": {
			Answers{"postcode": {"CM1 1QH"}, "postcode.unknown": {"yes"}, "born.day": {"1"}, "born.estimated": {"yes"}, "born.unknown": {"yes"}},
			Answers{"postcode.unknown": {"yes"}, "born.unknown": {"yes"}},
		},
		"estimated without a date": {
			Answers{"born.estimated": {"yes"}},
			Answers{},
		},
		"estimated with one": {
			Answers{"born.year": {"1950"}, "born.estimated": {"yes"}},
			Answers{"born.year": {"1950"}, "born.estimated": {"yes"}},
		},
		"names of another form": {Answers{"colour": {"red"}, "events.0.colour": {"red"}}, Answers{}},
		"nothing":               {nil, Answers{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := string(c.given.Encode())
			got := f.Strip(c.given)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
			if again := f.Strip(got); !again.Equal(got) {
				t.Errorf("again it becomes %v", again)
			}
			if string(c.given.Encode()) != before {
				t.Error("the given answers changed")
			}
		})
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	told := func(a Answers) string {
		var out []string
		for _, step := range f.Visible(a) {
			var names []string
			for _, asked := range step.Asked {
				names = append(names, asked.Name)
			}
			out = append(out, step.Page.ID+"("+strings.Join(names, " ")+")")
		}
		return strings.Join(out, " ")
	}
	const person = "person(full_name looks born seen email phone postcode nhs district)"
	for name, c := range map[string]struct {
		a    Answers
		want string
	}{
		"nothing yet":     {nil, "gate(age) " + person + " home(moved stayed_why) events(events.0.sorts)"},
		"an ending":       {Answers{"age": {"child"}}, "gate(age) child()"},
		"an interruption": {Answers{"age": {"both"}}, "gate(age) both() " + person + " home(moved stayed_why) events(events.0.sorts)"},
		"branches and members": {
			Answers{"age": {"adult"}, "moved": {"yes"}, "moved_why": {"work"}, "events.0.sorts": {"fall"}, "events.0.hurt": {"yes"}, "events.1.sorts": {"theft"}},
			"gate(age) " + person + " home(moved moved_why) events(events.0.sorts events.0.hurt events.0.happened) events(events.1.sorts) after(doctor)",
		},
	} {
		if got := told(c.a); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
	if page := f.Ending(Answers{"age": {"child"}}); page == nil || page.ID != "child" {
		t.Errorf("a child's path ends at %v", page)
	}
	if page := f.Ending(Answers{"age": {"both"}}); page != nil {
		t.Errorf("the path of both ends at %v", page.ID)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	a := Answers{
		"age": {"adult"}, "full_name": {"Ann Lee"}, "looks": {"tall\nthin"},
		"born.day": {"1"}, "born.month": {"2"}, "born.year": {"1950"}, "born.estimated": {"yes"},
		"seen.day": {"31"}, "seen.year": {"2026"}, "postcode.unknown": {"yes"},
		"district": {"elsewhere"}, "district.other": {"Wales"}, "moved": {"unknown"},
		"events.0.sorts": {"fall", "other", "gone_code"}, "events.1.sorts": {"theft"},
	}
	got := map[string]string{}
	for _, row := range f.Summary(a, "en") {
		got[row.Name] = row.Title + " / " + row.Label + " / " + strings.Join(row.Values, "; ") + " / " + row.Field
	}
	want := map[string]string{
		"age":            "Gate / Age / Adult / age",
		"full_name":      "Person / Full name / Ann Lee / full_name",
		"looks":          "Person / Looks / tall\nthin / looks",
		"born":           "Person / Date of birth / 1 February 1950 (estimated) / born.day",
		"seen":           "Person / Last seen / 31 2026 / seen.day",
		"email":          "Person / Email /  / email",
		"phone":          "Person / Phone /  / phone",
		"postcode":       "Person / Postcode / Not known / postcode",
		"nhs":            "Person / NHS number /  / nhs",
		"district":       "Person / District / Elsewhere: Wales / district",
		"moved":          "Home / Moved / Not known / moved",
		"stayed_why":     "Home / Why stayed /  / stayed_why",
		"events.0.sorts": "Event 1 / Sorts / Fall; Other; gone_code / events.0.sorts",
		"events.0.hurt":  "Event 1 / Hurt /  / events.0.hurt",
		"events.1.sorts": "Event 2 / Sorts / Theft / events.1.sorts",
	}
	for name, row := range want {
		if got[name] != row {
			t.Errorf("%s: got %q, want %q", name, got[name], row)
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are %d rows, want %d: %v", len(got), len(want), got)
	}
}

// TestSummaryOfOnePart: who opens one sealed part sees all of it, although
// what decides the branches may be in the other.
func TestSummaryOfOnePart(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	var names []string
	for _, row := range f.Summary(Answers{"moved_why": {"work"}, "doctor": {"Dr Lee"}}, "en") {
		if len(row.Values) > 0 {
			names = append(names, row.Name)
		}
	}
	if got := strings.Join(names, " "); got != "moved_why doctor" {
		t.Errorf("got %s", got)
	}
}
