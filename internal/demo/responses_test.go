package demo

import (
	"math"
	"slices"
	"sync"
	"testing"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
	"intake/internal/testenv"
)

// invent makes the answers of n responses to a wave.
func invent(t *testing.T, d Deps, wave string, n int) []forms.Answers {
	t.Helper()
	all := make([]forms.Answers, n)
	for i := range all {
		var err error
		if all[i], err = response(d, wave, i); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// portion is how many of the answers that satisfy among answer the question
// with one of the codes, out of those that answer it.
func portion(all []forms.Answers, id string, codes []string, among func(forms.Answers) bool) (part float64, base int) {
	hits := 0
	for _, a := range all {
		if answer := a.Get(id); answer != "" && among(a) {
			base++
			if slices.Contains(codes, answer) {
				hits++
			}
		}
	}
	return float64(hits) / float64(base), base
}

func everyone(forms.Answers) bool { return true }

func has(id, code string) func(forms.Answers) bool {
	return func(a forms.Answers) bool { return a.Get(id) == code }
}

func TestResponsesAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	once, again, other := invent(t, d, "spring", 50), invent(t, d, "spring", 50), invent(t, d, "autumn", 50)
	same := 0
	for i := range once {
		if !once[i].Equal(again[i]) {
			t.Fatalf("response %d differs: %s and %s", i, once[i].Encode(), again[i].Encode())
		}
		if once[i].Equal(other[i]) {
			same++
		}
	}
	if same > 5 {
		t.Errorf("%d of 50 responses are the same in another wave", same)
	}
}

func TestEveryOptionIsChosenBySomeone(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	all := invent(t, d, "spring", 4000)
	for _, page := range d.Survey.Pages {
		for _, q := range page.Questions {
			seen := map[string]bool{}
			for _, a := range all {
				for _, code := range a[q.ID] {
					seen[code] = true
				}
			}
			if q.Kind == forms.KindLongText && len(seen) < 25 {
				t.Errorf("%s has %d different texts", q.ID, len(seen))
			}
			for _, option := range q.Options {
				if !seen[option.Code] {
					t.Errorf("nobody answers %s to %s", option.Code, q.ID)
				}
			}
		}
	}
}

func TestDistrictsDiffer(t *testing.T) {
	t.Parallel()
	all := invent(t, pureDeps(t, thursday), "spring", 2000)
	good := []string{"very_good", "good"}
	maldon, inMaldon := portion(all, "overall", good, has("district", "maldon"))
	harlow, inHarlow := portion(all, "overall", good, has("district", "harlow"))
	_, inColchester := portion(all, "overall", good, has("district", "colchester"))
	if maldon < harlow+0.15 {
		t.Errorf("good or better: Maldon %.2f, Harlow %.2f", maldon, harlow)
	}
	if inColchester < 2*inMaldon || inMaldon < 20 || inHarlow < 20 {
		t.Errorf("answered: Colchester %d, Maldon %d, Harlow %d", inColchester, inMaldon, inHarlow)
	}
	managers, _ := portion(all, "pay_rating", good, has("job_role", "manager"))
	workers, _ := portion(all, "pay_rating", good, has("job_role", "care_worker"))
	if managers < workers+0.05 {
		t.Errorf("pay is good: managers %.2f, care workers %.2f", managers, workers)
	}
}

func TestAnswersHangTogether(t *testing.T) {
	t.Parallel()
	all := invent(t, pureDeps(t, thursday), "spring", 2000)
	stay := []string{"same_job"}
	well, _ := portion(all, "in_12_months", stay, has("manager_support", "very_good"))
	badly, _ := portion(all, "in_12_months", stay, has("manager_support", "very_poor"))
	if well < badly+0.15 {
		t.Errorf("stay: %.2f with very good support, %.2f with very poor", well, badly)
	}
	if headline, _ := portion(all, "overall", []string{"very_good", "good"}, everyone); math.Abs(headline-0.55) > 0.12 {
		t.Errorf("%.2f say good or better, which is hardly believable", headline)
	}
}

func TestNoQuestionIsWithheldForItsBase(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	indexer := results.NewIndexer(results.NewLayout(d.Survey))
	for _, a := range invent(t, d, "spring", 2000) {
		if err := indexer.Add(d.Survey.Version, a); err != nil {
			t.Fatal(err)
		}
	}
	published, err := indexer.Index().Publish([]int{2000})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := published.Disclose(results.View{})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range shown.Questions {
		if q.Withheld != "" && q.ID != "one_change" {
			t.Errorf("%s is withheld: %s", q.ID, q.Withheld)
		}
	}
	if len(shown.Questions) < 40 {
		t.Errorf("only %d questions have results", len(shown.Questions))
	}
}

func TestResponsesReachTheLedger(t *testing.T) {
	t.Parallel()
	d, _ := depsWithLedger(t, thursday)
	ctx := t.Context()
	err := d.Store.OpenWave(ctx, store.Deed{At: d.Now}, store.NewWave{Survey: d.Survey.ID, Code: "spring", Versions: []int64{1}, OpensAt: d.Now, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	wave, err := d.Store.CurrentWave(ctx, d.Survey.ID, d.Now)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	last := 0
	d.Progress = func(done, total int, _ string) {
		if !mu.TryLock() {
			t.Error("progress is told by two goroutines at once")
			return
		}
		defer mu.Unlock()
		if done < last || done > total {
			t.Errorf("progress goes from %d to %d of %d", last, done, total)
		}
		last = done
	}
	const n = 500
	if err := Responses(ctx, d, *wave, n); err != nil {
		t.Fatal(err)
	}
	if last != n {
		t.Errorf("progress ends at %d", last)
	}
	live, err := d.Store.LiveTotal(ctx, wave.ID)
	if err != nil || live != n {
		t.Errorf("the live total is %d, %v", live, err)
	}
	due, err := d.Store.WavesToRelease(ctx, d.Now)
	if err != nil || len(due) != 0 {
		t.Errorf("a worker would release %v at once, %v", due, err)
	}
	released := map[string]int{}
	for _, a := range testenv.Released(t, d.Store, wave.ID) {
		released[string(a.Encode())]++
	}
	want := map[string]int{}
	for _, a := range invent(t, d, "spring", n-leftWaiting) {
		want[string(a.Encode())]++
	}
	if len(released) != len(want) {
		t.Fatalf("released %d different responses, want %d", len(released), len(want))
	}
	for answers, times := range want {
		if released[answers] != times {
			t.Errorf("released %d times instead of %d: %s", released[answers], times, answers)
		}
	}
}

func TestTooFewResponsesToReleaseAreNoError(t *testing.T) {
	t.Parallel()
	d, _ := depsWithLedger(t, thursday)
	if err := d.Store.OpenWave(t.Context(), store.Deed{At: d.Now}, store.NewWave{Survey: d.Survey.ID, Code: "tiny", Versions: []int64{1}, OpensAt: d.Now, Demo: true}); err != nil {
		t.Fatal(err)
	}
	wave, err := d.Store.CurrentWave(t.Context(), d.Survey.ID, d.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{0, 3, 9} {
		if err := Responses(t.Context(), d, *wave, n); err != nil {
			t.Errorf("%d responses: %v", n, err)
		}
		if live, err := d.Store.LiveTotal(t.Context(), wave.ID); err != nil || live != []int{0, 3, 12}[i] {
			t.Errorf("the live total is %d, %v", live, err)
		}
	}
}
