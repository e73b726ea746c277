package results

import "math/bits"

// tally takes the census of many sets of people, each by looking up how many
// meet which conditions. A cube takes it in one go through all that it counts,
// which is quicker for a few.
type tally struct {
	*cube
	editions int
	places   map[int]map[combination]int // of entries, by dimensions
}

func newTally(c *cube, editions int) *tally {
	return &tally{cube: c, editions: editions, places: map[int]map[combination]int{}}
}

// joining makes several options of a dimension, or nothing said, one option
// that the dimension does not have.
type joining struct {
	cell
	values []bool // said by those who are joined
}

// nobodyJoined leaves the options as they are.
var nobodyJoined = joining{cell: cell{dim: -1}}

// option is how a value of a dimension is counted.
func (j *joining) value(dim, value int) int {
	if dim == j.dim && j.values[value] {
		return j.option + 1
	}
	return value
}

// census counts those who meet the conditions, which may name the joined
// option.
func (t *tally) census(conditions []cell, joined joining) *census {
	n := &census{questions: len(t.columns), editions: t.editions, conditions: conditions}
	masks := 1 << len(conditions)
	n.met = make([]int, masks*n.questions*n.editions)
	for _, condition := range conditions {
		values := len(t.dims[condition.dim].options) + 1
		if condition.dim == joined.dim {
			values++
		}
		n.values = append(n.values, values)
		n.across = append(n.across, make([]int, masks*values*n.questions*n.editions))
	}
	for mask := range masks {
		var met []cell
		for i, condition := range conditions {
			if mask>>i&1 == 1 {
				met = append(met, condition)
			}
		}
		t.each(met, joined, func(said [maxDimensions]uint8) {
			t.add(n.met[n.place(1, mask, 0, 0, 0):], dimsOf(met), said)
			for i, condition := range conditions {
				if mask>>i&1 == 1 {
					continue
				}
				along := append(met[:len(met):len(met)], condition)
				for value := range len(t.dims[condition.dim].options) + 1 {
					said[condition.dim] = uint8(value) //nolint:gosec // dimensions have fewer than 255 options
					t.add(n.across[i][n.place(n.values[i], mask, joined.value(condition.dim, value), 0, 0):], dimsOf(along), said)
				}
				said[condition.dim] = 0
			}
		})
	}
	return n
}

// each calls visit with what those say who meet the conditions: once, or for
// each of the options that are joined.
func (t *tally) each(conditions []cell, joined joining, visit func(said [maxDimensions]uint8)) {
	var said [maxDimensions]uint8
	of := -1
	for _, condition := range conditions {
		if condition == joined.cell {
			of = condition.dim
		} else {
			said[condition.dim] = uint8(condition.option + 1) //nolint:gosec // dimensions have fewer than 255 options
		}
	}
	if of < 0 {
		visit(said)
		return
	}
	for value, is := range joined.values {
		if is {
			said[of] = uint8(value) //nolint:gosec // dimensions have fewer than 255 options
			visit(said)
		}
	}
}

// add adds up those who said this to the dimensions, by question and edition,
// with those of all editions before.
func (t *tally) add(counts []int, dims int, said [maxDimensions]uint8) {
	if bits.OnesCount(uint(dims)) > maxConditions { //nolint:gosec // not negative
		// It is seldom asked for, and would be as large as the cube.
		for i := range t.entries {
			if entry := &t.entries[i]; entry.says(dims, said) {
				t.addEntry(counts, entry.edition, t.of(i))
			}
		}
		return
	}
	m := t.marginal(dims)
	places := t.places[dims]
	if places == nil {
		places = make(map[combination]int, len(m.entries))
		for at, entry := range m.entries {
			places[entry] = at
		}
		t.places[dims] = places
	}
	for from := range t.editions {
		if at, known := places[combination{edition: from, said: said}]; known {
			t.addEntry(counts, from, m.of(at))
		}
	}
}

func (t *tally) addEntry(counts []int, from int, of []uint32) {
	for q, count := range of {
		for e := from; e < t.editions; e++ {
			counts[q*t.editions+e] += int(count)
		}
	}
}

// says tells whether this is what was said to these dimensions.
func (who *combination) says(dims int, said [maxDimensions]uint8) bool {
	for d, value := range said {
		if dims>>d&1 == 1 && who.said[d] != value {
			return false
		}
	}
	return true
}

// implied is as that of the cube, in one go through it.
func (t *tally) implied(conditions []cell) [][][]cell {
	questions := len(t.columns)
	came := make([][]int, len(t.dims)) // by dimension, as onlyValue reads it
	for d := range t.dims {
		if dimsOf(conditions)>>d&1 == 0 {
			came[d] = make([]int, questions*(len(t.dims[d].options)+1))
		}
	}
	for i := range t.entries {
		entry := &t.entries[i]
		if !entry.meets(conditions) {
			continue
		}
		for d := range came {
			if came[d] == nil {
				continue
			}
			values := len(t.dims[d].options) + 1
			for q, n := range t.of(i) {
				if first := &came[d][q*values+int(entry.said[d])]; n > 0 && (*first == 0 || entry.edition < *first-1) {
					*first = entry.edition + 1
				}
			}
		}
	}
	out := make([][][]cell, questions)
	for q := range out {
		out[q] = make([][]cell, t.editions)
		for d := range came {
			if came[d] == nil {
				continue
			}
			values := len(t.dims[d].options) + 1
			for e := range t.editions {
				if only := onlyValue(came[d][q*values:(q+1)*values], e); only > 0 {
					out[q][e] = append(out[q][e], cell{d, only - 1})
				}
			}
		}
	}
	return out
}
