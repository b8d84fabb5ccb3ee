package mpregtest

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestDoubts: what WaitConverged waits for besides the views of the nodes.
func TestDoubts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCluster(t, 1)
		p := c.nodes[0].process
		says := func(want string) {
			t.Helper()
			if got := strings.Join(c.doubts(), "\n"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}

		near, err := c.clients.dial(t.Context(), "tcp", "node-0:80")
		if err != nil {
			t.Fatal(err)
		}
		says("")
		near.Close()
		synctest.Wait()
		says("")

		if near, err = c.clients.dial(t.Context(), "tcp", "node-0:80"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.host.Close()
		<-p.done
		says("client has not noticed that its connection to node-0:80 was lost\nnode-0 does not serve any more: " + p.err.Error())
		near.Close()
		c.nodes[0].Kill() // a failure to serve is not one of this test
		says("")
	})
}

// TestNodesDialFromTheirHosts: or a Kill would not cut what a node dialed.
func TestNodesDialFromTheirHosts(t *testing.T) {
	c := NewCluster(t, 3)
	dialed := 0
	for _, node := range c.nodes {
		for _, conn := range node.process.host.open() {
			if !strings.HasPrefix(conn.local.String(), node.host+":") || !strings.HasPrefix(conn.remote.String(), "node-") {
				t.Errorf("%s has a connection from %s to %s", node.host, conn.local, conn.remote)
			}
			if !strings.HasSuffix(conn.local.String(), ":80") {
				dialed++
			}
		}
	}
	if dialed < 3 {
		t.Errorf("of the links between 3 nodes %d were dialed by one of them", dialed)
	}
}
