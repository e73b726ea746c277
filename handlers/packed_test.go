package handlers

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// TestPackedPagesReadBack: whatever the page and whatever fills the gap, a
// browser reads what was put in.
func TestPackedPagesReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"<input ", `value="`, `">`, "0", "a", "4f", "-", "پ", "x", "y", "survey", "\n", strings.Repeat("x", 40)})
		text := func(label string) []byte {
			return []byte(strings.Join(rapid.SliceOfN(words, 0, 400).Draw(t, label), ""))
		}
		before, after := text("before"), text("after")
		key := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key")).String() + gapTail
		p, err := newPackedPage(before, after, len(key))
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.ReadAll(brotli.NewReader(bytes.NewReader(p.fill([]byte(key)))))
		if err != nil || string(read) != string(before)+key+string(after) {
			t.Fatalf("%q %q %q reads back as %q (%v)", before, key, after, read, err)
		}
	})
}
