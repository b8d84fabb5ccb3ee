package clustertest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// large is the size of the intermediate results of these tests.
const large = 64 << 20

// largeCluster is a cluster whose node 0 coordinates, and whose nodes 1, 2 and 3 make
// and use large values: make at "m" fills one, turn at "t" adds 1 to each byte, sum
// at "s" adds up what it gets.
type largeCluster struct {
	*mpregtest.Cluster
	makes, turns atomic.Int64 // how often they ran
	made         chan string  // gets the node's name when turn begins, if it is not nil
	proceed      chan struct{}
}

func newLargeCluster(t *testing.T, n int, places map[int][]string, opts ...mpreg.FuncOption) *largeCluster {
	t.Helper()
	c := &largeCluster{}
	fill := func(size int) []byte {
		c.makes.Add(1)
		return bytes.Repeat([]byte{1}, size)
	}
	turn := func(ctx context.Context, data []byte) []byte {
		c.turns.Add(1)
		out := make([]byte, len(data))
		for i, b := range data {
			out[i] = b + 1
		}
		return out
	}
	sum := func(ctx context.Context, data ...[]byte) int {
		total := 0
		for _, d := range data {
			for _, b := range d {
				total += int(b)
			}
		}
		return total
	}
	gate := func(ctx context.Context, x int) int {
		if c.made != nil {
			c.made <- mpreg.InfoFromContext(ctx).Node
			<-c.proceed
		}
		return x
	}
	functions := map[string]any{"bytes": func(n int) []byte { return bytes.Repeat([]byte{1}, n) }, "make": fill, "turn": turn, "sum": sum, "gate": gate}
	c.Cluster = mpregtest.NewCluster(t, n,
		mpregtest.Setup(func(i int, s *mpreg.Server) error {
			for _, name := range places[i] {
				if err := s.Register(name, mpreg.Func(functions[name], opts...)); err != nil {
					return err
				}
			}
			return nil
		}),
		mpregtest.Config(func(_ int, cfg *mpreg.Config) { cfg.MaxMessageBytes = 256 << 20 }))
	return c
}

// TestLargeIntermediates: a chain of three nodes moves each large result once,
// straight to the node that uses it; the coordinator carries none.
func TestLargeIntermediates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newLargeCluster(t, 4, map[int][]string{1: {"make"}, 2: {"turn"}, 3: {"sum"}})
		c.WaitConverged()
		before := c.traffic()
		r := mpreg.NewRequest()
		a := r.Add("make", large)
		b := r.Add("turn", a)
		s := r.Add("sum", b)
		resp, err := c.Node(0).Client(mpreg.WithCodec(codec.CBOR{})).Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := mpreg.Get[int](resp, s); err != nil || got != 2*large {
			t.Errorf("got %d, %v, want %d", got, err, 2*large)
		}
		after := c.traffic()
		for from := range 4 {
			for to := range 4 {
				got := after[from][to] - before[from][to]
				if path := fmt.Sprintf("%d→%d", from, to); path == "1→2" || path == "2→3" {
					if got < large || got > large+large/16 {
						t.Errorf("%s: %d bytes, want %d once", path, got, large)
					}
				} else if got > 1<<20 {
					t.Errorf("%s: %d bytes, want none of the large results", path, got)
				}
			}
		}
		testkit.Pass(time.Second) // what releases leases is not answered
		holdsNothing(t, c.Cluster)
	})
}

// sum has node 0 coordinate a request, for a client in CBOR, of which a command makes
// a number.
func (c *largeCluster) sum(t *testing.T, r *mpreg.Request, sum *mpreg.Command) <-chan testkit.Outcome[int] {
	return testkit.Later(func() (int, error) {
		resp, err := c.Node(0).Client(mpreg.WithCodec(codec.CBOR{})).Do(t.Context(), r)
		if err != nil {
			return 0, err
		}
		return mpreg.Get[int](resp, sum)
	})
}

// traffic is how many bytes each node has sent to each other.
func (c *largeCluster) traffic() [][]int64 {
	n := len(c.Nodes())
	table := make([][]int64, n)
	for from := range n {
		table[from] = make([]int64, n)
		for to := range n {
			if from != to {
				table[from][to] = c.Bytes(from, to)
			}
		}
	}
	return table
}

// TestHolderKilled: when the node that holds a result is killed, the result is made
// again if its function is idempotent; else the request fails, and says so.
func TestHolderKilled(t *testing.T) {
	for _, idempotent := range []bool{true, false} {
		t.Run(fmt.Sprint("idempotent=", idempotent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testHolderKilled(t, idempotent) })
		})
	}
}

