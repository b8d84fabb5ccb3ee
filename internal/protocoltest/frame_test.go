package protocoltest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// badFrame is a message that a node can't make sense of, or not of all of it.
type badFrame struct {
	name    string
	message []byte
	id      uint64
	code    mpreg.Code // 0: it is not answered with an error
	says    []string
	result  bool // it is answered with a result
}

// badMessages are bytes that are no frames.
func badMessages(t testing.TB) []badFrame {
	t.Helper()
	const bad = mpreg.InvalidRequest
	whole := echoFrame(7, "\x00", "\x01\x011")
	return []badFrame{
		{name: "a truncated frame", message: message(whole)[:len(whole)-3], code: bad, says: []string{"18"}},
		{name: "a length of 2^31", message: append(uv(1<<31), whole...), code: bad, says: []string{"2147483648"}},
		{name: "a length of 2^63", message: append(uv(1<<63), whole...), code: bad, says: []string{"9223372036854775808"}},
		{name: "a length that does not end", message: []byte(strings.Repeat("\xff", 11)), code: bad, says: []string{"no varint"}},
		{name: "an empty message", message: nil, code: bad, says: []string{"without a frame"}},
		{name: "a frame of 0 bytes", message: message(nil), code: bad, says: []string{"frame of 0"}},
		{name: "a frame of 2 bytes", message: message(whole[:2]), code: bad, says: []string{"frame of 2"}},
		{name: "an id that is cut off", message: message([]byte{2, 0, 0x80}), code: bad, says: []string{"id", "cut off"}},
		{name: "an id of 70 bits", message: message([]byte("\x02\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")), code: bad, says: []string{"id", "64 bits"}},
		{name: "70,000 bytes in one piece", message: message(callFrame(t, 7, "echo", strings.Repeat("x", 70_000))), code: bad, says: []string{"chunks"}},
		{name: "a chunk in chunks", message: message(chunk(wire.FlagFirst|wire.FlagLast, 1, 9, chunk(wire.FlagLast, 2, 0, make([]byte, 6)))), code: bad, says: []string{"a chunk in chunks"}},
	}
}

// badBodies are frames whose head can be read.
func badBodies(t testing.TB) []badFrame {
	t.Helper()
	const bad = mpreg.InvalidRequest
	whole := echoFrame(7, "\x00", "\x01\x011")
	return []badFrame{
		{name: "an unknown kind", message: message(frame(200, 0, 7, 1, 2, 3)), id: 7, code: bad, says: []string{"kind 200"}},
		{name: "a reserved kind", message: message(frame(11, 0, 7)), id: 7, code: bad, says: []string{"kind 11"}},
		{name: "an unknown kind without an id", message: message(frame(200, 0, 0)), code: bad, says: []string{"kind 200"}},
		{name: "an unknown kind that is ignorable", message: message(frame(200, wire.FlagIgnorable, 7, 1, 2, 3))},
		{name: "unknown flags", message: message(append([]byte{byte(wire.KindCall), 0x7f}, whole[2:]...)), id: 7, result: true},
		{name: "a length beyond the frame", message: message(frame(wire.KindCall, 0, 7, 0, 0, 100, 'e')), id: 7, code: bad, says: []string{`"cmds[0].fun"`, "cut off", "100"}},
		{name: "a list of 2^31 entries", message: message(append(whole[:len(whole)-5:len(whole)-5], uv(1<<31)...)), id: 7, code: bad, says: []string{"2147483648 entries"}},
		{name: "an end too early", message: message(whole[:len(whole)-1]), id: 7, code: bad, says: []string{"kwargs", "cut off"}},
		{name: "a byte too many", message: message(append(slices.Clip(whole), 0)), id: 7, code: bad, says: []string{"1 bytes are behind"}},
		{name: "an unknown even tag", message: message(echoFrame(7, "\x01\x64\x01x", "\x01\x011")), id: 7, code: bad, says: []string{"tag 100"}},
		{name: "an unknown odd tag", message: message(echoFrame(7, "\x02\x65\x01x\x65\x01y", "\x01\x011")), id: 7, result: true},
		{name: "a tag that stands twice", message: message(echoFrame(7, "\x02\x01\x01x\x01\x01y", "\x01\x011")), id: 7, code: bad, says: []string{"traceparent", "twice"}},
		{name: "text that is no UTF-8", message: message(echoFrame(7, "\x01\x02\x01\xff", "\x01\x011")), id: 7, code: bad, says: []string{"node", "UTF-8"}},
		{name: "a codec without a name", message: message(echoFrame(7, "\x00", "\x03\x00\x011")), id: 7, code: bad, says: []string{"codec"}},
		{name: "a codec number that is not there", message: message(echoFrame(7, "\x00", "\x09\x011")), id: 7, code: bad, says: []string{"codec number 9"}},
		{name: "a codec number that is reserved", message: message(echoFrame(7, "\x00", "\x04\x011")), id: 7, code: bad, says: []string{"codec number 4"}},
		{name: "a value of 0 bytes", message: message(echoFrame(7, "\x00", "\x02\x00")), id: 7, code: bad, says: []string{"0 bytes"}},
		{name: "unknown options", message: message(frame(wire.KindRequest, 0, 7, 0, 0, 8, 0, 0, 0)), id: 7, code: bad, says: []string{"options", "0x8"}},
		{name: "a request without commands", message: message(frame(wire.KindRequest, 0, 7, 0, 0, 0, 0, 0, 0)), id: 7, code: bad, says: []string{"cmds"}},
		{name: "an empty CALL", message: message(frame(wire.KindCall, 0, 7)), id: 7, code: bad, says: []string{"hops"}},
		{name: "a CALL of id 0", message: message(echoFrame(0, "\x00", "\x01\x011")), code: bad, says: []string{"must not be 0"}},
		{name: "gossip that is none", message: message(frame(wire.KindGossip, 0, 0, 1, 5)), code: bad, says: []string{"GOSSIP"}},
		{name: "a goodbye that is none", message: message(frame(wire.KindGoaway, 0, 0)), code: bad, says: []string{"GOAWAY"}},
		{name: "a second HELLO", message: message(helloFrame(t, clientHello())), code: bad, says: []string{"second HELLO"}},
	}
}

