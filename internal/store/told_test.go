package store

import (
	"fmt"
	"slices"
	"testing"
)

func TestMayTell(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		released int
		returned []int
		want     []bool
	}{
		"no collector":                         {30, nil, []bool{}},
		"nothing came back":                    {0, []int{0, 0}, []bool{false, false}},
		"all came by it":                       {10, []int{10}, []bool{true}},
		"one too few":                          {30, []int{9}, []bool{false}},
		"three came by none":                   {33, []int{30}, []bool{false}},
		"ten came by none":                     {40, []int{30}, []bool{true}},
		"a small one beside a large one":       {35, []int{30, 5}, []bool{false, false}},
		"a small one beside two":               {65, []int{30, 5, 30}, []bool{false, false, false}},
		"a small one beside two of other size": {66, []int{30, 5, 31}, []bool{false, false, true}},
		"a small one covered by those of none": {45, []int{30, 5}, []bool{true, false}},
		"nobody by the second":                 {30, []int{30, 0}, []bool{true, false}},
		"two small ones that cover each other": {45, []int{30, 7, 8}, []bool{true, false, false}},
		"two as large as hidden ones can be":   {48, []int{30, 9, 9}, []bool{false, false, false}},
		"two small ones that do not cover":     {77, []int{30, 3, 4, 40}, []bool{false, false, false, true}},
		"held back until they are ten":         {39, []int{10, 0}, []bool{true, false}},
		"held back, alone":                     {19, []int{10, 0}, []bool{false, false}},
	} {
		if got := mayTell(test.released, test.returned); !slices.Equal(got, test.want) {
			t.Errorf("%s: told %v, want %v", name, got, test.want)
		}
	}
}

// Whoever sees all that is told, knows the rule, and knows that everybody came
// by a collector, as in a wave by invitation, cannot say of any collector how
// many of one to nine came back by it.
func TestNobodyWorksOutWhatIsNotTold(t *testing.T) {
	t.Parallel()
	const most = 40
	for collectors := 1; collectors <= 4; collectors++ {
		// The numbers that each collector can have had, for what is told.
		possible := map[string][]map[int]bool{}
		returned := make([]int, collectors)
		var each func(i, sum int)
		each = func(i, sum int) {
			if i < collectors {
				for returned[i] = 0; sum+returned[i] <= most; returned[i]++ {
					each(i+1, sum+returned[i])
				}
				return
			}
			if sum < MinRelease {
				return // so few are in no release, but for the last
			}
			told := mayTell(sum, returned)
			seen, rest := fmt.Sprint(sum), sum
			for i, n := range returned {
				if told[i] {
					seen += fmt.Sprint(" ", n)
					rest -= n
				} else {
					seen += " -"
				}
				if told[i] && n < MinRelease {
					t.Fatalf("%d of %v is told", n, returned)
				}
			}
			if rest != 0 && rest < MinRelease {
				t.Fatalf("of %v, %d are neither told nor covered: %s", returned, rest, seen)
			}
			if possible[seen] == nil {
				possible[seen] = make([]map[int]bool, collectors)
			}
			for i, n := range returned {
				if possible[seen][i] == nil {
					possible[seen][i] = map[int]bool{}
				}
				possible[seen][i][n] = true
			}
		}
		each(0, 0)
		for seen, sets := range possible {
			for i, set := range sets {
				for n := range set {
					if len(set) == 1 && n > 0 && n < MinRelease {
						t.Errorf("%q gives away that %d came by collector %d", seen, n, i+1)
					}
				}
			}
		}
	}
}

func TestTotalsByInvitationAreToldInTens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		released, live                       int
		wantTotal, wantWaiting, wantReleased string
	}{
		{0, 0, "fewer than 10", "fewer than 10", "0"}, {0, 9, "fewer than 10", "fewer than 10", "0"},
		{0, 10, "at least 10", "at least 10", "0"}, {0, 19, "at least 10", "at least 10", "0"}, {0, 20, "at least 20", "at least 20", "0"},
		{13, 13, "at least 10", "fewer than 10", "13"}, {13, 22, "at least 10", "fewer than 10", "13"}, {13, 23, "at least 20", "at least 10", "13"},
		{29, 38, "at least 20", "fewer than 10", "29"}, {31, 31, "at least 30", "fewer than 10", "31"},
		{9, 9, "fewer than 10", "fewer than 10", "fewer than 10"}, {10, 10, "at least 10", "fewer than 10", "10"},
	} {
		w := Wave{ByInvitation: true, Released: test.released}
		if total, waiting, released := w.ToldTotal(test.live).String(), w.ToldWaiting(test.live).String(), w.ToldReleased().String(); total != test.wantTotal || waiting != test.wantWaiting || released != test.wantReleased {
			t.Errorf("%d live, %d of them released: told %s, %s and %s, want %s, %s and %s", test.live, test.released,
				total, waiting, released, test.wantTotal, test.wantWaiting, test.wantReleased)
		}
		w.ByInvitation = false
		if total, waiting, released := w.ToldTotal(test.live), w.ToldWaiting(test.live), w.ToldReleased(); total != (Told{test.live, true}) ||
			waiting != (Told{test.live - test.released, true}) || released != (Told{test.released, true}) {
			t.Errorf("where anyone may answer, %d and %d became %v, %v and %v", test.live, test.released, total, waiting, released)
		}
	}
}
