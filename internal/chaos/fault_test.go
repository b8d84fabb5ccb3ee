package chaos_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/mpreg/mpreg/mpregtest"
)

// fault is something that happens to the cluster.
type fault struct {
	at    time.Duration // since the scenario began
	kind  string
	node  int
	other int   // the other end of a cut
	group []int // one side of a partition
	which int   // the function that is withdrawn, the client that hangs up
}

func (f fault) String() string {
	switch f.kind {
	case "cut":
		return fmt.Sprintf("cut %d-%d", f.node, f.other)
	case "partition":
		return fmt.Sprintf("partition %v", f.group)
	case "heal":
		return f.kind
	case "hang up":
		return fmt.Sprintf("client %d hangs up", f.which)
	case "withdraw", "offer":
		return fmt.Sprintf("%s f%d at %d", f.kind, f.which, f.node)
	}
	return fmt.Sprintf("%s %d", f.kind, f.node)
}

// undo is what ends a fault.
var undo = map[string]string{"kill": "restart", "drain": "restart", "freeze": "thaw", "partition": "heal", "cut": "heal", "withdraw": "offer", "hang up": ""}

// newFaults returns what happens in a scenario, in order: each fault ends some seconds
// after it began, and several are there at a time. Without kinds nothing does.
func newFaults(r *rand.Rand, s *scenario) []fault {
	var all []fault
	kinds, nodes := s.kinds, s.nodes
	if len(kinds) == 0 {
		return nil
	}
	for at := time.Duration(0); ; {
		at += time.Duration(r.Int64N(int64(4 * time.Second)))
		if at > s.lasts {
			break
		}
		f := fault{at: at, kind: kinds[r.IntN(len(kinds))], node: r.IntN(nodes)}
		f.other = (f.node + 1 + r.IntN(nodes-1)) % nodes
		f.group = r.Perm(nodes)[:1+r.IntN(nodes-1)]
		if f.which = r.IntN(len(s.functions)); f.kind == "hang up" {
			f.which = r.IntN(len(s.clients))
		}
		lasts := time.Duration(r.Int64N(int64(time.Second)))
		if r.IntN(2) == 0 {
			lasts = time.Duration(r.Int64N(int64(12 * time.Second))) // long enough to be found dead
		}
		all = append(all, f)
		if end := f; undo[f.kind] != "" {
			end.kind, end.at = undo[f.kind], at+lasts
			all = append(all, end)
		}
	}
	slices.SortStableFunc(all, func(a, b fault) int { return cmp.Compare(a.at, b.at) })
	return all
}

// injector has faults happen to a cluster. It is used by the test's own goroutine.
type injector struct {
	scenario *scenario
	cluster  *mpregtest.Cluster
	ledger   *ledger
	down     map[int]bool
	ending   sync.WaitGroup // drains, and clients
	mu       sync.Mutex
	failed   []error // of drains
	count    map[string]int
}

// strike has a fault happen. It reports whether it could: who is down can't fail.
func (i *injector) strike(f fault) bool {
	c, n := i.cluster, i.cluster.Node(f.node)
	switch f.kind {
	case "kill", "drain", "freeze", "thaw", "withdraw", "offer":
		if i.down[f.node] {
			return false
		}
	case "restart":
		if !i.down[f.node] {
			return false
		}
	}
	switch f.kind {
	case "kill":
		n.Kill()
		i.down[f.node] = true
	case "drain":
		i.ending.Go(func() {
			if err := n.Stop(); err != nil {
				i.mu.Lock()
				defer i.mu.Unlock()
				i.failed = append(i.failed, err)
			}
		})
		i.down[f.node] = true
	case "restart":
		n.Restart() // perhaps while its former self drains
		i.down[f.node] = false
	case "freeze":
		n.Freeze()
	case "thaw":
		n.Thaw()
	case "partition":
		c.Partition(f.group)
	case "cut":
		c.Cut(f.node, f.other)
	case "heal":
		c.Heal()
	case "hang up":
		client := i.scenario.clients[f.which].hangUp()
		if client == nil {
			return false
		}
		i.ending.Go(func() { _ = client.Close() }) // which may have to wait for a node that is frozen
	case "withdraw":
		n.Server().Unregister(i.scenario.functions[f.which].name)
	case "offer":
		// Restarted in between it offers it already, and says so.
		_ = i.scenario.functions[f.which].register(f.node, n.Server(), i.ledger)
	}
	if _, ok := undo[f.kind]; ok {
		i.count[f.kind]++
	}
	return true
}

// mend ends all faults.
func (i *injector) mend() {
	i.cluster.Heal()
	for index, n := range i.cluster.Nodes() {
		n.Thaw()
		i.strike(fault{kind: "restart", node: index})
	}
	i.ending.Wait()
}
