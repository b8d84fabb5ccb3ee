package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

var errWrongToken = errors.New("the token is not of the list at /etc/tokens")

// tokens is an authenticator that knows the tokens "ann" and "bob".
func tokens(_ context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
	if (c.Token != "ann" && c.Token != "bob") || !strings.HasPrefix(c.RemoteAddr, "127.0.0.1:") {
		return mpreg.Identity{}, errWrongToken
	}
	return mpreg.Identity{Name: c.Token, Claims: map[string]string{"from": "test"}}, nil
}

func identity(ctx context.Context) mpreg.Identity { return mpreg.InfoFromContext(ctx).Identity }

// TestTokenInHeader: who shows a good token is who the function is told of.
func TestTokenInHeader(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(tokens))
	testkit.Must(t, s.Register("who", identity))
	for _, name := range []string{"ann", "bob"} {
		c := testkit.Connect(t, s.URL(), mpreg.WithToken(name))
		got, err := mpreg.Call[mpreg.Identity](t.Context(), c, "who")
		testkit.Must(t, err)
		want := mpreg.Identity{Name: name, Claims: map[string]string{"from": "test"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got, err := mpreg.Call[mpreg.Identity](t.Context(), s.Client(), "who"); err != nil || got.Name != "" {
		t.Errorf("within the node: %v, %v", got, err)
	}
}

// TestWrongToken: it is refused in the handshake, and nobody is told why but
// the log.
func TestWrongToken(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(tokens))
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), s.URL(), http.Header{"Authorization": {"Bearer eve"}})
	if err == nil || response == nil || response.StatusCode != http.StatusUnauthorized {
		t.Fatalf("handshake: %v, %v", response, err)
	}
	_ = response.Body.Close()
	_, err = testkit.Connect(t, s.URL(), mpreg.WithToken("eve")).Call(t.Context(), "echo", 1)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Executed != mpreg.ExecutedNo || !strings.Contains(e.Message, "401") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "/etc/tokens") {
		t.Errorf("the refused is told too much: %v", err)
	}
}

// TestAuthMessage: a link without a token may do nothing before an auth message
// was accepted, and lives through those that are not.
func TestAuthMessage(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(tokens))
	ran := atomic.Int64{}
	testkit.Must(t, s.Register("who", func(ctx context.Context) string { ran.Add(1); return identity(ctx).Name }))
	const who = `{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"who"}]}`
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	refused := func(message, u string, code mpreg.Code) {
		t.Helper()
		ws.Send(message)
		a := ws.Receive()
		if a.U != u || a.Error == nil || a.Error.Code != int(code) || a.Error.Details["executed"] != "no" {
			t.Errorf("%s: got %s", message, a.Text)
		}
		if strings.Contains(a.Text, "/etc/tokens") {
			t.Errorf("the refused is told too much: %s", a.Text)
		}
	}
	accepted := func(token string) {
		t.Helper()
		ws.Send(fmt.Sprintf(`{"role":"auth","u":"0","token":%q}`, token))
		if a := ws.Receive(); a.U != "0" || a.Error != nil {
			t.Errorf("token %s: %s", token, a.Text)
		}
	}
	refused(who, "1", mpreg.Unauthenticated)
	refused(`{"role":"auth","u":"0","token":"eve"}`, "0", mpreg.Unauthenticated)
	refused(`{"role":"auth","u":"0"}`, "0", mpreg.InvalidRequest)
	refused(`{"role":"auth","token":"ann"}`, "unknown", mpreg.InvalidRequest)
	refused(who, "1", mpreg.Unauthenticated)
	if n := ran.Load(); n != 0 {
		t.Fatalf("%d calls ran", n)
	}
	accepted("ann")
	if got := ws.Results(who); got != `{"a":"ann"}` {
		t.Errorf("after it: %s", got)
	}
	accepted("bob")
	if got := ws.Results(who); got != `{"a":"bob"}` {
		t.Errorf("after another: %s", got)
	}
	other := testkit.Dial(t, s.URL(), websocket.Dialer{})
	other.Send(who)
	if a := other.Receive(); a.Error == nil || a.Error.Code != int(mpreg.Unauthenticated) {
		t.Errorf("another link: %s", a.Text)
	}
}

// TestMissingToken: a Go client without a token is connected, and its calls are
// refused with a code of their own, as surely not executed.
func TestMissingToken(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(tokens))
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "echo", 1)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != mpreg.Unauthenticated || e.Executed != mpreg.ExecutedNo {
		t.Errorf("got %v", err)
	}
}

