package mpregtest

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
)

// TestDialRefused: why a host can't be reached is told as a real network does.
func TestDialRefused(t *testing.T) {
	n := newNetwork(0)
	from := n.join("from")
	n.join("deaf")
	closed := n.join("closed").listen()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	full := n.join("full").listen()
	for range backlog {
		if _, err := from.dial(t.Context(), "tcp", "full:80"); err != nil {
			t.Fatal(err)
		}
	}
	defer full.Close()
	dead := n.join("dead")
	dead.listen()
	dead.cut()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, row := range map[string]struct {
		ctx  context.Context
		from *host
		addr string
		want error
	}{
		"does not listen":       {t.Context(), from, "deaf:80", syscall.ECONNREFUSED},
		"listens no more":       {t.Context(), from, "closed:80", syscall.ECONNREFUSED},
		"accepts nothing":       {t.Context(), from, "full:80", syscall.ECONNREFUSED},
		"was cut":               {t.Context(), from, "dead:80", syscall.ECONNREFUSED},
		"from one that was cut": {t.Context(), dead, "full:80", syscall.ENETUNREACH},
		"given up":              {gone, from, "full:80", context.Canceled},
	} {
		c, err := row.from.dial(row.ctx, "tcp", row.addr)
		var op *net.OpError
		if c != nil || !errors.Is(err, row.want) || !errors.As(err, &op) || op.Op != "dial" || op.Addr.String() != row.addr {
			t.Errorf("%s: got %v, %v, want %v", name, c, err, row.want)
		}
	}
	_, err := from.dial(t.Context(), "tcp", "nobody:80")
	var dns *net.DNSError
	if !errors.As(err, &dns) || !dns.IsNotFound || dns.Name != "nobody" {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := from.dial(t.Context(), "tcp", "no port"); err == nil {
		t.Error("an address without a port was dialed")
	}
}

// TestListener: connections are accepted in order, also those that came before; a
// listener that is closed breaks those that were not.
func TestListener(t *testing.T) {
	n := newNetwork(0)
	from, l := n.join("from"), n.join("to").listen()
	if got := l.Addr().String(); got != "to" {
		t.Errorf("the listener's address is %q", got)
	}
	var dialed [3]net.Conn
	for i := range dialed {
		var err error
		if dialed[i], err = from.dial(t.Context(), "tcp", "to:80"); err != nil {
			t.Fatal(err)
		}
	}
	for i, near := range dialed[:2] {
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if near.RemoteAddr().String() != "to:80" || far.LocalAddr() != near.RemoteAddr() ||
			far.RemoteAddr() != near.LocalAddr() || near.LocalAddr() == dialed[1-i].LocalAddr() {
			t.Errorf("addresses: near %v, %v, far %v, %v", near.LocalAddr(), near.RemoteAddr(), far.LocalAddr(), far.RemoteAddr())
		}
		if _, err := near.Write([]byte{byte(i)}); err != nil {
			t.Error(err)
		}
		var got [1]byte
		if _, err := far.Read(got[:]); err != nil || got[0] != byte(i) {
			t.Errorf("connection %d: read %v, %v", i, got, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close again: %v", err)
	}
	if _, err := dialed[2].Read(nil); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection that was not accepted: %v", err)
	}
	if _, err := dialed[0].Write([]byte{1}); err != nil {
		t.Errorf("one that was: %v", err)
	}
}

// TestAcceptWaits: for a connection, or for the listener's end.
func TestAcceptWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(0)
		from, to := n.join("from"), n.join("to")
		l := to.listen()
		accepted := make(chan error)
		accept := func() {
			_, err := l.Accept()
			accepted <- err
		}
		go accept()
		synctest.Wait()
		if _, err := from.dial(t.Context(), "tcp", "to:80"); err != nil {
			t.Fatal(err)
		}
		if err := <-accepted; err != nil {
			t.Error(err)
		}
		go accept()
		synctest.Wait()
		to.cut()
		if err := <-accepted; !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the host was cut: %v", err)
		}
	})
}

// TestCutHost: all connections of a host break, those that it dialed and those
// that it accepted, and no others.
func TestCutHost(t *testing.T) {
	n := newNetwork(0)
	a, b, c := n.join("a"), n.join("b"), n.join("c")
	for _, h := range []*host{a, b, c} {
		h.listen()
	}
	open := func(from *host, to string) net.Conn {
		conn, err := from.dial(t.Context(), "tcp", to+":80")
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	out, in, other := open(b, "a"), open(a, "b"), open(a, "c")
	b.cut()
	for name, conn := range map[string]net.Conn{"dialed": out, "accepted": in} {
		if _, err := conn.Write([]byte{1}); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a connection that it %s: %v", name, err)
		}
	}
	if _, err := other.Write([]byte{1}); err != nil {
		t.Errorf("a connection of others: %v", err)
	}

	again := n.join("b")
	again.listen()
	open(a, "b")
	if _, err := b.dial(t.Context(), "tcp", "a:80"); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("the earlier life dials: %v", err)
	}
	b.cut()
	open(a, "b") // the later one is not concerned
}

// TestForgets: a connection that both ends closed is kept by nobody.
func TestForgets(t *testing.T) {
	n := newNetwork(0)
	a, b := n.join("a"), n.join("b")
	l := b.listen()
	near, err := a.dial(t.Context(), "tcp", "b:80")
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if len(a.conns) != 1 || len(b.conns) != 1 || len(n.ends) != 2 {
		t.Errorf("while it is open the hosts have %d and %d, the network %d", len(a.conns), len(b.conns), len(n.ends))
	}
	near.Close()
	far.Close()
	if len(a.conns) != 0 || len(b.conns) != 0 || len(n.ends) != 0 {
		t.Errorf("after it was closed the hosts have %d and %d, the network %d", len(a.conns), len(b.conns), len(n.ends))
	}
}
