package link_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/link"
)

// TestOrder sends any sequence of messages both ways: what arrives is what was sent.
func TestOrder(t *testing.T) {
	h := newHost(t, link.Config{}, false)
	compressing := newHost(t, link.Config{Compression: true}, false)
	rapid.Check(t, func(rt *rapid.T) {
		host, cfg := h, link.Config{}
		if rapid.Bool().Draw(rt, "compression") {
			host, cfg.Compression = compressing, true
		}
		server, client := host.link(t, cfg)
		sent := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) received {
			size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(30_000, 200_000)).Draw(rt, "size")
			b := rapid.Byte().Draw(rt, "byte")
			return received{
				Kind: rapid.SampledFrom([]link.Kind{link.Text, link.Binary}).Draw(rt, "kind"),
				Data: strings.Repeat(string(rune('a'+b%26)), size),
			}
		}), 1, 20).Draw(rt, "messages")
		back := newInbox()
		atServer := serve(t, server, handler(func(k link.Kind, d []byte) {
			if err := server.TrySend(k, d); err != nil {
				t.Errorf("TrySend: %v", err)
			}
		}))
		atClient := serve(t, client, back)
		for _, m := range sent {
			if err := client.Send(t.Context(), m.Kind, []byte(m.Data)); err != nil {
				rt.Fatal(err)
			}
		}
		var got []received
		for range sent {
			got = append(got, back.next(t))
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			rt.Fatalf("sent -, got +:\n%s", diff)
		}
		if err := client.Close(link.StatusNormal, ""); err != nil {
			rt.Fatal(err)
		}
		<-atServer
		<-atClient
	})
}

// TestConcurrentSenders checks that no message of many senders is lost, changed or
// overtakes another of the same sender.
func TestConcurrentSenders(t *testing.T) {
	const senders, each = 64, 200
	server, client := newHost(t, link.Config{}, false).link(t, link.Config{QueueBytes: 16 << 10})
	next := make([]uint32, senders)
	all := make(chan struct{})
	count := 0
	serve(t, server, handler(func(_ link.Kind, d []byte) {
		from, n := binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:])
		if next[from] != n {
			t.Errorf("sender %d: message %d arrived, want %d", from, n, next[from])
		}
		next[from]++
		if count++; count == senders*each {
			close(all)
		}
	}))
	serve(t, client, newInbox())
	var group sync.WaitGroup
	for s := range senders {
		group.Go(func() {
			data := make([]byte, 8+100*(s%5))
			for n := range each {
				binary.BigEndian.PutUint32(data, uint32(s))
				binary.BigEndian.PutUint32(data[4:], uint32(n))
				if err := client.Send(t.Context(), link.Binary, data); err != nil {
					t.Errorf("sender %d: %v", s, err)
					return
				}
			}
		})
	}
	group.Wait()
	<-all
	if err := client.Close(link.StatusNormal, ""); err != nil {
		t.Error(err)
	}
	if n := client.Queued(); n != 0 {
		t.Errorf("%d bytes are queued after all has arrived", n)
	}
}

func TestPeerThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := newHost(t, link.Config{WriteTimeout: 7 * time.Second}, true).peer(t, false)
		ended := serve(t, server, newInbox())
		start := time.Now()
		if err := server.Send(t.Context(), link.Text, []byte("hello")); err != nil {
			t.Fatalf("Send to an empty queue: %v", err)
		}
		large := make(chan error, 1)
		go func() { large <- server.Send(t.Context(), link.Text, make([]byte, 100<<10)) }()
		err := <-ended
		if !errors.Is(err, link.ErrWriteTimeout) {
			t.Errorf("Serve returned %v, want ErrWriteTimeout", err)
		}
		if after := time.Since(start); after != 7*time.Second {
			t.Errorf("ended after %v, want 7s", after)
		}
		if err := <-large; !errors.Is(err, link.ErrClosed) || !errors.Is(err, link.ErrWriteTimeout) {
			t.Errorf("waiting Send returned %v, want ErrClosed and ErrWriteTimeout", err)
		}
		err = server.Send(t.Context(), link.Text, nil)
		if !errors.Is(err, link.ErrClosed) || !errors.Is(err, link.ErrWriteTimeout) {
			t.Errorf("Send after the end: %v, want ErrClosed and ErrWriteTimeout", err)
		}
		if err := server.TrySend(link.Text, nil); !errors.Is(err, link.ErrClosed) {
			t.Errorf("TrySend after the end: %v, want ErrClosed", err)
		}
		if err := server.Close(link.StatusNormal, ""); !errors.Is(err, link.ErrWriteTimeout) {
			t.Errorf("Close after the end: %v, want ErrWriteTimeout", err)
		}
	})
}

