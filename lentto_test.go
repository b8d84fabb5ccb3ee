package mpreg_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

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
