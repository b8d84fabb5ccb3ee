package mpregtest_test

import (
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestBytes: what a call carries is seen on the ways that it takes, in its
// direction, and nowhere else.
func TestBytes(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i != 1 {
				return nil
			}
			return s.Register("length", func(s string) int { return len(s) })
		}))
		const size, slack = 1 << 20, 64 << 10
		ends := []int{mpregtest.Clients, 0, 1, 2}
		before := make(map[[2]int]int64)
		measure := func(f func(from, to int, bytes int64)) {
			for _, from := range ends {
				for _, to := range ends {
					f(from, to, c.Bytes(from, to))
				}
			}
		}
		measure(func(from, to int, bytes int64) { before[[2]int{from, to}] = bytes })
		got, err := mpreg.Call[int](t.Context(), c.Node(0).Client(), "length", strings.Repeat("x", size))
		if got != size || err != nil {
			t.Fatalf("got %d, %v", got, err)
		}
		measure(func(from, to int, bytes int64) {
			n, least := bytes-before[[2]int{from, to}], int64(0)
			if from == mpregtest.Clients && to == 0 || from == 0 && to == 1 {
				least = size
			}
			if n < least || n > least+slack {
				t.Errorf("%d bytes crossed from %d to %d, want %d and the overhead", n, from, to, least)
			}
			if from == to && bytes != 0 {
				t.Errorf("%d bytes crossed from %d to %d, which are the same", bytes, from, to)
			}
		})
	})
}

// TestClientOf: a client goes to the nodes that it was given, in their order.
func TestClientOf(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(functions))
		client := c.ClientOf([]int{2, 3, 0})
		for _, i := range []int{2, 3, 0} {
			must(t, client.Ready(t.Context()))
			where(t, client, c.Node(i).Name())
			c.Node(i).Kill()
			c.WaitConverged()
		}
	})
}
