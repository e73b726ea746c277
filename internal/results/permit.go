package results

import (
	"math/bits"
	"slices"
)

// Which figures may be shown is decided by who can be told apart. Every figure
// is about a set of people: those in the base of a question who meet some
// conditions, among the responses of an edition. Whoever sees two or three
// figures can take one set away from another; what is left over must be nobody
// or as many as the threshold, or an answer of few people would be known.
//
// A set is shown in an edition if, in that edition,
//
//  1. it reaches the threshold;
//  2. so do, unless they are empty, all sets into which its conditions divide
//     the people: those who meet some of them and not the others;
//  3. in each of its dimensions, the rows beside it that are not shown, with
//     those who did not say, are together nobody or as many as the threshold,
//     and so are those who gave the same answers and meet all but one of its
//     other conditions; while they are not, the next smallest row is not shown
//     either;
//  4. so are those by which each of these sets has grown since the edition in
//     which it was last shown;
//  5. and each set that it is a part of is shown;
//  6. and if nobody has joined it since the edition before, it was shown then;
//  7. and if, of a set that it is a part of and that was shown in an edition
//     before, all who are in it, or none of them, came until then or since:
//     how many came until then and since, in it and beside it, is nobody or as
//     many as the threshold.
//  8. and of a set that it is a part of, those beside it can be worked out. If
//     they all gave the same answers to other dimensions, those who gave these
//     and are not beside it are nobody or as many as the threshold; and if a
//     set that reaches the threshold is among them, so are the rest of them.
//
// Among its conditions are those that everybody in it happens to meet: a set
// is the same under whatever name, and in whatever edition. What was shown
// once stays known, so that a set which is not shown in an edition is shown as
// it was in the last one in which it was.
//
// None of this depends on what anybody said, nor on who has looked at what.

// rules can be switched off one by one, by the test that shows that each of
// them is needed.
type rules struct{ growth, divided, beside, cells bool }

var allRules = rules{true, true, true, true}

// allowed tells in which editions the figures of a question may be shown for
// those who meet all conditions.
func (n *census) allowed(rules rules, question, threshold int) []bool {
	masks := 1 << len(n.conditions)
	if n.base(masks-1, question, n.editions-1) < threshold && rules.divided {
		return make([]bool, n.editions) // nor was it more before
	}
	allowed := make([][]bool, masks) // by mask: what it is a part of comes before it
	for mask := range masks {
		verdict := n.divided(rules, question, mask, threshold)
		and := func(other []bool) {
			for e := range verdict {
				verdict[e] = verdict[e] && other[e]
			}
		}
		for i := range n.conditions {
			if without := mask &^ (1 << i); without != mask {
				and(n.beside(rules, question, i, without, threshold))
				and(allowed[without])
			}
		}
		if rules.growth {
			n.sinceThen(verdict, allowed, question, mask, threshold)
		}
		allowed[mask] = verdict
	}
	return allowed[masks-1]
}

// sinceThen takes back what rules 6 and 7 forbid of the verdict on the set of
// a mask; shown is what was allowed of the sets that it is a part of.
func (n *census) sinceThen(verdict []bool, shown [][]bool, question, mask, threshold int) {
	last := -1 // the edition in which it was last shown
	for e := range verdict {
		size := n.base(mask, question, e)
		if e > 0 && size == n.base(mask, question, e-1) {
			verdict[e] = verdict[e] && verdict[e-1]
		}
		for f := last + 1; f < e && verdict[e]; f++ {
			before := n.base(mask, question, f)
			for of := (mask - 1) & mask; of != mask; of = (of - 1) & mask {
				if shown[of][f] && !told(before, size-before, n.base(of, question, f)-before,
					n.base(of, question, e)-n.base(of, question, f)-size+before, threshold) {
					verdict[e] = false
					break
				}
				if of == 0 {
					break
				}
			}
		}
		if verdict[e] {
			last = e
		}
	}
}

// told tells whether a set may be shown of which it is known how many it and
// the others are together, before and since: if one of these four parts is
// nobody, the other three can be worked out.
func told(before, since, othersBefore, othersSince, threshold int) bool {
	if before > 0 && since > 0 && othersBefore > 0 && othersSince > 0 {
		return true
	}
	return fine(before, threshold) && fine(since, threshold) && fine(othersBefore, threshold) && fine(othersSince, threshold)
}

// fine tells whether so many people may be told apart from others.
func fine(people, threshold int) bool { return people == 0 || people >= threshold }

