package mpregtest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg"
)

// quickly starts n nodes that have nothing to do with each other.
func quickly(t *testing.T, n int) *Cluster {
	return NewCluster(t, n, NoWait(), Config(func(_ int, cfg *mpreg.Config) { cfg.Peers = nil }))
}

// picture shows for each node which others what it sends reaches.
func (c *Cluster) picture() []string {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	lines := make([]string, len(c.nodes))
	for i, from := range c.nodes {
		for k, to := range c.nodes {
			if i != k && c.network.passes(c.network.hosts[from.host], c.network.hosts[to.host]) {
				lines[i] += fmt.Sprint(k)
			}
		}
	}
	return lines
}

// TestPartition: what passes between whom.
func TestPartition(t *testing.T) {
	c := quickly(t, 4)
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"new", func() {}, []string{"123", "023", "013", "012"}},
		{"two groups", func() { c.Partition([]int{0, 1}, []int{2, 3}) }, []string{"1", "0", "3", "2"}},
		{"another instead, and the rest", func() { c.Partition([]int{1}) }, []string{"23", "", "03", "02"}},
		{"a restart", func() { c.Node(1).Kill(); c.Node(1).Restart() }, []string{"23", "", "03", "02"}},
		{"a bridge", func() { c.Partition([]int{0, 1}, []int{1, 2, 3}) }, []string{"1", "023", "13", "12"}},
		{"a cut on top", func() { c.Cut(1, 2) }, []string{"1", "03", "13", "12"}},
		{"frozen, too", func() { c.Node(3).Freeze() }, []string{"1", "0", "1", ""}},
		{"healed, but frozen", c.Heal, []string{"12", "02", "01", ""}},
		{"a cut", func() { c.Cut(0, 2) }, []string{"1", "02", "01", ""}},
		{"thawed", func() { c.Node(3).Thaw() }, []string{"13", "023", "013", "012"}},
		{"no groups", func() { c.Partition() }, []string{"123", "023", "013", "012"}},
		{"all alone", func() { c.Partition([]int{0}, []int{1}, []int{2}, []int{3}) }, []string{"", "", "", ""}},
		{"mended", c.mend, []string{"123", "023", "013", "012"}},
	} {
		step.do()
		if diff := cmp.Diff(step.want, c.picture()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	for name, wrong := range map[string]func(){
		"Partition": func() { c.Partition([]int{0, 4}) },
		"negative":  func() { c.Partition(nil, []int{-1}) },
		"Cut from":  func() { c.Cut(4, 0) },
		"Cut to":    func() { c.Cut(0, 4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic for a node that is not there", name)
				}
			}()
			wrong()
		}()
	}
	if diff := cmp.Diff([]string{"123", "023", "013", "012"}, c.picture()); diff != "" {
		t.Errorf("after the panics (-want +got):\n%s", diff)
	}
}

// TestClientsReachAllParts: whatever the nodes reach, clients reach those that are
// not frozen.
func TestClientsReachAllParts(t *testing.T) {
	c := quickly(t, 3)
	c.Partition([]int{0}, []int{1}, []int{2})
	for _, n := range c.Nodes() {
		if v, err := mpreg.Call[int](t.Context(), n.Client(), "echo", 7); v != 7 || err != nil {
			t.Errorf("%s: %d, %v", n.Name(), v, err)
		}
		conn, err := c.Dial(t.Context(), "tcp", n.Name()+":80")
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

// TestParts: hosts are in one part exactly if there is a way between them, of
// routes that are open both ways, over hosts that are not frozen.
func TestParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := newNetwork(0)
		hosts := make([]*host, rapid.IntRange(0, 7).Draw(rt, "hosts"))
		frozen := rapid.SliceOfN(rapid.Bool(), len(hosts), len(hosts)).Draw(rt, "frozen")
		cuts := make(map[route]struct{})
		for i := range hosts {
			hosts[i] = n.join(hostName(i))
			hosts[i].freeze(frozen[i])
			for k := range hosts {
				if rapid.IntRange(0, 2).Draw(rt, fmt.Sprintf("cut from %d to %d", i, k)) > 0 {
					cuts[route{hostName(i), hostName(k)}] = struct{}{}
				}
			}
		}
		n.cut(cuts)
		reaches := make([][]bool, len(hosts)) // after Warshall
		for i := range hosts {
			reaches[i] = make([]bool, len(hosts))
			for k := range hosts {
				_, there := cuts[route{hostName(i), hostName(k)}]
				_, back := cuts[route{hostName(k), hostName(i)}]
				reaches[i][k] = !frozen[i] && !frozen[k] && (i == k || !there && !back)
			}
		}
		for via := range hosts {
			for i := range hosts {
				for k := range hosts {
					reaches[i][k] = reaches[i][k] || reaches[i][via] && reaches[via][k]
				}
			}
		}
		parts := n.parts(hosts)
		for i := range hosts {
			if (parts[i] == noPart) != frozen[i] {
				rt.Errorf("host %d is in part %d, frozen: %v", i, parts[i], frozen[i])
			}
			for k := range hosts {
				if same := parts[i] == parts[k] && !frozen[i] && !frozen[k]; same != reaches[i][k] {
					rt.Errorf("hosts %d and %d are in parts %d and %d, and reach each other: %v", i, k, parts[i], parts[k], reaches[i][k])
				}
			}
		}
	})
}