// badMoments are frames that are right, where they are of no use.
func badMoments(t testing.TB) []badFrame {
	t.Helper()
	return []badFrame{
		{name: "a result that nobody waits for", message: message(resultFrame(t, 1<<32, 1))},
		{name: "an error that nobody waits for", message: message(errorFrame(t, 1<<32, mpreg.Failed, "boom"))},
		{name: "a result of id 0", message: message(resultFrame(t, 0, 1))},
		{name: "a complaint", message: message(errorFrame(t, 0, mpreg.InvalidRequest, "I don't understand"))},
		{name: "a complaint that is none", message: message(frame(wire.KindError, 0, 0, 0xff))},
		{name: "a cancel of nothing", message: message(frame(wire.KindCancel, 0, 99))},
		{name: "gossip of a client", message: message(gossipFrame(t, nodeHello("Z", 9), "stolen"))},
		{name: "chunks of an unknown lane", message: message(chunk(0, 5, 0, []byte("abc")), chunk(wire.FlagLast, 5, 0, []byte("abc")))},
		{name: "an abort of an unknown lane", message: message(frame(wire.KindChunk, wire.FlagAbort, 5))},
	}
}

// TestBadFrames: what is bad is answered with its code where somebody can wait
// for that, logged once, and nothing is lost: the next call on the link succeeds.
func TestBadFrames(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
	for _, row := range slices.Concat(badMessages(t), badBodies(t), badMoments(t)) {
		t.Run(row.name, func(t *testing.T) {
			p := clientAt(t, s)
			for range 3 {
				testkit.Must(t, p.ws.WriteMessage(websocket.BinaryMessage, row.message))
				switch {
				case row.code != 0:
					e := p.refused(row.id, row.code, row.says...)
					if e.Details["executed"] != "no" {
						t.Errorf("details: %v", e.Details)
					}
				case row.result:
					p.result(row.id)
				}
				p.alive()
			}
			log.Brief(t, 1)
		})
	}
	if functions := s.Functions(); slices.ContainsFunc(functions, func(f mpreg.FunctionInfo) bool { return f.Name == "stolen" }) {
		t.Error("a client's catalog was taken")
	}
	if _, err := s.Client().Call(t.Context(), "stolen"); err == nil {
		t.Error("a client's function is called")
	}
}

