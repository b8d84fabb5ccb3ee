package route

import (
	"testing"
	"time"
)

// TestDurations: they are kept of functions for which somebody asks, and not of any
// number.
func TestDurations(t *testing.T) {
	var d Durations
	d.Add("f", time.Second)
	if got := d.Most("f"); got != 0 {
		t.Errorf("got %v", got)
	}
	for range enoughToSay {
		d.Add("f", time.Millisecond)
		d.Add("g", time.Second)
	}
	if got := d.Most("f"); got < time.Millisecond || got > 1250*time.Microsecond {
		t.Errorf("got %v", got)
	}
	if got := d.Most("g"); got != 0 {
		t.Errorf("nobody had asked for g, and it is %v", got)
	}
	for i := range 2 * maxTypical {
		d.Most(string(rune('a' + i)))
	}
	if n := len(d.byFunction); n != maxTypical {
		t.Errorf("%d functions are kept", n)
	}
	if allocs := testing.AllocsPerRun(100, func() { d.Add("f", time.Millisecond); d.Most("f") }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