// TestSendHeedsContext checks that a sender is not held up in a write: the socket is
// full, the link would wait for hours.
func TestSendHeedsContext(t *testing.T) {
	cfg := link.Config{QueueBytes: 1 << 10, WriteTimeout: 2 * time.Hour}
	server, _ := newHost(t, cfg, false).peer(t, false)
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, enough)
	defer cancel()
	data := make([]byte, 16<<10)
	for {
		if err := server.Send(ctx, link.Binary, data); err != nil {
			if !errors.Is(err, enough) {
				t.Fatalf("Send: %v, want the context's cause", err)
			}
			return
		}
	}
}

func TestQueueBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{QueueBytes: 2000}, true).peer(t, false)
		serve(t, server, newInbox())
		huge := make([]byte, 5000) // above the bound, but the queue is empty
		if err := server.Send(t.Context(), link.Binary, huge); err != nil {
			t.Fatalf("Send to an empty queue: %v", err)
		}
		if err := server.TrySend(link.Binary, nil); !errors.Is(err, link.ErrQueueFull) {
			t.Fatalf("TrySend to a full queue: %v, want ErrQueueFull", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := server.Send(ctx, link.Binary, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Send to a full queue: %v, want DeadlineExceeded", err)
		}
		sent := make(chan error, 1)
		go func() { sent <- server.Send(t.Context(), link.Text, []byte("waited")) }()
		synctest.Wait()
		if len(sent) != 0 {
			t.Fatal("Send did not wait for room")
		}
		for _, want := range []string{string(huge), "waited"} {
			if _, got, err := peer.ReadMessage(); err != nil || string(got) != want {
				t.Fatalf("peer got %d bytes, %v, want %d", len(got), err, len(want))
			}
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	})
}

// TestTrySendHeadroom checks that a read loop gets refusals out when senders have
// filled the queue.
func TestTrySendHeadroom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := newHost(t, link.Config{QueueBytes: 1640}, true).peer(t, false)
		serve(t, server, newInbox())
		data := make([]byte, 100) // 164 with its overhead
		for range 10 {
			if err := server.Send(t.Context(), link.Text, data); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 10 {
			if err := server.TrySend(link.Text, data); err != nil {
				t.Fatalf("TrySend %d: %v", i, err)
			}
		}
		if err := server.TrySend(link.Text, data); !errors.Is(err, link.ErrQueueFull) {
			t.Errorf("TrySend 11: %v, want ErrQueueFull", err)
		}
		if got := server.Queued(); got != 3280 {
			t.Errorf("Queued() = %d, want 3280", got)
		}
	})
}

// TestSendersAreFreed checks that who waits for room learns that the link closes.
func TestSendersAreFreed(t *testing.T) {
	ends := map[string]func(*link.Link){
		"close": func(l *link.Link) { l.BeginClose(link.StatusGoingAway, "restart") },
		"abort": func(l *link.Link) { l.Abort(errors.New("fire")) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, _ := newHost(t, link.Config{QueueBytes: 100}, true).peer(t, false)
				serve(t, server, newInbox())
				if err := server.Send(t.Context(), link.Text, make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
				sent := make(chan error, 3)
				for range 3 {
					go func() { sent <- server.Send(t.Context(), link.Text, nil) }()
				}
				synctest.Wait()
				end(server)
				for range 3 {
					if err := <-sent; !errors.Is(err, link.ErrClosed) {
						t.Errorf("waiting Send returned %v, want ErrClosed", err)
					}
				}
			})
		})
	}
}

