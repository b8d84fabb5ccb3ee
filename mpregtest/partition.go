package mpregtest

import "slices"

// Partition divides the network: between nodes that are in no group together,
// nothing passes any more. Groups are of nodes' indices; nodes that are in none are
// one more group, so that Partition([]int{0}) is enough to isolate node 0. A node
// may be in several groups, and is a bridge between them.
//
//	c.Partition([]int{0, 1}, []int{2, 3, 4})
//	c.WaitConverged() // each side takes the other for gone
//	c.Heal()
//	c.WaitConverged() // and finds it again
//
// There is silence, not an error, as if a cable was pulled: connections stay open,
// who writes is told nothing until 64 KiB wait, and who dials gets no answer until
// its context ends. What was not read yet is held too, and arrives after [Cluster.Heal]
// on connections that nobody closed, as TCP sends again what was lost.
//
// Clients, and what [Cluster.Dial] connects, reach the nodes of all groups. Nodes
// that are restarted stay in theirs. Another Partition takes the place of this one,
// and of what [Cluster.Cut] cut. It panics if there is no node of an index.
func (c *Cluster) Partition(groups ...[]int) {
	var rest []int
	cuts := make(map[route]struct{})
	for a := range c.nodes {
		if !slices.ContainsFunc(groups, func(group []int) bool { return slices.Contains(group, a) }) {
			rest = append(rest, a)
		}
		for b := range c.nodes {
			if a != b {
				cuts[c.route(a, b)] = struct{}{}
			}
		}
	}
	for _, group := range append(slices.Clone(groups), rest) {
		for _, a := range group {
			for _, b := range group {
				delete(cuts, c.route(a, b))
			}
		}
	}
	c.network.cut(cuts)
}

// Cut has nothing pass that node from sends to node to, on top of what is cut
// already; what comes the other way still passes. Bytes and dials are treated as by
// [Cluster.Partition]: no connection is made, because that takes both ways. On one
// that is open the other way goes on, where TCP would stall after some time, for
// want of an acknowledgement. [Cluster.Heal] ends it. It panics if there is no node
// of an index.
func (c *Cluster) Cut(from, to int) {
	cut := c.route(from, to)
	c.network.change(func() {
		if c.network.cuts == nil {
			c.network.cuts = make(map[route]struct{})
		}
		c.network.cuts[cut] = struct{}{}
	})
}

// Heal ends what [Cluster.Partition] and [Cluster.Cut] did: what was held arrives,
// and dials that wait get their answer. Frozen nodes stay so. Nodes that gave each
// other up need a moment to find each other, see [Cluster.WaitConverged].
func (c *Cluster) Heal() { c.network.cut(nil) }

func (c *Cluster) route(from, to int) route { return route{c.nodes[from].host, c.nodes[to].host} }
