package protocoltest_test

import (
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// lengthNode runs a node with a function that tells how long a text is.
func lengthNode(t testing.TB, cfg mpreg.Config) (*mpreg.Server, *testkit.Journal) {
	t.Helper()
	log := new(testkit.Journal)
	s := testkit.Serve(t, cfg, mpreg.WithLogger(log.Logger()))
	testkit.Must(t, s.Register("length", func(text string) int { return len(text) }))
	return s, log
}

// TestLanes: frames in chunks, several at once and with others between.
func TestLanes(t *testing.T) {
	s, log := lengthNode(t, mpreg.Config{})
	p := clientAt(t, s)
	a := chunks(1, callFrame(t, 11, "length", strings.Repeat("a", 150_000)))
	b := chunks(2, callFrame(t, 12, "length", strings.Repeat("b", 170_000)))
	if len(a) != 3 || len(b) != 3 {
		t.Fatalf("%d and %d chunks", len(a), len(b))
	}
	for i := range a {
		p.send(a[i])
		if i < len(a)-1 {
			p.alive()
			p.send(b[i])
		}
	}
	if got := p.result(11).Results[0].Value.String(); got != "150000" {
		t.Errorf("got %s", got)
	}
	p.send(b[2])
	if got := p.result(12).Results[0].Value.String(); got != "170000" {
		t.Errorf("got %s", got)
	}
	p.alive()
	log.Brief(t, 0)
}

// TestBadLanes: a lane that is nonsense is dropped, and what follows on it is
// skipped; then its number can be used again.
func TestBadLanes(t *testing.T) {
	s, log := lengthNode(t, mpreg.Config{})
	whole := chunks(1, callFrame(t, 11, "length", strings.Repeat("a", 100_000)))
	for _, row := range []struct {
		name   string
		frames [][]byte
		says   []string // empty: it is not answered
	}{
		{"more bytes than announced", [][]byte{chunk(wire.FlagFirst, 1, 10, []byte("12345678901"))}, []string{"lane 1", "11", "10"}},
		{"an end too early", [][]byte{chunk(wire.FlagFirst|wire.FlagLast, 1, 10, []byte("123"))}, []string{"lane 1", "3", "10"}},
		{"first without a size", [][]byte{frame(wire.KindChunk, wire.FlagFirst, 1)}, []string{"lane 1"}},
		{"the size of nothing", [][]byte{chunk(wire.FlagFirst, 1, 0, nil)}, []string{"lane 1"}},
		{"a lane that is no number", [][]byte{{byte(wire.KindChunk), 0, 0x80}}, []string{"lane"}},
		{"a second first", [][]byte{chunk(wire.FlagFirst, 1, 100, []byte("123")), chunk(wire.FlagFirst, 1, 100, []byte("123")), frame(wire.KindChunk, wire.FlagAbort, 1)}, []string{"lane 1", "second"}},
		{"an abort", [][]byte{whole[0], frame(wire.KindChunk, wire.FlagAbort, 1), whole[1]}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := clientAt(t, s)
			for range 2 {
				for _, f := range row.frames {
					p.send(f)
				}
				if len(row.says) > 0 {
					p.refused(0, mpreg.InvalidRequest, row.says...)
				}
				p.send(chunk(wire.FlagLast, 1, 0, []byte("what is left")))
				p.alive()
			}
			for _, f := range whole {
				p.send(f)
			}
			if got := p.result(11).Results[0].Value.String(); got != "100000" {
				t.Errorf("got %s", got)
			}
			log.Brief(t, 1)
		})
	}
}

