package link_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// framed is the subprotocol under which links carry frames in tests.
const framed = "frames.v1"

const (
	smallFrame = byte(wire.KindCall)
	largeFrame = byte(wire.KindResult)
)

// frameOf makes a frame of size bytes that can be told from others by n.
func frameOf(n, size int) string {
	f := string(binary.AppendUvarint([]byte{smallFrame, 0}, uint64(n)))
	return f + strings.Repeat(string(rune('a'+n%26)), max(0, size-len(f)))
}

// framedPeer dials the host with a bare websocket that speaks frames.
func framedPeer(t testing.TB, h *host) (server *link.Link, peer *websocket.Conn) {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: h.dial, Subprotocols: []string{framed}}
	peer, response, err := dialer.DialContext(t.Context(), h.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	server = <-h.links
	t.Cleanup(func() { _ = peer.Close(); server.Abort(nil) })
	return server, peer
}

// readFrames returns the frames of the next websocket message, of chunks only the heads and
// sizes.
func readFrames(t testing.TB, peer *websocket.Conn) (frames []string) {
	t.Helper()
	kind, data, err := peer.ReadMessage()
	if err != nil || kind != websocket.BinaryMessage {
		t.Fatalf("peer got a message of kind %d, %v, want a binary one", kind, err)
	}
	if len(data) > 64<<10+3 {
		t.Errorf("websocket message of %d bytes", len(data))
	}
	for len(data) > 0 {
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			t.Fatalf("frame of %d bytes in a message that has %d more", size, len(data)-n)
		}
		frames = append(frames, describe(t, data[n:n+int(size)]))
		data = data[n+int(size):]
	}
	return frames
}

func describe(t testing.TB, frame []byte) string {
	t.Helper()
	head, body, err := wire.DecodeFrameHead(frame)
	switch {
	case err != nil:
		t.Fatal(err)
	case head.Kind != wire.KindChunk:
		return string(frame)
	case head.Flags&wire.FlagAbort != 0:
		return fmt.Sprintf("lane %d: abort", head.ID)
	case head.Flags&wire.FlagFirst != 0:
		total, n := binary.Uvarint(body)
		return fmt.Sprintf("lane %d: first of %d, flags %d", head.ID, total, head.Flags) + more(len(body)-n)
	}
	return fmt.Sprintf("lane %d: flags %d", head.ID, head.Flags) + more(len(body))
}

func more(n int) string {
	if n == 0 || n > 64<<10 {
		return fmt.Sprintf(", %d bytes", n)
	}
	return ""
}

func TestFramedIsAgreedOn(t *testing.T) {
	both := link.Config{Framed: framed, Subprotocols: []string{"other"}}
	tests := map[string]struct {
		server, client link.Config
		want           bool
		protocol       string
	}{
		"both":                    {both, both, true, framed},
		"both, nothing else":      {link.Config{Framed: framed}, link.Config{Framed: framed}, true, framed},
		"server only":             {both, link.Config{Subprotocols: []string{"other"}}, false, "other"},
		"client only":             {link.Config{Subprotocols: []string{"other"}}, both, false, "other"},
		"client asks for nothing": {both, link.Config{}, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, client := newHost(t, test.server, false).link(t, test.client)
			for end, l := range map[string]*link.Link{"server": server, "client": client} {
				if l.Framed() != test.want || l.Subprotocol() != test.protocol {
					t.Errorf("%s: Framed() = %t under %q, want %t under %q", end, l.Framed(), l.Subprotocol(), test.want, test.protocol)
				}
			}
			if test.want {
				return
			}
			if err := client.SendParts(t.Context(), [][]byte{[]byte("abc")}, nil); err == nil {
				t.Error("SendParts works on a link without frames")
			}
		})
	}
}

