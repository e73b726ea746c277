package forms

import (
	"net/url"
	"testing"
)

// fullSurvey answers every question that a home care worker can be asked.
func fullSurvey(t testing.TB, f *Form) url.Values {
	p := newProver(f)
	a := Answers{"care_role": {"paid_provider"}, "service": {"home_care"}, "years_in_care": {"1_2"}, "works_alone": {"always"},
		"abuse_at_work": {"monthly"}, "housing_effect": {"a_lot"}, "in_12_months": {"leaving"}}
	for _, step := range f.Visible(a) {
		for _, asked := range step.Asked {
			if n := f.plan.byID[asked.ID]; !p.answered(a, n, 0) {
				p.answerAnyhow(a, n, 0)
			}
		}
	}
	a["one_change"] = []string{"Pay us for the time between visits, please, and let two of us go where it is not safe."}
	if errs := f.Validate(a, "en", validateDay); errs != nil || len(a) < 40 {
		t.Fatalf("%d answers, %v", len(a), errs)
	}
	return url.Values(a)
}

// BenchmarkSurvey is the engine's whole share of one response: parse, strip,
// validate, encode.
func BenchmarkSurvey(b *testing.B) {
	f := loadBuiltIn(b, "care-worker-survey")
	post := fullSurvey(b, f)
	b.ReportAllocs()
	for b.Loop() {
		a, err := f.Parse(post)
		if err != nil {
			b.Fatal(err)
		}
		a = f.Strip(a)
		if errs := f.Validate(a, "en", validateDay); errs != nil {
			b.Fatal(errs)
		}
		a.Encode()
	}
}

// BenchmarkTake is the same by the short way, which nearly every response goes.
func BenchmarkTake(b *testing.B) {
	f := loadBuiltIn(b, "care-worker-survey")
	posted := PostedOf(fullSurvey(b, f))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := f.Take(posted, validateDay); !ok {
			b.Fatal("not taken")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	f := loadBuiltIn(b, "care-worker-survey")
	post := fullSurvey(b, f)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Parse(post); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStrip(b *testing.B) {
	f := loadBuiltIn(b, "care-worker-survey")
	a := Answers(fullSurvey(b, f))
	b.ReportAllocs()
	for b.Loop() {
		f.Strip(a)
	}
}

func BenchmarkValidate(b *testing.B) {
	f := loadBuiltIn(b, "care-worker-survey")
	a := Answers(fullSurvey(b, f))
	b.ReportAllocs()
	for b.Loop() {
		f.Validate(a, "en", validateDay)
	}
}
