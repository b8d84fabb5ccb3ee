package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// pipe is a network of three hosts with a connection from host 0 to host 1.
type pipe struct {
	*network
	address  string // of host 1's listener
	from, to net.Conn
}

func newPipe(t *testing.T) *pipe {
	t.Helper()
	p := &pipe{network: newNetwork(3)}
	t.Cleanup(p.close)
	l, err := p.hosts[1].listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	if p.from, err = p.hosts[0].dial(t.Context(), "tcp", p.address); err != nil {
		t.Fatal(err)
	}
	if p.to, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
	}
}

func expectRead(t *testing.T, c net.Conn, want string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

func TestCables(t *testing.T) {
	n := newNetwork(4)
	reached := func() (pairs [][2]int) {
		for a := range 4 {
			for b := range a {
				if n.cables.Load().reach(a, b) != n.cables.Load().reach(b, a) {
					t.Errorf("%d and %d disagree", a, b)
				}
				if n.cables.Load().reach(b, a) {
					pairs = append(pairs, [2]int{b, a})
				}
			}
			if !n.cables.Load().reach(a, a) {
				t.Errorf("%d does not reach itself", a)
			}
		}
		return pairs
	}
	for _, step := range []struct {
		name   string
		change func()
		want   int
	}{
		{"at first", func() {}, 6},
		{"one frozen", func() { n.freeze(3) }, 3},
		{"and split", func() { n.split(2) }, 1},
		{"two frozen", func() { n.freeze(2) }, 1},
		{"healed", n.heal, 6},
		{"split", func() { n.split(2) }, 2},
	} {
		step.change()
		if got := reached(); len(got) != step.want {
			t.Errorf("%s: %v reach each other, want %d pairs", step.name, got, step.want)
		}
	}
}

func TestHostAt(t *testing.T) {
	n := newNetwork(600)
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, 599).Draw(t, "host")
		if got := n.hostAt(net.JoinHostPort(hostIP(i).String(), "80")); got != i {
			t.Fatalf("host %d is found as %d", i, got)
		}
	})
	for _, address := range []string{"", "127.77.0.1", "127.0.0.1:80", "127.77.0.0:80", "127.77.9.9:80", "[::1]:80", "10.77.0.1:80"} {
		if got := n.hostAt(address); got != -1 {
			t.Errorf("%q is taken for host %d", address, got)
		}
	}
}

func TestConnCounts(t *testing.T) {
	p := newPipe(t)
	write(t, p.from, "hello")
	expectRead(t, p.to, "hello")
	write(t, p.to, "you")
	expectRead(t, p.from, "you")
	if got := p.sent.Load(); got != 8 {
		t.Errorf("%d bytes were counted, want 8", got)
	}
}

// TestFrozenRead freezes a host while it waits in Read, which is where it mostly is.
func TestFrozenRead(t *testing.T) {
	for _, frozen := range []int{0, 1} { // who is far away is as silent
		p := newPipe(t)
		read := make(chan string, 1)
		go func() {
			got := make([]byte, 5)
			_, err := io.ReadFull(p.to, got)
			read <- fmt.Sprint(string(got), err)
		}()
		write(t, p.from, "he")
		p.freeze(frozen)
		write(t, p.from, "llo")
		p.heal()
		if got := <-read; got != "hello<nil>" {
			t.Errorf("host %d frozen: read %q", frozen, got)
		}
	}
}

// TestFrozenDeadlines holds back what has come for a host, also that the connection
// has ended, until its deadline, and gives it then.
func TestFrozenDeadlines(t *testing.T) {
	p := newPipe(t)
	p.freeze(1)
	write(t, p.from, "early")
	write(t, p.to, "unread, so that Close resets the connection")
	if err := p.from.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.to.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := p.to.Read(make([]byte, 9)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v", n, err)
	}
	p.heal()
	if err := p.to.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(p.to); err == nil || os.IsTimeout(err) {
		t.Errorf("the reset arrived as %v", err)
	}
}

// TestFrozenWrite does not tell who writes that the other end is gone.
func TestFrozenWrite(t *testing.T) {
	p := newPipe(t)
	p.freeze(0)
	p.kill(1)
	if err := p.from.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil { // until the system has noticed
		_, err = p.from.Write([]byte("x"))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ended with %v", err)
	}
	p.heal()
	if err := p.from.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.from.Write([]byte("x")); err == nil || os.IsTimeout(err) {
		t.Errorf("the reset arrived as %v", err)
	}
}

// TestHeldRead has bytes arrive in a Read that began before the cable was cut: they
// must wait, survive a deadline, and come in pieces.
func TestHeldRead(t *testing.T) {
	p := newPipe(t)
	to := p.to.(*conn)
	p.freeze(1)
	to.held, to.heldErr = []byte("hello"), io.EOF // as Read leaves them
	if err := to.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := to.Read(make([]byte, 9)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d, %v", n, err)
	}
	p.heal()
	if err := to.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.LimitReader(to, 5))
	if string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

// TestFrozenClose shows that the owner's own Close ends a wait.
func TestFrozenClose(t *testing.T) {
	p := newPipe(t)
	p.freeze(0)
	ended := make(chan error, 1)
	go func() {
		_, err := p.from.Read(make([]byte, 1))
		ended <- err
	}()
	if err := p.from.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the read ended with %v", err)
	}
}

// TestDeadlineMoves wakes who waits when the deadline is set to an earlier time.
func TestDeadlineMoves(t *testing.T) {
	p := newPipe(t)
	p.freeze(0)
	if err := p.from.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := p.from.Read(make([]byte, 1))
		ended <- err
	}()
	if err := p.from.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the read ended with %v", err)
	}
}

func TestKill(t *testing.T) {
	p := newPipe(t)
	p.kill(1)
	_ = p.from.SetReadDeadline(time.Now().Add(patience))
	if _, err := p.from.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the other end learned of it as %v", err)
	}
	if _, err := p.hosts[0].dial(t.Context(), "tcp", p.address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a dial to the dead: %v", err)
	}
	if _, err := p.hosts[1].listen(t.Context()); !errors.Is(err, errKilled) {
		t.Errorf("a dead host listens: %v", err)
	}
	l, err := p.hosts[2].listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.hosts[1].dial(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, errKilled) {
		t.Errorf("a dead host dials: %v", err)
	}
}

func TestDialOverCutCable(t *testing.T) {
	p := newPipe(t)
	p.split(1)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.hosts[0].dial(over, "tcp", p.address); !errors.Is(err, context.Canceled) {
		t.Errorf("a dial to the other part: %v", err)
	}
	dialed := make(chan error, 1)
	go func() {
		_, err := p.hosts[0].dial(t.Context(), "tcp", p.address)
		dialed <- err
	}()
	p.heal()
	if err := <-dialed; err != nil {
		t.Errorf("once it is mended: %v", err)
	}
	if _, err := p.hosts[0].dial(t.Context(), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("a dial to who is no host")
	}
}

// TestStranger cuts off who does not come from a host, and takes the next one.
func TestStranger(t *testing.T) {
	n := newNetwork(2)
	t.Cleanup(n.close)
	l, err := n.hosts[0].listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	c, err := n.hosts[1].dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got.RemoteAddr().String() != c.LocalAddr().String() {
		t.Errorf("accepted %v, want %v", got.RemoteAddr(), c.LocalAddr())
	}
}
