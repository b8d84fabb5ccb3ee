package link_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/link"
)

func TestCloseHandshake(t *testing.T) {
	tests := map[string]struct {
		code   int
		reason string
		want   string // the reason as the other end sees it
	}{
		"normal":        {code: link.StatusNormal},
		"with a reason": {code: link.StatusGoingAway, reason: "draining", want: "draining"},
		"long reason":   {code: 3000, reason: strings.Repeat("ä", 100), want: strings.Repeat("ä", 61)},
		"not UTF-8":     {code: 3000, reason: "\xff.", want: "?."},
	}
	for name, test := range tests {
		for _, byServer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/byServer=%t", name, byServer), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					here, there := newHost(t, link.Config{}, true).link(t, link.Config{})
					if !byServer {
						here, there = there, here
					}
					hereEnded, thereEnded := serve(t, here, newInbox()), serve(t, there, newInbox())
					start := time.Now()
					if err := here.Close(test.code, test.reason); err != nil {
						t.Errorf("Close: %v", err)
					}
					want := &link.CloseError{Peer: here.RemoteAddr(), Code: test.code, Reason: test.reason}
					if diff := cmp.Diff(error(want), <-hereEnded); diff != "" {
						t.Errorf("the end that closed: want -, got +:\n%s", diff)
					}
					want = &link.CloseError{Peer: there.RemoteAddr(), Code: test.code, Reason: test.want, Remote: true}
					if diff := cmp.Diff(error(want), <-thereEnded); diff != "" {
						t.Errorf("the other end: want -, got +:\n%s", diff)
					}
					if d := time.Since(start); d != 0 {
						t.Errorf("the handshake waited %v for something", d)
					}
					if err := here.Close(link.StatusPolicy, "again"); err != nil {
						t.Errorf("second Close: %v", err)
					}
				})
			})
		}
	}
}

func TestCloseFromBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newHost(t, link.Config{}, true).link(t, link.Config{})
		ends := []<-chan error{serve(t, server, newInbox()), serve(t, client, newInbox())}
		var closers sync.WaitGroup
		for _, l := range []*link.Link{server, client, server, client} {
			closers.Go(func() {
				if err := l.Close(link.StatusNormal, ""); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
		closers.Wait()
		for _, ended := range ends {
			var closed *link.CloseError
			if err := <-ended; !errors.As(err, &closed) || closed.Code != link.StatusNormal {
				t.Errorf("Serve returned %v, want status 1000", err)
			}
		}
	})
}

// TestCloseWritesTheQueue checks that all that was sent before Close arrives before the
// close frame, and nothing after it.
func TestCloseWritesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newHost(t, link.Config{}, true).link(t, link.Config{})
		serve(t, server, newInbox())
		const n = 500
		for i := range n {
			if err := server.TrySend(link.Text, fmt.Appendf(nil, "%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.TrySend(link.Binary, make([]byte, 300<<10)); err != nil {
			t.Fatal(err)
		}
		server.BeginClose(link.StatusGoingAway, "")
		if err := server.TrySend(link.Text, nil); !errors.Is(err, link.ErrClosed) {
			t.Errorf("TrySend while closing: %v, want ErrClosed", err)
		}
		box := newInbox()
		<-serve(t, client, box)
		if got := box.len(); got != n+1 {
			t.Fatalf("%d messages arrived, want %d", got, n+1)
		}
		for i := range n {
			if got := box.next(t).Data; got != fmt.Sprint(i) {
				t.Fatalf("message %d is %q", i, got)
			}
		}
	})
}

// TestCloseIsDeaf checks that messages that arrive after our close frame are dropped.
func TestCloseIsDeaf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		box := newInbox()
		ended := serve(t, server, box)
		server.BeginClose(link.StatusNormal, "")
		closed := make(chan struct{})
		peer.SetCloseHandler(func(int, string) error { close(closed); return nil })
		go func() { _, _, _ = peer.ReadMessage() }()
		<-closed
		for range 3 {
			if err := peer.WriteMessage(websocket.TextMessage, []byte("late")); err != nil {
				t.Fatal(err)
			}
		}
		if err := peer.WriteMessage(websocket.CloseMessage, nil); err != nil {
			t.Fatal(err)
		}
		if _, ok := (<-ended).(*link.CloseError); !ok {
			t.Errorf("ended with %v", server.Err())
		}
		if n := box.len(); n != 0 {
			t.Errorf("%d messages were handed over after the close frame", n)
		}
	})
}

