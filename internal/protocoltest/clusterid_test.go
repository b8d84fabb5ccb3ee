package protocoltest_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestForeignCluster: nodes of two clusters of which one dials the other, or
// both do, are told so. Nothing is registered at either, and their logs say it
// once.
func TestForeignCluster(t *testing.T) {
	for name, row := range map[string]struct{ ours, theirs int }{
		"one dials": {1, 0},
		"both dial": {1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := testkit.NewNetwork("ours", "theirs")
				ours := newForeigner(t, m, "ours", []string{"ws://theirs"}[:row.ours])
				theirs := newForeigner(t, m, "theirs", []string{"ws://ours"}[:row.theirs])
				testkit.Run(t, ours.node)
				testkit.Run(t, theirs.node)
				testkit.Pass(10 * time.Minute)
				ours.alone(t, "theirs")
				theirs.alone(t, "ours")
				if n := ours.dials.Load(); n < 5 {
					t.Errorf("dialed %d times: want several", n)
				}
			})
		})
	}
}

// foreigner is a node of a cluster of its own.
type foreigner struct {
	node  *mpreg.Server
	log   testkit.Journal
	dials atomic.Int64
}

func newForeigner(t testing.TB, m testkit.Network, name string, peers []string) *foreigner {
	t.Helper()
	f := new(foreigner)
	dialer := func(ctx context.Context, network, addr string) (net.Conn, error) {
		f.dials.Add(1)
		return m.Dial(ctx, network, addr)
	}
	var err error
	f.node, err = mpreg.NewServer(mpreg.Config{Name: name, ClusterID: name, Peers: peers},
		mpreg.WithListener(m[name]), mpreg.WithLogger(f.log.Logger()), mpreg.WithDialer(dialer))
	testkit.Must(t, err)
	testkit.Whereabouts(t, f.node, "of-"+name)
	return f
}

// alone fails the test if the node knows anything of another.
func (f *foreigner) alone(t testing.TB, other string) {
	t.Helper()
	if n := len(f.node.Members()); n != 1 {
		t.Errorf("%s has %d members", f.node.Name(), n)
	}
	if _, err := f.node.Client().Call(t.Context(), "of-"+other); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("a function of the other cluster: %v", err)
	}
	if logged := f.log.Take(); len(logged) != 1 {
		t.Errorf("%s logs %d lines, want 1: %.2000q", f.node.Name(), len(logged), logged)
	}
}

// TestForeignNode: a node of another cluster is refused with 1005 in either role.
func TestForeignNode(t *testing.T) {
	theirs := nodeHello("A", 1)
	theirs.Cluster = "theirs"
	t.Run("it dials", func(t *testing.T) {
		s := testkit.Serve(t, mpreg.Config{})
		p := dialFrames(t, s.URL(), websocket.Dialer{})
		p.send(helloFrame(t, theirs))
		e := p.refused(0, mpreg.WrongCluster, `"theirs"`, mpreg.DefaultClusterID)
		if e.Details["node"] != s.Name() {
			t.Errorf("details: %v", e.Details)
		}
		p.closed(websocket.ClosePolicyViolation)
		if n := len(s.Members()); n != 1 {
			t.Errorf("%d members", n)
		}
	})
	t.Run("it is dialed", func(t *testing.T) {
		l, url := testkit.Listen(t)
		dialed := impostors(t, l)
		s := testkit.Serve(t, mpreg.Config{Peers: []string{url}})
		p := testkit.Within(t, "the node dials", dialed)
		if h := p.hello(); h.Node != s.ID() {
			t.Errorf("the node says %+v", h)
		}
		p.send(helloFrame(t, theirs))
		p.refused(0, mpreg.WrongCluster, `"theirs"`)
		p.closed(websocket.ClosePolicyViolation)
		if n := len(s.Members()); n != 1 {
			t.Errorf("%d members", n)
		}
	})
}
