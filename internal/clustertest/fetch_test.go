package clustertest_test

import (
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// fetching is a cluster whose node 0 coordinates: node 1 makes a large result, which
// stays there, and node 2 uses it.
func fetching(t *testing.T, makes, uses any, configs map[int]func(cfg *mpreg.Config), opts ...mpreg.FuncOption) *mpregtest.Cluster {
	t.Helper()
	return mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
		switch i {
		case 1:
			return s.Register("make", mpreg.Func(makes, opts...))
		case 2:
			return s.Register("use", uses)
		}
		return nil
	}), mpregtest.Config(func(i int, cfg *mpreg.Config) {
		if change := configs[i]; change != nil {
			change(cfg)
		}
	}))
}

// text returns a function that makes a text of n bytes.
func text(n int) func() string { return func() string { return strings.Repeat("x", n) } }

// TestFetchOfAFullNode: a node that takes no more requests gives away what it holds:
// that is part of requests that it has taken, and frees memory.
func TestFetchOfAFullNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		gate, release := make(chan struct{}), make(chan struct{})
		var makes atomic.Int64
		c := fetching(t, func() string { makes.Add(1); return text(size)() }, func(s string, _ any) int { return len(s) },
			map[int]func(*mpreg.Config){1: func(cfg *mpreg.Config) { cfg.MaxInFlight = 1 }})
		testkit.Must(t, c.Node(0).Server().Register("gate", func() { <-gate }))
		testkit.Must(t, c.Node(1).Server().Register("block", func() { <-release }))
		client := c.Node(0).Server().Client()
		r := mpreg.NewRequest()
		use := r.Add("use", r.Add("make"), r.Add("gate"))
		done := testkit.Later(func() (*mpreg.Response, error) { return client.Do(t.Context(), r) })
		testkit.Pass(time.Second)
		blocked := testkit.Later(func() (mpreg.Value, error) { return client.Call(t.Context(), "block") })
		testkit.Pass(time.Second)
		if _, err := client.Call(t.Context(), "make"); !errors.Is(err, mpreg.ResourceExhausted) {
			t.Fatalf("node 1 is not full: %v", err)
		}
		close(gate)
		got := <-done
		testkit.Must(t, got.Err)
		if n, err := mpreg.Get[int](got.Value, use); err != nil || n != size || makes.Load() != 1 {
			t.Errorf("got %d, %v; made %d times", n, err, makes.Load())
		}
		close(release)
		testkit.Must(t, (<-blocked).Err)
	})
}

// TestFetchedBytesAreBounded: what is fetched for commands counts in MaxInFlightBytes
// as what comes with them does: those beyond it fail as not executed.
func TestFetchedBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, most = 1 << 20, 4 << 20
		release := make(chan struct{})
		var held atomic.Int64
		c := fetching(t, text(size), func(s string) int { held.Add(int64(len(s))); <-release; return len(s) },
			map[int]func(*mpreg.Config){2: func(cfg *mpreg.Config) { cfg.MaxInFlightBytes = most }})
		const calls = 8
		var all []<-chan testkit.Outcome[*mpreg.Response]
		for range calls {
			all = append(all, testkit.Later(func() (*mpreg.Response, error) {
				r := mpreg.NewRequest()
				r.Add("use", r.Add("make"))
				return c.Node(0).Server().Client().Do(t.Context(), r)
			}))
		}
		testkit.Pass(time.Second)
		if n := held.Load(); n < size || n > most {
			t.Errorf("node 2 holds %d bytes of arguments, want at most %d", n, most)
		}
		close(release)
		ran := int64(0)
		for _, one := range all {
			got := <-one
			if got.Err == nil {
				ran++
			} else if e := testkit.AsError(t, got.Err); e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo {
				t.Errorf("one too many: %v", e)
			}
		}
		if ran*size != held.Load() || ran == calls {
			t.Errorf("%d of %d calls ran, with %d bytes", ran, calls, held.Load())
		}
		testkit.Pass(time.Second)
		holdsNothing(t, c)
	})
}

