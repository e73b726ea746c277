package store_test

import (
	"math"
	"slices"
	"testing"
)

// permutations is how many shuffles what was found is compared with.
const permutations = 99

// pair is an order that tells about people beside one that tells about
// responses: for each release, the rank of every one of its turns in both.
type pair struct {
	what string
	x, y [][]int
}

// linkByChance tells how likely a random shuffle is to look as much like a
// link as the snapshot does: p of a permutation test.
//
// The statistic is the largest of all pairs of an order of people and an order
// of responses, by the three ways of score. Many pairs are tried, and the
// largest of many is large by chance too. So it is compared with the largest of
// the very same pairs after the responses of each release have been dealt out
// anew. If releases shuffle, every dealing, the real one among them, is as
// likely as any other, whatever the pairs have to do with each other: then
// P(p <= a) <= a for every a. No correction for the number of pairs is left to
// do, and none of their distributions matters.
func (c *crowd) linkByChance(t *testing.T) float64 {
	t.Helper()
	turns := map[int][]int{}
	for turn, release := range c.release {
		turns[release] = append(turns[release], turn)
	}
	var releases [][]int
	for _, of := range turns {
		releases = append(releases, of)
	}
	came := make([]int, uses)
	for turn := range came {
		came[turn] = turn
	}
	people := []order{{what: "the order of use", turns: came}}
	var responses []order
	for _, o := range c.orders {
		if o.responses {
			responses = append(responses, o)
		} else if !slices.Equal(o.turns, came) {
			people = append(people, o)
		}
	}
	var pairs []pair
	for _, x := range people {
		for _, y := range responses {
			pairs = append(pairs, pair{x.what + ", " + y.what, ranks(x.turns, releases), ranks(y.turns, releases)})
		}
	}
	if len(people) < 5 || len(responses) < 2 {
		t.Fatalf("the snapshot has too few orders to look at: %d and %d", len(people), len(responses))
	}

	deal := make([][]int, len(releases))
	for r, of := range releases {
		deal[r] = came[:len(of)]
	}
	largest := func() (score float64) {
		for _, p := range pairs {
			score = max(score, p.score(deal))
		}
		return score
	}
	found := largest()
	asMuch := 1
	for range permutations {
		for r, of := range releases {
			deal[r] = c.random.Perm(len(of))
		}
		if largest() >= found {
			asMuch++
		}
	}
	return float64(asMuch) / (permutations + 1)
}

// ranks gives for each release and each of its turns, in the order of
// releases, which place that turn has among them in the order.
func ranks(order []int, releases [][]int) [][]int {
	place := make([]int, len(order))
	for i, turn := range order {
		place[turn] = i
	}
	out := make([][]int, len(releases))
	for r, turns := range releases {
		sorted := slices.SortedFunc(slices.Values(turns), func(a, b int) int { return place[a] - place[b] })
		rank := make(map[int]int, len(turns))
		for i, turn := range sorted {
			rank[turn] = i
		}
		for _, turn := range turns {
			out[r] = append(out[r], rank[turn])
		}
	}
	return out
}

// score says how much the two orders have to do with each other, if the one
// who has the place i among the turns of release r got the response of the one
// who has deal[r][i]: the largest of three sums over all releases, each less
// what a shuffle has on average and in units of its standard deviation.
//
//   - Rank correlation, Spearman's: the sum of products of ranks less their
//     mean. Of n it has the variance (n(n²-1)/12)²/(n-1). Forwards or backwards.
//   - Matches: how many are right if the first of the one order is taken for
//     the first of the other, and so on. Mean and variance are 1 a release.
//   - Neighbours: how many follow each other in both orders, in whichever
//     direction. The mean is 2(n-1)/n a release, the variance is near 2.
func (p pair) score(deal [][]int) float64 {
	var products, variance, matches, neighbours, expected float64
	byRank := make([]int, 0, uses)
	for r, x := range p.x {
		n := float64(len(x))
		mean := (n - 1) / 2
		byRank = byRank[:len(x)]
		for i, rank := range x {
			got := p.y[r][deal[r][i]]
			products += (float64(rank) - mean) * (float64(got) - mean)
			if rank == got {
				matches++
			}
			byRank[rank] = got
		}
		for i := 1; i < len(byRank); i++ {
			if d := byRank[i] - byRank[i-1]; d == 1 || d == -1 {
				neighbours++
			}
		}
		if n > 1 {
			variance += math.Pow(n*(n*n-1)/12, 2) / (n - 1)
		}
		expected += 2 * (n - 1) / n
	}
	releases := float64(len(p.x))
	return max(math.Abs(products)/math.Sqrt(variance), (matches-releases)/math.Sqrt(releases), (neighbours-expected)/math.Sqrt(2*releases))
}

// fisher puts the p of independent tests together: if each is as likely to be
// at most a as a says, -2 times the sum of their logarithms follows chi² with
// twice as many degrees of freedom, and is no larger if they are less likely.
// Its tail with 2k degrees is exp(-s) times the first k terms of exp's series
// at s, half of the statistic.
func fisher(ps []float64) float64 {
	s := 0.0
	for _, p := range ps {
		s -= math.Log(p)
	}
	term, sum := 1.0, 0.0
	for k := range ps {
		sum += term
		term *= s / float64(k+1)
	}
	return math.Exp(-s) * sum
}

func TestFisher(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ps   []float64
		want float64
	}{
		{[]float64{0.3}, 0.3},                    // alone it says what it says
		{[]float64{1, 1, 1}, 1},                  //
		{[]float64{0.05, 0.05}, 0.01747866},      // 0.0025 (1 - ln 0.0025)
		{slices.Repeat([]float64{0.01}, 20), 0},  // a link each time
		{slices.Repeat([]float64{0.5}, 20), 0.9}, // below
	} {
		got := fisher(c.ps)
		if c.want == 0.9 {
			if got < 0.8 {
				t.Errorf("twenty coins: %v", got)
			}
		} else if math.Abs(got-c.want) > 1e-7 {
			t.Errorf("fisher(%v) = %v, want %v", c.ps, got, c.want)
		}
	}
}
