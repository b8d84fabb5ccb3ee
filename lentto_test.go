package mpreg_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestLentToNodesOnly: results are held for nodes, which renew and release them. A
// client that asks for that gets the result itself, for it could fill the memory of all
// nodes; and it has nothing put into arguments or given out.
func TestLentToNodesOnly(t *testing.T) {
	holder := testkit.Serve(t, mpreg.Config{Name: "holder"})
	testkit.Must(t, holder.Register("make", func(n int) string { return text(n)() }))
	s := testkit.Serve(t, mpreg.Config{Name: "s", Peers: []string{holder.URL()}})
	testkit.Acquainted(t, s, holder)
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	p.greet(clientHello())

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

// TestLentForATime: what a node holds for a request it holds for 30 seconds at a time,
// however far its deadline: if the request is canceled while the answer is on its way,
// so that nobody learns of the lease, it is gone after that.
func TestLentForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := make(chan struct{}, 1)
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			switch i {
			case 1:
				return s.Register("make", func() string { made <- struct{}{}; return text(1 << 20)() })
			case 2:
				return s.Register("use", func(s string) int { return len(s) })
			}
			return nil
		}), mpregtest.Latency(50*time.Millisecond))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		done := testkit.Later(func() (*mpreg.Response, error) {
			r := mpreg.NewRequest()
			r.Add("use", r.Add("make"))
			return c.Node(0).Server().Client().Do(ctx, r)
		})
		<-made
		testkit.Pass(10 * time.Millisecond) // the answer is on its way
		if n := testkit.Status(t, c.Node(1).Server()).Leases.Count; n != 1 {
			t.Fatalf("%d results are held, want 1", n)
		}
		cancel()
		if got := <-done; !errors.Is(got.Err, context.Canceled) {
			t.Errorf("got %v, want canceled", got.Err)
		}
		testkit.Pass(31 * time.Second)
		holdsNothing(t, c)
		testkit.Must(t, c.Node(1).Stop())
	})
}
