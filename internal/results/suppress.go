package results

import "slices"

// verdict is what becomes of a cell.
type verdict int

const (
	shown verdict = iota
	few           // fewer than five people
	complementary
	nearlyAll
)

func (v verdict) reason() Reason {
	switch v {
	case few:
		return FewerThan5
	case complementary:
		return Complementary
	}
	return ""
}

// A cell with 1 to small people is never shown.
const small = 4

func isSmall(count int) bool { return 1 <= count && count <= small }

// Hiding must withstand a reader who knows the sum of the cells and these very
// rules. So what is hidden depends only on which counts there are, never on
// which option has which: then the hidden counts could be exchanged among
// their options without any change in what is shown, and none of them is known
// as long as they are not all equal.
//
// The steps: cells of 1 to 4 are hidden. If that leaves only one, or if their
// sum gives them away, the empty cells are hidden too, all of them, and all are
// still "fewer than 5". If there are no empty cells, the next smallest ones
// are hidden, ties together, and every hidden cell is called complementary:
// "fewer than 5" would then tell which is which.

// judgeOne judges the cells of a question with one answer, whose sum is known.
func judgeOne(cells []int) []verdict {
	return judgeCells(cells, givenAwayBySum(cells))
}

// judgeCells hides the small cells, and others with them if givenAway.
func judgeCells(cells []int, givenAway bool) []verdict {
	verdicts := make([]verdict, len(cells))
	hide := func(as verdict, match func(count int) bool) {
		for i, count := range cells {
			if match(count) {
				verdicts[i] = as
			}
		}
	}
	hide(few, isSmall)
	switch {
	case !slices.ContainsFunc(cells, isSmall), !givenAway:
		return verdicts
	case slices.Contains(cells, 0):
		hide(few, func(count int) bool { return count <= small })
		return verdicts
	}
	next := 0
	for _, count := range cells {
		if count > small && (next == 0 || count < next) {
			next = count
		}
	}
	hide(complementary, func(count int) bool { return count <= max(next, small) })
	return verdicts
}

// tellsSomething reports whether anything is left to show: one answer that five
// people or more gave. If not, the base goes too, since the sum of cells that
// are all hidden can be enough to know them.
func tellsSomething(cells []int, verdicts []verdict) bool {
	for i, count := range cells {
		if verdicts[i] == nearlyAll || verdicts[i] == shown && count > small {
			return true
		}
	}
	return false
}

// givenAwayBySum reports whether the sum of the small cells tells what they
// are, when all that is known of each is that it has 1 to 4: one cell alone,
// all ones, or all fours. Up to four ones without an empty cell are safe: they
// look just like one cell with them all that is hidden with empty ones.
func givenAwayBySum(cells []int) bool {
	count, sum := 0, 0
	for _, cell := range cells {
		if isSmall(cell) {
			count++
			sum += cell
		}
	}
	switch {
	case count == 1, sum == small*count:
		return true
	case sum == count:
		return count > small || slices.Contains(cells, 0)
	}
	return false
}

// judgeUnanimous judges a sensitive question to which all, or all but fewer
// than five, gave the same answer. Where only real unanimity was called
// "nearly all", the words would mean "all".
func judgeUnanimous(cells []int, base int) (verdicts []verdict, unanimous bool) {
	top := slices.Max(cells)
	if base-top > small {
		return nil, false
	}
	verdicts = make([]verdict, len(cells))
	for i, count := range cells {
		verdicts[i] = few
		if count == top {
			verdicts[i] = nearlyAll
		}
	}
	return verdicts, true
}

// judgeSeveral judges the options of a question with several answers, each a
// question of its own with the answers ticked and not ticked, and the same
// base. An option is hidden if either has 1 to 4.
func judgeSeveral(cells []int, base int, sensitive bool) []verdict {
	verdicts := make([]verdict, len(cells))
	ticks, full := 0, true
	for i, count := range cells {
		ticks += count
		switch {
		case sensitive && base-count <= small:
			verdicts[i] = nearlyAll
		case isSmall(count), sensitive && count == 0:
			verdicts[i] = few
		case isSmall(base - count):
			verdicts[i] = complementary
		}
		if verdicts[i] != shown {
			full = full && count == small
		}
	}
	// Everyone ticked something. If nobody ticked two, the ticks add up to
	// the base, and hidden fours cannot be fewer than four.
	if full && ticks == base && !sensitive {
		return judgeCells(cells, true)
	}
	return verdicts
}

// positive is the percentage of those who gave one of the good answers, and
// how many did. It is not shown if, with the cells that are, it would give a
// hidden one away; exact tells that how many did would not either.
func positive(good, codes []string, cells []int, verdicts []verdict, base int) (figure *int, count int, exact bool) {
	if len(good) == 0 || slices.Contains(verdicts, nearlyAll) {
		return nil, 0, false
	}
	open := 0 // good answers in shown cells
	var hiddenGood, hiddenRest []int
	for i, code := range codes {
		isGood := slices.Contains(good, code)
		switch {
		case isGood && verdicts[i] == shown:
			open += cells[i]
		case isGood:
			hiddenGood = append(hiddenGood, cells[i])
		case verdicts[i] != shown:
			hiddenRest = append(hiddenRest, cells[i])
		}
	}
	count = open + sum(hiddenGood)
	figure = percent(count, base)
	switch {
	case len(hiddenGood) == 0 || len(hiddenRest) == 0:
		return figure, count, true // it follows from the shown cells and the base
	case varied(hiddenGood) && varied(hiddenRest):
		return figure, count, true // within each part the counts can still be exchanged
	}
	// Otherwise only if it is the same for whatever the hidden good answers
	// could add up to.
	hidden := sum(hiddenGood) + sum(hiddenRest)
	least, most := 0, hidden
	if slices.Contains(verdicts, few) {
		least, most = max(0, hidden-small*len(hiddenRest)), min(hidden, small*len(hiddenGood))
	}
	if *percent(open+least, base) == *percent(open+most, base) {
		return figure, 0, false
	}
	return nil, 0, false
}

// varied reports whether not all counts are equal.
func varied(counts []int) bool {
	return slices.Min(counts) != slices.Max(counts)
}

func sum(counts []int) int {
	total := 0
	for _, count := range counts {
		total += count
	}
	return total
}
