package mpreg_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestFlappingLink: a link that is lost again and again does not take a healthy node
// out of the routes: each call is answered, over a link that is made for it if need be.
func TestFlappingLink(t *testing.T) {
	nodes := testkit.Trio(t, func(i int, s *mpreg.Server) { testkit.Whereabouts(t, s, fmt.Sprint("on-", i)) })
	var cut cutter
	c := testkit.NewServer(t, mpreg.Config{Name: "node-3", Peers: []string{nodes[0].URL()}}, mpreg.WithDialer(cut.dial))
	testkit.Run(t, c)
	testkit.Acquainted(t, nodes[0], nodes[1], nodes[2], c)
	for range 20 {
		cut.all()
		for i, s := range nodes {
			got, err := mpreg.Call[string](t.Context(), c.Client(), fmt.Sprint("on-", i))
			switch {
			case err != nil && testkit.AsError(t, err).Code != mpreg.Unavailable: // it may have been under way
				t.Errorf("%v", err)
			case err == nil && got != s.Name():
				t.Errorf("ran on %s", got)
			}
		}
	}
	testkit.Eventually(t, "all is well", func() bool {
		for _, m := range c.Members() {
			if m.State != mpreg.MemberAlive {
				return false
			}
		}
		return true
	})
	for i, s := range nodes {
		wantCall(t, c, fmt.Sprint("on-", i), s.Name())
	}
}

// cutter dials, and cuts what it has dialed.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn, err
}

func (c *cutter) all() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
	c.conns = nil
}
