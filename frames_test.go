package mpreg_test

import (
	"encoding/binary"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// stranger is an end of a link that sends whatever bytes a test wants, in the
// role of a client, of a node that dials, or of a node that is dialed.
type stranger struct {
	t      testing.TB
	ws     *websocket.Conn
	rest   []byte // frames of the message that was read last
	lastID uint64 // of the calls by which it sees whether the link lives
}

// dialFrames opens a link that carries frames, and says nothing on it.
func dialFrames(t testing.TB, url string, dialer websocket.Dialer) *stranger {
	t.Helper()
	dialer.Subprotocols = []string{wire.Subprotocol}
	ws := testkit.Dial(t, url, dialer)
	if ws.Subprotocol() != wire.Subprotocol {
		t.Fatalf("the node chose the subprotocol %q", ws.Subprotocol())
	}
	return &stranger{t: t, ws: ws.Conn, lastID: 1 << 40}
}

// impostors serves on l until the test ends, and returns those that are dialed
// there.
func impostors(t testing.TB, l net.Listener) <-chan *stranger {
	t.Helper()
	dialed, over := make(chan *stranger), make(chan struct{})
	upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
	server := &http.Server{ReadHeaderTimeout: testkit.Patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // who dialed gave up
		}
		select {
		case dialed <- &stranger{t: t, ws: ws, lastID: 1 << 40}:
			<-over
		case <-over:
		}
		_ = ws.Close()
	})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends with an error always
	}()
	t.Cleanup(func() {
		close(over)
		_ = server.Close()
		<-ended
	})
	return dialed
}

func (p *stranger) send(frames ...[]byte) {
	p.t.Helper()
	testkit.Must(p.t, p.ws.WriteMessage(websocket.BinaryMessage, message(frames...)))
}

// greet says HELLO, and reads what the other end says.
func (p *stranger) greet(h *wire.Hello) *wire.Hello {
	p.t.Helper()
	p.send(helloFrame(p.t, h))
	return p.hello()
}

// join says HELLO as a node, and what it offers.
func (p *stranger) join(h *wire.Hello, functions ...string) {
	p.t.Helper()
	p.greet(h)
	p.send(gossipFrame(p.t, h, functions...))
}

// hello reads the other end's HELLO.
func (p *stranger) hello() *wire.Hello {
	p.t.Helper()
	_, body := p.receive(wire.KindHello)
	h, err := wire.DecodeHello(body)
	testkit.Must(p.t, err)
	return h
}

// next reads a frame that is no gossip.
func (p *stranger) next() (wire.FrameHead, []byte, error) {
	for {
		h, body, err := p.any()
		if err != nil || h.Kind != wire.KindGossip {
			return h, body, err
		}
	}
}

func (p *stranger) any() (wire.FrameHead, []byte, error) {
	if len(p.rest) == 0 {
		if err := p.ws.SetReadDeadline(time.Now().Add(testkit.Patience)); err != nil {
			return wire.FrameHead{}, nil, err
		}
		_, data, err := p.ws.ReadMessage()
		if err != nil {
			return wire.FrameHead{}, nil, err
		}
		p.rest = data
	}
	size, n := binary.Uvarint(p.rest)
	if n <= 0 || size > uint64(len(p.rest)-n) {
		p.t.Fatalf("no frame: %x", p.rest)
	}
	end := n + int(size)
	f := p.rest[n:end:end]
	p.rest = p.rest[end:]
	return wire.DecodeFrameHead(f)
}

// receive reads a frame of a kind.
func (p *stranger) receive(kind wire.FrameKind) (id uint64, body []byte) {
	p.t.Helper()
	h, body, err := p.next()
	if err != nil {
		p.t.Fatalf("want %v, got %v", kind, err)
	}
	if h.Kind != kind {
		p.t.Fatalf("want %v, got %v of id %d: %q", kind, h.Kind, h.ID, body)
	}
	return h.ID, body
}

// request reads a CALL or a REQUEST and returns its id.
func (p *stranger) request(kind wire.FrameKind) (uint64, *wire.Request) {
	p.t.Helper()
	id, body := p.receive(kind)
	r, err := wire.DecodeFrameRequest(wire.FrameHead{Kind: kind, ID: id}, body, nil)
	testkit.Must(p.t, err)
	return id, r
}

// result reads the RESULT of id.
func (p *stranger) result(id uint64) *wire.Response {
	p.t.Helper()
	got, body := p.receive(wire.KindResult)
	r, err := wire.DecodeFrameResponse(wire.FrameHead{Kind: wire.KindResult, ID: got}, body, nil)
	testkit.Must(p.t, err)
	if got != id {
		p.t.Fatalf("want the result of %d, got that of %d", id, got)
	}
	return r
}

// refused reads the ERROR of id, and holds it against a code and words.
func (p *stranger) refused(id uint64, code mpreg.Code, says ...string) *wire.Error {
	p.t.Helper()
	got, body := p.receive(wire.KindError)
	r, err := wire.DecodeFrameResponse(wire.FrameHead{Kind: wire.KindError, ID: got}, body, nil)
	testkit.Must(p.t, err)
	e := r.Error
	if got != id || e.Code != wire.Code(code) {
		p.t.Fatalf("want an error %d of %d, got one of %d: %v", code, id, got, e)
	}
	for _, words := range says {
		if !strings.Contains(e.Message, words) {
			p.t.Errorf("want %q in %.500q", words, e.Message)
		}
	}
	return e
}

// alive fails the test unless an ordinary call succeeds, and its answer is the
// next that comes.
func (p *stranger) alive() {
	p.t.Helper()
	p.lastID++
	p.send(callFrame(p.t, p.lastID, "echo", "yes"))
	got := p.result(p.lastID).Results
	if len(got) != 1 || got[0].Value.String() != `"yes"` || got[0].Name != "" {
		p.t.Fatalf("after it: got %v", got)
	}
}

// closed fails the test unless the other end closes the link with this status.
func (p *stranger) closed(status int) {
	p.t.Helper()
	h, body, err := p.next()
	if err == nil {
		p.t.Fatalf("want a close with status %d, got %v: %q", status, h.Kind, body)
	}
	if !websocket.IsCloseError(err, status) {
		p.t.Fatalf("want a close with status %d, got %v", status, err)
	}
}

// clientOf returns a Go client, and the impostor that it has connected to, who
// has said h.
func clientOf(t testing.TB, h *wire.Hello, opts ...mpreg.ClientOption) (*mpreg.Client, *stranger) {
	t.Helper()
	l, url := testkit.Listen(t)
	dialed := impostors(t, l)
	c := testkit.Connect(t, url, opts...)
	ready := testkit.Later(func() (struct{}, error) { return struct{}{}, c.Ready(t.Context()) })
	p := testkit.Within(t, "the client dials", dialed)
	t.Cleanup(func() { _ = p.ws.Close() }) // the client need not wait for a goodbye
	p.hello()
	p.send(helloFrame(t, h))
	testkit.Must(t, testkit.Within(t, "the client is ready", ready).Err)
	return c, p
}
