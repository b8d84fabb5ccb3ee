package mpreg_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

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
		ws, response, err := (&websocket.Dialer{NetDialContext: network.Dial}).DialContext(t.Context(), "ws://node", nil)
		testkit.Must(t, err)
		_ = response.Body.Close()
		testkit.Must(t, ws.WriteMessage(websocket.TextMessage, []byte(`{"role":"auth","u":"0","token":"x"}`)))
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

// TestExecutedOfInterceptors: what an interceptor says of another call is not
// what happened to this one.
func TestExecutedOfInterceptors(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			v, err := next(ctx, inv)
			if inv.Function != "pay" {
				return v, err
			}
			return mpreg.FromContext(ctx).Call(ctx, "audit")
		}
	}))
	testkit.Must(t, s.Register("pay", func() {}))
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "pay")
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Executed != mpreg.ExecutedYes || e.Function != "pay" || e.Code != mpreg.NotFound {
		t.Errorf("got %v", err)
	}
}

// TestForeignCause: why a caller's context ended is not this call's error.
func TestForeignCause(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started := make(chan struct{}, 1)
	testkit.Must(t, s.Register("wait", func(ctx context.Context) error { started <- struct{}{}; <-ctx.Done(); return ctx.Err() }))
	for _, c := range []*mpreg.Client{s.Client(), testkit.Connect(t, s.URL())} {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-started; cancel(mpreg.Errorf(mpreg.NotFound, "of another call")) }()
		if _, err := c.Call(ctx, "wait"); !errors.Is(err, context.Canceled) || errors.Is(err, mpreg.NotFound) {
			t.Errorf("got %v", err)
		}
	}
}

// TestReadyAfterTheEnd: a node that has stopped is not ready.
func TestReadyAfterTheEnd(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	testkit.Must(t, testkit.Run(t, s)())
	for range 50 {
		if err := s.Ready(t.Context()); err == nil {
			t.Fatal("ready")
		}
	}
}

// TestCloseWhileCalling: a call that runs learns that its client was closed.
func TestCloseWhileCalling(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started := make(chan struct{})
	testkit.Must(t, s.Register("wait", func(ctx context.Context) { close(started); <-ctx.Done() }))
	c := testkit.Connect(t, s.URL())
	got := make(chan error, 1)
	go func() {
		_, err := c.Call(context.Background(), "wait")
		got <- err
	}()
	<-started
	testkit.Must(t, c.With(mpreg.At()).Close())
	if err := <-got; !errors.Is(err, mpreg.ErrClosed) || !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("the call that ran: %v", err)
	}
	if _, err := c.Call(t.Context(), "wait"); !errors.Is(err, mpreg.ErrClosed) {
		t.Errorf("a later call: %v", err)
	}
}

// TestDefaultBeforeServe: the default server can be asked before it serves.
func TestDefaultBeforeServe(t *testing.T) {
	if _, err := mpreg.Default().Client().Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("got %v", err)
	}
	if members, name := mpreg.Default().Members(), mpreg.Default().Name(); members != nil || name != "" {
		t.Errorf("got %v, %q", members, name)
	}
}

// TestValueOfLaterCommand: a command added after Do has no result.
func TestValueOfLaterCommand(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	r := mpreg.NewRequest()
	r.Add("echo", 1)
	resp, err := s.Client().Do(t.Context(), r)
	testkit.Must(t, err)
	if _, err := mpreg.Get[int](resp, r.Add("echo", 2)); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("got %v", err)
	}
}
