package mpreg_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestReadyTellsWhy: who waits for a node learns why it will not come.
func TestReadyTellsWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	defer func() { _ = taken.Close() }()
	s := testkit.NewServer(t, mpreg.Config{Port: taken.Addr().(*net.TCPAddr).Port})
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context()) }()
	if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "can't listen on "+taken.Addr().String()) {
		t.Errorf("Ready: %v", err)
	}
	if err := <-served; err == nil {
		t.Error("Serve: no error")
	}
}

// TestServerOptionsRefused: what could never work is told at once.
func TestServerOptionsRefused(t *testing.T) {
	for says, opts := range map[string][]mpreg.ServerOption{
		"certificate":      {mpreg.WithTLS(&tls.Config{MinVersion: tls.VersionTLS13})},
		"no URL of a node": {mpreg.WithMount("/mpreg")},
		"no URL":           {mpreg.WithMount("")},
		"does not listen":  {mpreg.WithMount("ws://a/b"), mpreg.WithListener(testkit.NewNetwork("node")["node"])},
	} {
		if _, err := mpreg.NewServer(mpreg.Config{}, opts...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	for _, origin := range []string{"https://a.test/", "https://a.test/path", "a.test"} {
		if _, err := mpreg.NewServer(mpreg.Config{AllowedOrigins: []string{origin}}); err == nil {
			t.Errorf("%q is no origin that a browser sends", origin)
		}
	}
}

// TestRebinding: a page whose host's name leads to this machine is not of the
// node's origin.
func TestRebinding(t *testing.T) {
	address := serveNamed(t)
	for origin, ok := range map[string]bool{
		"http://evil.test": false, "http://node.test": true, "http://localhost": true, "http://127.0.0.1": true, "https://app.test": true,
	} {
		_, host, _ := strings.Cut(origin, "://")
		header := http.Header{"Origin": {origin}, "Host": {host}}
		ws, response, err := (&websocket.Dialer{NetDial: func(string, string) (net.Conn, error) {
			return net.Dial("tcp", address)
		}}).DialContext(t.Context(), "ws://"+host, header)
		if (err == nil) != ok {
			t.Errorf("%s: %v", origin, err)
		}
		if err == nil {
			_ = ws.Close()
		}
		_ = response.Body.Close()
	}
}

// serveNamed runs a node that goes by another name than its address, and
// returns the address.
func serveNamed(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Must(t, err)
	testkit.Serve(t, mpreg.Config{AdvertisedURLs: []string{"ws://node.test"}, AllowedOrigins: []string{"HTTPS://app.test"}}, mpreg.WithListener(l))
	return l.Addr().String()
}

// TestErrorsReturnedInOtherWays: a function may return its error in any way that
// Go lets it, or learn at Register that it may not.
func TestErrorsReturnedInOtherWays(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	if err := s.Register("concrete", func() *mpreg.Error { return nil }); err == nil || !strings.Contains(err.Error(), "declare it as error") {
		t.Errorf("a concrete error type: %v", err)
	}
	var none *mpreg.Error
	for name, err := range map[string]error{
		"code": mpreg.Code(2001), "wrapped": fmt.Errorf("no paper: %w", mpreg.Code(2001)), "zero": mpreg.Errorf(0, "odd"), "nil": none,
	} {
		testkit.Must(t, s.Register(name, func() error { return err }))
	}
	for name, row := range map[string]struct {
		code mpreg.Code
		says string
	}{
		"code": {2001, "2001"}, "wrapped": {2001, "no paper"}, "zero": {mpreg.Failed, "odd"}, "nil": {mpreg.Failed, "nil *mpreg.Error"},
	} {
		for way, c := range map[string]*mpreg.Client{"socket": testkit.Connect(t, s.URL()), "node": s.Client()} {
			if _, err := c.Call(t.Context(), name); !errors.Is(err, row.code) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s, %s: %v", way, name, err)
			}
		}
	}
}

// explosiveError is an error that can't be asked what it says.
type explosiveError struct{}

func (explosiveError) Error() string { panic("boom") }

// explosiveChain is one that can't be asked what it wraps.
type explosiveChain struct{ error }

func (explosiveChain) Unwrap() error { panic("boom") }

// TestErrorsThatPanic: errors are code of an application too, whoever returns them:
// the node that asks what they say outlives the answer.
func TestErrorsThatPanic(t *testing.T) {
	var none *mpreg.Error
	failures := map[string]error{
		"error": explosiveError{}, "chain": explosiveChain{io.EOF}, "joined": errors.Join(io.EOF, explosiveError{}), "nil": none,
	}
	failing := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			v, err := next(ctx, inv)
			if name, ok := strings.CutPrefix(inv.Function, "interceptor of "); ok {
				return v, failures[name]
			}
			return v, err
		}
	}
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(failing))
	client := testkit.Connect(t, s.URL())
	for name, failure := range failures {
		want := mpreg.Internal
		if failure == error(none) {
			want = mpreg.Failed
		}
		testkit.Must(t, s.Register(name, func() error { return failure }))
		testkit.Must(t, s.Register("interceptor of "+name, func() {}))
		for _, fn := range []string{name, "interceptor of " + name} {
			if _, err := client.Call(t.Context(), fn); !errors.Is(err, want) || testkit.AsError(t, err).Executed != mpreg.ExecutedYes {
				t.Errorf("%s: got %v, want %v, executed", fn, err, want)
			}
		}
	}
	if got, err := mpreg.Call[int](t.Context(), client, "echo", 1); err != nil || got != 1 {
		t.Errorf("after it: %v, %v", got, err)
	}
}

// TestCommandsOutOfPlace: a command means its result within its request only.
func TestCommandsOutOfPlace(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	c := s.Client()
	r := mpreg.NewRequest()
	cmd := r.Add("echo", 1)
	for _, arg := range []any{cmd, *cmd, cmd.Field("x"), []any{cmd}} {
		if _, err := c.Call(t.Context(), "echo", arg); !errors.Is(err, mpreg.InvalidArgument) {
			t.Errorf("%T: %v", arg, err)
		}
	}
	r.Add("echo", *cmd).Named("copy")
	resp, err := c.Do(t.Context(), r)
	testkit.Must(t, err)
	if got := string(resp.Results["copy"].Bytes()); got != "1" {
		t.Errorf("a copy of a command: %s", got)
	}
	if _, err := c.Do(t.Context(), nil); !errors.Is(err, mpreg.InvalidRequest) {
		t.Errorf("no request: %v", err)
	}
	if _, err := c.Do(t.Context(), mpreg.NewRequest().Return(nil)); err == nil {
		t.Error("no command: no error")
	}
	c.With(nil)
	_, _ = mpreg.NewServer(mpreg.Config{}, nil)
}
