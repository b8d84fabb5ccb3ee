package main

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
)

// network is the hosts of a cluster on loopback, and the cables between them, which
// can be pulled. Both contenders run on it. Each host has an address of its own, by
// which either end of a connection knows the other.
type network struct {
	hosts []*host

	// sent counts the bytes that the hosts have written, payload only: neither
	// what TCP, UDP and IP put around it, nor packets over a cut cable.
	sent atomic.Int64

	cables atomic.Pointer[cables]

	changing sync.Mutex // for those who replace cables
}

// newNetwork returns a network of so many hosts, all connected.
func newNetwork(size int) *network {
	n := new(network)
	n.cables.Store(&cables{groups: make([]int, size), changed: make(chan struct{})})
	for i := range size {
		n.hosts = append(n.hosts, newHost(n, i))
	}
	return n
}

// freeze silences a host: no byte leaves or reaches it, and nobody is told.
func (n *network) freeze(i int) {
	n.change(func(groups []int) { groups[i] = frozen })
}

// split cuts the network into two parts: the first so many hosts, and the others.
// Frozen hosts stay frozen.
func (n *network) split(first int) {
	n.change(func(groups []int) {
		for i, group := range groups {
			if i >= first && group != frozen {
				groups[i] = 1
			}
		}
	})
}

// heal undoes freeze and split. What waited at a cut cable goes on.
func (n *network) heal() {
	n.change(func(groups []int) { clear(groups) })
}

// kill takes a host away as the end of its process would: its listeners are closed
// and its connections reset.
func (n *network) kill(i int) { n.hosts[i].kill() }

// close kills all hosts.
func (n *network) close() {
	for _, h := range n.hosts {
		h.kill()
	}
}

func (n *network) change(regroup func(groups []int)) {
	n.changing.Lock()
	defer n.changing.Unlock()
	before := n.cables.Load()
	after := &cables{groups: slices.Clone(before.groups), changed: make(chan struct{})}
	regroup(after.groups)
	n.cables.Store(after)
	close(before.changed)
}

// cables say who reaches whom. They are replaced, never changed: each read and
// write looks at them.
type cables struct {
	groups  []int         // of each host; those of one group reach each other
	changed chan struct{} // closed when these cables were replaced
}

// frozen is the group of hosts that reach nobody but themselves.
const frozen = -1

// reach reports whether two hosts reach each other.
func (c *cables) reach(a, b int) bool {
	return a == b || c.groups[a] == c.groups[b] && c.groups[a] != frozen
}

// hostIP returns the address of a host. Linux answers on all of 127.0.0.0/8.
func hostIP(i int) netip.Addr {
	i++ // .0 looks like a network's own address
	return netip.AddrFrom4([4]byte{127, 77, byte(i >> 8), byte(i)})
}

// hostAt returns the number of the host that has an address, -1 for others.
func (n *network) hostAt(address string) int {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Unmap().Is4() {
		return -1
	}
	ip := at.Addr().Unmap().As4()
	i := int(ip[2])<<8 + int(ip[3]) - 1
	if i < 0 || i >= len(n.hosts) || hostIP(i) != at.Addr().Unmap() {
		return -1
	}
	return i
}
