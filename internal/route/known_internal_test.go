package route

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestKnownIsBounded: functions and locs of any number are chosen rightly, and of
// those that do not exist nothing is kept.
func TestKnownIsBounded(t *testing.T) {
	h, _ := newHere(t, 0)
	catalog := offered(nil)
	for i := range 2 * maxKnown {
		catalog.Functions = append(catalog.Functions, wire.Offer{Name: fmt.Sprint("f", i)})
	}
	for i := range 2 * maxKnownLocs {
		catalog.Functions = append(catalog.Functions, wire.Offer{Name: "f0", Locs: []string{fmt.Sprint("loc", i)}})
	}
	n := h.join("n", catalog)
	choose := func(function string, locs ...string) {
		t.Helper()
		if c, miss := h.Choose(&Query{Function: function, Locs: locs}, nil); miss != Found || c.Place.Node != n {
			t.Fatalf("%s at %q: got %+v, %v", function, locs, c.Place, miss)
		}
	}
	for range 40 { // often enough that what is known begins anew
		for i := range 2 * maxKnown {
			choose(fmt.Sprint("f", i))
		}
	}
	for i := range 2 * maxKnownLocs {
		choose("f0", fmt.Sprint("loc", i))
	}
	for i := range 100 {
		if c, miss := h.Choose(&Query{Function: fmt.Sprint("unheard-of", i)}, nil); miss != NotOffered {
			t.Fatalf("got %+v, %v", c.Place, miss)
		}
	}
	functions := *h.known.functions.Load()
	if len(functions) > maxKnown {
		t.Errorf("%d functions are known", len(functions))
	}
	for name, f := range functions {
		if a := f.answers.Load(); a != nil && len(a.at) > maxKnownLocs {
			t.Errorf("%s: %d locs", name, len(a.at))
		}
		if strings.HasPrefix(name, "unheard-of") {
			t.Errorf("%s is known", name)
		}
	}
}
