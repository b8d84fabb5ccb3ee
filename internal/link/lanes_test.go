package link_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/link"
)

// TestSmallOvertakesLarge: a small frame waits for the chunk that is being written and no
// other.
func TestSmallOvertakesLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed, QueueBytes: 1}, true))
		serve(t, server, newInbox())
		done := make(chan error, 1)
		go func() { done <- server.Send(t.Context(), link.Frame, []byte(frameOf(1, 200_000))) }()
		synctest.Wait() // for the first chunk to be stuck
		for _, f := range []string{"\x02\x00a", "\x02\x00b"} {
			if err := server.TrySend(link.Frame, []byte(f)); err != nil && f == "\x02\x00a" {
				t.Fatal(err)
			}
		}
		want := []string{
			"lane 1: first of 200000, flags 1", "\x02\x00a",
			"lane 1: flags 0", "lane 1: flags 0", "lane 1: flags 2",
		}
		var got []string
		for range want {
			got = append(got, readFrames(t, peer)...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestLanesTakeTurns: eight large frames share the link, the others wait in order.
func TestLanesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed}, true))
		serve(t, server, newInbox())
		for n := range 10 {
			if err := server.TrySend(link.Frame, []byte(frameOf(n, 100_000))); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // the first of the first frame is stuck
		}
		want := []string{
			"1 first", "1 last",
			"2 first", "3 first", "4 first", "5 first", "6 first", "7 first", "8 first", "9 first",
			"2 last", "3 last", "4 last", "5 last", "6 last", "7 last", "8 last", "9 last",
			"10 first", "10 last",
		}
		var got []string
		for range want {
			for _, f := range readFrames(t, peer) {
				var lane int
				if _, err := fmt.Sscanf(f, "lane %d:", &lane); err != nil {
					t.Fatal(err)
				}
				what := "last"
				if strings.Contains(f, "first") {
					what = "first"
				}
				got = append(got, fmt.Sprint(lane, " ", what))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

// TestSendGivesUp: when its context ends a large frame is withdrawn, with a word to the
// peer if that has seen any of it.
func TestSendGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed}, true))
		serve(t, server, newInbox())
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		sent := make(chan error, 2)
		for n := range 2 {
			parts := [][]byte{[]byte(frameOf(n, 200_000)), make([]byte, 100_000)}
			go func() { sent <- server.SendParts(ctx, parts, nil) }()
			synctest.Wait() // the first chunk of the first frame is stuck, the second frame waits
		}
		cancel(enough)
		for range 2 {
			if err := <-sent; !errors.Is(err, enough) {
				t.Errorf("SendParts: %v, want the context's cause", err)
			}
		}
		if err := server.TrySend(link.Frame, []byte("\x02\x00z")); err != nil {
			t.Fatal(err)
		}
		if n := server.Queued(); n > 300 {
			t.Errorf("%d bytes are queued", n)
		}
		want := []string{"lane 1: first of 300000, flags 1", "lane 1: abort", "\x02\x00z"}
		var got []string
		for len(got) < len(want) {
			got = append(got, readFrames(t, peer)...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		synctest.Wait()
		if n := server.Queued(); n != 0 {
			t.Errorf("%d bytes are queued in the end", n)
		}
	})
}

// TestSmallDoNotWaitForRoomOfLarge: each class has a queue of its own.
func TestSmallDoNotWaitForRoomOfLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed, QueueBytes: 100_000}, true))
		serve(t, server, newInbox())
		large := []byte(frameOf(1, 150_000))
		if err := server.TrySend(link.Frame, large); err != nil {
			t.Fatalf("TrySend to an empty queue: %v", err)
		}
		clear(large) // a copy was queued
		if err := server.TrySend(link.Frame, large); !errors.Is(err, link.ErrQueueFull) {
			t.Errorf("TrySend to a full queue: %v, want ErrQueueFull", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		queued := func() { t.Error("queued was called") }
		if err := server.SendThen(ctx, link.Frame, large, queued); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("SendThen to a full queue: %v, want DeadlineExceeded", err)
		}
		if err := server.Send(t.Context(), link.Frame, []byte("\x02\x00a")); err != nil {
			t.Errorf("small frame: %v", err)
		}
		if got, want := server.Queued(), 150_000+64+3+64; got != want {
			t.Errorf("Queued() = %d, want %d", got, want)
		}
		next := make(chan error, 1)
		go func() { next <- server.Send(t.Context(), link.Frame, []byte(frameOf(2, 70_000))) }()
		want := []string{
			"lane 1: first of 150000, flags 1", "\x02\x00a", "lane 1: flags 0", "lane 1: flags 2",
			"lane 2: first of 70000, flags 1", "lane 2: flags 2",
		}
		var got []string
		for len(got) < len(want) {
			got = append(got, readFrames(t, peer)...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if err := <-next; err != nil {
			t.Error(err)
		}
	})
}

// TestPeerStopsReadingInALane: the write timeout ends the link and frees the senders.
func TestPeerStopsReadingInALane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := link.Config{Framed: framed, WriteTimeout: 7 * time.Second, QueueBytes: 100_000}
		server, peer := framedPeer(t, newHost(t, cfg, true))
		ended := serve(t, server, newInbox())
		sent := make(chan error, 2)
		for range 2 { // one is in its lane, the other waits for room
			go func() { sent <- server.Send(t.Context(), link.Frame, []byte(frameOf(1, 300_000))) }()
		}
		readFrames(t, peer)
		if err := <-ended; !errors.Is(err, link.ErrWriteTimeout) {
			t.Errorf("Serve returned %v, want ErrWriteTimeout", err)
		}
		for range 2 {
			if err := <-sent; !errors.Is(err, link.ErrClosed) || !errors.Is(err, link.ErrWriteTimeout) {
				t.Errorf("Send returned %v, want ErrClosed and ErrWriteTimeout", err)
			}
		}
		if n := server.Queued(); n > 300_064 {
			t.Errorf("%d bytes are queued at the end", n)
		}
	})
}

// TestCloseWritesLanes: what was queued is written before the close frame.
func TestCloseWritesLanes(t *testing.T) {
	cfg := link.Config{Framed: framed}
	server, client := newHost(t, cfg, false).link(t, cfg)
	box := newInbox()
	atServer, atClient := serve(t, server, box), serve(t, client, newInbox())
	for n := range 20 {
		if err := client.TrySend(link.Frame, []byte(frameOf(n, 70_000+n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Close(link.StatusNormal, ""); err != nil {
		t.Error(err)
	}
	<-atServer
	<-atClient
	if box.len() != 20 {
		t.Errorf("%d large frames arrived, want 20", box.len())
	}
}

// TestPeerClosesInALane: who sends learns of it.
func TestPeerClosesInALane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed}, true))
		ended := serve(t, server, newInbox())
		sent := make(chan error, 1)
		go func() { sent <- server.Send(t.Context(), link.Frame, []byte(frameOf(1, 300_000))) }()
		readFrames(t, peer)
		bye := websocket.FormatCloseMessage(websocket.CloseGoingAway, "restart")
		if err := peer.WriteMessage(websocket.CloseMessage, bye); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // for the server to have seen it
		for {
			if _, _, err := peer.ReadMessage(); err != nil {
				if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
					t.Errorf("peer got %v, want the close frame", err)
				}
				break
			}
		}
		if err := <-sent; !errors.Is(err, link.ErrClosed) {
			t.Errorf("Send returned %v, want ErrClosed", err)
		}
		<-ended
		if n := server.Queued(); n != 0 {
			t.Errorf("%d bytes are queued", n)
		}
	})
}
