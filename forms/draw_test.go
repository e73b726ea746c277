package forms

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
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
				if n.kind.closed && part == partMain && rapid.Bool().Draw(t, "as most answer") {
					post[n.name(member, part)] = []string{rapid.SampledFrom(n.question.Options).Draw(t, "option").Code}
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
