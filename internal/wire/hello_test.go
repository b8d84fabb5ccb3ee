package wire_test

import (
	"strings"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestFrameHelloRefuses: who would be refused finds out at its own end.
func TestFrameHelloRefuses(t *testing.T) {
	long := strings.Repeat("x", wire.MaxName+1)
	for says, h := range map[string]wire.Hello{
		`field "versions" is missing or empty`:            {},
		`field "node" has more than 256 characters`:       {Versions: []int{1}, Node: long},
		`field "limits.message_bytes" must be at least 0`: {Versions: []int{1}, Limits: wire.Limits{MessageBytes: -1}},
		`field "codecs[0]" has more than 32 characters`:   {Versions: []int{1}, Codecs: []string{long}},
		`field "urls[1]" is missing or empty`:             {Versions: []int{1}, URLs: []string{"ws://a", ""}},
		`the HELLO frame can't be written`:                {Versions: []int{1}, Name: "\xff"},
	} {
		var f wire.Frame
		e := wireError(t, f.Hello(&h))
		if !strings.Contains(e.Message, says) || !strings.Contains(e.Message, "HELLO frame") || f.Size() != 0 {
			t.Errorf("got %v, want %q; %d bytes are left", e, says, f.Size())
		}
		checkWords(t, e)
	}
}
