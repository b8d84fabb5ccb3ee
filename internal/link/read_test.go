package link_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/link"
)

// Opcodes and flags of RFC 6455, section 5.2.
const (
	opContinue, opText, opBinary, opClose, opPing, opPong = 0x0, 0x1, 0x2, 0x8, 0x9, 0xa

	fin, rsv1 = 0x80, 0x40
)

// frame is a masked websocket frame, as a client sends it.
func frame(head byte, payload []byte) []byte {
	b := []byte{head}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

func deflate(t testing.TB, data io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff}) // RFC 7692, section 7.2.1
}

// zeros reads n zero bytes.
func zeros(n int64) io.Reader {
	return io.LimitReader(readerFunc(func(p []byte) (int, error) { clear(p); return len(p), nil }), n)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestFrames writes frames by hand. The last message of each row shows that the
// link lives; code is the status that the peer gets otherwise.
func TestFrames(t *testing.T) {
	const limit = 100 << 10
	a := func(n int) string { return strings.Repeat("a", n) }
	text := func(s string) received { return received{Kind: link.Text, Data: s} }
	tests := map[string]struct {
		compression bool
		frames      [][]byte
		want        []received
		code        int
	}{
		"text and binary": {
			frames: [][]byte{frame(fin|opText, []byte("a")), frame(fin|opBinary, []byte{0, 1}), frame(fin|opText, nil)},
			want:   []received{text("a"), {Kind: link.Binary, Data: "\x00\x01"}, text("")},
		},
		"fragments with a ping between": {
			frames: [][]byte{
				frame(opText, []byte("frag")), frame(fin|opPing, []byte("?")), frame(opContinue, nil),
				frame(opContinue, []byte("men")), frame(fin|opContinue, []byte("ted")), frame(fin|opText, []byte("b")),
			},
			want: []received{text("fragmented"), text("b")},
		},
		"at the limit": {
			frames: [][]byte{frame(fin|opText, []byte(a(limit))), frame(fin|opText, []byte("b"))},
			want:   []received{text(a(limit)), text("b")},
		},
		"above the limit by one": {
			frames: [][]byte{frame(fin|opText, []byte(a(limit+1))), frame(fin|opText, []byte("b"))},
			want:   []received{{Kind: link.Text, Data: a(limit + 1), Oversized: true, Size: limit + 1}, text("b")},
		},
		"four times the limit": {
			frames: [][]byte{frame(opBinary, []byte(a(limit))), frame(fin|opContinue, []byte(a(3*limit))), frame(fin|opText, []byte("b"))},
			want:   []received{{Kind: link.Binary, Data: a(limit + 1), Oversized: true, Size: 4 * limit}, text("b")},
		},
		"above four times the limit": {
			frames: [][]byte{frame(fin|opText, []byte(a(5*limit))), frame(fin|opText, []byte("never"))},
			want:   []received{{Kind: link.Text, Data: a(limit + 1), Oversized: true, Size: 4*limit + 1}},
			code:   link.StatusTooBig,
		},
		"compressed": {
			compression: true,
			frames:      [][]byte{frame(fin|rsv1|opText, deflate(t, strings.NewReader("small"))), frame(fin|opText, []byte("b"))},
			want:        []received{text("small"), text("b")},
		},
		"compressed above the limit": {
			compression: true,
			frames:      [][]byte{frame(fin|rsv1|opText, deflate(t, zeros(2*limit))), frame(fin|opText, []byte("b"))},
			want:        []received{{Kind: link.Text, Data: strings.Repeat("\x00", limit+1), Oversized: true, Size: 2 * limit}, text("b")},
		},
		"compression bomb": {
			compression: true,
			frames:      [][]byte{frame(fin|rsv1|opText, deflate(t, zeros(40*limit))), frame(fin|opText, []byte("never"))},
			want:        []received{{Kind: link.Text, Data: strings.Repeat("\x00", limit+1), Oversized: true, Size: 4*limit + 1}},
			code:        link.StatusTooBig,
		},
		"announced beyond the outer bound": {
			compression: true,
			frames:      [][]byte{{fin | rsv1 | opText, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4}},
			want:        []received{{Kind: link.Text, Oversized: true}},
			code:        link.StatusTooBig,
		},
		"compressed garbage": {
			compression: true,
			frames:      [][]byte{frame(fin|rsv1|opText, []byte{0xff, 0xff, 0xff})},
			code:        link.StatusInvalidData,
		},
		"compressed without agreement": {
			frames: [][]byte{frame(fin|rsv1|opText, deflate(t, strings.NewReader("small")))},
			code:   link.StatusProtocolError,
		},
		"unknown opcode":          {frames: [][]byte{frame(fin|0x3, nil)}, code: link.StatusProtocolError},
		"not masked":              {frames: [][]byte{{fin | opText, 1, 'a'}}, code: link.StatusProtocolError},
		"continuation of nothing": {frames: [][]byte{frame(fin|opContinue, nil)}, code: link.StatusProtocolError},
		"fragmented ping":         {frames: [][]byte{frame(opPing, nil)}, code: link.StatusProtocolError},
		"bad close status":        {frames: [][]byte{frame(fin|opClose, []byte{3, 238})}, code: link.StatusProtocolError},
		"text in a text": {
			frames: [][]byte{frame(opText, []byte("a")), frame(fin|opText, []byte("b"))},
			code:   link.StatusProtocolError,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := link.Config{MaxMessage: limit, Compression: test.compression}
			server, peer := newHost(t, cfg, false).peer(t, test.compression)
			box := newInbox()
			ended := serve(t, server, box)
			go func() {
				_, _ = peer.NetConn().Write(bytes.Join(test.frames, nil)) // fails if the link closes before
			}()
			for i, want := range test.want {
				if got := box.next(t); got != want {
					t.Fatalf("message %d: got %s, want %s", i, got, want)
				}
			}
			if test.code == 0 {
				return
			}
			_, _, err := peer.ReadMessage()
			if !websocket.IsCloseError(err, test.code) {
				t.Errorf("the peer got %v, want status %d", err, test.code)
			}
			_ = peer.Close()
			var closed *link.CloseError
			if err := <-ended; !errors.As(err, &closed) || closed.Code != test.code || closed.Remote {
				t.Errorf("Serve returned %v, want status %d", err, test.code)
			}
			if n := box.len(); n != 0 {
				t.Errorf("%d messages after the end", n)
			}
		})
	}
}

func TestPingIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{}, true).peer(t, false)
		serve(t, server, newInbox())
		pongs := make(chan string, 4)
		peer.SetPongHandler(func(s string) error { pongs <- s; return nil })
		go func() { _, _, _ = peer.ReadMessage() }()
		for _, payload := range []string{"", "one", strings.Repeat("x", 125)} {
			if err := peer.WriteMessage(websocket.PingMessage, []byte(payload)); err != nil {
				t.Fatal(err)
			}
			if got := <-pongs; got != payload {
				t.Errorf("pong %q to ping %q", got, payload)
			}
		}
		_ = peer.Close()
	})
}

// TestPingFlood sends pings to a link whose pongs nobody reads: only the latest is kept.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, peer := newHost(t, link.Config{WriteTimeout: -1}, true).peer(t, false)
		box := newInbox()
		serve(t, server, box)
		for range 10_000 {
			if _, err := peer.NetConn().Write(frame(fin|opPing, []byte("flood"))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := peer.NetConn().Write(frame(fin|opText, []byte("done"))); err != nil {
			t.Fatal(err)
		}
		if got := box.next(t); got.Data != "done" {
			t.Errorf("got %v after the flood", got)
		}
		if n := server.Queued(); n != 0 {
			t.Errorf("%d bytes of pongs are queued", n)
		}
	})
}

// afterError counts reads of a connection after one has failed.
type afterError struct {
	net.Conn
	failed, reads atomic.Int64
}

func (c *afterError) Read(p []byte) (int, error) {
	c.reads.Add(c.failed.Load())
	n, err := c.Conn.Read(p)
	if err != nil {
		c.failed.Store(1)
	}
	return n, err
}

func TestNoReadAfterError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t, link.Config{}, true)
		var counted *afterError
		client, err := link.Dial(t.Context(), h.url, link.DialOptions{
			NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := h.dial(ctx, network, addr)
				counted = &afterError{Conn: c}
				return counted, err
			},
		}, link.Config{})
		if err != nil {
			t.Fatal(err)
		}
		ended := serve(t, client, newInbox())
		(<-h.links).Abort(nil)
		<-ended
		if n := counted.reads.Load(); counted.failed.Load() != 1 || n != 0 {
			t.Errorf("%d reads after the first error", n)
		}
	})
}

// TestMixedSizes checks that message sizes up and down do not disturb each
// other: buffers are shared between links.
func TestMixedSizes(t *testing.T) {
	server, client := newHost(t, link.Config{}, false).link(t, link.Config{})
	box := newInbox()
	serve(t, server, box)
	serve(t, client, newInbox())
	sizes := []int{1, 2 << 20, 100, 65535, 65536, 65537, 1 << 20, 0, 2 << 20, 70_000}
	for i, n := range sizes {
		if err := client.Send(t.Context(), link.Binary, bytes.Repeat([]byte{byte(i)}, n)); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range sizes {
		if got := box.next(t).Data; got != strings.Repeat(string([]byte{byte(i)}), n) {
			t.Errorf("message %d: %d bytes, want %d", i, len(got), n)
		}
	}
}

// FuzzServe feeds a link what a hostile client could send after the handshake. It must
// not panic or hang, and no message may exceed the bound.
func FuzzServe(f *testing.F) {
	f.Add(false, frame(fin|opText, []byte(`{"role":"rpc"}`)))
	f.Add(true, frame(fin|rsv1|opText, deflate(f, strings.NewReader("text"))))
	f.Add(true, frame(fin|rsv1|opText, deflate(f, zeros(100_000))))
	f.Add(false, append(frame(opBinary, []byte("a")), frame(fin|opContinue, []byte("b"))...))
	f.Add(false, append(frame(fin|opPing, []byte("a")), frame(fin|opClose, []byte{3, 232})...))
	f.Add(false, frame(fin|opText, make([]byte, 5000)))
	f.Fuzz(func(t *testing.T, compression bool, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			cfg := link.Config{MaxMessage: 1000, Compression: compression}
			server, peer := newHost(t, cfg, true).peer(t, compression)
			ended := serve(t, server, handler(func(_ link.Kind, d []byte) {
				if len(d) > 1000 {
					t.Errorf("message of %d bytes", len(d))
				}
			}))
			discard(t, peer)
			_ = peer.NetConn().SetWriteDeadline(time.Now().Add(time.Minute))
			_, _ = peer.NetConn().Write(data)
			_ = peer.NetConn().Close()
			<-ended
		})
	})
}