// TestLaneOverLimit: a frame that is too large is refused under its id while the
// rest of it is discarded, and far beyond the limit the link is closed.
func TestLaneOverLimit(t *testing.T) {
	const most = 256 << 10
	s, log := lengthNode(t, mpreg.Config{MaxMessageBytes: most})
	t.Run("discarded", func(t *testing.T) {
		p := dialFrames(t, s.URL(), websocket.Dialer{})
		if h := p.greet(clientHello()); h.Limits.MessageBytes != most {
			t.Errorf("the node says that it takes %d bytes", h.Limits.MessageBytes)
		}
		for range 3 {
			for _, f := range chunks(1, callFrame(t, 77, "length", strings.Repeat("a", 2*most))) {
				p.send(f)
			}
			e := p.refused(77, mpreg.ResourceExhausted)
			if e.Details["limit"] != "message_bytes" || e.Details["executed"] != "no" {
				t.Errorf("details: %v", e.Details)
			}
			p.alive()
		}
		log.Brief(t, 1)
	})
	t.Run("before it is there", func(t *testing.T) {
		p := clientAt(t, s)
		p.send(chunks(1, callFrame(t, 77, "length", strings.Repeat("a", 2*most)))[0])
		p.refused(77, mpreg.ResourceExhausted)
		p.send(frame(wire.KindChunk, wire.FlagAbort, 1))
		p.alive()
		log.Brief(t, 1)
	})
	t.Run("closed", func(t *testing.T) {
		p := clientAt(t, s)
		for _, f := range chunks(1, callFrame(t, 77, "length", strings.Repeat("a", 4*most+70_000))) {
			p.send(f)
		}
		p.refused(77, mpreg.ResourceExhausted)
		p.closed(websocket.CloseMessageTooBig)
		q := clientAt(t, s)
		q.alive()
		log.Brief(t, 1)
	})
	t.Run("small frames above a small limit", func(t *testing.T) {
		s, log := lengthNode(t, mpreg.Config{MaxMessageBytes: 1000})
		p := clientAt(t, s)
		for range 3 {
			p.send(callFrame(t, 77, "length", strings.Repeat("a", 1000)))
			p.refused(77, mpreg.ResourceExhausted)
			p.alive()
		}
		log.Brief(t, 1)
	})
}

// TestTooManyLanes: a peer can't have a node wait for any number of frames.
func TestTooManyLanes(t *testing.T) {
	s, log := lengthNode(t, mpreg.Config{})
	p := clientAt(t, s)
	head := callFrame(t, 77, "length", strings.Repeat("a", 100))
	const most = 64
	for lane := range uint64(most) {
		p.send(chunk(wire.FlagFirst, lane, 1<<20, head))
	}
	for lane := range uint64(3) {
		p.send(chunk(wire.FlagFirst, most+lane, 1<<20, head))
		p.refused(77, mpreg.ResourceExhausted)
		p.alive()
	}
	p.send(frame(wire.KindChunk, wire.FlagAbort, 0))
	for _, f := range chunks(9999, callFrame(t, 78, "length", strings.Repeat("a", 100_000))) {
		p.send(f)
	}
	if got := p.result(78).Results[0].Value.String(); got != "100000" {
		t.Errorf("got %s", got)
	}
	log.Brief(t, 1)
}

// TestAnswerOverLimit: an answer that is too large for who asked is an error of
// that call, whether the node knows or not.
func TestAnswerOverLimit(t *testing.T) {
	const most = 100_000
	t.Run("the node knows", func(t *testing.T) {
		s := testkit.Serve(t, mpreg.Config{})
		p := dialFrames(t, s.URL(), websocket.Dialer{})
		h := clientHello()
		h.Limits.MessageBytes = 1000
		p.greet(h)
		p.send(callFrame(t, 7, "echo", strings.Repeat("x", 2000)))
		e := p.refused(7, mpreg.ResourceExhausted)
		if e.Details["executed"] != "yes" {
			t.Errorf("details: %v", e.Details)
		}
		p.alive()
	})
	t.Run("it does not", func(t *testing.T) {
		var log testkit.Journal
		c, p := clientOf(t, nodeHello("A", 1), mpreg.WithMaxMessageBytes(most), mpreg.WithLogger(log.Logger()))
		for range 2 {
			big := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), c, "big") })
			id, _ := p.request(wire.KindCall)
			for _, f := range chunks(1, resultFrame(t, id, strings.Repeat("x", 2*most))) {
				p.send(f)
			}
			got := testkit.Within(t, "the answer", big)
			if e := testkit.AsError(t, got.Err); e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedYes || e.Details["limit"] != "message_bytes" {
				t.Errorf("got %#v", got.Err)
			}
		}
		small := testkit.Later(func() (int, error) { return mpreg.Call[int](t.Context(), c, "small") })
		id, _ := p.request(wire.KindCall)
		p.send(resultFrame(t, id, 7))
		if got := testkit.Within(t, "the answer", small); got.Err != nil || got.Value != 7 {
			t.Errorf("got %+v", got)
		}
		log.Brief(t, 1)
	})
	t.Run("a question", func(t *testing.T) {
		h := nodeHello("A", 1)
		h.Limits.MessageBytes = 1000
		c, _ := clientOf(t, h)
		_, err := c.Call(t.Context(), "f", strings.Repeat("x", 1000))
		if e := testkit.AsError(t, err); e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo || e.Details["max"] != int64(1000) {
			t.Errorf("got %#v", err)
		}
	})
}
