package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

type functionsCommand struct{ listing }

// Run prints a line an offer.
func (c *functionsCommand) Run(ctx context.Context, std stdio) error {
	return c.list(ctx, std, "mpreg.functions", functionsTable)
}

// offering is an offer, and the names of the nodes that have it.
type offering struct {
	offer
	nodes []string
}

// offerings lists what the members offer. Nodes that have another signature for
// a name and locs, as during an upgrade, make another entry.
func offerings(members []member) []offering {
	var list []offering
	for _, m := range members {
		if m.offers() {
			for _, o := range m.Functions {
				list = append(list, offering{o, []string{m.Name}})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b offering) int {
		return cmp.Or(a.compare(b.offer), strings.Compare(a.nodes[0], b.nodes[0]))
	})
	merged := list[:0]
	for _, o := range list {
		if n := len(merged); n > 0 && merged[n-1].compare(o.offer) == 0 {
			merged[n-1].nodes = append(merged[n-1].nodes, o.nodes...)
			continue
		}
		merged = append(merged, o)
	}
	return merged
}

// compare orders offers by name, and those with the fewest locs first, which a
// call prefers.
func (o offer) compare(p offer) int {
	return cmp.Or(strings.Compare(o.Name, p.Name), cmp.Compare(len(o.Locs), len(p.Locs)),
		slices.Compare(o.Locs, p.Locs), strings.Compare(o.Signature, p.Signature))
}

func functionsTable(members []member) *table {
	t := &table{columns: []column{
		{title: "FUNCTION"}, {title: "LOCS", list: true},
		{title: "NODES", list: true, most: 20}, // of many, how many is what matters
		{title: "SIGNATURE", list: true},
	}}
	for _, o := range offerings(members) {
		t.add(cell{o.Name}, o.Locs, o.nodes, one(o.Signature))
	}
	return t
}
