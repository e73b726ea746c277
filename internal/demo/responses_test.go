package demo

import (
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/results"
	"intake/internal/store"
	"intake/internal/testenv"
)

// waveAt is a wave that opens at a time.
func waveAt(code string, opens time.Time) store.Wave {
	return store.Wave{Code: code, OpensAt: opens, Demo: true, Versions: []int64{1}}
}

// invent makes the answers of the first n people of a wave.
func invent(t testing.TB, d Deps, wave string, n int) []forms.Answers {
	t.Helper()
	return inventAt(d, waveAt(wave, d.Now), n)
}

func inventAt(d Deps, wave store.Wave, n int) []forms.Answers {
	people := newPopulation(wave, d.Districts)
	all := make([]forms.Answers, n)
	for i := range all {
		all[i] = people.answersOf(i)
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

// What is loaded is looked at by nobody, so it must be what the form would have
// made of the same answers: canonical, stripped and valid.
func TestAnswersAreValidAndStripped(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	for i, a := range invent(t, d, "spring", 6000) {
		got, err := answersTo(d.Survey, url.Values(a), d.Now)
		if err != nil {
			t.Fatalf("person %d: %v", i, err)
		}
		if !got.Equal(a) {
			t.Fatalf("person %d: the form makes\n%s of\n%s", i, got.Encode(), a.Encode())
		}
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
			if q.Kind == forms.KindLongText && len(seen) < 60 {
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

var goodOrBetter = []string{"very_good", "good"}

func TestDistrictsDiffer(t *testing.T) {
	t.Parallel()
	all := invent(t, pureDeps(t, thursday), "spring", 4000)
	maldon, inMaldon := portion(all, "overall", goodOrBetter, has("district", "maldon"))
	harlow, inHarlow := portion(all, "overall", goodOrBetter, has("district", "harlow"))
	_, inColchester := portion(all, "overall", goodOrBetter, has("district", "colchester"))
	if maldon < harlow+0.15 {
		t.Errorf("good or better: Maldon %.2f, Harlow %.2f", maldon, harlow)
	}
	if inColchester < 4*inMaldon || inMaldon < 40 || inHarlow < 80 {
		t.Errorf("answered: Colchester %d, Maldon %d, Harlow %d", inColchester, inMaldon, inHarlow)
	}
}

func TestDistrictsOfOtherCouncilsDifferToo(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	d.Districts = []string{"north", "south", "east", "west", "the_middle"}
	smallest, largest := math.MaxInt, 0
	for _, district := range d.Districts {
		_, base := portion(inventAt(d, waveAt("spring", d.Now), 4000), "overall", goodOrBetter, has("district", district))
		smallest, largest = min(smallest, base), max(largest, base)
	}
	if smallest < 40 || largest < 2*smallest {
		t.Errorf("the smallest district has %d answers, the largest %d", smallest, largest)
	}
}

func TestRolesAndServicesDiffer(t *testing.T) {
	t.Parallel()
	all := invent(t, pureDeps(t, thursday), "spring", 6000)
	for _, c := range []struct {
		id              string
		codes           []string
		question        string
		more, less      string
		atLeast, people float64
	}{
		{"pay_rating", goodOrBetter, "job_role", "manager", "care_worker", 0.1, 200},
		{"overall", goodOrBetter, "job_role", "manager", "care_worker", 0.05, 200},
		{"train_dementia", []string{"done_confident"}, "job_role", "nurse_therapist", "care_worker", 0.1, 100},
		{"time_to_care", []string{"always", "often"}, "service", "day_community", "nursing_home", 0.1, 100},
		{"leave_reasons", []string{"travel"}, "service", "home_care", "care_home", 0.01, 100},
	} {
		more, base := portion(all, c.id, c.codes, has(c.question, c.more))
		less, other := portion(all, c.id, c.codes, has(c.question, c.less))
		if more < less+c.atLeast || float64(min(base, other)) < c.people {
			t.Errorf("%s: %s %.2f of %d, %s %.2f of %d", c.id, c.more, more, base, c.less, less, other)
		}
	}
}

func TestAnswersHangTogether(t *testing.T) {
	t.Parallel()
	all := invent(t, pureDeps(t, thursday), "spring", 4000)
	for _, c := range []struct {
		id    string
		codes []string
		among string
		well  string
		badly string
	}{
		{"in_12_months", []string{"same_job"}, "manager_support", "very_good", "very_poor"},
		{"overall", goodOrBetter, "pay_rating", "very_good", "very_poor"},
		{"can_raise_concerns", []string{"strongly_agree", "agree"}, "supervision", "yes", "no"},
		{"worked_while_ill", []string{"no"}, "worn_out", "never", "always"},
		{"train_communication", []string{"done_confident"}, "train_dementia", "done_confident", "want_it"},
	} {
		well, _ := portion(all, c.id, c.codes, has(c.among, c.well))
		badly, _ := portion(all, c.id, c.codes, has(c.among, c.badly))
		if well < badly+0.15 {
			t.Errorf("%s: %.2f where %s is %s, %.2f where it is %s", c.id, well, c.among, c.well, badly, c.badly)
		}
	}
	if headline, _ := portion(all, "overall", goodOrBetter, everyone); math.Abs(headline-0.55) > 0.12 {
		t.Errorf("%.2f say good or better, which is hardly believable", headline)
	}
}

// Half a year later some things are better, others worse, and none is another
// world.
func TestWavesDiffer(t *testing.T) {
	t.Parallel()
	d := pureDeps(t, thursday)
	earlier := inventAt(d, waveAt("2025-11", d.Now.AddDate(0, -6, 0)), 8000)
	later := inventAt(d, waveAt("2026-05", d.Now), 8000)
	for _, c := range []struct {
		id     string
		codes  []string
		better bool
	}{
		{"supervision", []string{"yes"}, true},
		{"train_oliver_mcgowan", []string{"done_confident"}, true},
		{"time_to_care", []string{"always", "often"}, false},
		{"pay_rating", goodOrBetter, false},
	} {
		before, _ := portion(earlier, c.id, c.codes, everyone)
		after, _ := portion(later, c.id, c.codes, everyone)
		if change := after - before; math.Abs(change) < 0.015 || math.Abs(change) > 0.12 || change > 0 != c.better {
			t.Errorf("%s goes from %.3f to %.3f", c.id, before, after)
		}
	}
}

func TestPeopleSkipAndPreferNotToSay(t *testing.T) {
	t.Parallel()
	all := invent(t, pureDeps(t, thursday), "spring", 4000)
	paid := func(a forms.Answers) bool { return a.Get("care_role") == "paid_provider" }
	asked, answered, written, said := 0, 0, 0, 0
	for _, a := range all {
		if !paid(a) {
			continue
		}
		asked++
		if a.Get("overall") != "" {
			answered++
		}
		if text := a.Get("one_change"); text != "" {
			written++
			if slices.Contains(indiscreet, text) {
				said++
			}
		}
	}
	for what, share := range map[string]struct{ part, of, want float64 }{
		"answer the headline":  {float64(answered), float64(asked), 0.97},
		"write":                {float64(written), float64(asked), 1.0 / 3},
		"say too much in that": {float64(said), float64(written), 0.04},
	} {
		if got := share.part / share.of; math.Abs(got-share.want) > 0.03 {
			t.Errorf("%.3f %s, want about %.2f", got, what, share.want)
		}
	}
	if unwilling, _ := portion(all, "ethnicity", []string{"prefer_not_to_say"}, everyone); unwilling < 0.02 || unwilling > 0.12 {
		t.Errorf("%.3f prefer not to say", unwilling)
	}
	if unsure, _ := portion(all, "gets_sick_pay", []string{"unsure"}, everyone); unsure < 0.03 || unsure > 0.15 {
		t.Errorf("%.3f are unsure", unsure)
	}
}

// telling is what must be taken out of a text before others may read it.
var telling = regexp.MustCompile(`\d{5}|@|\b[A-Z]{2}\d|[a-z,] [A-Z][a-z]+ [A-Z][a-z]+|^[A-Z][a-z]+ [A-Z][a-z]+ `)

func TestOnlyTheIndiscreetTextsTellAnything(t *testing.T) {
	t.Parallel()
	for about, texts := range wishes {
		for _, text := range texts {
			if telling.MatchString(text) {
				t.Errorf("%s: %s", about, text)
			}
		}
	}
	phone, email := regexp.MustCompile(`\d[\d ]{6,}\d`), regexp.MustCompile(`\S+@\S+`)
	for _, text := range indiscreet {
		if !telling.MatchString(text) {
			t.Errorf("nothing is to be taken out of %q", text)
		}
		for _, number := range phone.FindAllString(text, -1) {
			if !strings.HasPrefix(number, "01632 960") {
				t.Errorf("%s may be somebody's number", number)
			}
		}
		for _, address := range email.FindAllString(text, -1) {
			if !strings.HasSuffix(address, "@example.com") {
				t.Errorf("%s may be somebody's address", address)
			}
		}
	}
}

func BenchmarkAnswers(b *testing.B) {
	people := newPopulation(waveAt("spring", thursday), []string{"maldon", "harlow", "colchester"})
	for i := 0; b.Loop(); i++ {
		people.answersOf(i)
	}
}

func BenchmarkAnswersEncoded(b *testing.B) {
	people := newPopulation(waveAt("spring", thursday), []string{"maldon", "harlow", "colchester"})
	for i := 0; b.Loop(); i++ {
		people.answersOf(i).Encode()
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
