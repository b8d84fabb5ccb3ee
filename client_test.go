package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestCloseWhileCalling: a call that runs learns that its client was closed.
func TestCloseWhileCalling(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started := make(chan bool, 1)
	testkit.Must(t, s.Register("wait", func(ctx context.Context) { started <- true; <-ctx.Done() }))
	c := testkit.Connect(t, s.URL())
	call := testkit.Later(func() (mpreg.Value, error) { return c.Call(context.Background(), "wait") })
	testkit.Within(t, "the function runs", started)
	testkit.Must(t, c.With(mpreg.At()).Close())
	if got := testkit.Within(t, "the call ends", call); !errors.Is(got.Err, mpreg.ErrClosed) || !errors.Is(got.Err, mpreg.Unavailable) {
		t.Errorf("the call that ran: %v", got.Err)
	}
	if _, err := c.Call(t.Context(), "wait"); !errors.Is(err, mpreg.ErrClosed) {
		t.Errorf("a later call: %v", err)
	}
}

// TestURLsOfClients: what is wrong with a URL is said before anybody dials it, without
// a password that is in it.
func TestURLsOfClients(t *testing.T) {
	for _, url := range []string{
		"ws://root:hunter2@127.0.0.1:1", "wss://root:hunter2@%zz", "ws://127.0.0.1:65536", "ws://127.0.0.1:99999999999999999999",
		"http://x", "ws://", "ws:127.0.0.1", "ws://[::1", "ws://a b", "", " , ",
	} {
		log := testkit.Journal{All: true}
		c := testkit.Connect(t, url, mpreg.WithLogger(log.Logger()))
		_, err := c.Call(t.Context(), "echo", 1)
		e, ok := errors.AsType[*mpreg.Error](err)
		if logged := log.Take(); !ok || e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedNo || len(logged) > 0 {
			t.Errorf("%q: %v, logged %q", url, err, logged)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("it tells a secret: %v", err)
		}
	}
}
