package clustertest_test

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

// TestDeadlineAcrossHops: it is told as what is left of it, and both ends keep it.
func TestDeadlineAcrossHops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type seen struct {
			left time.Duration
			err  error
		}
		saw := make(chan seen, 1)
		c := mpregtest.NewCluster(t, 2, elsewhere("wait", func(ctx context.Context) {
			deadline, _ := ctx.Deadline()
			left := time.Until(deadline)
			<-ctx.Done()
			saw <- seen{left, ctx.Err()}
		}))
		client := c.Node(0).Client()
		start := time.Now()
		_, err := client.With(mpreg.Timeout(time.Minute)).Call(t.Context(), "wait")
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != mpreg.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) || e.Executed == mpreg.ExecutedNo {
			t.Errorf("got %#v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("after %v of fake time", took)
		}
		if got := <-saw; got.left != time.Minute || !errors.Is(got.err, context.DeadlineExceeded) {
			t.Errorf("the function: %+v", got)
		}
	})
}

// TestCancelAcrossHops: a caller that gives up, or is gone, ends its work wherever
// that runs.
func TestCancelAcrossHops(t *testing.T) {
	for _, row := range []struct {
		name string
		give func(cancel func(), client *mpreg.Client, entry *mpregtest.Node)
	}{
		{"canceled", func(cancel func(), _ *mpreg.Client, _ *mpregtest.Node) { cancel() }},
		{"client closed", func(_ func(), client *mpreg.Client, _ *mpregtest.Node) { _ = client.Close() }},
		{"entry killed", func(_ func(), _ *mpreg.Client, entry *mpregtest.Node) { entry.Kill() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started, ended := make(chan struct{}), make(chan error, 1)
				c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
					if i == 0 {
						return nil
					}
					return s.Register("wait", func(ctx context.Context) {
						close(started)
						<-ctx.Done()
						ended <- ctx.Err()
					})
				}))
				client := c.Node(0).Client()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				call := testkit.Later(func() (mpreg.Value, error) { return client.Call(ctx, "wait") })
				<-started
				row.give(cancel, client, c.Node(0))
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("the function's context: %v", err)
				}
				if got := <-call; !errors.Is(got.Err, mpreg.Canceled) && !errors.Is(got.Err, mpreg.Unavailable) {
					t.Errorf("the call: %v", got.Err)
				}
			})
		})
	}
}