// TestCloseUnanswered checks the bounds of a close whose peer does not take part.
func TestCloseUnanswered(t *testing.T) {
	tests := map[string]struct {
		served, read bool
		want         time.Duration
		err          error
	}{
		"peer does not answer": {served: true, read: true, want: 5 * time.Second},
		"peer does not read":   {served: true, want: 10 * time.Second, err: link.ErrWriteTimeout},
		"not served":           {read: true, want: 5 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, peer := newHost(t, link.Config{}, true).peer(t, false)
				if test.served {
					serve(t, server, newInbox())
				}
				if test.read {
					discard(t, peer)
				}
				start := time.Now()
				err := server.Close(link.StatusNormal, "bye")
				if !errors.Is(err, test.err) {
					t.Errorf("Close: %v, want %v", err, test.err)
				}
				if d := time.Since(start); d != test.want {
					t.Errorf("Close took %v, want %v", d, test.want)
				}
			})
		})
	}
}

// TestPeerCloses checks what the peer gets back, and that a close without a status works.
func TestPeerCloses(t *testing.T) {
	tests := map[string]struct {
		frame []byte
		code  int
	}{
		"normal":    {websocket.FormatCloseMessage(1000, "bye"), 1000},
		"app":       {websocket.FormatCloseMessage(4321, ""), 4321},
		"no status": {nil, 1005},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, peer := newHost(t, link.Config{}, true).peer(t, false)
				ended := serve(t, server, newInbox())
				answer := make(chan error, 1)
				go func() {
					_, _, err := peer.ReadMessage()
					answer <- err
				}()
				if err := peer.WriteMessage(websocket.CloseMessage, test.frame); err != nil {
					t.Fatal(err)
				}
				if err := <-answer; !websocket.IsCloseError(err, test.code) {
					t.Errorf("the peer got %v, want status %d", err, test.code)
				}
				var closed *link.CloseError
				if err := <-ended; !errors.As(err, &closed) || closed.Code != test.code || !closed.Remote {
					t.Errorf("Serve returned %v, want status %d from the peer", err, test.code)
				}
			})
		})
	}
}

// TestPeerClosesAndIsStuck checks that a peer that closes and no longer reads does not
// keep the link for the write timeout.
func TestPeerClosesAndIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		ended := serve(t, server, newInbox())
		if err := server.Send(t.Context(), link.Text, []byte("stuck")); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := peer.WriteMessage(websocket.CloseMessage, nil); err != nil {
			t.Fatal(err)
		}
		var closed *link.CloseError
		if err := <-ended; !errors.As(err, &closed) || !closed.Remote {
			t.Errorf("Serve returned %v, want the peer's close", err)
		}
		if d := time.Since(start); d != 5*time.Second {
			t.Errorf("ended after %v, want 5s", d)
		}
	})
}

// TestCloseFromHandler checks that a Handler can refuse a peer: say why, and close.
func TestCloseFromHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newHost(t, link.Config{}, true).link(t, link.Config{})
		serverEnded := serve(t, server, handler(func(k link.Kind, d []byte) {
			if err := server.TrySend(k, []byte("wrong cluster")); err != nil {
				t.Error(err)
			}
			server.BeginClose(link.StatusPolicy, "wrong cluster")
		}))
		box := newInbox()
		clientEnded := serve(t, client, box)
		if err := client.Send(t.Context(), link.Text, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if got := box.next(t).Data; got != "wrong cluster" {
			t.Errorf("got %q", got)
		}
		for _, ended := range []<-chan error{serverEnded, clientEnded} {
			var closed *link.CloseError
			if err := <-ended; !errors.As(err, &closed) || closed.Code != link.StatusPolicy {
				t.Errorf("ended with %v, want status 1008", err)
			}
		}
	})
}