func testHolderKilled(t *testing.T, idempotent bool) {
	var opts []mpreg.FuncOption
	if idempotent {
		opts = append(opts, mpreg.Idempotent())
	}
	c := newLargeCluster(t, 4, map[int][]string{1: {"make"}, 2: {"make"}, 3: {"sum", "gate"}}, opts...)
	c.made, c.proceed = make(chan string, 1), make(chan struct{})
	c.WaitConverged()
	r := mpreg.NewRequest()
	a := r.Add("make", large).Named("a")
	gate := r.Add("gate", 7) // ends when the holder is dead
	s := r.Add("sum", a, r.Add("make", gate).Named("b"))
	before := c.traffic()
	done := c.sum(t, r, s)
	<-c.made
	testkit.Pass(time.Second)
	for i := 1; i <= 2; i++ {
		if c.holds(t, i) {
			c.Node(i).Kill()
		}
	}
	c.proceed <- struct{}{}
	got := <-done
	if idempotent {
		if got.Err != nil || got.Value != large+7 {
			t.Errorf("got %d, %v, want %d", got.Value, got.Err, large+7)
		}
		total := int64(0)
		for from, row := range c.traffic() {
			for to, n := range row {
				n -= before[from][to]
				if total += n; n > 1<<20 && to != 3 {
					t.Errorf("%d→%d: %d bytes, want large results to go to their user only", from, to, n)
				}
			}
		}
		if total < large || total > large+large/16 {
			t.Errorf("%d bytes on all links, want the result once, %d", total, large)
		}
		return
	}
	if !errors.Is(got.Err, mpreg.Unavailable) {
		t.Fatalf("got %d, %v, want unavailable", got.Value, got.Err)
	}
	for _, part := range []string{`the result of "a" was lost with node`, `"make" is not idempotent`, "not executed"} {
		if !strings.Contains(got.Err.Error(), part) {
			t.Errorf("%q is not in %q", part, got.Err)
		}
	}
}

// holds reports whether a node that runs holds a result.
func (c *largeCluster) holds(t *testing.T, i int) bool {
	t.Helper()
	return testkit.Status(t, c.Node(i).Server()).Leases.Count > 0
}

// TestLeasesOutlast: a request without a deadline keeps what it needs for as long
// as it runs; with its coordinator the leases end too.
func TestLeasesOutlast(t *testing.T) {
	for _, end := range []string{"in order", "coordinator killed", "holder drains"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testLeasesOutlast(t, end) })
		})
	}
}

func testLeasesOutlast(t *testing.T, end string) {
	c := newLargeCluster(t, 4, map[int][]string{1: {"make"}, 2: {"bytes"}, 3: {"sum", "gate"}})
	c.made, c.proceed = make(chan string, 1), make(chan struct{}, 1)
	c.WaitConverged()
	r := mpreg.NewRequest()
	s := r.Add("sum", r.Add("make", 1<<20), r.Add("bytes", r.Add("gate", 7)))
	done := c.sum(t, r, s)
	<-c.made
	testkit.Pass(5 * time.Minute) // ten times as long as a lease that nobody renews
	if !c.holds(t, 1) {
		t.Fatal("the result was let go though it is needed")
	}
	stopped := make(chan error, 1)
	switch end {
	case "coordinator killed":
		c.Node(0).Kill()
		testkit.Pass(time.Second)
		if c.holds(t, 1) {
			t.Error("the result of a coordinator that is dead is still held")
		}
	case "holder drains":
		go func() { stopped <- c.Node(1).Stop() }()
		testkit.Pass(time.Second)
	}
	c.proceed <- struct{}{}
	got := <-done
	switch end {
	case "coordinator killed":
		if !errors.Is(got.Err, mpreg.Unavailable) {
			t.Errorf("got %v, want unavailable", got.Err)
		}
		return
	case "holder drains":
		if err := <-stopped; err != nil {
			t.Errorf("the holder did not stop well: %v", err)
		}
	}
	if got.Err != nil || got.Value != 1<<20+7 {
		t.Errorf("got %d, %v, want %d", got.Value, got.Err, 1<<20+7)
	}
	testkit.Pass(time.Second)
	holdsNothing(t, c.Cluster)
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

// holdsNothing fails the test if a node that runs holds a result, or runs a request.
func holdsNothing(t *testing.T, c *mpregtest.Cluster) {
	t.Helper()
	for i, n := range c.Nodes() {
		s, err := mpreg.Call[mpreg.Status](t.Context(), n.Server().Client(), "mpreg.status")
		if errors.Is(err, mpreg.Unavailable) {
			continue // it was killed
		}
		testkit.Must(t, err)
		if s.Leases.Count != 0 || s.InFlight != 1 {
			t.Errorf("node %d: %d results held, %d requests in flight", i, s.Leases.Count, s.InFlight-1)
		}
	}
}
