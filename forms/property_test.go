package forms

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// drawForm makes a random definition in which all that the engine offers can
// occur, and loads it.
func drawForm(t *rapid.T) *Form {
	d := drawing{t: t}
	words := func(s string) map[string]string { return map[string]string{"en": s} }
	var pages []any
	for i := range rapid.IntRange(1, 4).Draw(t, "pages") {
		page := map[string]any{"id": fmt.Sprintf("page_%d", i), "title": words("Page"), "applies": words("For some.")}
		if when := d.condition(); when != nil {
			page["when"] = when
		}
		switch rapid.IntRange(0, 5).Draw(t, "sort of page") {
		case 0:
			page["ends"] = rapid.Bool().Draw(t, "ends")
			pages = append(pages, page)
			continue
		case 1, 2:
			low := rapid.IntRange(0, 2).Draw(t, "min")
			page["repeats"] = map[string]any{
				"group": fmt.Sprintf("group_%d", i), "item": words("Item"), "add": words("Add"),
				"min": low, "max": max(1, low+rapid.IntRange(0, 2).Draw(t, "more")),
			}
		}
		if rapid.Bool().Draw(t, "reporter") {
			page["part"] = "reporter"
		}
		var questions []any
		for range rapid.IntRange(1, 4).Draw(t, "questions") {
			questions = append(questions, d.question())
		}
		page["questions"] = questions
		pages = append(pages, page)
	}
	source, err := yaml.Marshal(map[string]any{
		"id": "random", "version": 1, "kind": rapid.SampledFrom([]string{"survey", "referral"}).Draw(t, "kind of form"),
		"title": words("Random"), "languages": []string{"en"}, "pages": pages,
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Load(source, nil)
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, source)
	}
	t.Logf("the form:\n%s", source)
	return f
}

// drawing remembers the questions drawn so far, for conditions to look back at.
type drawing struct {
	t     *rapid.T
	drawn []drawnQuestion
}

type drawnQuestion struct {
	id    string
	codes []string
}

func (d *drawing) question() map[string]any {
	t := d.t
	id := fmt.Sprintf("q%d", len(d.drawn))
	kind := rapid.SampledFrom(Kinds()).Draw(t, "kind")
	words := map[string]string{"en": "Words"}
	q := map[string]any{"id": id, "kind": string(kind), "label": words, "applies": words}
	if when := d.condition(); when != nil {
		q["when"] = when
	}
	switch rapid.IntRange(0, 3).Draw(t, "required") {
	case 0:
		q["required"] = true
	case 1:
		if required := d.condition(); required != nil {
			q["required"] = required
		}
	}
	drawn := drawnQuestion{id: id}
	if kind.Closed() {
		var options []any
		for i := range rapid.IntRange(2, 4).Draw(t, "options") {
			code := fmt.Sprintf("c%d", i)
			drawn.codes = append(drawn.codes, code)
			option := map[string]any{"code": code, "label": words, "other": rapid.IntRange(0, 3).Draw(t, "other") == 0}
			option["excludes"] = kind.Several() && rapid.IntRange(0, 3).Draw(t, "excludes") == 0
			options = append(options, option)
		}
		q["options"] = options
		q["sensitive"] = rapid.Bool().Draw(t, "sensitive")
		if kind.Several() {
			q["max"] = rapid.IntRange(0, 3).Draw(t, "max")
		}
	} else {
		q["not_known"] = rapid.Bool().Draw(t, "not known")
		q["estimated"] = kind == KindDate && rapid.Bool().Draw(t, "estimated")
	}
	d.drawn = append(d.drawn, drawn)
	return q
}

// condition draws none as often as one.
func (d *drawing) condition() map[string]any {
	if len(d.drawn) == 0 || rapid.Bool().Draw(d.t, "always") {
		return nil
	}
	return d.part(2)
}

func (d *drawing) part(depth int) map[string]any {
	t := d.t
	sort := 0
	if depth > 0 {
		sort = rapid.IntRange(0, 5).Draw(t, "sort of condition")
	}
	several := func() []any {
		var out []any
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			out = append(out, d.part(depth-1))
		}
		return out
	}
	switch sort {
	case 1:
		return map[string]any{"all": several()}
	case 2:
		return map[string]any{"any": several()}
	case 3:
		return map[string]any{"not": d.part(depth - 1)}
	}
	q := rapid.SampledFrom(d.drawn).Draw(t, "field")
	if len(q.codes) == 0 || rapid.IntRange(0, 3).Draw(t, "test") == 0 {
		return map[string]any{"field": q.id, "exists": rapid.Bool().Draw(t, "exists")}
	}
	return map[string]any{"field": q.id, "in": rapid.SliceOfNDistinct(rapid.SampledFrom(q.codes), 1, 2, rapid.ID).Draw(t, "codes")}
}

// drawPost makes a post of the form's names, with values that may be right.
func drawPost(t *rapid.T, f *Form) url.Values {
	post := url.Values{}
	value := rapid.OneOf(
		rapid.SampledFrom([]string{"c0", "c1", "c2", "c0", "c1", "yes", "1", "12", "1950", " cm1 1qh ", "0044 1632 960001", "943 476 5919",
			"a@example.org", "", " ", "unknown", "prefer_not_to_say", "two\r\nlines", "\u202e<b>&amp;", "{name}"}),
		rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") }),
	)
	for _, id := range slices.Sorted(maps.Keys(f.plan.byID)) { // in an order that can be repeated
		n := f.plan.byID[id]
		for _, part := range n.parts() {
			for _, member := range []int{0, 1, 2, 7} {
				if n.group == nil && member > 0 || rapid.IntRange(0, 2).Draw(t, "left out") == 0 {
					continue
				}
				post[n.name(member, part)] = rapid.SliceOfN(value, 0, 3).Draw(t, "values")
			}
		}
	}
	post["nothing_of_ours"] = []string{"x"}
	return post
}

func mustParse(t *rapid.T, f *Form, post url.Values) Answers {
	a, err := f.Parse(post)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// nested writes answers as a caller of the JSON API would.
func nested(t *rapid.T, f *Form, a Answers) []byte {
	object := map[string]any{}
	for name, values := range a {
		var value any = values
		if len(values) == 1 {
			value = values[0]
		}
		group, member, rest, ok := splitMember(name)
		if !ok || f.plan.groups[group] == nil {
			object[name] = value
			continue
		}
		list, _ := object[group].([]map[string]any)
		for len(list) <= member {
			list = append(list, map[string]any{})
		}
		list[member][rest] = value
		object[group] = list
	}
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

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
		for i, step := range f.Visible(a) {
			for j, asked := range step.Asked {
				place[asked.Name] = 1000*i + j + 1
			}
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

// TestProveAnything: no engine fault shows on any form, and what the prover
// calls unreachable is not reached by answers that can be sent.
func TestProveAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForm(t)
		unreachable := map[string]bool{}
		for _, finding := range Prove(f) {
			switch finding.Rule {
			case FindingUnreachable:
				unreachable[finding.Place] = true
			case FindingDeadEnd:
			default:
				t.Errorf("%+v", finding)
			}
		}
		a := f.Strip(mustParse(t, f, drawPost(t, f)))
		if errs := f.Validate(a, "en", provingDay); errs != nil {
			return
		}
		for _, step := range f.Visible(a) {
			for _, asked := range step.Asked {
				if unreachable[placeOf(asked.Question)] {
					t.Errorf("%s is called unreachable, but is asked after %v", asked.ID, a)
				}
			}
		}
	})
}

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