// TestFramesArrive sends any sequence of frames in any way, small and large ones at the same
// time: they arrive as they were sent, the small ones in order.
func TestFramesArrive(t *testing.T) {
	cfg := link.Config{Framed: framed}
	h := newHost(t, cfg, false)
	compressing := link.Config{Framed: framed, Compression: true}
	hc := newHost(t, compressing, false)
	rapid.Check(t, func(rt *rapid.T) {
		server, client := h.link(t, cfg)
		if rapid.Bool().Draw(rt, "compression") {
			server, client = hc.link(t, compressing)
		}
		from, to := client, server
		if rapid.Bool().Draw(rt, "from server") {
			from, to = server, client
		}
		small := drawFrames(rt, "small", rapid.OneOf(rapid.IntRange(3, 300), rapid.IntRange(60_000, 64<<10)))
		large := drawFrames(rt, "large", rapid.IntRange(64<<10+1, 300_000))
		box := newInbox()
		ended := []<-chan error{serve(t, to, box), serve(t, from, newInbox())}
		var senders sync.WaitGroup
		for _, frames := range [][]outgoing{small, large} {
			senders.Go(func() {
				for _, f := range frames {
					f.send(t, from)
				}
			})
		}
		waiting := map[string]int{}
		for _, f := range large {
			waiting[f.data]++
		}
		next := 0
		for range len(small) + len(large) {
			switch got := box.next(t); {
			case got.Kind == link.LargeFrame && waiting[got.Data] > 0:
				waiting[got.Data]--
			case got.Kind == link.Frame && next < len(small) && small[next].data == got.Data:
				next++
			default:
				rt.Fatalf("after %d small frames got %v", next, got)
			}
		}
		senders.Wait()
		if err := from.Close(link.StatusNormal, ""); err != nil {
			rt.Fatal(err)
		}
		for _, e := range ended {
			<-e
		}
		if n := from.Queued(); n != 0 {
			rt.Errorf("%d bytes are queued after all has arrived", n)
		}
	})
}

// outgoing is a frame and how it is sent.
type outgoing struct {
	data string
	how  string
	cuts []int // of SendParts, in any order
}

func drawFrames(rt *rapid.T, class string, size *rapid.Generator[int]) (all []outgoing) {
	for n := range rapid.IntRange(0, 12).Draw(rt, class) {
		f := outgoing{
			data: frameOf(n, size.Draw(rt, "size")),
			how:  rapid.SampledFrom([]string{"Send", "SendThen", "SendParts", "TrySend"}).Draw(rt, "how"),
		}
		f.cuts = rapid.SliceOfN(rapid.IntRange(0, len(f.data)), 0, 6).Draw(rt, "cuts")
		all = append(all, f)
	}
	return all
}

func (f outgoing) send(t *testing.T, l *link.Link) {
	data := []byte(f.data)
	var err error
	queued := 0
	count := func() { queued++ }
	switch f.how {
	case "Send":
		err, queued = l.Send(t.Context(), link.Text, data), 1
	case "SendThen":
		err = l.SendThen(t.Context(), link.Binary, data, count)
	case "SendParts":
		var parts [][]byte
		left := data
		for _, cut := range f.cuts {
			cut = min(cut, len(left))
			parts = append(parts, left[:cut])
			left = left[cut:]
		}
		err = l.SendParts(t.Context(), append(parts, left), count)
	case "TrySend":
		err, queued = l.TrySend(link.Frame, data), 1
	}
	if err != nil || queued != 1 {
		t.Errorf("%s of %d bytes: %v, queued %d times", f.how, len(data), err, queued)
	}
	clear(data) // it is ours again
}

// TestFramesArePacked: what was queued together is one websocket message, up to 64 KiB.
func TestFramesArePacked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed}, true))
		serve(t, server, newInbox())
		var sent, got []string
		for n := range 3000 {
			sent = append(sent, frameOf(n, 100))
			if err := server.Send(t.Context(), link.Frame, []byte(sent[n])); err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				synctest.Wait() // it is stuck alone
			}
		}
		messages := 0
		for ; len(got) < len(sent); messages++ {
			got = append(got, readFrames(t, peer)...)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Errorf("sent -, got +:\n%.2000s", diff)
		}
		if messages != 6 { // of the first frame, and of 303,000 bytes
			t.Errorf("%d websocket messages, want 6", messages)
		}
	})
}

