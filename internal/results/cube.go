package results

import (
	"runtime"
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
	counts  []uint32 // of entries, by column

	mu        sync.Mutex
	marginals map[int]*cube
}

// newCube counts the first editions[len-1] responses of the index; editions
// are sizes of prefixes, ascending.
func newCube(x *Index, columns, editions []int) *cube {
	c := &cube{dims: x.layout.dimensions(), columns: columns}
	counted := make([]*cube, len(x.chunks))
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for n := range x.chunks {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			part := &cube{dims: c.dims, columns: columns}
			part.count(x, n, editions)
			counted[n] = part
		})
	}
	wait.Wait()
	at := map[combination]int{}
	for n, part := range counted {
		counted[n] = nil
		for i, entry := range part.entries {
			c.merge(at, entry, part.of(i))
		}
	}
	return c
}

// of are the counts of an entry.
func (c *cube) of(entry int) []uint32 {
	return c.counts[entry*len(c.columns) : (entry+1)*len(c.columns)]
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
	c.counts = make([]uint32, len(c.entries)*width)
	for n, column := range c.columns {
		if column == everybody {
			for _, at := range places {
				c.counts[at*width+n]++
			}
		} else if bits := chunk.bits[column]; bits != nil {
			for at := range roaring.Values(bits) {
				if int(at) < size {
					c.counts[places[at]*width+n]++
				}
			}
		}
	}
}

// marginal is the cube over some of the dimensions, a bit for each.
func (c *cube) marginal(dims int) *cube {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.marginals[dims]; known != nil {
		return known
	}
	m := &cube{dims: c.dims, columns: c.columns}
	at := map[combination]int{}
	for i := range c.entries {
		entry := combination{edition: c.entries[i].edition}
		for d := range c.dims {
			if dims>>d&1 == 1 {
				entry.said[d] = c.entries[i].said[d]
			}
		}
		m.merge(at, entry, c.of(i))
	}
	if c.marginals == nil {
		c.marginals = map[int]*cube{}
	}
	c.marginals[dims] = m
	return m
}

// merge adds to the counts of a combination; at says where each one is.
func (c *cube) merge(at map[combination]int, entry combination, counts []uint32) {
	place, known := at[entry]
	if !known {
		at[entry] = len(c.entries)
		c.entries = append(c.entries, entry)
		c.counts = append(c.counts, counts...)
		return
	}
	sums := c.of(place)
	for i, n := range counts {
		sums[i] += n
	}
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
			for n, count := range m.of(i) {
				sums[n] += int(count)
			}
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
	across              [][]int // by condition, and then by mask, value, question, edition
}

// takeCensus counts the cube for some conditions, each of another dimension.
func (c *cube) takeCensus(conditions []cell, editions int) *census {
	n := &census{questions: len(c.columns), editions: editions, conditions: conditions}
	masks := 1 << len(conditions)
	n.met = make([]int, masks*n.questions*editions)
	for _, condition := range conditions {
		values := len(c.dims[condition.dim].options) + 1
		n.values = append(n.values, values)
		n.across = append(n.across, make([]int, masks*values*n.questions*editions))
	}
	m := c.marginal(dimsOf(conditions))
	for i := range m.entries {
		n.add(&m.entries[i], m.of(i))
	}
	n.sum(n.met)
	for i := range n.across {
		n.sum(n.across[i])
	}
	return n
}

func (n *census) add(who *combination, bases []uint32) {
	mask := 0
	for i, condition := range n.conditions {
		if int(who.said[condition.dim]) == condition.option+1 {
			mask |= 1 << i
		}
	}
	at := n.place(1, mask, 0, 0, who.edition)
	for q, count := range bases {
		n.met[at+q*n.editions] += int(count)
	}
	for i, condition := range n.conditions {
		at := n.place(n.values[i], mask&^(1<<i), int(who.said[condition.dim]), 0, who.edition)
		for q, count := range bases {
			n.across[i][at+q*n.editions] += int(count)
		}
	}
}

func (n *census) place(values, mask, value, question, edition int) int {
	return ((mask*values+value)*n.questions+question)*n.editions + edition
}

// sum adds up what add has counted: editions with those before them, and masks
// with those that meet more.
func (n *census) sum(counts []int) {
	for at := range counts {
		if at%n.editions > 0 {
			counts[at] += counts[at-1]
		}
	}
	masks := 1 << len(n.conditions)
	each := len(counts) / masks
	for bit := 1; bit < masks; bit <<= 1 {
		for mask := range masks {
			if mask&bit == 0 {
				for i, count := range counts[(mask|bit)*each : (mask|bit)*each+each] {
					counts[mask*each+i] += count
				}
			}
		}
	}
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
	for d := range c.dims {
		if dims>>d&1 == 1 {
			continue
		}
		m := c.marginal(dims | 1<<d)
		values := len(c.dims[d].options) + 1
		// The edition in which somebody first said so, and one; 0 for never.
		came := make([]int, questions*values)
		for i := range m.entries {
			entry := &m.entries[i]
			if !entry.meets(conditions) {
				continue
			}
			for q, n := range m.of(i) {
				if first := &came[q*values+int(entry.said[d])]; n > 0 && (*first == 0 || entry.edition < *first-1) {
					*first = entry.edition + 1
				}
			}
		}
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