// TestLargeMessageIsFree checks that a large message may be changed when Send returns.
func TestLargeMessageIsFree(t *testing.T) {
	server, client := newHost(t, link.Config{}, false).link(t, link.Config{})
	box := newInbox()
	serve(t, server, box)
	serve(t, client, newInbox())
	data := make([]byte, 1<<20)
	for i := range 20 {
		for j := range data {
			data[j] = byte('a' + i)
		}
		if err := client.Send(t.Context(), link.Text, data); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		if got, want := box.next(t).Data, strings.Repeat(string(rune('a'+i)), len(data)); got != want {
			t.Fatalf("message %d was changed", i)
		}
	}
}

// TestReadLoopDoesNotBlock checks that two ends that answer everything from their read loops,
// through a network that holds nothing, do not wait for each other.
func TestReadLoopDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := newHost(t, link.Config{}, true).link(t, link.Config{})
		const rounds = 100
		done := make(chan struct{}, 2)
		bounce := func(l *link.Link) handler {
			n := 0
			return func(k link.Kind, d []byte) {
				if n++; n == rounds {
					done <- struct{}{}
				}
				if err := l.TrySend(k, d); err != nil && n < rounds {
					t.Errorf("TrySend: %v", err)
				}
			}
		}
		serve(t, server, bounce(server))
		serve(t, client, bounce(client))
		for range 8 {
			if err := client.TrySend(link.Binary, make([]byte, 200<<10)); err != nil {
				t.Fatal(err)
			}
			if err := server.TrySend(link.Binary, make([]byte, 200<<10)); err != nil {
				t.Fatal(err)
			}
		}
		<-done
		<-done
	})
}

func TestAbruptLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		ended := serve(t, server, newInbox())
		_ = peer.NetConn().Close()
		err := <-ended
		var closed *link.CloseError
		if err == nil || errors.As(err, &closed) || !strings.Contains(err.Error(), "link to pipe: connection lost") {
			t.Errorf("Serve returned %v, want a lost connection", err)
		}
		if server.Err() != err {
			t.Errorf("Err() = %v, Serve returned %v", server.Err(), err)
		}
		select {
		case <-server.Done():
		default:
			t.Error("Done is open")
		}
	})
}

func TestAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := newHost(t, link.Config{}, true).peer(t, false)
		ended := serve(t, server, newInbox())
		if err := server.Err(); err != nil {
			t.Errorf("Err() = %v on a live link", err)
		}
		fire := errors.New("fire")
		server.Abort(fire)
		server.Abort(errors.New("water"))
		if err := <-ended; !errors.Is(err, fire) {
			t.Errorf("Serve returned %v, want the first cause", err)
		}
	})
}

func TestLastHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		box := newInbox()
		serve(t, server, box)
		<-time.After(5 * time.Second)
		if err := peer.WriteMessage(websocket.TextMessage, []byte("here")); err != nil {
			t.Fatal(err)
		}
		box.next(t)
		<-time.After(3 * time.Second)
		if got := time.Since(server.LastHeard()); got != 3*time.Second {
			t.Errorf("last heard %v ago, want 3s", got)
		}
	})
}

func ExampleKind() {
	fmt.Println(link.Text, link.Binary)
	// Output: text binary
}

func ExampleCloseError() {
	var err error = &link.CloseError{Peer: "10.0.0.7:9000", Code: link.StatusGoingAway, Reason: "restart", Remote: true}
	fmt.Println(err)
	// Output: link to 10.0.0.7:9000: closed by the peer with status 1001: restart
}
