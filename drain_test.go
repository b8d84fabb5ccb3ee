package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestDrain: a node that is told to stop answers what it accepted, refuses the
// rest as not executed, and ends without an error.
func TestDrain(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	stop := testkit.Run(t, s)
	started, release := make(chan struct{}), make(chan struct{})
	testkit.Must(t, s.Register("nested", func(ctx context.Context) (string, error) {
		close(started)
		<-release
		return mpreg.Call[string](ctx, mpreg.FromContext(ctx), "echo", "also while draining")
	}))
	c := testkit.Connect(t, s.URL())
	got := make(chan string, 1)
	go func() {
		text, err := mpreg.Call[string](context.Background(), c, "nested")
		got <- fmt.Sprint(text, err)
	}()
	<-started
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	var refused error
	for refused == nil {
		_, refused = c.Call(t.Context(), "echo", 1)
	}
	var e *mpreg.Error
	if !errors.As(refused, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
		t.Errorf("a call while draining: %v", refused)
	}
	close(release)
	if text := <-got; text != "also while draining<nil>" {
		t.Errorf("the call that was accepted: %s", text)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := s.Serve(t.Context()); err == nil {
		t.Error("a second Serve succeeded")
	}
	if _, err := s.Client().Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("the node's client after it: %v", err)
	}
}

// TestDrainUnderLoad: whatever the moment, each call is answered, or surely did
// not run: those that ran are exactly those that succeeded.
func TestDrainUnderLoad(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	stop := testkit.Run(t, s)
	var ran, succeeded atomic.Int64
	testkit.Must(t, s.Register("count", func() { ran.Add(1) }))
	var callers sync.WaitGroup
	warm := make(chan struct{}, 16)
	for range 16 {
		c := testkit.Connect(t, s.URL())
		callers.Go(func() {
			for i := 0; ; i++ {
				_, err := c.Call(context.Background(), "count")
				if err == nil {
					succeeded.Add(1)
					if i == 20 {
						warm <- struct{}{}
					}
					continue
				}
				var e *mpreg.Error
				if !errors.As(err, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
					t.Errorf("got %v", err)
				}
				return
			}
		})
	}
	for range 16 {
		<-warm
	}
	testkit.Must(t, stop())
	callers.Wait()
	if ran.Load() != succeeded.Load() || ran.Load() < 16*20 {
		t.Errorf("%d ran, %d succeeded", ran.Load(), succeeded.Load())
	}
}

// TestDrainDeadline: it ends the stubborn, and says so.
func TestDrainDeadline(t *testing.T) {
	bubble(t, mpreg.Config{DrainTimeout: time.Minute}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, stop func() error) {
		release := make(chan struct{})
		defer close(release)
		testkit.Must(t, s.Register("stubborn", func() { <-release }))
		called := make(chan error, 1)
		go func() {
			_, err := c.Call(context.Background(), "stubborn")
			called <- err
		}()
		synctest.Wait()
		start := time.Now()
		err := stop()
		if err == nil || !strings.Contains(err.Error(), "abandoned after 1m0s: requests that still ran: 1") {
			t.Errorf("Serve: %v", err)
		}
		if took := time.Since(start); took < time.Minute || took > 65*time.Second {
			t.Errorf("took %v of fake time", took)
		}
		if err := <-called; !errors.Is(err, mpreg.Unavailable) {
			t.Errorf("the call: %v", err)
		}
	})
}

// TestDrainDeadlineForLocalCalls: the node's own client is told too.
func TestDrainDeadlineForLocalCalls(t *testing.T) {
	bubble(t, mpreg.Config{DrainTimeout: time.Minute}, func(t *testing.T, s *mpreg.Server, _ *mpreg.Client, stop func() error) {
		started := make(chan struct{})
		testkit.Must(t, s.Register("wait", func(ctx context.Context) error { close(started); <-ctx.Done(); return ctx.Err() }))
		got := make(chan error, 1)
		go func() {
			_, err := s.Client().Call(context.Background(), "wait")
			got <- err
		}()
		<-started
		if err := stop(); err == nil {
			t.Error("Serve: no error")
		}
		if err := <-got; !errors.Is(err, mpreg.Unavailable) || errors.Is(err, context.Canceled) {
			t.Errorf("the call: %v", err)
		}
	})
}

// TestDrainIsBounded: also by whoever is looking at credentials.
func TestDrainIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		asked, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		s := testkit.NewServer(t, mpreg.Config{DrainTimeout: time.Minute}, mpreg.WithListener(network["node"]),
			mpreg.WithAuthenticator(func(context.Context, mpreg.Credentials) (mpreg.Identity, error) {
				close(asked)
				<-release
				return mpreg.Identity{}, nil
			}))
		stop := testkit.Run(t, s)
		ws := testkit.Dial(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial})
		ws.Send(`{"role":"auth","u":"0","token":"x"}`)
		<-asked
		go func() {
			for err := error(nil); err == nil; {
				_, _, err = ws.ReadMessage()
			}
		}()
		if err := stop(); err == nil || !strings.Contains(err.Error(), "links still in use: 1") {
			t.Errorf("Serve: %v", err)
		}
		_ = ws.Close()
	})
}
