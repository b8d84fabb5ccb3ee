package protocoltest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestLentToNodesOnly: results are held for nodes, which renew and release them. A
// client that asks for that gets the result itself, for it could fill the memory of all
// nodes; and it has nothing put into arguments or given out.
func TestLentToNodesOnly(t *testing.T) {
	holder := testkit.Serve(t, mpreg.Config{Name: "holder"})
	testkit.Must(t, holder.Register("make", func(n int) string { return strings.Repeat("x", n) }))
	s := testkit.Serve(t, mpreg.Config{Name: "s", Peers: []string{holder.URL()}})
	testkit.Acquainted(t, s, holder)
	p := clientAt(t, s)

	size, err := codec.Encode(codec.JSON{}, 1000)
	testkit.Must(t, err)
	p.send(written(t, func(f *wire.Frame) error {
		return f.Request(1, &wire.Request{
			Commands: []wire.Command{{Name: "make", Function: "make", Args: []codec.Value{size}}},
			Keep:     1, KeepFor: 24 * time.Hour,
		})
	}))
	got := p.result(1).Results[0].Value
	if lease := wire.LeaseOf(got); lease != nil || len(got.Bytes()) < 1000 {
		t.Errorf("the client got %.100q, a lease: %v", got.Bytes(), lease != nil)
	}
	status, err := mpreg.Call[mpreg.Status](t.Context(), holder.Client(), "mpreg.status")
	testkit.Must(t, err)
	if status.Leases != (mpreg.LeaseCounts{}) {
		t.Errorf("held for a client: %+v", status.Leases)
	}

	made := &wire.Lease{Node: holder.ID(), Token: wire.Token{1}, Size: 1000}
	p.send(written(t, func(f *wire.Frame) error {
		return f.Request(2, &wire.Request{
			Commands: []wire.Command{{Name: "echo", Function: "echo", Args: []codec.Value{size}}},
			Splices:  []wire.Splice{{Command: "x", Value: made.Value()}},
		})
	}))
	p.refused(2, mpreg.PermissionDenied, "only nodes")
	p.send(written(t, func(f *wire.Frame) error {
		return f.Request(3, &wire.Request{Fetch: &wire.Fetch{Node: s.ID(), Token: made.Token}})
	}))
	p.refused(3, mpreg.PermissionDenied, "only nodes")
	p.alive()
}
