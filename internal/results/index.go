package results

import (
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"intake/forms"
)

// Index holds one bit for every released response of a wave and every column,
// so that any table over any filters is a few ANDs. It never changes.
type Index struct {
	layout *Layout
	chunks []*chunk // all but the last one are full
}

// Indexer makes an index, in the order of the responses' ordinals: of stored
// chunks, and response by response.
type Indexer struct {
	index *Index
	own   []*chunk // that are of no other index
}

// NewIndexer makes an indexer of responses to the versions of a layout.
func NewIndexer(l *Layout) *Indexer { return &Indexer{index: &Index{layout: l}} }

// Indexer makes an indexer that goes on from the index, which stays as it is.
func (x *Index) Indexer() *Indexer {
	i := &Indexer{index: &Index{layout: x.layout, chunks: slices.Clone(x.chunks)}}
	if n := len(x.chunks); n > 0 && x.chunks[n-1].size < ChunkSize {
		i.index.chunks[n-1] = x.chunks[n-1].clone()
		i.own = append(i.own, i.index.chunks[n-1])
	}
	return i
}

// Size is how many responses have been added.
func (i *Indexer) Size() int { return i.index.Released() }

// AddChunk takes a stored chunk as the last one: in the place of the one that
// is not full, if there is one, of which it holds the same responses. The
// bytes stay in use. It gives ErrCorrupt for one that is not what was stored
// under that name, or has another number of responses, and takes nothing of it.
func (i *Indexer) AddChunk(name string, stored []byte, size int) error {
	c, err := decodeChunk(i.index.layout, name, stored)
	if err != nil {
		return err
	}
	if c.size != size {
		return ErrCorrupt
	}
	chunks := i.index.chunks
	if n := len(chunks); n > 0 && chunks[n-1].size < ChunkSize {
		chunks = chunks[:n-1]
	}
	i.index.chunks, i.own = append(chunks, c), append(i.own, c)
	return nil
}

// Add adds the next response, whose answers are valid and stripped. It fails
// for a version that is not among the layout's.
func (i *Indexer) Add(version int, answers forms.Answers) error {
	x := i.index
	if n := len(x.chunks); n == 0 || x.chunks[n-1].size == ChunkSize {
		i.own = append(i.own, newChunk(x.layout))
		x.chunks = append(x.chunks, i.own[len(i.own)-1])
	}
	last := x.chunks[len(x.chunks)-1]
	if !x.layout.bitsOf(version, answers, last.set) {
		return fmt.Errorf("index a response: version %d is not among those of the wave", version)
	}
	last.size++
	return nil
}

// Index gives what has been added. The indexer is of no use after that.
func (i *Indexer) Index() *Index {
	if n := len(i.index.chunks); n > 0 && i.index.chunks[n-1].size == 0 {
		i.index.chunks = i.index.chunks[:n-1] // its first response was refused
	}
	for _, c := range i.own {
		for _, bits := range c.bits {
			if bits != nil {
				bits.RunOptimize()
			}
		}
	}
	return i.index
}

// Released is how many responses the index holds.
func (x *Index) Released() int {
	if len(x.chunks) == 0 {
		return 0
	}
	return (len(x.chunks)-1)*ChunkSize + x.chunks[len(x.chunks)-1].size
}

// Chunk gives a chunk of the index as it is stored under a name, and how many
// responses it holds.
func (x *Index) Chunk(number int, name string) (stored []byte, size int, err error) {
	c := x.chunks[number]
	stored, err = c.encode(x.layout, name)
	return stored, c.size, err
}

// Chunks is how many chunks the index has.
func (x *Index) Chunks() int { return len(x.chunks) }

// Equal tells whether both hold the same bits for the same responses. They
// must be of the same layout.
func (x *Index) Equal(other *Index) bool {
	return slices.EqualFunc(x.chunks, other.chunks, (*chunk).equal)
}

// people is a set of responses: those of a prefix of the index who gave each
// of some options. The zero value is nobody.
type people struct {
	index  *Index
	masks  []*roaring.Bitmap // by chunk; nil for all of them
	chunks int
}

// everyone are the first n responses.
func (x *Index) everyone(n int) people {
	p := people{index: x}
	for left := n; left > 0; left -= ChunkSize {
		c := x.chunks[p.chunks]
		var mask *roaring.Bitmap
		if left < c.size {
			mask = roaring.New()
			mask.AddRange(0, uint64(left))
		}
		p.masks = append(p.masks, mask)
		p.chunks++
	}
	return p
}

// who are those of them that have a column.
func (p people) who(column int) people {
	out := people{index: p.index, chunks: p.chunks, masks: make([]*roaring.Bitmap, p.chunks)}
	for n := range p.chunks {
		switch bits := p.index.chunks[n].bits[column]; {
		case bits == nil:
			out.masks[n] = roaring.New()
		case p.masks[n] == nil:
			out.masks[n] = bits
		default:
			out.masks[n] = roaring.And(bits, p.masks[n])
		}
	}
	return out
}

// size counts them.
func (p people) size() int {
	total := 0
	for n := range p.chunks {
		if p.masks[n] == nil {
			total += p.index.chunks[n].size
		} else {
			total += int(p.masks[n].GetCardinality()) //nolint:gosec // at most ChunkSize
		}
	}
	return total
}

// having counts those of them that have a column.
func (p people) having(column int) int {
	total := 0
	for n := range p.chunks {
		switch bits := p.index.chunks[n].bits[column]; {
		case bits == nil:
		case p.masks[n] == nil:
			total += int(bits.GetCardinality()) //nolint:gosec // at most ChunkSize
		default:
			total += int(bits.AndCardinality(p.masks[n])) //nolint:gosec // at most ChunkSize
		}
	}
	return total
}
