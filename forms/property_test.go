package forms

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAnswersSurviveEveryWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForm(t)
		a := mustParse(t, f, drawPost(t, f))
		for name, values := range a {
			if len(values) == 0 || slices.Contains(values, "") {
				t.Errorf("%s holds nothing: %q", name, values)
			}
		}
		if back := mustParse(t, f, url.Values(a)); !back.Equal(a) {
			t.Errorf("posted again, %v becomes %v", a, back)
		}
		if back, err := DecodeAnswers(a.Encode()); err != nil || !back.Equal(a) {
			t.Errorf("decoded, %v becomes %v (%v)", a, back, err)
		}
		for _, raw := range [][]byte{a.Encode(), nested(t, f, a)} {
			if back, err := f.ParseJSON(raw); err != nil || !back.Equal(a) {
				t.Errorf("through %s, %v becomes %v (%v)", raw, a, back, err)
			}
		}
		together := Answers{}
		for _, part := range f.Split(a) {
			for name, values := range part {
				together[name] = values
			}
		}
		if !together.Equal(a) {
			t.Errorf("split and put together, %v becomes %v", a, together)
		}
	})
}

func TestStripIsAFixpoint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForm(t)
		a := mustParse(t, f, drawPost(t, f))
		s := f.Strip(a)
		if again := f.Strip(s); !again.Equal(s) {
			t.Errorf("stripped again, %v becomes %v", s, again)
		}
		if back := mustParse(t, f, url.Values(s)); !back.Equal(s) {
			t.Errorf("stripped answers are not canonical: %v becomes %v", s, back)
		}
		checkFixpoint(t, f, s)
		// What will be dropped makes no difference, in whatever order it goes.
		part := url.Values{}
		visible := map[string]bool{}
		for _, step := range f.Visible(a) {
			for _, asked := range step.Asked {
				visible[asked.Name] = true
			}
		}
		for name, values := range a {
			field, member, _ := f.plan.lookUp(name)
			if visible[field.node.name(member, partMain)] || rapid.Bool().Draw(t, "kept") {
				part[name] = values
			}
		}
		if other := f.Strip(mustParse(t, f, part)); !other.Equal(s) {
			t.Errorf("with some hidden answers gone before, %v instead of %v", other, s)
		}
	})
}

// checkFixpoint evaluates each condition from the stripped answers alone,
// without any notion of what is asked: that must show the same questions.
func checkFixpoint(t *rapid.T, f *Form, s Answers) {
	got := map[string]bool{}
	for _, step := range f.Visible(s) {
		for _, asked := range step.Asked {
			got[asked.Name] = true
		}
	}
	ended := false
	for i := range f.Pages {
		page := &f.Pages[i]
		members, group := 1, ""
		if page.Repeats != nil {
			group = page.Repeats.Group
			members = max(s.Members(group), page.Repeats.Min)
		}
		reached := !ended && page.When.Holds(plainly(f, s, "", 0))
		for member := range members {
			for _, q := range page.Questions {
				name := q.ID
				if group != "" {
					name = fmt.Sprintf("%s.%d.%s", group, member, q.ID)
				}
				want := reached && q.When.Holds(plainly(f, s, group, member))
				if got[name] != want {
					t.Errorf("%s is asked: %v; its condition says %v of %v", name, got[name], want, s)
				}
			}
		}
		ended = ended || reached && page.Ends
	}
}

// plainly reads fields from answers by their names alone, as the page does.
func plainly(f *Form, a Answers, group string, member int) func(string) []string {
	at := func(name string) []string {
		if a.Get(name+".unknown") != "" {
			return nil
		}
		return slices.Concat(a[name], a[name+".day"], a[name+".month"], a[name+".year"])
	}
	return func(field string) []string {
		repeats := f.PageOf(field).Repeats
		switch {
		case repeats == nil:
			return at(field)
		case repeats.Group == group:
			return at(fmt.Sprintf("%s.%d.%s", group, member, field))
		}
		var out []string
		for m := range a.Members(repeats.Group) {
			out = append(out, at(fmt.Sprintf("%s.%d.%s", repeats.Group, m, field))...)
		}
		return out
	}
}

func TestValidateAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForm(t)
		a := mustParse(t, f, drawPost(t, f))
		errs := f.Validate(a, "en", validateDay)
		place := map[string]int{}
		asked := slices.Collect(f.Asked(a))
		for i, step := range f.Visible(a) {
			for j, one := range step.Asked {
				place[one.Name] = 1000*i + j + 1
				if len(asked) == 0 || asked[0] != one {
					t.Fatalf("%s is asked on a page, and not in turn", one.Name)
				}
				asked = asked[1:]
			}
		}
		if len(asked) > 0 {
			t.Errorf("%s is asked on no page", asked[0].Name)
		}
		last := 0
		for _, e := range errs {
			if e.Message == "" || e.Field == "" || !strings.HasPrefix(e.Field, e.Name) || strings.Contains(e.Message, "{name}") {
				t.Errorf("odd error %+v", e)
			}
			if f.plan.groups[e.Question] != nil {
				continue // too many members
			}
			if place[e.Name] <= last {
				t.Errorf("%s is out of order, not asked, or has two errors: %+v", e.Name, errs)
			}
			last = place[e.Name]
		}
		if len(errs) == 0 {
			if again := f.Validate(f.Strip(a), "en", validateDay); again != nil {
				t.Errorf("valid before stripping, then %+v", again)
			}
		}
		for _, row := range f.Summary(a, "en") {
			if row.Label == "" || row.Title == "" || row.Field == "" {
				t.Errorf("odd row %+v", row)
			}
		}
	})
}
