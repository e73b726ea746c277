package counting

import (
	"context"
	"errors"
	"fmt"

	"intake/internal/results"
	"intake/internal/store"
)

// Finding is what a check found of a chunk of a wave's index.
type Finding struct {
	Wave   store.Wave
	Chunk  int
	Stored int // how many responses the stored chunk holds, 0 if there is none
	Fault  error
}

// What a check can find.
var (
	ErrMissing = errors.New("is not stored")
	ErrCorrupt = errors.New("is not what was stored")
	ErrDiffers = errors.New("differs from a recount of the responses")
)

// Check counts all released responses of a wave anew, chunk by chunk, and holds
// what is stored against that. report is called for each chunk, with a Fault
// for what is wrong; a chunk that is not full may be missing or lag behind, and
// one beyond the end of the wave is wrong. With rebuild, all that is wrong or
// lags is stored anew. It is safe while responses come in.
func (c Counter) Check(ctx context.Context, waveID int64, rebuild bool, report func(Finding)) error {
	for number := 0; ; number++ {
		finding, more, err := c.checkChunk(ctx, waveID, number)
		if err != nil {
			return err
		}
		if finding != nil {
			report(*finding)
			if rebuild {
				if err := c.rebuild(ctx, waveID, number); err != nil {
					return err
				}
			}
		}
		if !more {
			return nil
		}
	}
}

func (c Counter) checkChunk(ctx context.Context, waveID int64, number int) (finding *Finding, more bool, err error) {
	err = c.Store.ReadReleased(ctx, waveID, func(s *store.Snapshot) error {
		sizes, err := s.Sizes(ctx)
		if err != nil {
			return err
		}
		first := number * results.ChunkSize
		more = first+results.ChunkSize < s.Wave.Released || len(sizes) > number+1
		if _, stored := sizes[number]; !stored && first >= s.Wave.Released {
			return nil
		}
		finding = &Finding{Wave: s.Wave, Chunk: number, Stored: sizes[number]}
		below := min(first+results.ChunkSize, s.Wave.Released)
		if finding.Stored == 0 {
			if below == first+results.ChunkSize {
				finding.Fault = ErrMissing
			}
			return nil
		}
		finding.Fault, err = c.differs(ctx, s, number, finding.Stored)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("check chunk %d: %w", number, err)
	}
	return finding, more, nil
}

// differs compares a stored chunk with a recount of as many responses.
func (c Counter) differs(ctx context.Context, s *store.Snapshot, number, size int) (fault, err error) {
	stored, err := s.Chunk(ctx, number, 0)
	if err != nil {
		return nil, err
	}
	read, err := c.indexer(ctx, &s.Wave, nil)
	if err != nil {
		return nil, err
	}
	if err := read.AddChunk(nameOf(s.Wave.ID, number), stored.Bits, stored.Size); errors.Is(err, results.ErrCorrupt) {
		return ErrCorrupt, nil
	} else if err != nil {
		return nil, err
	}
	recount, err := c.indexer(ctx, &s.Wave, nil)
	if err != nil {
		return nil, err
	}
	first := number * results.ChunkSize
	if err := s.Responses(ctx, first, first+size, recount.Add); err != nil {
		return nil, err
	}
	if read.Size() != size || !read.Index().Equal(recount.Index()) {
		return ErrDiffers, nil
	}
	return nil, nil
}

// rebuild stores a chunk anew, whatever is there.
func (c Counter) rebuild(ctx context.Context, waveID int64, number int) error {
	chunk, wave, err := c.chunk(ctx, waveID, number, true)
	if err != nil {
		return err
	}
	return c.Store.ReplaceChunk(ctx, wave, number, chunk)
}
