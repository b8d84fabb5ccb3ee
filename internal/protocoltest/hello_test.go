package protocoltest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestBadHello: who can't be met is told why, and the link is closed.
func TestBadHello(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
	other := &wire.Hello{Versions: []int{2, 3}}
	for _, row := range []struct {
		name  string
		hello []byte
		code  mpreg.Code
		says  []string
	}{
		{"no version in common", helloFrame(t, other), mpreg.InvalidRequest, []string{"no version in common", "[2 3]"}},
		{"no versions", frame(wire.KindHello, 0, 0, 0xa0), mpreg.InvalidRequest, []string{"HELLO", `"versions"`}},
		{"no map", frame(wire.KindHello, 0, 0, 0x80), mpreg.InvalidRequest, []string{"HELLO", "must be a CBOR map"}},
		{"nothing at all", frame(wire.KindHello, 0, 0), mpreg.InvalidRequest, []string{"HELLO"}},
		{"a map that is cut off", helloFrame(t, other)[:8], mpreg.InvalidRequest, []string{"HELLO", "CBOR"}},
		{"versions that are text", frame(wire.KindHello, 0, 0, []byte("\xa1\x68versions\x61x")...), mpreg.InvalidRequest, []string{`"versions"`}},
		{"a version below 1", frame(wire.KindHello, 0, 0, []byte("\xa1\x68versions\x81\x00")...), mpreg.InvalidRequest, []string{"versions"}},
		{"a client of another cluster", helloFrame(t, &wire.Hello{Versions: []int{1}, Cluster: "theirs"}), mpreg.WrongCluster, []string{`"theirs"`, mpreg.DefaultClusterID}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := dialFrames(t, s.URL(), websocket.Dialer{})
			p.send(row.hello)
			p.refused(0, row.code, row.says...)
			p.closed(websocket.ClosePolicyViolation)
			log.Brief(t, 1)
			q := clientAt(t, s)
			q.alive()
		})
	}
}

// TestHelloOfTomorrow: a later version may say more.
func TestHelloOfTomorrow(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	p.send(frame(wire.KindHello, 0, 0, []byte("\xa3\x68versions\x83\x09\x02\x01\x65mood!\x61x\x68features\x81\x65later")...))
	h := p.hello()
	if h.Node != s.ID() || h.Name != s.Name() || h.Cluster != mpreg.DefaultClusterID || len(h.URLs) != 1 || h.URLs[0] != s.URL() {
		t.Errorf("the node says %+v", h)
	}
	p.alive()
}

// TestFramesBeforeHello: they are refused, and HELLO may still come.
func TestFramesBeforeHello(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	for id := range uint64(3) {
		p.send(callFrame(t, id+1, "echo", 1))
		p.refused(id+1, mpreg.InvalidRequest, "first frame", "HELLO", "CALL")
	}
	p.send(frame(200, 0, 4))
	p.refused(4, mpreg.InvalidRequest, "HELLO")
	p.greet(clientHello())
	p.alive()
	log.Brief(t, 1)
}

// TestAnswersBeforeHello: an answer is never answered: two ends that refuse each
// other's refusals would not stop.
func TestAnswersBeforeHello(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	p.send(errorFrame(t, 5, mpreg.InvalidRequest, "the first frame of a link is HELLO"), resultFrame(t, 6, 1), frame(wire.KindCancel, 0, 7))
	p.greet(clientHello())
	p.alive()
}

// TestFirstCallBehindHello: who says HELLO need not wait for the answer, which
// is the first frame all the same.
func TestFirstCallBehindHello(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	for range 50 {
		p := dialFrames(t, s.URL(), websocket.Dialer{})
		p.send(helloFrame(t, clientHello()), callFrame(t, 1, "echo", 1), frame(200, 0, 2))
		p.hello()
		for range 2 { // in any order
			if h, body, err := p.next(); err != nil || h.Kind != wire.KindResult && h.Kind != wire.KindError {
				t.Fatalf("got %v: %q, %v", h.Kind, body, err)
			}
		}
		p.alive()
	}
}

