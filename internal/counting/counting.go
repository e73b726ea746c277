// Package counting keeps the index of a wave in step with its released
// responses: it loads, stores, checks and mends it. What the index is and what
// may be shown of it belongs to the package results, how it lies in the
// database to store.
package counting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"intake/internal/results"
	"intake/internal/store"
)

// Counter counts waves. It is safe for concurrent use.
type Counter struct {
	Store    *store.Store
	Versions *store.Versions
}

// Index is the index of a wave's released responses, in the order that they
// had at some moment.
type Index struct {
	*results.Index
	Wave store.Wave // as it was then
	// Corrupt are the numbers of stored chunks that could not be read. They
	// were counted anew, and dropped, so that the worker stores them again.
	Corrupt []int
}

// Load gives the index of all released responses of a wave. Of have, an index
// of the same wave or nil, only what has changed is read anew.
func (c Counter) Load(ctx context.Context, waveID int64, have *Index) (*Index, error) {
	out := &Index{}
	var corrupt []*store.Chunk
	err := c.Store.ReadReleased(ctx, waveID, func(s *store.Snapshot) error {
		out.Wave = s.Wave
		indexer, err := c.indexer(ctx, &s.Wave, have)
		if err != nil {
			return err
		}
		for indexer.Size() < s.Wave.Released {
			from := indexer.Size()
			number, longer := from/results.ChunkSize, from%results.ChunkSize
			switch chunk, err := s.Chunk(ctx, number, longer); {
			case errors.Is(err, store.ErrNotFound):
			case err != nil:
				return err
			default:
				if err := indexer.AddChunk(nameOf(waveID, number), chunk.Bits, chunk.Size); err == nil {
					continue
				} else if !errors.Is(err, results.ErrCorrupt) {
					return err
				}
				corrupt = append(corrupt, chunk)
			}
			below := min(s.Wave.Released, (number+1)*results.ChunkSize)
			if err := s.Responses(ctx, from, below, indexer.Add); err != nil {
				return err
			}
			if indexer.Size() != below {
				return fmt.Errorf("count responses of wave %d: %d to %d are %d", waveID, from, below, indexer.Size()-from)
			}
		}
		out.Index = indexer.Index()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load index: %w", err)
	}
	for _, chunk := range corrupt {
		out.Corrupt = append(out.Corrupt, chunk.Number)
		if err := c.Store.DropChunk(ctx, waveID, *chunk); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nameOf is the name under which a chunk is stored, so that it cannot be taken
// for another one.
func nameOf(waveID int64, number int) string { return fmt.Sprintf("%d/%d", waveID, number) }

// indexer goes on from the index that there is, if its responses lie where they
// did and are counted in the same columns.
func (c Counter) indexer(ctx context.Context, wave *store.Wave, have *Index) (*results.Indexer, error) {
	if have != nil && have.Wave.Shuffles == wave.Shuffles && have.Wave.SameVersions(wave) {
		return have.Indexer(), nil
	}
	versions, err := c.Versions.Of(ctx, wave)
	if err != nil {
		return nil, err
	}
	return results.NewIndexer(results.NewLayout(versions...)), nil
}

// Save stores the chunks of a wave's index that hold more responses than the
// stored ones, one after the other, and those that are missing. A stored one
// that turns out to be corrupt is made anew, if more has come; else whoever
// loads it drops it. It returns how many it stored.
func (c Counter) Save(ctx context.Context, waveID int64) (int, error) {
	due, err := c.due(ctx, waveID)
	if err != nil {
		return 0, err
	}
	saved := 0
	for _, number := range due {
		stored, err := c.saveChunk(ctx, waveID, number)
		if stored {
			saved++
		}
		if err != nil {
			return saved, err
		}
	}
	return saved, nil
}

// saveChunk stores a chunk piece by piece until it is complete, and reports
// whether it stored anything.
func (c Counter) saveChunk(ctx context.Context, waveID int64, number int) (saved bool, err error) {
	for {
		chunk, wave, err := c.chunk(ctx, waveID, number, false)
		if err != nil || chunk == nil {
			return saved, err
		}
		stored, err := c.Store.SaveChunk(ctx, wave, *chunk)
		if err != nil || !stored {
			return saved, err // somebody else has stored it, or the order is another one
		}
		saved = true
	}
}

// due are the numbers of the chunks that hold fewer responses than they should,
// or are missing: by one look, however large the wave.
func (c Counter) due(ctx context.Context, waveID int64) (numbers []int, err error) {
	err = c.Store.ReadReleased(ctx, waveID, func(s *store.Snapshot) error {
		sizes, err := s.Sizes(ctx)
		for number, first := 0, 0; first < s.Wave.Released; number, first = number+1, first+results.ChunkSize {
			if sizes[number] < min(results.ChunkSize, s.Wave.Released-first) {
				numbers = append(numbers, number)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for chunks to store: %w", err)
	}
	return numbers, nil
}

// A chunk is made by small steps with pauses between them: the whole at once
// would keep a processor from those who answer for a second or two. After so
// many steps it is stored as far as it is, so that a job that is cut short has
// done its part.
const (
	stepResponses = 250
	stepPause     = 10 * time.Millisecond
	mostSteps     = 64
)

// chunk makes a chunk as it should be stored: of what is stored of it and of
// the responses that came since, or of the first of these if they are many; or
// anew, of all its responses. It is nil if that is what is stored already.
func (c Counter) chunk(ctx context.Context, waveID int64, number int, anew bool) (made *store.Chunk, wave *store.Wave, err error) {
	indexer, wave, below, err := c.begun(ctx, waveID, number, anew)
	if err != nil {
		return nil, nil, fmt.Errorf("begin chunk %d: %w", number, err)
	}
	first := number * results.ChunkSize
	from := first + indexer.Size()
	if from >= below {
		return nil, wave, nil
	}
	if !anew {
		below = min(below, from+mostSteps*stepResponses)
	}
	for step := 0; from < below; step++ {
		if step > 0 {
			select {
			case <-ctx.Done():
				return nil, nil, fmt.Errorf("make chunk %d: %w", number, ctx.Err())
			case <-time.After(stepPause):
			}
		}
		to := min(below, from+stepResponses)
		if err := c.Store.Responses(ctx, waveID, from, to, indexer.Add); err != nil {
			return nil, nil, fmt.Errorf("make chunk %d: %w", number, err)
		}
		if first+indexer.Size() != to {
			return nil, nil, fmt.Errorf("make chunk %d: responses of wave %d from %d to %d are %d", number, waveID, from, to, first+indexer.Size()-from)
		}
		from = to
	}
	made = &store.Chunk{Number: number}
	if made.Bits, made.Size, err = indexer.Index().Chunk(0, nameOf(waveID, number)); err != nil {
		return nil, nil, fmt.Errorf("make chunk %d: %w", number, err)
	}
	return made, wave, nil
}

// begun is what is stored of a chunk, unless it is to be made anew, and below
// which ordinal its responses lie.
func (c Counter) begun(ctx context.Context, waveID int64, number int, anew bool) (indexer *results.Indexer, wave *store.Wave, below int, err error) {
	err = c.Store.ReadReleased(ctx, waveID, func(s *store.Snapshot) error {
		wave = &s.Wave
		below = min(wave.Released, (number+1)*results.ChunkSize)
		if indexer, err = c.indexer(ctx, wave, nil); err != nil || anew {
			return err
		}
		stored, err := s.Chunk(ctx, number, 0)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		err = indexer.AddChunk(nameOf(waveID, number), stored.Bits, stored.Size)
		if errors.Is(err, results.ErrCorrupt) {
			return nil
		}
		return err
	})
	return indexer, wave, below, err
}
