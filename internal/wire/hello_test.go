package wire_test

import (
	"strings"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestFrameHelloRefuses: who would be refused finds out at its own end.
func TestFrameHelloRefuses(t *testing.T) {
	long := strings.Repeat("x", wire.MaxName+1)
	offer := func(o wire.Offer) wire.Catalog {
		return wire.Catalog{Functions: []wire.Offer{{Name: "f"}, o}}
	}
	for says, h := range map[string]wire.Hello{
		`field "versions" is missing or empty`:                   {},
		`field "node" has more than 256 characters`:              {Versions: []int{1}, Node: long},
		`field "limits.message_bytes" must be at least 0`:        {Versions: []int{1}, Limits: wire.Limits{MessageBytes: -1}},
		`field "codecs[0]" has more than 32 characters`:          {Versions: []int{1}, Codecs: []string{long}},
		`field "catalog.resources[0]" is missing or empty`:       {Versions: []int{1}, Catalog: wire.Catalog{Resources: []string{""}}},
		`field "functions[1].name" is missing or empty`:          {Versions: []int{1}, Catalog: offer(wire.Offer{})},
		`field "functions[1].locs[0]" has more than 256 charact`: {Versions: []int{1}, Catalog: offer(wire.Offer{Name: "f", Locs: []string{long}})},
		`field "functions[1].name" has more than 256 characters`: {Versions: []int{1}, Catalog: offer(wire.Offer{Name: long})},
		`the HELLO frame can't be written`:                       {Versions: []int{1}, Name: "\xff"},
	} {
		var f wire.Frame
		e := wireError(t, f.Hello(&h))
		if !strings.Contains(e.Message, says) || !strings.Contains(e.Message, "HELLO frame") || f.Size() != 0 {
			t.Errorf("got %v, want %q; %d bytes are left", e, says, f.Size())
		}
		checkWords(t, e)
	}
	var f wire.Frame
	c := offer(wire.Offer{})
	if e := wireError(t, f.Catalog(&c)); !strings.Contains(e.Message, `malformed CATALOG frame: field "functions[1].name"`) {
		t.Errorf("got %v", e)
	}
}
