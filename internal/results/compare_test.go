package results

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"intake/forms"
)

func percentOf(t testing.TB, figure *int) int {
	t.Helper()
	if figure == nil {
		t.Fatal("a figure is missing")
	}
	return *figure
}

func shareOf(good, base int) Figures { return Figures{exact: &share{good, base}} }

func TestMeanChangeAndMedian(t *testing.T) {
	t.Parallel()
	hidden := Figures{}
	if score, of := Mean([]Figures{shareOf(1, 3), hidden, shareOf(2, 3), shareOf(5, 8)}); of != 3 || percentOf(t, score) != 54 {
		t.Errorf("the mean of 33.3, 66.7 and 62.5 is %d of %d", *score, of)
	}
	if score, of := Mean([]Figures{hidden}); score != nil || of != 0 {
		t.Error("there is a mean of nothing")
	}
	// 33.3 to 66.7: more than the difference of the rounded ones.
	if got := percentOf(t, Change(shareOf(1, 3), shareOf(2, 3))); got != 33 {
		t.Errorf("the change is %d", got)
	}
	if got := percentOf(t, Change(shareOf(2, 3), shareOf(1, 3))); got != -33 {
		t.Errorf("the change is %d", got)
	}
	if Change(hidden, shareOf(1, 3)) != nil || Change(shareOf(1, 3), hidden) != nil {
		t.Error("something is compared with what is not shown")
	}
	if got := percentOf(t, ChangeOfMeans([]Figures{shareOf(1, 4), shareOf(1, 2)}, []Figures{shareOf(1, 2), shareOf(1, 2)})); got != 13 {
		t.Errorf("the change of the mean is %d", got)
	}
	if ChangeOfMeans([]Figures{shareOf(1, 4), hidden}, []Figures{shareOf(1, 2), shareOf(1, 2)}) != nil {
		t.Error("a mean is compared with one of other questions")
	}
	rows := func(figures ...Figures) (out []Row) {
		for i, f := range figures {
			out = append(out, Row{Value: string(rune('a' + i)), Figures: f})
		}
		return out
	}
	if got := percentOf(t, Median(rows(shareOf(9, 10), shareOf(1, 10), hidden, shareOf(2, 10)))); got != 20 {
		t.Errorf("the median is %d", got)
	}
	if got := percentOf(t, Median(rows(shareOf(9, 10), shareOf(1, 10), shareOf(2, 10), shareOf(4, 10)))); got != 30 {
		t.Errorf("the median of four is %d", got)
	}
	if Median(rows(shareOf(9, 10), shareOf(1, 10), hidden)) != nil {
		t.Error("two districts have a median")
	}
	theme := [][]Row{rows(shareOf(1, 10), shareOf(2, 10), shareOf(3, 10), hidden), rows(shareOf(3, 10), shareOf(4, 10), shareOf(5, 10), shareOf(9, 10))}
	if got := percentOf(t, MedianOfMeans(theme)); got != 30 {
		t.Errorf("the median of the themes is %d", got)
	}
}

// TestInterval compares with values worked out by hand.
func TestInterval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ good, base, low, high int }{
		{8, 10, 49, 95}, {0, 20, 0, 17}, {20, 20, 83, 100}, {50, 100, 40, 60}, {560, 1000, 52, 60},
	} {
		if got := Interval(shareOf(c.good, c.base)); got == nil || *got != [2]int{c.low, c.high} {
			t.Errorf("%d of %d: %v, want %d to %d", c.good, c.base, got, c.low, c.high)
		}
	}
	if Interval(Figures{}) != nil {
		t.Error("a figure that is not shown has an interval")
	}
}

// TestWhatStandsOut holds every difference that is listed against a recount.
func TestWhatStandsOut(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	listed := 0
	rapid.Check(t, func(t *rapid.T) {
		var wave []forms.Answers
		for range rapid.IntRange(600, 900).Draw(t, "size") {
			answers := drawResponse(t, form, 0)
			if answers.Get("district") == "a" && answers.Get("pay") != "" && rapid.IntRange(0, 9).Draw(t, "poor") > 0 {
				answers["pay"] = []string{"poor"}
			}
			wave = append(wave, answers)
		}
		p, err := indexOf(t, form, wave).Publish([]int{len(wave)})
		if err != nil {
			t.Fatal(err)
		}
		view := View{}
		switch rapid.IntRange(0, 2).Draw(t, "view") {
		case 1:
			view.By = "district"
		case 2:
			view.Filters = []Filter{{"district", "a"}}
		}
		found, err := p.StandsOut(view, 5)
		if err != nil {
			t.Fatal(err)
		}
		if listed += len(found); len(found) > 5 {
			t.Fatalf("%d differences", len(found))
		}
		for i, d := range found {
			if i > 0 && math.Abs(float64(d.Points)) > math.Abs(float64(found[i-1].Points)) {
				t.Fatalf("%v comes after %v", d, found[i-1])
			}
			var in, out share
			for _, answers := range wave {
				said := answers.Get(d.Question)
				if said == "" || said == "unsure" {
					continue
				}
				of := &in
				if slices.ContainsFunc(d.Group, func(f Filter) bool { return answers.Get(f.Question) != f.Option }) {
					of = &out
				}
				of.base++
				if said == "good" {
					of.good++
				}
			}
			if d.Question != "pay" || min(in.base, out.base) < leastToStandOut ||
				d.Positive != *whole(in.percent()) || d.Rest != *whole(out.percent()) || d.Points != *whole(in.percent() - out.percent()) {
				t.Fatalf("%+v of %d and %d of %d and %d", d, in.good, in.base, out.good, out.base)
			}
		}
	})
	if listed == 0 {
		t.Error("nothing ever stood out: this proves nothing")
	}
}

// TestWiderView filters more and more, until nothing is shown.
func TestWiderView(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	var wave []forms.Answers
	for i := range 200 {
		a := forms.Answers{"care_role": {"paid"}, "district": {"a"}, "service": {"a"}, "pay": {"good"}, "worn_out": {"often"}}
		if i%2 == 0 {
			a["district"], a["pay"] = []string{"b"}, []string{"poor"}
		}
		if i%50 == 0 {
			a["service"] = []string{"c"}
		}
		wave = append(wave, a)
	}
	p, err := indexOf(t, form, wave).Publish([]int{len(wave)})
	if err != nil {
		t.Fatal(err)
	}
	narrow := View{Filters: []Filter{{"district", "b"}, {"service", "c"}}}
	if see(t, p, narrow).Shows() != 0 {
		t.Fatal("four people are shown")
	}
	wider, found, err := p.Wider(narrow)
	if err != nil || !found || len(wider.Filters) != 1 || wider.Filters[0] != (Filter{"district", "b"}) {
		t.Errorf("the nearest wider view is %v (%v, %v)", wider, found, err)
	}
	few, err := indexOf(t, form, wave[:5]).Publish([]int{5})
	if err != nil {
		t.Fatal(err)
	}
	if wider, found, err := few.Wider(narrow); found || err != nil {
		t.Errorf("of five people %v is shown (%v)", wider, err)
	}
}
