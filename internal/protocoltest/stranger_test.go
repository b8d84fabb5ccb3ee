package protocoltest_test

import (
	"context"
	"encoding/binary"
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

// clientAt opens a link to s, and says HELLO on it as a client.
func clientAt(t testing.TB, s *mpreg.Server) *stranger {
	t.Helper()
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	p.greet(clientHello())
	return p
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

// credits reads a CREDIT of id.
func (p *stranger) credits(id uint64) (items, bytes uint64) {
	p.t.Helper()
	got, body := p.receive(wire.KindCredit)
	items, bytes, err := wire.DecodeCredit(body)
	testkit.Must(p.t, err)
	if got != id {
		p.t.Fatalf("want a credit of %d, got one of %d", id, got)
	}
	return items, bytes
}

// canceled reads the CANCEL of id.
func (p *stranger) canceled(id uint64) {
	p.t.Helper()
	if got, _ := p.receive(wire.KindCancel); got != id {
		p.t.Fatalf("want a cancel of %d, got one of %d", id, got)
	}
}

// memberOf returns a stranger that has joined s as a node.
func memberOf(t testing.TB, s *mpreg.Server, h *wire.Hello, functions ...string) *stranger {
	t.Helper()
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	p.join(h, functions...)
	testkit.Eventually(t, h.Node+" is a member", func() bool { return incarnationOf(s, h.Node) == h.Incarnation })
	return p
}

// answersCall has p answer a call that s forwards.
func answersCall(t testing.TB, s *mpreg.Server, p *stranger, fn string) {
	t.Helper()
	call := testkit.Later(func() (string, error) { return mpreg.Call[string](context.Background(), s.Client(), fn) })
	id, r := p.request(wire.KindCall)
	if r.Hops != 1 || r.Commands[0].Function != fn {
		t.Errorf("the node sent %+v", r)
	}
	p.send(resultFrame(t, id, "from afar"))
	if got := testkit.Within(t, "the answer", call); got.Err != nil || got.Value != "from afar" {
		t.Errorf("got %+v", got)
	}
}
