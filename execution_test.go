package mpreg_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// bubble runs f in a synctest bubble with a node on a network in memory.
func bubble(t *testing.T, cfg mpreg.Config, f func(t *testing.T, s *mpreg.Server, c *mpreg.Client, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.NewServer(t, cfg, mpreg.WithListener(network["node"]))
		stop := testkit.Run(t, s)
		c := testkit.Connect(t, "ws://node", mpreg.WithDialer(network.Dial))
		f(t, s, c, stop)
	})
}

// TestDeadline: a call ends at its deadline at both ends, whether its function
// heeds its context or not.
func TestDeadline(t *testing.T) {
	bubble(t, mpreg.Config{}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, _ func() error) {
		ended := make(chan error, 1)
		testkit.Must(t, s.Register("heeds", func(ctx context.Context) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		release := make(chan struct{})
		testkit.Must(t, s.Register("stubborn", func() { <-release }))
		defer close(release)
		for _, client := range []*mpreg.Client{c, s.Client()} {
			for _, fn := range []string{"heeds", "stubborn"} {
				start := time.Now()
				_, err := client.With(mpreg.Timeout(3*time.Second)).Call(t.Context(), fn)
				if !errors.Is(err, mpreg.DeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", fn, err)
				}
				if took := time.Since(start).Round(10 * time.Millisecond); took != 3*time.Second {
					t.Errorf("%s: took %v of fake time", fn, took)
				}
				if fn == "heeds" {
					if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("the function's context ended with %v", err)
					}
				}
			}
		}
	})
}

// TestCancel: who gives up ends what runs for them.
func TestCancel(t *testing.T) {
	bubble(t, mpreg.Config{}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, _ func() error) {
		started, ended := make(chan struct{}), make(chan error)
		testkit.Must(t, s.Register("wait", func(ctx context.Context) error {
			started <- struct{}{}
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		for _, client := range []*mpreg.Client{c, s.Client()} {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-started; cancel() }()
			_, err := client.Call(ctx, "wait")
			if !errors.Is(err, mpreg.Canceled) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the function's context ended with %v", err)
			}
		}
	})
}

// TestFailFast: the first failure cancels what runs, and is the answer.
func TestFailFast(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started := make(chan struct{})
	canceled := make(chan error, 1)
	never := atomic.Bool{}
	testkit.Must(t, s.Register("wait", func(ctx context.Context) int {
		close(started)
		<-ctx.Done()
		canceled <- ctx.Err()
		return 0
	}))
	testkit.Must(t, s.Register("boom", func() error { <-started; return errors.New("boom") }))
	testkit.Must(t, s.Register("never", func(int) { never.Store(true) }))
	r := mpreg.NewRequest()
	slow := r.Add("wait")
	r.Add("never", slow)
	r.Add("boom").Named("culprit")
	_, err := s.Client().Do(t.Context(), r)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Command != "culprit" || e.Function != "boom" || e.Executed != mpreg.ExecutedYes ||
		!errors.Is(err, mpreg.Failed) || e.Node != s.Name() {
		t.Errorf("got %v", err)
	}
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Errorf("the other command's context: %v", err)
	}
	if never.Load() {
		t.Error("a command ran without its input")
	}
}
