package store

import (
	"slices"
	"strconv"
)

// mayTell decides for which of a wave's collectors the number that came back
// may be told beside the wave's released responses, which everybody sees. It
// follows the rules of the results: no number below MinRelease, and none from
// which, with the others, one below it could be worked out.
//
// What is left of the released when the told ones are taken away are the
// collectors that are not told and whoever came by none. That rest must be
// nobody, or MinRelease at least; and it must not be so much that each that is
// not told has to have all but one of MinRelease. While it is neither, the
// smallest ones that are told are not told either: all of a size, since a
// choice between them would give them away.
//
// This holds if nothing says why a number is not told.
func mayTell(released int, returned []int) []bool {
	told := make([]bool, len(returned))
	for i, n := range returned {
		told[i] = n >= MinRelease
	}
	for {
		rest, hidden, smallest := released, 0, 0
		for i, n := range returned {
			switch {
			case !told[i]:
				hidden++
			default:
				rest -= n
				if smallest == 0 || n < smallest {
					smallest = n
				}
			}
		}
		safe := rest == 0 || rest >= MinRelease && rest != hidden*(MinRelease-1)
		if safe || !slices.Contains(told, true) {
			return told
		}
		for i, n := range returned {
			told[i] = told[i] && n != smallest
		}
	}
}

// Told is a number of people as far as it may be told: Number of them, or if it
// is not exact, at least so many.
type Told struct {
	Number int
	Exact  bool
}

// String says it in words: "37", "at least 30", "fewer than 10".
func (t Told) String() string {
	switch {
	case t.Exact:
		return strconv.Itoa(t.Number)
	case t.Number == 0:
		return "fewer than " + strconv.Itoa(MinRelease)
	}
	return "at least " + strconv.Itoa(t.Number)
}

// ToldTotal is what may be told of live, the wave's LiveTotal. Where anyone
// may answer, it is exact. Of a wave by invitation somebody may know who is
// invited, so that a number that moves by one would tell who has answered:
// there it is a multiple of MinRelease, and moves only when the inbox holds
// enough for a release.
func (w *Wave) ToldTotal(live int) Told {
	if !w.ByInvitation {
		return Told{live, true}
	}
	told := w.Released + w.ToldWaiting(live).Number
	return Told{told - told%MinRelease, false}
}

// ToldWaiting is what may be told of how many of live, the wave's LiveTotal,
// wait to be released. It follows the same rule as ToldTotal.
func (w *Wave) ToldWaiting(live int) Told {
	waiting := live - w.Released
	if !w.ByInvitation {
		return Told{waiting, true}
	}
	return Told{waiting - waiting%MinRelease, false}
}

// ToldReleased is what may be told of Released. It is exact, but for a wave by
// invitation that ended with too few for a release of their own.
func (w *Wave) ToldReleased() Told {
	if w.ByInvitation && w.Released > 0 && w.Released < MinRelease {
		return Told{}
	}
	return Told{w.Released, true}
}
