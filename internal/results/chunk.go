package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
)

// ChunkSize is how many responses a chunk of the index holds at most, which
// is those whose bits make one container of a bitmap: the chunk n holds the
// responses with ordinals from n times ChunkSize on.
const ChunkSize = 1 << 16

// ErrCorrupt is given for a stored chunk that is not what was stored. It has
// to be made anew from the responses.
var ErrCorrupt = errors.New("the chunk of the index is corrupt")

// chunk holds the bits of up to ChunkSize responses, by column. Once it is
// part of an Index it never changes.
type chunk struct {
	size int
	bits []*roaring.Bitmap // nil where nobody has it
}

func newChunk(l *Layout) *chunk { return &chunk{bits: make([]*roaring.Bitmap, len(l.names))} }

// clone copies a chunk, to add to it.
func (c *chunk) clone() *chunk {
	out := &chunk{size: c.size, bits: make([]*roaring.Bitmap, len(c.bits))}
	for column, bits := range c.bits {
		if bits != nil {
			out.bits[column] = bits.Clone()
		}
	}
	return out
}

// set gives the response that comes next a column.
func (c *chunk) set(column int) {
	if c.bits[column] == nil {
		c.bits[column] = roaring.New()
	}
	c.bits[column].Add(uint32(c.size)) //nolint:gosec // below ChunkSize
}

// each calls visit with each of the first n responses that have a column.
func (c *chunk) each(column, n int, visit func(at int)) {
	if c.bits[column] == nil {
		return
	}
	for at := range roaring.Values(c.bits[column]) {
		if int(at) >= n {
			return
		}
		visit(int(at))
	}
}

// equal tells whether both hold the same bits.
func (c *chunk) equal(other *chunk) bool {
	if c.size != other.size {
		return false
	}
	for column, bits := range c.bits {
		theirs := other.bits[column]
		switch {
		case bits == nil || theirs == nil:
			if bits != theirs && (bits == nil || !bits.IsEmpty()) && (theirs == nil || !theirs.IsEmpty()) {
				return false
			}
		case !bits.Equals(theirs):
			return false
		}
	}
	return true
}

// A stored chunk: the mark, the number of responses and of columns, each
// column as the lengths of its name and of its bitmap, the name, the bitmap in
// roaring's own portable form; then the SHA-256 of its name and all that. Numbers are
// unsigned varints. Columns go by name, so that a layout of other versions of
// the form, which numbers them differently, reads the same chunk.
const chunkMark = "portal index 1\n"

// encode writes the chunk as it is stored under a name, which a reader must
// know: it is part of what the checksum is of.
func (c *chunk) encode(l *Layout, name string) ([]byte, error) {
	var out bytes.Buffer
	number := func(n int) { out.Write(binary.AppendUvarint(nil, uint64(n))) } //nolint:gosec // lengths are not negative
	used := 0
	for _, bits := range c.bits {
		if bits != nil {
			used++
		}
	}
	out.WriteString(chunkMark)
	number(c.size)
	number(used)
	for column, bits := range c.bits {
		if bits == nil {
			continue
		}
		number(len(l.names[column]))
		number(int(bits.GetSerializedSizeInBytes())) //nolint:gosec // a chunk's bitmap has some kilobytes
		out.WriteString(l.names[column])
		if _, err := bits.WriteTo(&out); err != nil {
			return nil, fmt.Errorf("encode chunk: %w", err)
		}
	}
	return append(out.Bytes(), sumOf(name, out.Bytes())...), nil
}

// decodeChunk reads what encode wrote, in any layout of the same survey; the
// bytes stay in use. Columns that this layout does not have are left out, as if
// nobody had been offered them.
func decodeChunk(l *Layout, name string, stored []byte) (*chunk, error) {
	if len(stored) < sha256.Size {
		return nil, ErrCorrupt
	}
	body, sum := stored[:len(stored)-sha256.Size], stored[len(stored)-sha256.Size:]
	if !bytes.Equal(sumOf(name, body), sum) {
		return nil, ErrCorrupt
	}
	body, found := bytes.CutPrefix(body, []byte(chunkMark))
	if !found {
		return nil, ErrCorrupt
	}
	ok := true
	number := func() int {
		n, read := binary.Uvarint(body)
		if read <= 0 || n > uint64(len(stored))+ChunkSize {
			ok = false
			return 0
		}
		body = body[read:]
		return int(n) //nolint:gosec // bounded above
	}
	take := func(n int) []byte {
		if n > len(body) {
			ok = false
			return nil
		}
		taken := body[:n]
		body = body[n:]
		return taken
	}
	byName := make(map[string]int, len(l.names))
	for column, name := range l.names {
		byName[name] = column
	}
	c := newChunk(l)
	c.size = number()
	left := false // some column
	for range number() {
		nameLength, bitsLength := number(), number()
		name, raw := take(nameLength), take(bitsLength)
		if !ok {
			return nil, ErrCorrupt
		}
		column, known := byName[string(name)]
		if !known {
			left = true
			continue
		}
		bits := roaring.New()
		if _, err := bits.FromBuffer(raw); err != nil {
			return nil, errors.Join(ErrCorrupt, err)
		}
		c.bits[column] = bits
	}
	if !ok || len(body) > 0 || c.size > ChunkSize {
		return nil, ErrCorrupt
	}
	if left {
		c.rebase(l)
	}
	return c, nil
}

// rebase finds the bases anew where an option is no more, such as a district
// that the organisation does not have any longer: who gave no other answer is
// in no base.
func (c *chunk) rebase(l *Layout) {
	for _, q := range l.questions {
		if !q.question.Kind.Closed() || c.bits[q.based] == nil {
			continue
		}
		base := roaring.New()
		for i, column := range q.options {
			if bits := c.bits[column]; bits != nil && !q.question.Options[i].Aside {
				base.Or(bits)
			}
		}
		c.bits[q.based] = base
	}
}

// sumOf is the checksum of a chunk stored under a name.
func sumOf(name string, body []byte) []byte {
	sum := sha256.New()
	sum.Write(binary.AppendUvarint(nil, uint64(len(name))))
	sum.Write([]byte(name))
	sum.Write(body)
	return sum.Sum(nil)
}
