package results

import (
	"math"
	"math/bits"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// maxDimensions bounds the digits of a combination.
const maxDimensions = 8

// combination is what somebody said to each dimension, 0 for nothing and else
// the option's number plus one, and the edition in which they came.
type combination struct {
	edition int
	said    [maxDimensions]uint8
}

// everybody is the column that every response has.
const everybody = -1

// cube counts, for every combination that there is, those who have each of
// some columns. Whatever is asked of it costs as much for a million responses
// as for as many as there are combinations.
type cube struct {
	dims    []*columns
	columns []int
	entries []combination
	at      map[combination]int // where each entry is
	counts  []tally             // of entries

	mu        sync.Mutex
	marginals map[int]*cube
}

// newCube counts the first editions[len-1] responses of the index; editions
// are sizes of prefixes, ascending.
func newCube(x *Index, columns, editions []int) *cube {
	c := &cube{dims: x.layout.dimensions(), columns: columns, at: map[combination]int{}}
	for n := range x.chunks {
		part := cube{dims: c.dims, columns: columns}
		part.count(x, n, editions)
		for i, entry := range part.entries {
			c.merge(entry, part.counts[i])
		}
	}
	return c
}

// count counts one chunk.
func (c *cube) count(x *Index, number int, editions []int) {
	chunk, first := x.chunks[number], number*ChunkSize
	size := min(chunk.size, editions[len(editions)-1]-first)
	if size <= 0 {
		return
	}
	said := make([]combination, size)
	edition := 0
	for i := range said {
		for first+i >= editions[edition] {
			edition++
		}
		said[i].edition = edition
	}
	for d, dim := range c.dims {
		for option, column := range dim.options {
			if bits := chunk.bits[column]; bits != nil {
				for at := range roaring.Values(bits) {
					if int(at) < size {
						said[at].said[d] = uint8(option + 1) //nolint:gosec // dimensions have fewer than 255 options
					}
				}
			}
		}
	}
	place := map[combination]int{}
	places := make([]int, size)
	for i, s := range said {
		at, known := place[s]
		if !known {
			at = len(c.entries)
			place[s] = at
			c.entries = append(c.entries, s)
		}
		places[i] = at
	}
	width := len(c.columns)
	counts := make([]uint32, len(c.entries)*width)
	for n, column := range c.columns {
		if column == everybody {
			for _, at := range places {
				counts[at*width+n]++
			}
		} else if bits := chunk.bits[column]; bits != nil {
			for at := range roaring.Values(bits) {
				if int(at) < size {
					counts[places[at]*width+n]++
				}
			}
		}
	}
	for i := range c.entries {
		c.counts = append(c.counts, tally{many: counts[i*width : (i+1)*width]})
	}
}

// marginal is the cube over some of the dimensions, a bit for each.
func (c *cube) marginal(dims int) *cube {
	if dims == 1<<len(c.dims)-1 {
		return c
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.marginals[dims]; known != nil {
		return known
	}
	// Of one more dimension if there is one, which is smaller than the whole.
	of := c
	for known, m := range c.marginals {
		if known&dims == dims && bits.OnesCount(uint(known)) == bits.OnesCount(uint(dims))+1 && len(m.entries) < len(of.entries) { //nolint:gosec // not negative
			of = m
		}
	}
	m := &cube{dims: c.dims, columns: c.columns, at: map[combination]int{}}
	for i := range of.entries {
		entry := combination{edition: of.entries[i].edition}
		for d := range c.dims {
			if dims>>d&1 == 1 {
				entry.said[d] = of.entries[i].said[d]
			}
		}
		m.merge(entry, of.counts[i])
	}
	if c.marginals == nil {
		c.marginals = map[int]*cube{}
	}
	c.marginals[dims] = m
	return m
}

// makeMarginals makes all those over up to so many of the dimensions.
func (c *cube) makeMarginals(most int) {
	for size := min(most, len(c.dims)); size >= 0; size-- {
		for dims := range 1 << len(c.dims) {
			if bits.OnesCount(uint(dims)) == size { //nolint:gosec // not negative
				c.marginal(dims)
			}
		}
	}
}

// merge adds to the counts of a combination.
func (c *cube) merge(entry combination, counts tally) {
	place, known := c.at[entry]
	if !known {
		c.at[entry] = len(c.entries)
		c.entries = append(c.entries, entry)
		place = len(c.counts)
		c.counts = append(c.counts, tally{few: make([]uint8, len(c.columns))})
	}
	c.counts[place].add(counts)
}

// sums counts, by column, those who meet all conditions, in all editions.
func (c *cube) sums(conditions []cell) []int {
	sums := make([]int, len(c.columns))
	m := c
	if len(conditions) <= keptMarginals {
		m = c.marginal(dimsOf(conditions))
	}
	for i := range m.entries {
		if m.entries[i].meets(conditions) {
			m.counts[i].each(func(column, n int) { sums[column] += n })
		}
	}
	return sums
}

// keptMarginals bounds of how many dimensions the marginals of a cube of all
// columns are kept; those of more are hardly smaller than the cube itself.
const keptMarginals = 3

func dimsOf(conditions []cell) int {
	dims := 0
	for _, condition := range conditions {
		dims |= 1 << condition.dim
	}
	return dims
}

// census holds how many have each column, a question's base, in each edition and
// all before it, who meet some conditions. A mask says which, with a bit for
// each; the others may be met or not.
type census struct {
	questions, editions int
	conditions          []cell
	values              []int   // of each condition's dimension: its options, and nothing said
	met                 []int   // by mask, question, edition
	across              [][]int // by condition, and then by mask without it, value, question, edition
}

// takeCensus reads the cube for some conditions, each of another dimension,
// which may name the joined option.
func (c *cube) takeCensus(conditions []cell, editions int, joined joining) *census {
	n := &census{questions: len(c.columns), editions: editions, conditions: conditions}
	masks := 1 << len(conditions)
	n.met = make([]int, masks*n.questions*editions)
	for _, condition := range conditions {
		values := len(c.dims[condition.dim].options) + 1
		if condition.dim == joined.dim {
			values++
		}
		n.values = append(n.values, values)
		n.across = append(n.across, make([]int, masks*values*n.questions*editions))
	}
	for mask := range masks {
		who, dims := n.who(mask)
		joined.each(who, func(who combination) {
			c.add(n.met[n.place(1, mask, 0, 0, 0):], dims, who, editions)
			for i, condition := range conditions {
				if mask>>i&1 == 1 {
					continue
				}
				for value := range len(c.dims[condition.dim].options) + 1 {
					who.said[condition.dim] = uint8(value) //nolint:gosec // dimensions have fewer than 255 options
					at := n.place(n.values[i], mask, joined.value(condition.dim, value), 0, 0)
					c.add(n.across[i][at:], dims|1<<condition.dim, who, editions)
				}
				who.said[condition.dim] = 0
			}
		})
	}
	n.withThoseBefore(n.met)
	for _, counts := range n.across {
		n.withThoseBefore(counts)
	}
	return n
}

// withThoseBefore adds to the counts of each edition those of all before it.
func (n *census) withThoseBefore(counts []int) {
	for at := range counts {
		if at%n.editions > 0 {
			counts[at] += counts[at-1]
		}
	}
}

// who are those who meet the conditions of a mask, and of which dimensions.
func (n *census) who(mask int) (who combination, dims int) {
	for i, condition := range n.conditions {
		if mask>>i&1 == 1 {
			who.said[condition.dim] = uint8(condition.option + 1) //nolint:gosec // dimensions have fewer than 255 options
			dims |= 1 << condition.dim
		}
	}
	return who, dims
}

// add adds to counts, by column and edition, how many gave the combination's
// answers to some dimensions.
func (c *cube) add(counts []int, dims int, who combination, editions int) {
	m := c.marginal(dims)
	for who.edition = range editions {
		if at, known := m.at[who]; known {
			m.counts[at].each(func(column, n int) { counts[column*editions+who.edition] += n })
		}
	}
}

func (n *census) place(values, mask, value, question, edition int) int {
	return ((mask*values+value)*n.questions+question)*n.editions + edition
}

// base counts those in the base who meet the conditions of the mask.
func (n *census) base(mask, question, edition int) int {
	return n.met[n.place(1, mask, 0, question, edition)]
}

// along counts those who meet the conditions of the mask and said that value to
// the dimension of another condition: 0 for nothing.
func (n *census) along(condition, mask, value, question, edition int) int {
	return n.across[condition][n.place(n.values[condition], mask, value, question, edition)]
}

// implied gives, by question and edition, the further conditions that all meet
// who are in the base and meet these: a set of people is the same under
// whatever name.
func (c *cube) implied(conditions []cell, editions int) [][][]cell {
	questions := len(c.columns)
	out := make([][][]cell, questions)
	for q := range out {
		out[q] = make([][]cell, editions)
	}
	dims := dimsOf(conditions)
	var who combination
	for _, condition := range conditions {
		who.said[condition.dim] = uint8(condition.option + 1) //nolint:gosec // dimensions have fewer than 255 options
	}
	for d := range c.dims {
		if dims>>d&1 == 1 {
			continue
		}
		m := c.marginal(dims | 1<<d)
		values := len(c.dims[d].options) + 1
		// The edition in which somebody first said so, and one; 0 for never.
		came := make([]int, questions*values)
		for value := range values {
			who.said[d] = uint8(value) //nolint:gosec // dimensions have fewer than 255 options
			for who.edition = range editions {
				at, known := m.at[who]
				if !known {
					continue
				}
				m.counts[at].each(func(q, n int) {
					if n > 0 && came[q*values+value] == 0 {
						came[q*values+value] = who.edition + 1
					}
				})
			}
		}
		who.said[d] = 0
		for q := range questions {
			for e := range editions {
				if only := onlyValue(came[q*values:(q+1)*values], e); only > 0 {
					out[q][e] = append(out[q][e], cell{d, only - 1})
				}
			}
		}
	}
	return out
}

// onlyValue is the value that everybody said by an edition, 0 for none; came
// tells the edition in which each was first said, and one.
func onlyValue(came []int, edition int) int {
	only, said := 0, 0
	for value, first := range came {
		if first > 0 && first-1 <= edition {
			only = value
			said++
		}
	}
	if said != 1 {
		return 0
	}
	return only
}

func (who *combination) meets(conditions []cell) bool {
	for _, condition := range conditions {
		if int(who.said[condition.dim]) != condition.option+1 {
			return false
		}
	}
	return true
}

// tally holds a number for each column, in a byte as long as all of them fit:
// of most combinations there are few people.
type tally struct {
	few  []uint8
	many []uint32 // nil as long as they fit
}

// each calls visit with the number of every column.
func (t tally) each(visit func(column, n int)) {
	for column, n := range t.few {
		visit(column, int(n))
	}
	for column, n := range t.many {
		visit(column, int(n))
	}
}

// add adds the other's numbers.
func (t *tally) add(other tally) {
	if t.many == nil {
		fits := true
		other.each(func(column, n int) { fits = fits && int(t.few[column])+n <= math.MaxUint8 })
		if !fits {
			t.many = make([]uint32, len(t.few))
			for column, n := range t.few {
				t.many[column] = uint32(n)
			}
			t.few = nil
		}
	}
	other.each(func(column, n int) {
		if t.many == nil {
			t.few[column] += uint8(n) //nolint:gosec // it fits
		} else {
			t.many[column] += uint32(n) //nolint:gosec // as many as there are responses at most
		}
	})
}