// TestNoHello: a link on which nobody says HELLO is closed in time.
func TestNoHello(t *testing.T) {
	for _, row := range []struct {
		name string
		say  func(p *stranger)
	}{
		{"silence", func(*stranger) {}},
		{"other frames", func(p *stranger) {
			p.send(callFrame(p.t, 1, "echo", 1))
			p.refused(1, mpreg.InvalidRequest)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := testkit.NewNetwork("node")
				s := testkit.Serve(t, mpreg.Config{HandshakeTimeout: 3 * time.Second}, mpreg.WithListener(m["node"]))
				p := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
				start := time.Now()
				row.say(p)
				p.closed(websocket.ClosePolicyViolation)
				if took := time.Since(start); took != 3*time.Second {
					t.Errorf("after %v of fake time", took)
				}
				_ = p.ws.Close()
				synctest.Wait() // until the node has let go of the link
				if n := testkit.Status(t, s).Links; n != 0 {
					t.Errorf("the node has %d links", n)
				}
			})
		})
	}
}

// TestHelloInTimeKeepsLink: the end of the time for HELLO is of no concern to who
// has said it.
func TestHelloInTimeKeepsLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("node")
		testkit.Serve(t, mpreg.Config{HandshakeTimeout: 3 * time.Second}, mpreg.WithListener(m["node"]))
		p := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
		testkit.Pass(2 * time.Second)
		p.greet(clientHello())
		testkit.Pass(2 * time.Second)
		p.alive()
	})
}

// TestNoHelloOfServer: a client whose server never says HELLO is told in time,
// and so is one whose server has said no.
func TestNoHelloOfServer(t *testing.T) {
	for _, row := range []struct {
		name  string
		say   func(p *stranger)
		code  mpreg.Code
		limit time.Duration
	}{
		{"silence", func(*stranger) {}, mpreg.Unavailable, 5 * time.Second},
		{"refusal", func(p *stranger) {
			p.send(errorFrame(p.t, 0, mpreg.WrongCluster, "not one of ours"))
			testkit.Must(p.t, p.ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, "no")))
		}, mpreg.WrongCluster, 0},
		{"no version in common", func(p *stranger) { p.send(helloFrame(p.t, &wire.Hello{Versions: []int{2}})) }, mpreg.InvalidRequest, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, dialed := impostorsOf(t, "node")
				start := time.Now()
				call := testkit.Later(func() (mpreg.Value, error) { return c.Call(t.Context(), "echo", 1) })
				p := <-dialed["node"]
				p.hello()
				row.say(p)
				go func() {
					for _, _, err := p.ws.ReadMessage(); err == nil; _, _, err = p.ws.ReadMessage() {
						continue // to the close frame, which is answered
					}
				}()
				got := <-call
				var e *mpreg.Error
				if !errors.As(got.Err, &e) || e.Code != row.code || e.Executed != mpreg.ExecutedNo {
					t.Errorf("got %v", got.Err)
				}
				if took := time.Since(start); took != row.limit {
					t.Errorf("after %v of fake time", took)
				}
			})
		})
	}
}

// TestTwoHellosOfServer: the second is refused, and the link lives.
func TestTwoHellosOfServer(t *testing.T) {
	c, p := clientOf(t, nodeHello("A", 1))
	p.send(helloFrame(t, nodeHello("B", 2)))
	p.refused(0, mpreg.InvalidRequest, "second HELLO")
	call := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "f") })
	id, _ := p.request(wire.KindCall)
	p.send(resultFrame(t, id, 7))
	if got := testkit.Within(t, "the answer", call); got.Err != nil || got.Value != 7 {
		t.Errorf("got %+v", got)
	}
}

// TestHelloTooLarge: who says HELLO in more bytes than a node takes is told so, and not
// left waiting for the node's.
func TestHelloTooLarge(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{MaxMessageBytes: 512})
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{Subprotocols: []string{wire.Subprotocol}})
	hello := append(wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindHello}), make([]byte, 600)...)
	testkit.Must(t, ws.WriteMessage(websocket.BinaryMessage, append(binary.AppendUvarint(nil, uint64(len(hello))), hello...)))
	_, _, err := ws.ReadMessage() // the ERROR
	testkit.Must(t, err)
	_, _, err = ws.ReadMessage()
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || closed.Code != websocket.ClosePolicyViolation || !strings.Contains(closed.Text, "MaxMessageBytes") {
		t.Errorf("got %v", err)
	}
}
