package forms

import (
	"maps"
	"net/url"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// checkTake holds the short way to the long one.
func checkTake(t interface{ Fatalf(string, ...any) }, f *Form, post url.Values) (ok bool) {
	encoded, ok := f.Take(PostedOf(post), validateDay)
	a, err := f.Parse(post)
	var faults []FieldError
	if err == nil {
		a = f.Strip(a)
		faults = f.Validate(a, "en", validateDay)
	}
	if right := err == nil && faults == nil && len(f.plan.groups) == 0; ok != right {
		t.Fatalf("taken: %v; of %q the long way says %v, %+v", ok, post, err, faults)
	}
	if ok && string(encoded) != string(a.Encode()) {
		t.Fatalf("%s is taken; the long way makes %s", encoded, a.Encode())
	}
	return ok
}

func TestTakeIsAsTheLongWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawForm(t)
		post := drawPost(t, f)
		// Without one thing that is wrong after the other, until nothing is: each
		// has to be found by itself.
		for {
			a, err := f.Parse(post)
			if err != nil || checkTake(t, f, post) {
				return
			}
			faults := f.Validate(f.Strip(a), "en", validateDay)
			left := len(post)
			for left == len(post) && len(faults) > 0 {
				i := rapid.IntRange(0, len(faults)-1).Draw(t, "fault")
				maps.DeleteFunc(post, func(name string, _ []string) bool {
					field, _, ok := f.plan.lookUp(name)
					return ok && field.node.question.ID == faults[i].Question
				})
				faults = slices.Delete(faults, i, i+1) // one that lacks an answer stays
			}
			if left == len(post) {
				return
			}
		}
	})
}

// A question of several fields has no main one, and the code of another question
// says nothing of it.
func TestTakeDateBesideCode(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, ask(t, `{id: a, kind: choice, label: {en: A}, options: [{code: x, label: {en: X}}, {code: y, label: {en: Y}}]}`,
		`{id: bb, kind: date, label: {en: B}, required: true}`))
	if checkTake(t, f, url.Values{"a": {"x"}}) {
		t.Error("taken without the date")
	}
	if !checkTake(t, f, url.Values{"a": {"x"}, "bb.day": {"1"}, "bb.month": {"2"}, "bb.year": {"1950"}}) {
		t.Error("not taken with the date")
	}
}

func TestTakeSurvey(t *testing.T) {
	t.Parallel()
	f := loadBuiltIn(t, "care-worker-survey")
	ids := slices.Sorted(maps.Keys(f.plan.byID))
	taken, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		post := url.Values{"wave": {"2026-11"}, "nothing_of_ours": {"x"}}
		for _, id := range ids {
			n := f.plan.byID[id]
			if rapid.IntRange(0, 9).Draw(t, "left out") == 0 {
				continue
			}
			for _, part := range n.parts() {
				value := rapid.SampledFrom([]string{"a line", " ", "two\r\nlines", "<&>\"\\", "caf\u00e9 \U0001f600"})
				if part == partMain && len(n.question.Options) > 0 {
					value = rapid.Map(rapid.SampledFrom(n.question.Options), func(o Option) string { return o.Code })
				}
				post[n.name(0, part)] = rapid.SliceOfN(value, 1, 1).Draw(t, "value")
			}
			if rapid.IntRange(0, 400).Draw(t, "noise") == 0 {
				post[id] = rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "noise")
			}
		}
		if checkTake(t, f, post) {
			taken++
		} else {
			refused++
		}
	})
	if taken == 0 || refused == 0 {
		t.Errorf("%d were taken, %d were not: both have to be seen", taken, refused)
	}
}

func FuzzTake(f *testing.F) {
	form := loadBuiltIn(f, "care-worker-survey")
	f.Add(fullSurvey(f, form).Encode())
	f.Add("care_role=paid_provider&service=home_care&one_change=%ff")
	f.Add("care_role=paid_provider&care_role=other&one_change=a%00b;")
	f.Fuzz(func(t *testing.T, body string) {
		post, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		checkTake(t, form, post)
	})
}