// TestAuthWithoutAuthenticator: a token that nobody asked for does no harm.
func TestAuthWithoutAuthenticator(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	if got, err := mpreg.Call[int](t.Context(), testkit.Connect(t, s.URL(), mpreg.WithToken("x")), "echo", 1); err != nil || got != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"auth","u":"0","token":"x"}`)
	if a := ws.Receive(); a.U != "0" || a.Error != nil {
		t.Errorf("got %s", a.Text)
	}
	ws.Alive()
}

// TestAuthorizer: it decides by caller and call, before anything is decoded.
func TestAuthorizer(t *testing.T) {
	var ran atomic.Int64
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(tokens), mpreg.WithAuthorizer(
		func(ctx context.Context, inv *mpreg.Invocation) error {
			info := mpreg.InfoFromContext(ctx)
			if inv.Function != info.Function || inv.Command != info.Command {
				t.Errorf("told of %s and %s", inv.Function, info.Function)
			}
			switch {
			case inv.Function == "panics":
				panic("at /etc/secret.go:1")
			case inv.Function == "admin" && info.Identity.Name != "ann":
				return fmt.Errorf("%q is no admin", info.Identity.Name)
			}
			return nil
		}))
	testkit.Must(t, s.Register("admin", func(n int) int { ran.Add(1); return n }))
	testkit.Must(t, s.Register("panics", func() { ran.Add(1) }))
	testkit.Must(t, s.Register("indirect", func(ctx context.Context, n int) (int, error) {
		return mpreg.Call[int](ctx, mpreg.FromContext(ctx), "admin", n)
	}))
	ann, bob := testkit.Connect(t, s.URL(), mpreg.WithToken("ann")), testkit.Connect(t, s.URL(), mpreg.WithToken("bob"))
	for _, fn := range []string{"admin", "indirect"} {
		if got, err := mpreg.Call[int](t.Context(), ann, fn, 7); err != nil || got != 7 {
			t.Errorf("ann, %s: %v, %v", fn, got, err)
		}
	}
	ran.Store(0)
	for name, c := range map[string]*mpreg.Client{"bob": bob, "": s.Client()} {
		_, err := c.Call(t.Context(), "admin", "not even a number")
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != mpreg.PermissionDenied || e.Executed != mpreg.ExecutedNo ||
			e.Message != fmt.Sprintf("%q is no admin", name) || e.Function != "admin" || e.Node != s.Name() {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err := bob.Call(t.Context(), "indirect", 7)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != mpreg.PermissionDenied || e.Executed != mpreg.ExecutedYes || e.Function != "indirect" {
		t.Errorf("bob through a function: %v", err)
	}
	if _, err := ann.Call(t.Context(), "panics"); !errors.Is(err, mpreg.Internal) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a panic: %v", err)
	}
	if got, err := mpreg.Call[int](t.Context(), bob, "echo", 1); err != nil || got != 1 {
		t.Errorf("bob, echo: %v, %v", got, err)
	}
	if n := ran.Load(); n != 0 {
		t.Errorf("%d refused calls ran", n)
	}
}

// TestAuthenticatorPanics: whoever can reach the port can send a token; a panic
// over it must not end the process.
func TestAuthenticatorPanics(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithAuthenticator(func(context.Context, mpreg.Credentials) (mpreg.Identity, error) {
		panic("at /etc/secret.go:1")
	}))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"auth","u":"1","token":"x"}`)
	if a := ws.Receive(); a.Error == nil || a.Error.Code != int(mpreg.Internal) || strings.Contains(a.Text, "secret") {
		t.Errorf("in a message: %s", a.Text)
	}
	if _, err := testkit.Connect(t, s.URL(), mpreg.WithToken("x")).Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) ||
		!strings.Contains(err.Error(), "500") {
		t.Errorf("in the handshake: %v", err)
	}
}

// TestAuthLeavesRequestsAlone: an auth message may have any u, also a running
// request's.
func TestAuthLeavesRequestsAlone(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started, ended := make(chan struct{}), make(chan error, 1)
	testkit.Must(t, s.Register("wait", func(ctx context.Context) { close(started); <-ctx.Done(); ended <- ctx.Err() }))
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
	ws.Send(`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"wait"}]}`)
	<-started // a request that is canceled before its function starts never runs it
	ws.Send(`{"role":"auth","u":"1","token":"x"}`)
	if a := ws.Receive(); a.Error != nil {
		t.Errorf("auth: %s", a.Text)
	}
	ws.Send(`{"role":"cancel","u":"1"}`)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request: %v", err)
	}
}

// TestNoTokenInTime: a link that never shows a token does not keep its place;
// one that has shown it does.
func TestNoTokenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.Serve(t, mpreg.Config{HandshakeTimeout: time.Minute}, mpreg.WithListener(network["node"]),
			mpreg.WithAuthenticator(func(context.Context, mpreg.Credentials) (mpreg.Identity, error) { return mpreg.Identity{}, nil }))
		known := testkit.Connect(t, s.URL(), mpreg.WithDialer(network.Dial), mpreg.WithToken("x"))
		testkit.Must(t, known.Ready(t.Context()))
		ws, response, err := (&websocket.Dialer{NetDialContext: network.Dial}).DialContext(t.Context(), "ws://node", nil)
		testkit.Must(t, err)
		_ = response.Body.Close()
		start := time.Now()
		if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
			t.Errorf("want a close with status 1008, got %v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("after %v of fake time", took)
		}
		_ = ws.Close()
		synctest.Wait() // until the node has let go of the closed link
		if status, err := mpreg.Call[mpreg.Status](t.Context(), known, "mpreg.status"); err != nil || status.Links != 1 {
			t.Errorf("the link with a token: %+v, %v", status, err)
		}
	})
}
