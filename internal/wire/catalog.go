package wire

// Catalog is what a node offers. It reaches the others as gossip: [AppendCatalog]
// encodes it for [Body.Parts], and a [Delta] is a change of one. The zero value
// offers nothing.
type Catalog struct {
	Resources []string // locs that all functions of the node have
	Functions []Offer
}

// Offer is a function under one set of locs. A function with several sets is
// there once for each.
type Offer struct {
	Name       string
	Locs       []string
	Signature  string // for people, like Doc
	Doc        string
	Idempotent bool // may be run twice
}
