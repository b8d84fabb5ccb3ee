package protocoltest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// onlyToken lets those in who show it.
func onlyToken(token string) mpreg.ServerOption {
	return mpreg.WithAuthenticator(func(_ context.Context, c mpreg.Credentials) (mpreg.Identity, error) {
		if c.Token != token {
			return mpreg.Identity{}, errors.New("no")
		}
		return mpreg.Identity{Name: "known"}, nil
	})
}

// TestStrangersHoldLittle: before its token is accepted nobody can make a node
// hold large messages, in either protocol; afterwards they are welcome.
func TestStrangersHoldLittle(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, onlyToken("secret"))
	large := strings.Repeat("x", 3<<20)

	t.Run("frames", func(t *testing.T) {
		p := dialFrames(t, s.URL(), websocket.Dialer{})
		p.send(chunk(wire.FlagFirst, 1, 3<<20, callFrame(t, 7, "echo", large)[:60_000]))
		p.refused(7, mpreg.Unauthenticated, "1048576")
		h := clientHello()
		h.Auth = "secret"
		p.greet(h)
		p.alive()
	})
	t.Run("JSON", func(t *testing.T) {
		ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
		message := testkit.Request(`{"name":"a","fun":"echo","args":["` + large + `"]}`)
		ws.Send(message)
		if a := ws.Receive(); a.Error == nil || a.Error.Code != int(mpreg.Unauthenticated) || a.U != "7" {
			t.Fatalf("got %.200s", a.Text)
		}
		ws.Send(`{"role":"auth","u":"0","token":"secret"}`)
		if a := ws.Receive(); a.Error != nil {
			t.Fatalf("got %s", a.Text)
		}
		ws.Send(message)
		if a := ws.Receive(); a.Error != nil || len(a.Text) < len(large) {
			t.Errorf("got %.200s", a.Text)
		}
	})
	t.Run("a token in the handshake", func(t *testing.T) {
		c := testkit.Connect(t, s.URL(), mpreg.WithToken("secret"))
		if got, err := mpreg.Call[string](t.Context(), c, "echo", large); err != nil || got != large {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}
