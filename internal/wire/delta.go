package wire

import (
	"encoding/binary"
	"slices"
)

// Delta is a change of a [Catalog]. The zero value changes nothing.
type Delta struct {
	Resources     []string // with SetsResources: what they are from now on
	SetsResources bool
	Removed       []OfferKey
	Added         []Offer // each replaces the offer of the same key, if there is one
}

// OfferKey names an offer: there is at most one of a function and a list of locs.
// Locs in another order are another list: who offers them sorts them.
type OfferKey struct {
	Name string
	Locs []string
}

// Apply returns c as it is after d; c and d stay as they are, and what is returned
// shares their memory. Offers that stay keep their order, one that is replaced its
// place; new ones are behind. An offer that is not there and is removed is no
// error, and one that is removed and added is there. The result may be beyond the
// bounds of a catalog, which AppendCatalog then says. It is safe for concurrent use.
func (c *Catalog) Apply(d *Delta) *Catalog {
	const removed, done = -1, -2
	var scratch []byte
	changes := make(map[string]int, len(d.Removed)+len(d.Added)) // indexes in Added, or what was done
	for i := range d.Removed {
		scratch = appendKey(scratch[:0], d.Removed[i].Name, d.Removed[i].Locs)
		changes[string(scratch)] = removed
	}
	for i := range d.Added {
		scratch = appendKey(scratch[:0], d.Added[i].Name, d.Added[i].Locs)
		changes[string(scratch)] = i
	}
	next := &Catalog{Resources: c.Resources, Functions: make([]Offer, 0, len(c.Functions)+len(d.Added))}
	if d.SetsResources {
		next.Resources = d.Resources
	}
	place := func(o Offer) {
		scratch = appendKey(scratch[:0], o.Name, o.Locs)
		i, changed := changes[string(scratch)]
		if changed && i >= 0 {
			o = d.Added[i]
			changes[string(scratch)] = done
		}
		if !changed || i >= 0 {
			next.Functions = append(next.Functions, o)
		}
	}
	for _, o := range c.Functions {
		place(o)
	}
	for _, o := range d.Added {
		place(o)
	}
	return next
}

// Diff returns the change that makes next of c, but for the order of its offers;
// it shares their memory. It is safe for concurrent use.
func (c *Catalog) Diff(next *Catalog) *Delta {
	d := new(Delta)
	if !slices.Equal(c.Resources, next.Resources) {
		d.Resources, d.SetsResources = next.Resources, true
	}
	var scratch []byte
	before := make(map[string]int, len(c.Functions)) // indexes in c.Functions
	for i := range c.Functions {
		scratch = appendKey(scratch[:0], c.Functions[i].Name, c.Functions[i].Locs)
		before[string(scratch)] = i
	}
	for _, o := range next.Functions {
		scratch = appendKey(scratch[:0], o.Name, o.Locs)
		i, there := before[string(scratch)]
		if !there || !c.Functions[i].equal(&o) {
			d.Added = append(d.Added, o)
		}
		delete(before, string(scratch))
	}
	for i, o := range c.Functions {
		scratch = appendKey(scratch[:0], o.Name, o.Locs)
		if last, there := before[string(scratch)]; there && last == i {
			d.Removed = append(d.Removed, OfferKey{o.Name, o.Locs})
		}
	}
	return d
}

// equal compares offers of the same key.
func (o *Offer) equal(other *Offer) bool {
	return o.Signature == other.Signature && o.Doc == other.Doc && o.Idempotent == other.Idempotent
}

// appendKey appends what tells the offers of a catalog apart.
func appendKey(dst []byte, name string, locs []string) []byte {
	dst = append(binary.AppendUvarint(dst, uint64(len(name))), name...)
	for _, loc := range locs {
		dst = append(binary.AppendUvarint(dst, uint64(len(loc))), loc...)
	}
	return dst
}
