package forms

import (
	"encoding/binary"
	"slices"
)

// merge keeps the first of all stops that agree as far as anything from index
// on looks at them.
func (w *walk) merge(front []*stop, index int, g *group, member int) []*stop {
	first := map[string]*stop{}
	var out []*stop
	var key []byte
	for _, s := range front {
		key = w.key(key[:0], s, index, g, member)
		if same := first[string(key)]; same != nil {
			s.same = same
			w.merged = append(w.merged, s)
			continue
		}
		first[string(key)] = s
		out = append(out, s)
	}
	return out
}

func (w *walk) key(key []byte, s *stop, index int, g *group, member int) []byte {
	for _, v := range w.decide {
		words := s.facts[v.place : v.place+w.most(v.node.group)]
		if v.keep >= index {
			for _, word := range words {
				key = binary.LittleEndian.AppendUint64(key, word)
			}
			continue
		}
		if v.last >= index {
			var any uint64
			for _, word := range words {
				any |= word &^ leftEmpty
			}
			key = binary.LittleEndian.AppendUint64(key, any)
		}
		if g != nil && v.node.group == g && v.lastOwn >= index {
			key = binary.LittleEndian.AppendUint64(key, words[member])
		}
	}
	if g != nil {
		flags := 0
		switch {
		case s.fill != nil:
			flags = 4 + 4*s.fill.index
		case s.filled:
			flags = 2
		}
		if s.emptied {
			flags++
		}
		key = binary.LittleEndian.AppendUint64(key, uint64(flags))
	}
	if w.aim == eachSet {
		for _, word := range s.asked {
			key = binary.LittleEndian.AppendUint64(key, word)
		}
	}
	return key
}

// findWaysOn gives each stop a way on that reaches the end, if it has one.
func (w *walk) findWaysOn() {
	mark := func(s *stop) {
		for s.good = true; s.from != nil && s.from.next == nil; s = s.from {
			s.from.next, s.from.good = s, true
		}
	}
	for _, s := range append(slices.Clone(w.finished), w.ended...) {
		mark(s)
	}
	// What a stop was merged with may itself have been merged later.
	for _, s := range slices.Backward(w.merged) {
		if s.same.good {
			mark(s)
		}
	}
}
