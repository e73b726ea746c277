package handlers

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
)

// packedPage is a page in brotli, compressed once as hard as it goes, with a
// gap for the few bytes that differ from one reader to the next. Filling the
// gap costs a copy.
//
// A brotli stream is a row of blocks, and a block may hold its bytes as they
// are. The gap is such a block. The blocks after it were made by an encoder
// that saw other bytes in its place; that does no harm as long as they are as
// many, none of the blocks refers back to them, and the last two, by which the
// next block begins, stay the same. newPackedPage makes sure of all three by
// reading its own work.
type packedPage struct {
	before, after []byte
	gap           int
}

// gapTail ends what fills a gap: the bytes that have to stay the same.
const gapTail = `">`

// newPackedPage compresses the page before+gap+after, whose gap will be filled
// with so many bytes, gapTail at their end.
func newPackedPage(before, after []byte, gap int) (*packedPage, error) {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, brotli.BestCompression)
	step := func(part []byte) ([]byte, error) {
		out.Reset()
		if _, err := w.Write(part); err != nil {
			return nil, err
		}
		err := w.Flush() // to the next whole byte
		return bytes.Clone(out.Bytes()), err
	}
	var p packedPage
	var err error
	if p.before, err = step(before); err != nil {
		return nil, fmt.Errorf("pack page: %w", err)
	}
	if _, err = step(append(unlikeAnything(gap-len(gapTail)), gapTail...)); err != nil {
		return nil, fmt.Errorf("pack page: %w", err)
	}
	if p.after, err = step(after); err != nil {
		return nil, fmt.Errorf("pack page: %w", err)
	}
	out.Reset()
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack page: %w", err)
	}
	p.after, p.gap = append(p.after, out.Bytes()...), gap
	for _, fill := range []byte("xy") {
		filling := append(bytes.Repeat([]byte{fill}, gap-len(gapTail)), gapTail...)
		read, err := io.ReadAll(brotli.NewReader(bytes.NewReader(p.fill(filling))))
		if err != nil || !bytes.Equal(read, bytes.Join([][]byte{before, filling, after}, nil)) {
			return nil, errors.Join(errors.New("pack page: the page with its gap filled does not read back"), err)
		}
	}
	return &p, nil
}

// unlikeAnything makes bytes that the encoder can neither find anywhere in a
// page nor twice among themselves, so that it refers to nothing in writing
// them and to none of them later.
func unlikeAnything(n int) []byte {
	var never []byte // in HTML, as UTF-8
	for b := range 0x20 {
		if b != '\t' && b != '\n' && b != '\f' && b != '\r' && b != 0 {
			never = append(never, byte(b))
		}
	}
	for b := 0xF5; b <= 0xFF; b++ {
		never = append(never, byte(b))
	}
	out := make([]byte, n)
	for i := range out {
		// With another step at each round no two neighbours come twice.
		round := i / len(never)
		out[i] = never[(i*(round+1)+round)%len(never)]
	}
	return out
}

// fill returns the brotli of the page with these bytes in the gap, which must
// be as many as it was made for.
func (p *packedPage) fill(gap []byte) []byte {
	if len(gap) != p.gap {
		panic("handlers: a gap is filled with as many bytes as it was made for")
	}
	out := make([]byte, 0, len(p.before)+3+len(gap)+len(p.after))
	out = append(out, p.before...)
	// The head of a block of plain bytes (RFC 7932, 9.2), from the lowest bit:
	// not the last block (0), its length in four groups of four bits (00), the
	// length less one (16 bits), plain (1), and nothing up to the next byte.
	head := uint32(len(gap)-1)<<3 | 1<<19
	out = append(out, byte(head), byte(head>>8), byte(head>>16))
	out = append(out, gap...)
	return append(out, p.after...)
}
