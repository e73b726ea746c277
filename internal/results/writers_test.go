package results

import (
	"errors"
	"strings"
	"testing"

	"intake/forms"
)

// TestWritersAreThoseOfTheFigures: what somebody wrote may stand where the
// number of those who wrote something does.
func TestWritersAreThoseOfTheFigures(t *testing.T) {
	t.Parallel()
	plain := attackedForm(t)
	writing, err := forms.Load([]byte(strings.Replace(attackedSurvey, "      - id: worn_out\n",
		"      - id: words\n        kind: long_text\n        label: {en: \"Words?\"}\n      - id: worn_out\n", 1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	permitted, refused, behind := 0, 0, 0
	for seed := range uint64(60) {
		a := newAttack(t, plain, allRules, seed)
		for _, answers := range a.people {
			if a.random.IntN(3) > 0 {
				answers["words"] = []string{"Less"}
			}
		}
		p, err := indexOf(t, writing, a.people).Publish(a.ends)
		if err != nil {
			t.Fatal(err)
		}
		views := [][]Filter{nil}
		for _, district := range "abcde" {
			one := Filter{"district", string(district)}
			views = append(views, []Filter{one})
			for _, service := range "abc" {
				views = append(views, []Filter{{"service", string(service)}, one})
			}
		}
		for _, filters := range views {
			below, err := p.Writers("words", filters)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for _, q := range see(t, p, View{Filters: filters}).Questions {
				switch {
				case q.ID != "words" || q.Base == nil:
				case q.AsOf != nil:
					want = *q.AsOf
					behind++
				default:
					want = len(a.people)
				}
			}
			if below != want {
				t.Errorf("seed %d: under %v texts of the first %d may be shown, the figures are of %d", seed, filters, below, want)
			}
			if want > 0 {
				permitted++
			} else {
				refused++
			}
		}
	}
	if permitted < 100 || refused < 100 || behind < 10 {
		t.Errorf("%d views were permitted, %d of them of fewer responses, and %d refused", permitted, behind, refused)
	}
}

func TestWritersOfWhatThereIsNot(t *testing.T) {
	t.Parallel()
	form := attackedForm(t)
	people := make([]forms.Answers, 30)
	for i := range people {
		people[i] = forms.Answers{"care_role": {"paid"}, "pay": {"good"}}
	}
	index := indexOf(t, form, people)
	p, err := index.Publish([]int{30})
	if err != nil {
		t.Fatal(err)
	}
	if below, err := p.Writers("words", nil); below != 0 || err != nil {
		t.Errorf("of a question that there is not: %d, %v", below, err)
	}
	if below, err := p.Writers("pay", nil); below != 30 || err != nil {
		t.Errorf("of everybody: %d, %v", below, err)
	}
	var unknown *ViewError
	if _, err := p.Writers("pay", []Filter{{"pay", "good"}}); !errors.As(err, &unknown) {
		t.Errorf("a filter that there is not: %v", err)
	}
	unseen, err := index.Publish(nil)
	if err != nil {
		t.Fatal(err)
	}
	if below, err := unseen.Writers("pay", nil); below != 0 || err != nil {
		t.Errorf("before anybody has looked: %d, %v", below, err)
	}
}