// divided tells in which editions rules 1, 2 and 4 let the set of a mask be
// shown.
func (n *census) divided(rules rules, question, mask, threshold int) []bool {
	advances := make([]bool, n.editions)
	sets := 1 << bits.OnesCount(uint(mask)) //nolint:gosec // not negative
	last := make([]int, sets)               // as last shown
	now := make([]int, 0, sets)
	before := false // it was shown in an edition before
	for e := range n.editions {
		now = now[:0]
		for met := mask; ; met = (met - 1) & mask {
			now = append(now, n.exactly(met, mask, question, e))
			if met == 0 {
				break
			}
		}
		ok := now[0] > 0 && (now[0] >= threshold || !rules.divided) // all conditions are met
		for i := range now {
			ok = ok && (fine(now[i], threshold) || !rules.divided) && (fine(now[i]-last[i], threshold) || !before || !rules.growth)
		}
		if advances[e] = ok; ok {
			before = true
			copy(last, now)
		}
	}
	return advances
}

// exactly counts those who meet these conditions of the mask and none of its
// others, by inclusion and exclusion.
func (n *census) exactly(met, mask, question, edition int) int {
	count := 0
	others := mask &^ met
	for more := others; ; more = (more - 1) & others {
		if bits.OnesCount(uint(more))%2 == 0 { //nolint:gosec // not negative
			count += n.base(met|more, question, edition)
		} else {
			count -= n.base(met|more, question, edition)
		}
		if more == 0 {
			return count
		}
	}
}

// beside tells in which editions rules 1, 3 and 4 let a condition's row be
// shown, in the table of its dimension for those who meet the conditions of
// the mask. The row 0 are those who did not say.
func (n *census) beside(rules rules, question, condition, mask, threshold int) []bool {
	values, wanted := n.values[condition], n.conditions[condition].option+1
	advances := make([]bool, n.editions)
	last := make([]int, values) // as last shown
	grown := make([]int, values)
	held := make([]bool, values)
	heldThen := make([][]bool, 0, n.editions) // by edition
	for e := range n.editions {
		rest := 0 // of whom it is not shown what they said, or not yet
		for v := range values {
			now := n.along(condition, mask, v, question, e)
			grown[v] = now - last[v]
			held[v] = v == 0 || (rules.divided && (now < threshold || !fine(n.elsewhere(question, condition, mask, v, e), threshold))) ||
				(rules.growth && last[v] > 0 && !fine(grown[v], threshold))
			if held[v] {
				rest += grown[v]
			}
		}
		for !fine(rest, threshold) || !n.restDivides(question, condition, mask, held, e, threshold) {
			least := 0 // that somebody more are shown to have said
			for v := range values {
				if size := n.along(condition, mask, v, question, e); !held[v] && size > 0 && (least == 0 || size < least) {
					least = size
				}
			}
			if least == 0 {
				break // none is left to hide behind
			}
			for v := range values {
				if !held[v] && n.along(condition, mask, v, question, e) == least {
					held[v] = true
					rest += grown[v]
				}
			}
		}
		advances[e] = !held[wanted] || !rules.beside
		for f := 0; f < e && advances[e] && rules.beside && rules.growth && last[wanted] == 0; f++ {
			advances[e] = n.apart(question, condition, mask, heldThen[f], f, e, threshold)
		}
		heldThen = append(heldThen, slices.Clone(held))
		for v := range values {
			if !held[v] {
				last[v] += grown[v]
			}
		}
	}
	return advances
}

// elsewhere is how many gave a row's answer and meet all but one of the other
// conditions, and not that one; of several such numbers the smallest that is
// not nobody.
func (n *census) elsewhere(question, condition, mask, value, edition int) int {
	least := 0
	here := n.along(condition, mask, value, question, edition)
	for i := range n.conditions {
		if mask&(1<<i) == 0 {
			continue
		}
		if out := n.along(condition, mask&^(1<<i), value, question, edition) - here; out > 0 && (least == 0 || out < least) {
			least = out
		}
	}
	return least
}

// restDivides tells whether those of the held rows, who together can be worked
// out, divide all who gave the same answers as rule 2 wants it.
func (n *census) restDivides(question, condition, mask int, held []bool, edition, threshold int) bool {
	for i := range n.conditions {
		if mask&(1<<i) == 0 {
			continue
		}
		elsewhere := 0
		for v, isHeld := range held {
			here := n.along(condition, mask, v, question, edition)
			if isHeld && here > 0 { // whoever else is held is nobody here
				elsewhere += n.along(condition, mask&^(1<<i), v, question, edition) - here
			}
		}
		if !fine(elsewhere, threshold) {
			return false
		}
	}
	return true
}

// apart tells whether rule 7 lets a row that was held in an edition before be
// shown, among the rows that were.
func (n *census) apart(question, condition, mask int, held []bool, then, now, threshold int) bool {
	wanted := n.conditions[condition].option + 1
	othersBefore, othersSince := 0, 0
	for v, wasHeld := range held {
		if wasHeld && v != wanted {
			before := n.along(condition, mask, v, question, then)
			othersBefore += before
			othersSince += n.along(condition, mask, v, question, now) - before
		}
	}
	before := n.along(condition, mask, wanted, question, then)
	return told(before, n.along(condition, mask, wanted, question, now)-before, othersBefore, othersSince, threshold)
}
