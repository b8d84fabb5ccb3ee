package route

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestArrivalsWakeWhoIsConcerned: an offer of one function does not wake the calls that
// wait for another: with many that wait in vain each change would cost as many searches.
func TestArrivalsWakeWhoIsConcerned(t *testing.T) {
	for _, row := range []struct {
		name string
		tell func(a *Arrivals)
		want []string
	}{
		{"one function", func(a *Arrivals) { a.tell("f") }, []string{"f"}},
		{"a catalog", func(a *Arrivals) { a.tellOf(offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "g"})) }, []string{"f", "g"}},
		{"no catalog", func(a *Arrivals) { a.tellOf(nil) }, nil},
		{"what nobody waits for", func(a *Arrivals) { a.tell("x") }, nil},
		{"all", func(a *Arrivals) { a.tellAll() }, []string{"f", "g", "h"}},
	} {
		var a Arrivals
		changes := map[string]<-chan struct{}{}
		for _, function := range []string{"f", "g", "h"} {
			a.Join(function)
			changes[function] = a.Next(function)
		}
		row.tell(&a)
		var woken []string
		for function, change := range changes {
			select {
			case <-change:
				woken = append(woken, function)
			default:
			}
		}
		slices.Sort(woken)
		if !slices.Equal(woken, row.want) {
			t.Errorf("%s: woke %q, want %q", row.name, woken, row.want)
		}
	}
}

// TestArrivalsKeepNothing: of what nobody waits for any more nothing is left, whether
// it came or not, and who still waits is woken.
func TestArrivalsKeepNothing(t *testing.T) {
	var a Arrivals
	for i := range 100 {
		function := fmt.Sprint("unheard-of-", i)
		a.Join(function)
		a.Next(function)
		a.Leave(function)
	}
	a.Join("f")
	a.Join("f")
	a.Leave("f")
	if len(a.next) != 1 {
		t.Errorf("one waits, and %d functions are kept", len(a.next))
	}
	change := a.Next("f")
	a.tell("f")
	select {
	case <-change:
	default:
		t.Error("when one has left, the other is not woken")
	}
	a.tell("f") // which nobody has asked for
	if a.Next("f") == change {
		t.Error("the next change is the one before")
	}
	a.Leave("f")
	if len(a.next) != 0 || a.waiting.Load() != 0 {
		t.Errorf("nobody waits, and %d functions are kept", len(a.next))
	}
}
