package wire_test

import (
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestStampOrder: each of these is later than all before it.
func TestStampOrder(t *testing.T) {
	stamps := []wire.Stamp{
		{},
		{Incarnation: 1, Version: 1, State: wire.Alive},
		{Incarnation: 1, Version: 1, State: wire.Dead},
		{Incarnation: 1, Version: 1, State: wire.Left},
		{Incarnation: 1, Version: 2, State: wire.Alive},
		{Incarnation: 1, Version: wire.MaxVersion, State: wire.Left},
		{Incarnation: 2, Version: 1, State: wire.Alive},
		{Incarnation: wire.MaxIncarnation, Version: 1, State: wire.Dead},
	}
	for i, a := range stamps {
		for j, b := range stamps {
			want := max(-1, min(1, i-j))
			if got := a.Compare(b); got != want {
				t.Errorf("%v compared with %v: got %d, want %d", a, b, got, want)
			}
		}
	}
	if !slices.IsSortedFunc(stamps, wire.Stamp.Compare) {
		t.Error("they are not sorted by Compare")
	}
}

func TestStampSays(t *testing.T) {
	for _, row := range []struct {
		stamp      wire.Stamp
		zero, live bool
		text       string
	}{
		{wire.Stamp{}, true, false, "0.0 alive"},
		{wire.Stamp{Incarnation: 17, Version: 3}, false, true, "17.3 alive"},
		{wire.Stamp{Incarnation: 17, Version: 3, State: wire.Dead}, false, false, "17.3 dead"},
		{wire.Stamp{Incarnation: 17, Version: 3, State: wire.Left}, false, false, "17.3 left"},
		{wire.Stamp{State: 3}, false, false, "0.0 state 3"},
	} {
		if zero, live, text := row.stamp.IsZero(), row.stamp.Live(), row.stamp.String(); zero != row.zero || live != row.live || text != row.text {
			t.Errorf("%q: zero %v, live %v, want %q, %v, %v", text, zero, live, row.text, row.zero, row.live)
		}
	}
}