// TestFetchOfOneLargeInput: an idle node takes one call whose input is larger than
// MaxInFlightBytes, whether it comes with the call or is fetched.
func TestFetchOfOneLargeInput(t *testing.T) {
	for _, where := range []string{"with the call", "fetched"} {
		synctest.Test(t, func(t *testing.T) {
			const size = 2 << 20
			c := fetching(t, text(size), func(s string) int { return len(s) },
				map[int]func(*mpreg.Config){2: func(cfg *mpreg.Config) { cfg.MaxInFlightBytes = size / 2 }})
			r := mpreg.NewRequest()
			var input any = text(size)()
			if where == "fetched" {
				input = r.Add("make")
			}
			use := r.Add("use", input)
			resp, err := c.Node(0).Server().Client().Do(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", where, err)
			}
			if n, err := mpreg.Get[int](resp, use); err != nil || n != size {
				t.Errorf("%s: got %d, %v", where, n, err)
			}
		})
	}
}

// TestFetchOfTooMuch: a result that no message can carry is not lost: its function does
// not run again, and the error says what is too large.
func TestFetchOfTooMuch(t *testing.T) {
	for _, opts := range [][]mpreg.FuncOption{nil, {mpreg.Idempotent()}} {
		synctest.Test(t, func(t *testing.T) {
			var makes atomic.Int64
			smaller := func(cfg *mpreg.Config) { cfg.MaxMessageBytes = 1 << 20 }
			c := fetching(t, func() string { makes.Add(1); return text(2 << 20)() }, func(s string) int { return len(s) },
				map[int]func(*mpreg.Config){0: smaller, 1: smaller, 2: smaller}, opts...)
			r := mpreg.NewRequest()
			r.Add("use", r.Add("make")).Named("u")
			_, err := c.Node(0).Server().Client().Do(t.Context(), r)
			if e := testkit.AsError(t, err); e.Code != mpreg.ResourceExhausted || e.Command != "u" || e.Executed != mpreg.ExecutedNo || makes.Load() != 1 {
				t.Errorf("idempotent: %t; made %d times: %v", opts != nil, makes.Load(), e)
			}
			testkit.Pass(time.Second)
			holdsNothing(t, c)
		})
	}
}

// TestFetchOfParts: a few parts of a large result are fetched without the rest of it;
// of very many, the result is fetched once.
func TestFetchOfParts(t *testing.T) {
	const size = 1 << 20
	numbers := make([]int, size/2)
	for _, row := range []struct {
		name        string
		result      any
		parts       []string
		least, most int64 // bytes that go to the node that uses them
	}{
		{"two", map[string]any{"a": text(size)(), "b": 1, "c": 2}, []string{"b", "c"}, 1, 1 << 14},
		{"twice the same", map[string]any{"a": text(size)(), "b": 1}, []string{"a", "a"}, size, size + size/8},
		{"many", numbers, indexes(2000), size / 2, size + size/8},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := fetching(t, func() any { return row.result }, func(x []any) int { return len(x) }, nil)
				before := c.Bytes(1, 2)
				r := mpreg.NewRequest()
				m := r.Add("make")
				var list []any
				for _, part := range row.parts {
					list = append(list, m.Field(part))
				}
				use := r.Add("use", list)
				resp, err := c.Node(0).Server().Client().Do(t.Context(), r)
				testkit.Must(t, err)
				if n, err := mpreg.Get[int](resp, use); err != nil || n != len(list) {
					t.Errorf("got %d, %v, want %d", n, err, len(list))
				}
				if n := c.Bytes(1, 2) - before; n < row.least || n > row.most {
					t.Errorf("%d bytes were fetched, want %d to %d", n, row.least, row.most)
				}
			})
		})
	}
}

func indexes(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}
