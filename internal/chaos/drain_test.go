package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// load is a number of callers that call, each one call after the other.
type load struct {
	ledger    *ledger
	functions []*function
	calling   sync.WaitGroup
	stop      chan struct{}

	mu    sync.Mutex
	calls []*call
}

// newLoad returns a load for a cluster of that many nodes, which offer everything.
func newLoad(seed uint64, nodes int) *load {
	l := &load{ledger: newLedger(), stop: make(chan struct{})}
	for i, f := range newFunctions(rand.New(rand.NewPCG(seed, 2)), nodes) {
		if f.idempotent = i == 0; f.streams || f.limited {
			continue
		}
		for node := range nodes {
			f.offers[node] = nil
		}
		l.functions = append(l.functions, f)
	}
	return l
}

func (l *load) register(node int, s *mpreg.Server) error {
	for _, f := range l.functions {
		if err := f.register(node, s, l.ledger); err != nil {
			return err
		}
	}
	return nil
}

// begin has some callers call through a client until end.
func (l *load) begin(ctx context.Context, name string, client *mpreg.Client, callers int) {
	for i := range callers {
		l.calling.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				case <-time.After(time.Duration(r.Int64N(int64(10 * time.Millisecond)))):
				}
				id := fmt.Sprintf("%s-%d-%d", name, i, n)
				shape := []string{"single", "chain", "diamond"}[r.IntN(3)]
				c := &call{id: id, timeout: time.Minute, graph: newGraph(r, id, shape, l.functions, len(l.functions[0].offers))}
				for k := range c.graph.commands {
					w := &c.graph.commands[k].work
					w.Fails, w.Takes = false, w.Takes%(200*time.Millisecond)
				}
				c.do(ctx, client)
				l.mu.Lock()
				l.calls = append(l.calls, c)
				l.mu.Unlock()
			}
		})
	}
}

// end ends the load, and fails the test unless each call succeeded, and ran once.
func (l *load) end(t *testing.T) {
	close(l.stop)
	l.calling.Wait()
	for _, c := range l.calls {
		c.audit(l.ledger)
		for i := range c.graph.commands {
			cmd := &c.graph.commands[i]
			if n := len(l.ledger.starts(cmd.work.Key)); n > 1 {
				c.wrong(twice, "%s ran %d times", commandName(i), n)
			}
		}
		if c.err != nil {
			c.wrong(groundless, "it failed")
		}
		if len(c.bad) > 0 {
			t.Errorf("call %v:%s", c, c.complaints(make(map[string]int)))
		}
	}
	t.Logf("%d calls", len(l.calls))
}

// TestDrainUnderLoad: who drains loses no call that was accepted, and what it refuses
// runs elsewhere: no caller gets an error.
func TestDrainUnderLoad(t *testing.T) {
	for drained := range 3 {
		t.Run(fmt.Sprint(drained), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLoad(uint64(drained), 3)
				c := mpregtest.NewCluster(t, 3, mpregtest.Setup(l.register), mpregtest.Latency(time.Duration(drained)*time.Millisecond))
				for i := range 3 {
					l.begin(t.Context(), fmt.Sprint("client", i), c.ClientOf([]int{i, (i + 1) % 3, (i + 2) % 3}), 4)
				}
				<-time.After(2 * time.Second)
				if err := c.Node(drained).Stop(); err != nil {
					t.Errorf("the drain: %v", err)
				}
				<-time.After(2 * time.Second)
				l.end(t)
			})
		})
	}
}

// TestRollingUpdate: nor does one node after the other that is drained and started
// again.
func TestRollingUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLoad(0, 3)
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(l.register), mpregtest.Latency(time.Millisecond))
		for i := range 3 {
			l.begin(t.Context(), fmt.Sprint("client", i), c.ClientOf([]int{i, (i + 1) % 3, (i + 2) % 3}), 4)
		}
		for _, n := range c.Nodes() {
			if err := n.Stop(); err != nil {
				t.Errorf("%s: the drain: %v", n.Name(), err)
			}
			n.Restart()
			c.WaitConverged()
			<-time.After(time.Second)
		}
		l.end(t)
	})
}

// TestHardDeadline: what does not come to rest is ended, and its callers are told at
// the drain's deadline.
func TestHardDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const drain, longer = 2 * time.Second, 20 * time.Second
		l := newLoad(0, 3)
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(l.register), mpregtest.Config(func(_ int, cfg *mpreg.Config) {
			cfg.DrainTimeout = drain
		}))
		f := l.functions[0]
		slow := func(key string, client *mpreg.Client) <-chan error {
			ended := make(chan error, 1)
			w := work{Key: key, Takes: longer, Stubborn: key != "docile"}
			go func() {
				_, err := client.With(mpreg.OnNode("node-1")).Call(t.Context(), f.name, f.arguments(w, []any{})...)
				ended <- err
			}()
			return ended
		}
		calls := map[string]<-chan error{
			"docile":            slow("docile", c.Node(1).Client()),
			"of its own":        slow("of its own", c.Node(1).Server().Client()),
			"through it":        slow("through it", c.Node(1).Client()),
			"through another":   slow("through another", c.Node(0).Client()),
			"of another node's": slow("of another node's", c.Node(2).Server().Client()),
		}
		<-time.After(time.Second)
		start := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- c.Node(1).Stop() }()
		for name, ended := range calls {
			var e *mpreg.Error
			if err := <-ended; !errors.As(err, &e) || e.Code != mpreg.Unavailable || e.Executed == mpreg.ExecutedNo {
				t.Errorf("%s: got %v, want that the node is gone, and that the function was begun", name, err)
			}
			if took := time.Since(start); took < drain || took > drain+time.Second {
				t.Errorf("%s: told after %v, want %v", name, took, drain)
			}
			if n := len(l.ledger.starts(name)); n != 1 {
				t.Errorf("%s ran %d times", name, n)
			}
		}
		if err := <-stopped; err == nil || !strings.Contains(err.Error(), "abandoned") {
			t.Errorf("the drain ended with %v", err)
		}
		if took := time.Since(start); took > drain+time.Second {
			t.Errorf("the drain took %v", took)
		}
		<-time.After(longer) // who is stubborn outlives the node, not the test
	})
}
