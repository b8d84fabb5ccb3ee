package route

import (
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
		a.Join()
		changes := map[string]<-chan struct{}{}
		for _, function := range []string{"f", "g", "h"} {
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