// TestTextOnBinaryLink: JSON where frames are spoken is told so.
func TestTextOnBinaryLink(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
	p := clientAt(t, s)
	for range 2 {
		testkit.Must(t, p.ws.WriteMessage(websocket.TextMessage, []byte(testkit.Request(`{"name":"a","fun":"echo","args":[1]}`))))
		p.refused(0, mpreg.InvalidRequest, "text message")
		p.alive()
	}
	log.Brief(t, 1)
}

// TestGoodFrameBesideBad: of a message with a bad frame the good ones count.
func TestGoodFrameBesideBad(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	p := clientAt(t, s)
	data := message(frame(200, wire.FlagIgnorable, 1), frame(200, 0, 2), frame(wire.KindCancel, 0, 3), echoFrame(4, "\x00", "\x01\x011"))
	testkit.Must(t, p.ws.WriteMessage(websocket.BinaryMessage, append(data, 100, 1, 2)))
	p.refused(2, mpreg.InvalidRequest, "kind 200")
	kinds := map[uint64]wire.FrameKind{}
	for range 2 { // in any order
		h, _, err := p.next()
		testkit.Must(t, err)
		kinds[h.ID] = h.Kind
	}
	if kinds[0] != wire.KindError || kinds[4] != wire.KindResult {
		t.Errorf("got %v", kinds)
	}
	p.alive()
}

// TestDuplicateID: an id belongs to one running request of a link.
func TestDuplicateID(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	release := make(chan struct{})
	testkit.Must(t, s.Register("wait", func() string { <-release; return "waited" }))
	p := clientAt(t, s)
	p.send(callFrame(t, 9, "wait"), callFrame(t, 9, "echo", 1))
	p.refused(9, mpreg.InvalidRequest, "another request", `"9"`)
	p.alive()
	close(release)
	if got := p.result(9).Results[0].Value.String(); got != `"waited"` {
		t.Errorf("got %s", got)
	}
	p.send(callFrame(t, 9, "echo", "again"))
	p.result(9) // now that it is free
	p.alive()
}

// TestCancelFrame: it ends the request, whose answer says so.
func TestCancelFrame(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	ended := make(chan error, 2)
	testkit.Must(t, s.Register("wait", func(ctx context.Context) error { <-ctx.Done(); ended <- ctx.Err(); return ctx.Err() }))
	p := clientAt(t, s)
	p.send(callFrame(t, 9, "wait"), frame(wire.KindCancel, 0, 9))
	p.refused(9, mpreg.Canceled)
	p.alive()
	p.send(callFrame(t, 10, "wait"))
	p.alive()
	p.send(frame(wire.KindCancel, 0, 10), frame(wire.KindCancel, 0, 10))
	p.refused(10, mpreg.Canceled)
	p.alive()
	if err := testkit.Within(t, "the function ends", ended); err == nil {
		t.Error("its context has not ended")
	}
}

// TestRefusalsSayWhere: also what is refused before it is looked into names the
// node, and the limit that it ran into.
func TestRefusalsSayWhere(t *testing.T) {
	const most = 1000
	s, _ := lengthNode(t, mpreg.Config{MaxMessageBytes: most})
	p := clientAt(t, s)
	for _, row := range []struct {
		name  string
		frame []byte
		id    uint64
		code  mpreg.Code
	}{
		{"no frame", []byte{1, 2}, 0, mpreg.InvalidRequest},
		{"an unknown kind", frame(200, 0, 7), 7, mpreg.InvalidRequest},
		{"a second HELLO", helloFrame(t, clientHello()), 0, mpreg.InvalidRequest},
		{"a CALL of id 0", echoFrame(0, "\x00", "\x01\x011"), 0, mpreg.InvalidRequest},
		{"too much", callFrame(t, 7, "length", strings.Repeat("a", most)), 7, mpreg.ResourceExhausted},
	} {
		t.Run(row.name, func(t *testing.T) {
			p.send(row.frame)
			e := p.refused(row.id, row.code)
			if e.Details["executed"] != "no" || e.Details["node"] != s.Name() {
				t.Errorf("details: %v", e.Details)
			}
			if row.code == mpreg.ResourceExhausted && (e.Details["max"] != int64(most) || !strings.Contains(e.Message, "1000 bytes")) {
				t.Errorf("%s: %v", e.Message, e.Details)
			}
			p.alive()
		})
	}
}
