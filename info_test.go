package mpreg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestInfo: a function can know all of the call that it serves, and nothing
// outside of one.
func TestInfo(t *testing.T) {
	infos := make(chan mpreg.Info, 1)
	s := testkit.Serve(t, mpreg.Config{Name: "n1", Resources: []string{"gpu"}}, mpreg.WithAuthenticator(tokens))
	testkit.Must(t, s.Register("info", func(ctx context.Context) { infos <- mpreg.InfoFromContext(ctx) }, "a", "b"))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"auth","u":"0","token":"ann"}`)
	ws.Receive()
	ws.Results(`{"role":"rpc","u":"r1","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",` +
		`"headers":{"tenant":"t1","lang":"de"},"cmds":[{"name":"cmd","fun":"info","locs":["gpu","b"]}]}`)
	want := mpreg.Info{
		Request: "r1", Command: "cmd", Function: "info", Locs: []string{"gpu", "b"}, Node: "n1", NodeID: s.ID(),
		Peer:     ws.LocalAddr().String(),
		Identity: mpreg.Identity{Name: "ann", Claims: map[string]string{"from": "test"}},
		Headers:  map[string]string{"tenant": "t1", "lang": "de"},
		Trace:    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	if diff := cmp.Diff(want, <-infos); diff != "" {
		t.Errorf("from a stranger (-want +got):\n%s", diff)
	}
	_, err := s.Client().With(mpreg.At("a"), mpreg.Header("k", "v")).Call(t.Context(), "info")
	testkit.Must(t, err)
	want = mpreg.Info{
		Command: "info", Function: "info", Locs: []string{"a"}, Node: "n1", NodeID: s.ID(),
		Headers: map[string]string{"k": "v"},
	}
	got := <-infos
	want.Request = got.Request // whatever it is
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from within (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(mpreg.Info{}, mpreg.InfoFromContext(t.Context())); diff != "" {
		t.Errorf("outside of a call (-want +got):\n%s", diff)
	}
}

// TestNestedCalls: what a function calls runs for its own caller: identity,
// headers and trace are carried on, over any number of calls; the deadline with
// the context.
func TestNestedCalls(t *testing.T) {
	infos, deadlines := make(chan mpreg.Info, 1), make(chan time.Time, 1)
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(tokens))
	testkit.Must(t, s.Register("inner", func(ctx context.Context) {
		deadline, _ := ctx.Deadline()
		infos <- mpreg.InfoFromContext(ctx)
		deadlines <- deadline
	}))
	testkit.Must(t, s.Register("middle", func(ctx context.Context) error {
		_, err := mpreg.FromContext(ctx).With(mpreg.Header("h2", "middle"), mpreg.Header("h3", "new")).Call(ctx, "inner")
		return err
	}))
	outer := make(chan time.Time, 1)
	testkit.Must(t, s.Register("outer", func(ctx context.Context) error {
		deadline, _ := ctx.Deadline()
		outer <- deadline
		r := mpreg.NewRequest()
		r.Add("middle")
		_, err := mpreg.FromContext(ctx).Do(ctx, r)
		return err
	}))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"auth","u":"0","token":"bob"}`)
	ws.Receive()
	ws.Results(`{"role":"rpc","u":"r1","timeout_ms":60000,"traceparent":"00-1-2-01","headers":{"h1":"outer","h2":"outer"},` +
		`"cmds":[{"name":"cmd","fun":"outer"}]}`)
	want := mpreg.Info{
		Command: "inner", Function: "inner", Node: s.Name(), NodeID: s.ID(),
		Identity: mpreg.Identity{Name: "bob", Claims: map[string]string{"from": "test"}},
		Headers:  map[string]string{"h1": "outer", "h2": "middle", "h3": "new"},
		Trace:    "00-1-2-01",
	}
	got := <-infos
	want.Request = got.Request
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first, last := <-outer, <-deadlines; last.IsZero() || !last.Equal(first) {
		t.Errorf("the deadline %v became %v", first, last)
	}
}

// TestFromContextOutside: it is never nil, and its calls say what is wrong.
func TestFromContextOutside(t *testing.T) {
	c := mpreg.FromContext(t.Context())
	_, callErr := c.Call(t.Context(), "echo", 1)
	r := mpreg.NewRequest()
	r.Add("echo", 1)
	_, doErr := c.With(mpreg.At("x")).Do(t.Context(), r)
	for what, err := range map[string]error{"Call": callErr, "Do": doErr} {
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := c.Ready(t.Context()); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("Ready: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// TestNodeClientClose: nobody closes a node by closing its client.
func TestNodeClientClose(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("closes", func(ctx context.Context) error { return mpreg.FromContext(ctx).Close() }))
	c := s.Client()
	if _, err := c.Call(t.Context(), "closes"); err != nil {
		t.Error(err)
	}
	testkit.Must(t, c.Close())
	if got, err := mpreg.Call[int](t.Context(), c, "echo", 1); err != nil || got != 1 {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

// TestKeptContext: a context that a function keeps after its call ends with it,
// and what is called through it is told so.
func TestKeptContext(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	kept := make(chan context.Context, 1)
	testkit.Must(t, s.Register("keep", func(ctx context.Context) { kept <- ctx }))
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "keep")
	testkit.Must(t, err)
	ctx := <-kept
	<-ctx.Done()
	_, err = mpreg.FromContext(ctx).Call(ctx, "echo", 1)
	if e := new(mpreg.Error); !errors.As(err, &e) || e.Code != mpreg.Canceled || e.Executed != mpreg.ExecutedNo {
		t.Errorf("got %v", err)
	}
	if got, err := mpreg.Call[int](t.Context(), mpreg.FromContext(ctx), "echo", 1); err != nil || got != 1 {
		t.Errorf("with a context that lives: %v, %v", got, err)
	}
}

// TestInfoOutlivesTheCall: what a function has left behind may ask what it was called
// for while the node deals with the function's failure. The race detector sees it.
func TestInfoOutlivesTheCall(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Name: "n"})
	const calls = 20
	asked := make(chan string, calls)
	testkit.Must(t, s.Register("f", func(ctx context.Context) error {
		go func() { asked <- mpreg.InfoFromContext(ctx).Function }()
		return errors.New("no")
	}))
	for range calls {
		if _, err := s.Client().Call(t.Context(), "f"); !errors.Is(err, mpreg.Failed) {
			t.Errorf("got %v, want failed", err)
		}
	}
	for range calls {
		if got := testkit.Within(t, "what is left behind", asked); got != "f" {
			t.Errorf("it was called as %q", got)
		}
	}
}