// TestBadFrames sends a link what is no frame, or too much: the handler is told, the link
// lives, until it is by far too much.
func TestBadFrames(t *testing.T) {
	first := func(total uint64, body int) []byte {
		f := wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindChunk, Flags: wire.FlagFirst, ID: 1})
		f = append(binary.AppendUvarint(f, total), make([]byte, body)...)
		return append(binary.AppendUvarint(nil, uint64(len(f))), f...)
	}
	next := func(body int) []byte {
		f := wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindChunk, ID: 1})
		f = append(f, make([]byte, body)...)
		return append(binary.AppendUvarint(nil, uint64(len(f))), f...)
	}
	malformed := func(s string) received { return received{Data: s, Malformed: true} }
	tests := map[string]struct {
		kind     int
		messages [][]byte
		want     received
		closed   int
	}{
		"text":    {websocket.TextMessage, [][]byte{[]byte(`{"role":"rpc"}`)}, malformed("text message where frames are expected: send binary ones"), 0},
		"nothing": {websocket.BinaryMessage, [][]byte{{}}, malformed("websocket message without a frame"), 0},
		"2^31": {
			websocket.BinaryMessage, [][]byte{first(1<<31, 5000)},
			received{Kind: link.LargeFrame, Data: string(make([]byte, 4096)), Oversized: true, Size: 1 << 31}, 0,
		},
		"large message": {
			websocket.BinaryMessage, [][]byte{make([]byte, 200_000)},
			malformed("websocket message of 200000 bytes: send frames above 65536 bytes in chunks, small ones in several messages"), 0,
		},
		"endless lane": {
			websocket.BinaryMessage, [][]byte{first(1<<31, 5000), next(60_000), next(60_000), next(60_000), next(60_000), next(60_000), next(60_000), next(60_000)},
			received{Kind: link.LargeFrame, Data: string(make([]byte, 4096)), Oversized: true, Size: 1 << 31}, websocket.CloseMessageTooBig,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, peer := framedPeer(t, newHost(t, link.Config{Framed: framed, MaxMessage: 100_000}, false))
			box := newInbox()
			serve(t, server, box)
			for _, m := range test.messages {
				if err := peer.WriteMessage(test.kind, m); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, box.next(t)); diff != "" {
				t.Errorf("want -, got +:\n%.500s", diff)
			}
			if test.closed != 0 {
				if _, _, err := peer.ReadMessage(); !websocket.IsCloseError(err, test.closed) {
					t.Errorf("peer got %v, want status %d", err, test.closed)
				}
				return
			}
			if err := peer.WriteMessage(websocket.BinaryMessage, []byte("\x03abc")); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(received{Kind: link.Frame, Data: "abc"}, box.next(t)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// TestLargeFrameIsKept: a handler may keep a large frame.
func TestLargeFrameIsKept(t *testing.T) {
	cfg := link.Config{Framed: framed}
	server, client := newHost(t, cfg, false).link(t, cfg)
	kept := make(chan []byte, 3)
	serve(t, server, handler(func(_ link.Kind, d []byte) { kept <- d }))
	serve(t, client, newInbox())
	var want [][]byte
	for n := range 3 {
		want = append(want, []byte(frameOf(n, 500_000)))
		if err := client.Send(t.Context(), link.Frame, want[n]); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		if got := <-kept; !bytes.Equal(got, want[n]) {
			t.Errorf("frame %d of %d bytes was changed", n, len(got))
		}
	}
}

// TestFramedEchoAllocates checks that a frame costs the link no memory of its own.
func TestFramedEchoAllocates(t *testing.T) {
	e := newEchoing(t, 1)
	for range 100 {
		e.call(0)
	}
	if n := testing.AllocsPerRun(1000, func() { e.call(0) }); n > 5 {
		t.Errorf("%v allocations an echo, want 4: two of each websocket message, of the library's", n)
	}
}
