package wire

// Bounds of what a node offers, besides those of names. What is above one of them
// keeps all that a node offers from being told: see that it is not registered.
const (
	MaxOffers    = 1 << 16
	MaxLocs      = 1 << 10 // of an offer, and of a node's resources
	MaxSignature = 1 << 16 // characters
	MaxDoc       = 1 << 20 // characters
)

// check holds c against what a catalog may be, before it is written and after it
// was read: both ends refuse the same.
func (c *Catalog) check() *Error {
	var b bounds
	b.names("resources", c.Resources, MaxLocs)
	b.offers("functions", c.Functions)
	return b.err
}

// check is that of a catalog, for a change.
func (d *Delta) check() *Error {
	var b bounds
	b.names("resources", d.Resources, MaxLocs)
	b.most("removed", len(d.Removed), MaxOffers, "entries")
	for i := range d.Removed {
		b.at("removed", i)
		if b.key(d.Removed[i].Name, d.Removed[i].Locs); b.err != nil {
			return b.err
		}
	}
	b.at("", 0)
	b.offers("added", d.Added)
	return b.err
}

func (b *bounds) offers(field string, list []Offer) {
	b.most(field, len(list), MaxOffers, "entries")
	for i := range list {
		o := &list[i]
		b.at(field, i)
		b.key(o.Name, o.Locs)
		b.chars("signature", o.Signature, MaxSignature)
		b.chars("doc", o.Doc, MaxDoc)
		if b.err != nil {
			return
		}
	}
}

// key bounds the name and the locs of an offer, and the locs of all offers
// together: encoded, many can share a set, and who looks at the locs of each one
// should not do so for hours.
func (b *bounds) key(name string, locs []string) {
	if b.locs += len(locs); b.locs > MaxEntries && b.err == nil {
		b.err = limitError("locs_entries", MaxEntries, "the functions have more than %d locs, taken together", MaxEntries)
	}
	if b.err != nil {
		return
	}
	b.name("name", name)
	b.names("locs", locs, MaxLocs)
}
