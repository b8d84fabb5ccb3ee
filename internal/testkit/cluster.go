package testkit

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/mpreg/mpreg"
)

// Trio runs three nodes, each of which names those before it as its peers. They are
// called node-0 to node-2.
func Trio(t testing.TB, setup func(i int, s *mpreg.Server), opts ...mpreg.ServerOption) [3]*mpreg.Server {
	t.Helper()
	var nodes [3]*mpreg.Server
	var urls []string
	for i := range nodes {
		s := NewServer(t, mpreg.Config{Name: fmt.Sprintf("node-%d", i), Peers: slices.Clone(urls)}, opts...)
		setup(i, s)
		Run(t, s)
		nodes[i] = s
		urls = append(urls, s.URL())
	}
	Acquainted(t, nodes[:]...)
	return nodes
}

// Acquainted waits until each node knows all, and what they offer.
func Acquainted(t testing.TB, nodes ...*mpreg.Server) {
	t.Helper()
	for _, s := range nodes {
		Eventually(t, s.Name()+" knows all nodes", func() bool {
			members := s.Members()
			for _, m := range members {
				i := slices.IndexFunc(nodes, func(n *mpreg.Server) bool { return n.ID() == m.ID })
				if i < 0 || !reflect.DeepEqual(m.Functions, nodes[i].Functions()) {
					return false
				}
			}
			return len(members) == len(nodes)
		})
	}
}

// Whereabouts registers a function that tells which node runs it.
func Whereabouts(t testing.TB, s *mpreg.Server, name string, locs ...string) {
	t.Helper()
	Must(t, s.Register(name, func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node }, locs...))
}

// StateAt returns what a node holds another for, empty if it does not list it.
func StateAt(s *mpreg.Server, id string) mpreg.MemberState {
	for _, m := range s.Members() {
		if m.ID == id {
			return m.State
		}
	}
	return ""
}
