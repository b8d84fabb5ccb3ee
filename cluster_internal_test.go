package mpreg

import (
	"fmt"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestLatenciesAreForgotten: what was withdrawn long ago takes no memory.
func TestLatenciesAreForgotten(t *testing.T) {
	var r routes
	m := &member{id: "a", catalog: &wire.Catalog{}}
	for i := range 10_000 {
		next := offered(nil, wire.Offer{Name: fmt.Sprint("job-", i)})
		r.replace(m, m.catalog, next)
		m.catalog = next
	}
	if n := len(m.latencies); n > 2 {
		t.Errorf("%d latencies for 1 function", n)
	}
}

// TestEarlyCatalogs: of those that come before this end has joined the newest
// counts, in whatever order they come.
func TestEarlyCatalogs(t *testing.T) {
	s := newServer()
	if err := s.configure(Config{}, nil); err != nil {
		t.Fatal(err)
	}
	x := &session{server: s}
	x.peer = newPeer(x, nil)
	x.told.Store(100)
	s.cluster.offered(x, &wire.Catalog{Version: 3, Functions: []wire.Offer{{Name: "new"}}})
	s.cluster.offered(x, &wire.Catalog{Version: 2})
	if err := s.cluster.join(x, &wire.Hello{Node: "A", Catalog: wire.Catalog{Version: 1}}); err != nil {
		t.Fatal(err)
	}
	if len(s.cluster.routes.of("new")) == 0 {
		t.Error("the newest is lost")
	}
}
