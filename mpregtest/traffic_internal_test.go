package mpregtest

import (
	"io"
	"net"
	"testing"
)

// TestTraffic: what is read counts, once, for the way that it took, in all lives of
// a host.
func TestTraffic(t *testing.T) {
	n := newNetwork(0)
	counts := func(when string, there, back int64) {
		t.Helper()
		if a, b := n.traffic.count("a", "b").Load(), n.traffic.count("b", "a").Load(); a != there || b != back {
			t.Errorf("%s: %d and %d bytes, want %d and %d", when, a, b, there, back)
		}
	}
	send := func(from, to net.Conn, size, read int) {
		t.Helper()
		if _, err := from.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(to, make([]byte, read)); err != nil {
			t.Fatal(err)
		}
	}
	connect := func(from *host, to string) (near, far *conn) {
		l := n.hosts[to].listen()
		if _, err := from.dial(t.Context(), "tcp", to+":80"); err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return from.open()[0], c.(*conn)
	}

	a, b := n.join("a"), n.join("b")
	near, far := connect(a, "b")
	counts("at first", 0, 0)
	send(near, far, 10, 7)
	counts("while 3 bytes are not read", 7, 0)
	send(far, near, 5, 5)
	counts("after an answer", 7, 5)
	near.cut()
	counts("after a loss", 7, 5)
	b.cut()

	n.join("a")
	near, far = connect(n.join("b"), "a")
	send(near, far, 100, 100) // whoever dials
	counts("in another life", 7, 105)
}

// BenchmarkBulk is how fast large values cross the network.
func BenchmarkBulk(b *testing.B) {
	const size = 64 << 20
	near, far := pair()
	b.SetBytes(size)
	value, buffer := make([]byte, size), make([]byte, 32<<10)
	written := make(chan error)
	go func() {
		defer close(written)
		for b.Loop() {
			if _, err := near.Write(value); err != nil {
				written <- err
			}
		}
		near.Close()
	}()
	for {
		if _, err := far.Read(buffer); err != nil {
			break
		}
	}
	if err := <-written; err != nil {
		b.Fatal(err)
	}
}
