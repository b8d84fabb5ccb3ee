package mpreg

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// offer is a function under a name with a set of locs.
type offer struct {
	name  string
	locs  []string // sorted
	fn    *Function
	place route.Place[runFunc] // at this node
}

// newOffer returns an offer of a node, which is nil if the registry is of none.
func newOffer(node *route.Node, name string, locs []string, fn *Function) *offer {
	o := &offer{name: name, locs: locs, fn: fn}
	o.place.Node, o.place.Run, o.place.Idempotent = node, o.run, fn.idempotent
	return o
}

// run is a runFunc.
func (o *offer) run(ctx context.Context, call *callContext, _ query) (Value, error) {
	return call.exec.node.runHere(ctx, call, o)
}

// missing counts the locs that the offer does not have.
func (o *offer) missing(locs, common []string) int {
	n := 0
	for _, loc := range locs {
		if !slices.Contains(o.locs, loc) && !slices.Contains(common, loc) {
			n++
		}
	}
	return n
}

// locSet returns locs sorted and each once.
func locSet(locs []string) ([]string, error) {
	set := slices.Clone(locs)
	if set == nil {
		set = []string{}
	}
	slices.Sort(set)
	set = slices.Compact(set)
	if len(set) > wire.MaxLocs {
		return nil, fmt.Errorf("%d locs are more than %d", len(set), wire.MaxLocs)
	}
	for _, loc := range set {
		if err := checkName("loc", loc); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// checkTold keeps out a function that can't be told to other nodes: with it they
// would learn of no other of this node either.
func checkTold(f *Function) error {
	for _, told := range []struct {
		what, text string
		most       int
	}{{"doc", f.doc, wire.MaxDoc}, {"signature", f.String(), wire.MaxSignature}} {
		if !utf8.ValidString(told.text) {
			return fmt.Errorf("its %s is no UTF-8", told.what)
		}
		if n := utf8.RuneCountInString(told.text); n > told.most {
			return fmt.Errorf("its %s has %d characters, more than %d", told.what, n, told.most)
		}
	}
	return nil
}

// checkName keeps out what would be refused on the wire.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s is empty", what)
	case !utf8.ValidString(name):
		return fmt.Errorf("the %s %q is no UTF-8", what, name)
	case utf8.RuneCountInString(name) > wire.MaxName:
		return fmt.Errorf("the %s is longer than %d characters", what, wire.MaxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("the %s %q has control characters", what, name)
	}
	return nil
}

// catalogSize is what bounds the offers of a node, taken together: other nodes refuse
// a catalog beyond it, and would know of none of them.
type catalogSize struct{ offers, locs int }

// room says why there is no room for more offers.
func (s catalogSize) room(more catalogSize) error {
	if n := s.offers + more.offers; n > wire.MaxOffers {
		return fmt.Errorf("a node would offer %d functions, more than %d", n, wire.MaxOffers)
	}
	if n := s.locs + more.locs; n > wire.MaxEntries {
		return fmt.Errorf("a node's functions would have %d locs, taken together, more than %d", n, wire.MaxEntries)
	}
	return nil
}
