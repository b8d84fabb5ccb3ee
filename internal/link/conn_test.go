package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"pgregory.net/rapid"
)

// recorder is a network connection that notes what is written to it.
type recorder struct {
	net.Conn
	writes    [][]byte
	deadlines int
	err       error
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	r.writes = append(r.writes, bytes.Clone(p))
	return len(p), nil
}

func (r *recorder) SetWriteDeadline(time.Time) error { r.deadlines++; return nil }

func (r *recorder) sizes() []int {
	var n []int
	for _, w := range r.writes {
		n = append(n, len(w))
	}
	return n
}

func TestConnCoalesces(t *testing.T) {
	r := &recorder{}
	c := newConn(r, time.Second)
	write := func(n int) {
		t.Helper()
		if got, err := c.Write(bytes.Repeat([]byte{'x'}, n)); got != n || err != nil {
			t.Fatalf("Write: %d, %v", got, err)
		}
	}
	write(10) // of the handshake: goes through
	c.handshake = false
	write(1)
	write(2)
	write(3)
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
	if err := c.flush(); err != nil { // of nothing
		t.Fatal(err)
	}
	write(5)
	write(frameBuffer) // takes what was collected along
	write(pieceBytes + 7)
	if diff := cmp.Diff([]int{10, 6, 5, frameBuffer, pieceBytes, 7}, r.sizes()); diff != "" {
		t.Errorf("writes: want -, got +:\n%s", diff)
	}
	if r.deadlines != 4 {
		t.Errorf("%d deadlines, want one for each of 4 pieces", r.deadlines)
	}
}

// TestConnKeepsOrder writes any sizes, with flushes anywhere: the bytes come out in order.
func TestConnKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &recorder{}
		c := newConn(r, time.Second)
		c.handshake = false
		var want []byte
		for _, n := range rapid.SliceOf(rapid.OneOf(rapid.IntRange(0, 50), rapid.IntRange(30_000, 70_000))).Draw(t, "sizes") {
			p := bytes.Repeat([]byte{byte(len(want))}, n)
			want = append(want, p...)
			_, err := c.Write(p)
			if rapid.Bool().Draw(t, "flush") {
				err = errors.Join(err, c.flush())
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range p {
				p[i] = '!' // the caller's again
			}
		}
		if err := c.flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(slices.Concat(r.writes...), want) {
			t.Fatal("bytes were changed")
		}
	})
}

func TestConnReportsErrors(t *testing.T) {
	r := &recorder{err: io.ErrShortWrite}
	c := newConn(r, time.Second)
	c.handshake = false
	if _, err := c.Write([]byte("a")); err != nil {
		t.Errorf("Write into the buffer: %v", err)
	}
	if err := c.flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("flush: %v", err)
	}
	if _, err := c.Write(make([]byte, frameBuffer)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Write: %v", err)
	}
}

// TestFlushNow fills a socket that nobody reads: flushNow must return, and a later flush must
// write exactly what is missing.
func TestFlushNow(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	here, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = here.Close() }()
	there, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = there.Close() }()

	c := newConn(here, time.Hour)
	c.handshake = false
	if c.now == nil {
		t.Skip("no non-blocking writes on this system")
	}
	var want []byte
	for full := false; !full; {
		p := bytes.Repeat([]byte{byte(len(want) >> 14)}, 1<<14)
		want = append(want, p...)
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
		full = !c.flushNow()
	}
	got := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(there)
		got <- b
	}()
	if err := c.flush(); err != nil {
		t.Fatal(err)
	}
	c.clearDeadline()
	if _, err := c.Write([]byte("end")); err != nil || !c.flushNow() {
		t.Errorf("flushNow after flush failed: %v", err)
	}
	_ = here.Close()
	if b := <-got; !bytes.Equal(b, append(want, "end"...)) {
		t.Errorf("%d bytes arrived, want %d", len(b), len(want)+3)
	}
}

func TestQueueParts(t *testing.T) {
	tests := map[string]struct{ sizes, want []int }{
		"nothing":     {},
		"one":         {[]int{10}, []int{1}},
		"several":     {[]int{10, 20, 30}, []int{3}},
		"cut":         {[]int{500, 500, 500}, []int{2, 1}},
		"exactly":     {[]int{500 - overhead, 500 - overhead, 1}, []int{2, 1}},
		"large alone": {[]int{5000, 5000}, []int{1, 1}},
		"after a few": {[]int{1, 1, 5000, 1}, []int{3, 1}},
		"empty cost":  {slices.Repeat([]int{0}, 20), []int{16, 4}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var q queue
			for _, n := range test.sizes {
				q.copy(Text, make([]byte, n))
			}
			var got []int
			sum := 0
			for part := range q.parts(1000) {
				got = append(got, len(part.msgs))
				sum += part.cost
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			if sum != int(q.total) {
				t.Errorf("parts cost %d, the queue %d", sum, q.total)
			}
		})
	}
}

func TestQueueReusesMemory(t *testing.T) {
	var q queue
	data := make([]byte, 128)
	n := testing.AllocsPerRun(100, func() {
		for range 64 {
			q.copy(Binary, data)
		}
		b := q.take()
		q.total -= tally(b.cost)
		q.recycle(b)
	})
	if n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
	q.refer(Binary, make([]byte, 10*keptArena), nil)
	b := q.take()
	q.recycle(b)
	if q.spare.msgs[:1][0].data != nil {
		t.Error("a large message is kept")
	}
}

func TestReadFailure(t *testing.T) {
	tests := map[string]struct {
		err       error
		code      int // 0: no close
		connected bool
	}{
		"peer closes":    {&websocket.CloseError{Code: 1001}, 1001, true},
		"no close frame": {&websocket.CloseError{Code: 1006}, 0, false},
		"end of file":    {io.EOF, 0, false},
		"closed here":    {net.ErrClosed, 0, false},
		"closed pipe":    {io.ErrClosedPipe, 0, false},
		"network":        {&net.OpError{Op: "read", Err: errors.New("reset")}, 0, false},
		"too long":       {websocket.ErrReadLimit, 1009, true},
		"protocol":       {errors.New("websocket: bad opcode 3"), 1002, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			connected, why := readFailure("x", test.err)
			code := 0
			if closed, ok := why.(*CloseError); ok {
				code = closed.Code
			}
			if code != test.code || connected != test.connected {
				t.Errorf("got %v, connected %t; want status %d, %t", why, connected, test.code, test.connected)
			}
		})
	}
}

// socket is a network connection that notes the sizes of its buffers.
type socket struct {
	net.Conn
	send, receive int
}

func (s *socket) SetWriteBuffer(bytes int) error { s.send = bytes; return nil }
func (s *socket) SetReadBuffer(bytes int) error  { s.receive = bytes; return nil }

func TestSocketBuffers(t *testing.T) {
	for _, row := range []struct{ configured, send, receive int }{
		{0, 128 << 10, 256 << 10},
		{1 << 20, 1 << 20, 2 << 20},
		{-1, 0, 0}, // as the system likes
	} {
		under := &socket{}
		newConn(under, 0).bound(Config{SendBuffer: row.configured}.withDefaults().SendBuffer)
		if under.send != row.send || under.receive != row.receive {
			t.Errorf("SendBuffer %d: %d bytes to send, %d that came; want %d, %d", row.configured, under.send, under.receive, row.send, row.receive)
		}
	}
	newConn(&recorder{}, 0).bound(1 << 20) // has no such buffers
}
