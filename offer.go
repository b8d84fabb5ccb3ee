package mpreg

// offer is a function under a name with a set of locs.
type offer struct {
	name   string
	locs   []string // sorted
	fn     *Function
	health health
}
