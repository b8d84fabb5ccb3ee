package mpregtest

import (
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// wire returns both ends of a connection, the one that was dialed first, and the
// network that it is on.
func wire(t *testing.T) (n *network, near, far *conn) {
	t.Helper()
	n = newNetwork(0)
	from, l := n.join("near"), n.join("far").listen()
	if _, err := from.dial(t.Context(), "tcp", "far:80"); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return n, from.open()[0], c.(*conn)
}

// silences are the ways to have nothing pass between the hosts near and far.
var silences = map[string]struct{ begin, end func(*network) }{
	"cut both ways": {
		func(n *network) { n.cut(map[route]struct{}{{"near", "far"}: {}, {"far", "near"}: {}}) },
		func(n *network) { n.cut(nil) },
	},
	"near is frozen": {
		func(n *network) { n.hosts["near"].freeze(true) },
		func(n *network) { n.hosts["near"].freeze(false) },
	},
	"far is frozen": {
		func(n *network) { n.hosts["far"].freeze(true) },
		func(n *network) { n.hosts["far"].freeze(false) },
	},
}

// silent runs f in a bubble for each of them.
func silent(t *testing.T, f func(t *testing.T, near, far *conn, begin, end func())) {
	for name, silence := range silences {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, near, far := wire(t)
				f(t, near, far, func() { silence.begin(n) }, func() { silence.end(n) })
			})
		})
	}
}

// TestHeldBytes: what was not read, and what is written meanwhile, is read
// afterwards; who writes is not told.
func TestHeldBytes(t *testing.T) {
	silent(t, func(t *testing.T, near, far *conn, silence, resume func()) {
		buf := make([]byte, 2*streamBytes)
		for _, c := range []struct{ from, to *conn }{{near, far}, {far, near}} {
			ended(t, "a write before", begin(c.from.Write, buf[:3]), 3, nil)
			silence()
			read := begin(c.to.Read, buf[:1])
			waits(t, "a read", read)
			ended(t, "a write", begin(c.from.Write, buf[:streamBytes-3]), streamBytes-3, nil)
			write := begin(c.from.Write, buf[:1])
			waits(t, "a write into a full connection", write)
			waits(t, "the read", read)
			resume()
			ended(t, "the read", read, 1, nil)
			ended(t, "the write", write, 1, nil)
			ended(t, "a read of the rest", begin(c.to.Read, buf), streamBytes, nil)
		}
	})
}

// TestHeldDeadlines: a silence does not keep them from ending what waits.
func TestHeldDeadlines(t *testing.T) {
	silent(t, func(t *testing.T, near, far *conn, silence, _ func()) {
		buf := make([]byte, streamBytes)
		near.Write(buf[:1])
		far.Write(buf[:1])
		silence()
		for _, c := range []*conn{near, far} {
			c.Write(buf[1:])
			c.SetDeadline(time.Now().Add(time.Second))
			for what, done := range map[string]<-chan outcome{"read": begin(c.Read, make([]byte, 1)), "write": begin(c.Write, buf)} {
				if o := <-done; o.n != 0 || !isTimeout(o.err) {
					t.Errorf("a %s at %v: %d, %v", what, c.local, o.n, o.err)
				}
			}
		}
	})
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && timeout.Timeout()
}

// TestHeldEnds: that the other end was closed is not known before the silence ends,
// and then behind what was written.
func TestHeldEnds(t *testing.T) {
	silent(t, func(t *testing.T, near, far *conn, silence, resume func()) {
		buf, got := make([]byte, 10), make([]byte, 10)
		near.Write(buf[:5])
		silence()
		near.Close()
		ended(t, "a write to the closed end", begin(far.Write, buf), 10, nil)
		read := begin(far.Read, got)
		waits(t, "a read", read)
		if far.lost() {
			t.Error("that it is lost is to be noticed already")
		}
		resume()
		if !far.lost() {
			t.Error("that it is lost can't be noticed")
		}
		ended(t, "the read of what was written before", read, 5, nil)
		ended(t, "a read after that", begin(far.Read, buf), 0, io.EOF)
		ended(t, "a write", begin(far.Write, buf), 0, syscall.EPIPE)
	})
}

// TestHeldKill: who is cut off knows at once, the other end when the silence ends;
// what was written is lost.
func TestHeldKill(t *testing.T) {
	silent(t, func(t *testing.T, near, far *conn, silence, resume func()) {
		buf, got := make([]byte, 10), make([]byte, 10)
		near.Write(buf)
		silence()
		near.cut()
		ended(t, "a read at the end that was cut", begin(near.Read, buf), 0, syscall.ECONNRESET)
		ended(t, "a write there", begin(near.Write, buf), 0, syscall.ECONNRESET)
		ended(t, "a write at the other", begin(far.Write, buf), 10, nil)
		read := begin(far.Read, got)
		waits(t, "a read", read)
		if far.lost() {
			t.Error("that it is lost is to be noticed already")
		}
		resume()
		ended(t, "the read", read, 0, syscall.ECONNRESET)
		ended(t, "a write", begin(far.Write, buf), 0, syscall.ECONNRESET)
		if !far.lost() {
			t.Error("that it is lost can't be noticed")
		}
	})
}

