package handlers

import (
	"maps"
	"net/url"
	"slices"
	"testing"
)

func TestParseAction(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]formAction{
		"":                      {Verb: "send"},
		"send":                  {Verb: "send"},
		"check":                 {Verb: "check"},
		"save":                  {Verb: "save"},
		"change":                {Verb: "change"},
		"add.sources":           {Verb: "add", Group: "sources"},
		"remove.sources.2":      {Verb: "remove", Group: "sources", Member: 2},
		"add":                   {},
		"add.":                  {},
		"remove.sources":        {},
		"remove.sources.-1":     {},
		"remove.sources.x":      {},
		"remove..1":             {},
		"SEND":                  {},
		"anything else":         {},
		"remove.sources.1.more": {},
	} {
		if got := parseAction(value); got != want {
			t.Errorf("parseAction(%q) = %+v, want %+v", value, got, want)
		}
	}
}

func TestRemoveMember(t *testing.T) {
	t.Parallel()
	posted := url.Values{"sources.1.name": {"B"}, "sources.1.kind": {"person"}, "sources.11.name": {"L"}, "sources.0.name": {"A"}, "types": {"x"}}
	removeMember(posted, "sources", 1)
	if left := slices.Sorted(maps.Keys(posted)); !slices.Equal(left, []string{"sources.0.name", "sources.11.name", "types"}) {
		t.Errorf("left: %q", left)
	}
}
