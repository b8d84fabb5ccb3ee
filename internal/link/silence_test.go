package link_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg/internal/link"
)

func TestSilentPeerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		discard(t, peer) // reads pings, answers nothing
		start := time.Now()
		err := <-serve(t, server, newInbox())
		if !errors.Is(err, link.ErrSilent) {
			t.Errorf("Serve returned %v, want ErrSilent", err)
		}
		if d := time.Since(start); d != 25*time.Second {
			t.Errorf("given up after %v, want 15s + 10s", d)
		}
	})
}

func TestIdleLinkLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newHost(t, link.Config{PingInterval: time.Second, PingTimeout: 1}, true).link(t, link.Config{PingInterval: -1})
		serverEnded, clientEnded := serve(t, server, newInbox()), serve(t, client, newInbox())
		select {
		case err := <-serverEnded:
			t.Errorf("server: %v", err)
		case err := <-clientEnded:
			t.Errorf("client: %v", err)
		case <-time.After(time.Hour):
		}
	})
}

func TestNoKeepalive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{PingInterval: -1}, true).peer(t, false)
		discard(t, peer)
		select {
		case err := <-serve(t, server, newInbox()):
			t.Errorf("ended: %v", err)
		case <-time.After(24 * time.Hour):
		}
	})
}

// TestSlowMessageIsLife sends one message so slowly that it takes many intervals.
func TestSlowMessageIsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		box := newInbox()
		ended := serve(t, server, box)
		discard(t, peer)
		for _, b := range frame(fin|opText, []byte("slow")) {
			<-time.After(20 * time.Second)
			if _, err := peer.NetConn().Write([]byte{b}); err != nil {
				t.Fatalf("write: %v, link: %v", err, server.Err())
			}
		}
		if got := box.next(t).Data; got != "slow" {
			t.Errorf("got %q", got)
		}
		start := time.Now()
		if err := <-ended; !errors.Is(err, link.ErrSilent) || time.Since(start) != 25*time.Second {
			t.Errorf("ended after %v: %v", time.Since(start), err)
		}
	})
}

// TestBusyHandlerIsNotSilence checks that a link does not blame its peer for what its own
// Handler has kept it from reading.
func TestBusyHandlerIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newHost(t, link.Config{}, true).link(t, link.Config{PingInterval: -1})
		handled := make(chan struct{})
		ended := serve(t, server, handler(func(link.Kind, []byte) {
			<-time.After(10 * time.Minute)
			close(handled)
		}))
		serve(t, client, newInbox())
		if err := client.Send(t.Context(), link.Text, nil); err != nil {
			t.Fatal(err)
		}
		<-handled
		select {
		case err := <-ended:
			t.Errorf("ended: %v", err)
		case <-time.After(time.Minute):
		}
	})
}