// TestHeldDials: they wait, whatever the answer will be, until it comes or they are
// given up.
func TestHeldDials(t *testing.T) {
	dial := func(t *testing.T, from *host) <-chan outcome {
		return begin(func([]byte) (int, error) {
			c, err := from.dial(t.Context(), "tcp", "far:80")
			if c != nil {
				c.Close()
			}
			return 0, err
		}, nil)
	}
	for name, row := range map[string]struct {
		meanwhile func(near, far *host)
		want      error
	}{
		"made":             {func(_, _ *host) {}, nil},
		"refused":          {func(_, far *host) { far.Close() }, syscall.ECONNREFUSED},
		"replaced":         {func(_, far *host) { far.network.join("far") }, syscall.ECONNREFUSED},
		"dialer is killed": {func(near, _ *host) { near.cut() }, syscall.ENETUNREACH},
	} {
		t.Run(name, func(t *testing.T) {
			silent(t, func(t *testing.T, near, far *conn, silence, resume func()) {
				silence()
				there := dial(t, near.host)
				waits(t, "the dial", there)
				row.meanwhile(near.host, far.host)
				resume()
				ended(t, "the dial", there, 0, row.want)
			})
		})
	}
	t.Run("given up", func(t *testing.T) {
		silent(t, func(t *testing.T, near, far *conn, silence, _ func()) {
			silence()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			c, err := near.host.dial(ctx, "tcp", "far:80")
			if took := time.Since(start); c != nil || !isTimeout(err) || took != 2*time.Second {
				t.Errorf("got %v, %v after %v of fake time", c, err, took)
			}
		})
	})
}

// TestFrozenAsksNobody: not even for a name that does not exist.
func TestFrozenAsksNobody(t *testing.T) {
	n := newNetwork(0)
	h := n.join("frozen")
	h.freeze(true)
	if c, again, err := n.connect(h, "nobody:80"); c != nil || again == nil || err != nil {
		t.Errorf("got %v, %v", c, err)
	}
}

// TestCutOneWay: the other way is open, but nobody connects.
func TestCutOneWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, near, far := wire(t)
		n.cut(map[route]struct{}{{"near", "far"}: {}})
		buf, got := make([]byte, 10), make([]byte, 10)
		ended(t, "a write on the way that is cut", begin(near.Write, buf), 10, nil)
		read := begin(far.Read, got)
		waits(t, "a read there", read)
		ended(t, "a write the other way", begin(far.Write, buf[:5]), 5, nil)
		ended(t, "a read there", begin(near.Read, buf), 5, nil)
		n.hosts["near"].listen()
		for from, to := range map[string]string{"near": "far", "far": "near"} {
			if c, again, err := n.connect(n.hosts[from], to+":80"); c != nil || again == nil || err != nil {
				t.Errorf("%s dials %s: %v, %v", from, to, c, err)
			}
		}
		far.Close()
		ended(t, "a read of the end", begin(near.Read, buf), 0, io.EOF)
		ended(t, "a write to it", begin(near.Write, buf), 0, syscall.EPIPE)
	})
}

// TestBytesArriveAfterSilences: however often a connection falls silent, nothing is
// lost, doubled or out of order.
func TestBytesArriveAfterSilences(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		near, far := slowPair(time.Duration(rapid.IntRange(0, 1).Draw(rt, "latency")) * time.Microsecond)
		sizes := rapid.SliceOfN(rapid.IntRange(0, 2*streamBytes), 1, 4).Draw(rt, "sizes")
		silences := rapid.SliceOfN(rapid.Bool(), 0, 50).Draw(rt, "silences")
		result := make(chan error, 1)
		go func() { result <- carry(near, far, sizes, streamBytes/3) }()
		for _, held := range silences {
			near.out.hold(held, held)
		}
		near.out.hold(false, false)
		if err := <-result; err != nil {
			rt.Fatal(err)
		}
	})
}

// TestFreezeEnds: with the host's life, or when it is replaced.
func TestFreezeEnds(t *testing.T) {
	buf := make([]byte, 1)
	for name, row := range map[string]struct {
		end  func(*host)
		want error
	}{
		"cut":      {(*host).cut, syscall.ECONNRESET},
		"replaced": {func(h *host) { h.open()[0].Close(); h.network.join(h.name) }, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, near, far := wire(t)
				far.host.freeze(true)
				read := begin(near.Read, buf)
				waits(t, "a read", read)
				row.end(far.host)
				ended(t, "the read", read, 0, row.want)
				if name == "cut" {
					far.host.freeze(true)
				}
				if far.host.frozen {
					t.Error("the host is frozen")
				}
			})
		})
	}
}
