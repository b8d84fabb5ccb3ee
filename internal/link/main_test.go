package link_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/mpreg/mpreg/internal/link"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received is a message as a Handler got it, with its bytes copied.
type received struct {
	Kind      link.Kind
	Data      string
	Oversized bool
	Malformed bool
	Size      int64
}

func (r received) String() string {
	return fmt.Sprintf("%v of %d bytes, oversized %t of %d: %.40q", r.Kind, len(r.Data), r.Oversized, r.Size, r.Data)
}

// inbox is a Handler that hands over what it gets. It is unbounded, so that it never
// holds up the link.
type inbox struct {
	mu   sync.Mutex
	got  []received
	news chan struct{}
}

func newInbox() *inbox { return &inbox{news: make(chan struct{}, 1)} }

func (b *inbox) Message(kind link.Kind, data []byte) {
	b.add(received{Kind: kind, Data: string(data)})
}

func (b *inbox) Oversized(kind link.Kind, head []byte, size int64) {
	b.add(received{Kind: kind, Data: string(head), Oversized: true, Size: size})
}

func (b *inbox) Malformed(err error) {
	b.add(received{Data: err.Error(), Malformed: true})
}

func (b *inbox) add(r received) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, r)
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// next waits for the next message.
func (b *inbox) next(t testing.TB) received {
	t.Helper()
	for {
		if r, ok := b.pop(); ok {
			return r
		}
		select {
		case <-b.news:
		case <-t.Context().Done():
			t.Fatal("no message before the test ended")
		}
	}
}

func (b *inbox) pop() (received, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.got) == 0 {
		return received{}, false
	}
	r := b.got[0]
	b.got = b.got[1:]
	return r, true
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.got)
}

// handler adapts a function.
type handler func(kind link.Kind, data []byte)

func (h handler) Message(kind link.Kind, data []byte) { h(kind, data) }
func (h handler) Oversized(link.Kind, []byte, int64)  {}
func (h handler) Malformed(error)                     {}

// host accepts links on an in-memory or loopback listener.
type host struct {
	url    string
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	links  chan *link.Link
	errors chan error
}

func newHost(t testing.TB, cfg link.Config, memory bool) *host {
	t.Helper()
	h := &host{links: make(chan *link.Link, 16), errors: make(chan error, 16)}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, err := link.Accept(w, r, cfg, nil)
		if err != nil {
			h.errors <- err
			return
		}
		h.links <- l
	}))
	if memory {
		_ = srv.Listener.Close()
		pipes := newPipes()
		srv.Listener, h.dial = pipes, pipes.dial
	}
	srv.Start()
	t.Cleanup(srv.Close)
	h.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	return h
}

// link dials the host and returns both ends, which end with the test.
func (h *host) link(t testing.TB, cfg link.Config) (server, client *link.Link) {
	t.Helper()
	client, err := link.Dial(t.Context(), h.url, link.DialOptions{NetDial: h.dial}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	server = <-h.links
	t.Cleanup(func() { client.Abort(nil); server.Abort(nil) })
	return server, client
}

// peer dials the host with a bare websocket, to misbehave.
func (h *host) peer(t testing.TB, compression bool) (server *link.Link, peer *websocket.Conn) {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: h.dial, EnableCompression: compression}
	peer, _, err := dialer.DialContext(t.Context(), h.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	server = <-h.links
	t.Cleanup(func() { _ = peer.Close(); server.Abort(nil) })
	return server, peer
}

// serve runs a link's read loop until it ends; its error can be had from the channel.
func serve(t testing.TB, l *link.Link, h link.Handler) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	var reader sync.WaitGroup
	reader.Go(func() { ended <- l.Serve(h) })
	t.Cleanup(func() { l.Abort(nil); reader.Wait() })
	return ended
}

// pipes is a listener whose connections are net.Pipes: they work in synctest bubbles.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "memory" }

// discard reads a websocket's network connection and answers nothing.
func discard(t testing.TB, peer *websocket.Conn) {
	t.Helper()
	var reader sync.WaitGroup
	reader.Go(func() { _, _ = io.Copy(io.Discard, peer.NetConn()) })
	t.Cleanup(func() { _ = peer.Close(); reader.Wait() })
}
