package results

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"intake/forms"
)

func builtInSurvey(t testing.TB) *forms.Form {
	t.Helper()
	source, ok := forms.BuiltIn("care-worker-survey")
	if !ok {
		t.Fatal("no built-in survey")
	}
	form, err := forms.Load(source, forms.Lists{"districts": {
		{Code: "maldon", Label: forms.Text{"en": "Maldon"}}, {Code: "harlow", Label: forms.Text{"en": "Harlow"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// drawResponse answers the survey at random; favourites makes a wave lopsided,
// as real ones are.
func drawResponse(t *rapid.T, form *forms.Form, favourites int) forms.Answers {
	answers := forms.Answers{}
	for _, page := range form.Pages {
		for _, q := range page.Questions {
			if len(q.Options) == 0 || rapid.IntRange(0, 9).Draw(t, "skip") == 0 {
				continue
			}
			most := len(q.Options)
			if favourites > 0 && rapid.IntRange(0, 9).Draw(t, "favourite") > 0 {
				most = min(most, favourites)
			}
			ticks := 1
			if q.Kind.Several() {
				ticks = rapid.IntRange(1, most).Draw(t, "ticks")
			}
			first := rapid.IntRange(0, most-1).Draw(t, q.ID)
			for i := range ticks {
				answers[q.ID] = append(answers[q.ID], q.Options[(first+i)%most].Code)
			}
		}
	}
	return form.Strip(answers)
}

// TestWhatIsShownIsTheRecount compares random waves of the built-in survey
// with a recount of each shown figure by itself, and holds every figure to the
// rules.
func TestWhatIsShownIsTheRecount(t *testing.T) {
	t.Parallel()
	form := builtInSurvey(t)
	rapid.Check(t, func(t *rapid.T) {
		favourites := rapid.IntRange(0, 3).Draw(t, "favourites")
		var wave []forms.Answers
		for range rapid.IntRange(0, 80).Draw(t, "size") {
			wave = append(wave, drawResponse(t, form, favourites))
		}
		results := see(t, published(t, form, wave), View{})
		if results.Released != len(wave) {
			t.Fatalf("released %d of %d", results.Released, len(wave))
		}
		for _, r := range results.Questions {
			checkQuestion(t, form.Question(r.ID), r, wave)
		}
	})
}

func checkQuestion(t *rapid.T, q *forms.Question, r QuestionResult, wave []forms.Answers) {
	ticked := func(match func(code string) bool) int {
		count := 0
		for _, response := range wave {
			if slices.ContainsFunc(response[q.ID], match) {
				count++
			}
		}
		return count
	}
	base := ticked(func(code string) bool { return !q.Option(code).Aside })
	least := 10
	if q.Sensitive {
		least = 20
	}
	if len(q.Options) == 0 || base < least {
		if r.Withheld == "" || r.Base != nil || r.Positive != nil || len(r.Options)+len(r.Aside) > 0 {
			t.Fatalf("%s with a base of %d shows %+v", q.ID, base, r)
		}
		return
	}
	if r.Withheld != "" {
		return
	}
	if *r.Base != base {
		t.Fatalf("%s: base %d, recount %d", q.ID, *r.Base, base)
	}
	exact := func(count, rounded int) bool { return rounded%5 == 0 && -2 <= rounded-count && rounded-count <= 2 }
	share := func(count, percent int) bool {
		twice := 2*percent*base - 200*count // 2 * base * (percent - share)
		return -base < twice && twice <= base
	}
	hidden, sumOfHidden := 0, base
	for _, cell := range r.Options {
		count := ticked(func(code string) bool { return code == cell.Value })
		switch {
		case cell.Count == nil:
			if cell.Percent != nil || cell.Withheld == "" && !cell.NearlyAll {
				t.Fatalf("%s %s: hidden halfway or without a reason: %+v", q.ID, cell.Value, cell)
			}
			if cell.Withheld == FewerThan5 && count >= 5 || cell.NearlyAll && (base-count >= 5 || !q.Sensitive) {
				t.Fatalf("%s %s: %+v is not true of %d in %d", q.ID, cell.Value, cell, count, base)
			}
			hidden++
		case 1 <= count && count <= 4:
			t.Fatalf("%s %s: %d people are shown", q.ID, cell.Value, count)
		case !exact(count, *cell.Count) || !share(count, *cell.Percent):
			t.Fatalf("%s %s: %d in %d shown as %d, %d %%", q.ID, cell.Value, count, base, *cell.Count, *cell.Percent)
		default:
			sumOfHidden -= count
		}
	}
	if hidden == 1 && !q.Kind.Several() {
		t.Fatalf("%s: one hidden cell is known to be %d", q.ID, sumOfHidden)
	}
	if r.Positive != nil {
		good := ticked(func(code string) bool { return slices.Contains(q.Positive, code) })
		if !share(good, *r.Positive) {
			t.Fatalf("%s: %d good in %d shown as %d %%", q.ID, good, base, *r.Positive)
		}
	} else if len(q.Positive) > 0 && hidden == 0 {
		t.Fatalf("%s: nothing is hidden but the good answers", q.ID)
	}
	for _, cell := range r.Aside {
		if cell.Percent != nil || cell.Count == nil && cell.Withheld == "" {
			t.Fatalf("%s beside the base: %+v", q.ID, cell)
		}
		if option := q.Option(cell.Value); option != nil && cell.Count != nil {
			count := ticked(func(code string) bool { return code == cell.Value })
			if 1 <= count && count <= 4 || !exact(count, *cell.Count) {
				t.Fatalf("%s %s: %d beside the base shown as %d", q.ID, cell.Value, count, *cell.Count)
			}
		}
	}
}
