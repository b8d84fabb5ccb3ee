package mpregtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// pair returns the ends of a connection between two hosts.
func pair() (near, far *conn) { return slowPair(0) }

func slowPair(latency time.Duration) (near, far *conn) {
	n := newNetwork(latency)
	near, far = newConns(n.join("here"), n.join("there"), "here:1", "there:80")
	return near, far
}

// outcome is what a Read or a Write returned.
type outcome struct {
	n   int
	err error
}

// begin starts a Read or a Write, and returns where its outcome will be.
func begin(f func([]byte) (int, error), p []byte) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		n, err := f(p)
		done <- outcome{n, err}
	}()
	return done
}

// waits fails the test unless what was begun has to wait.
func waits(t *testing.T, what string, done <-chan outcome) {
	t.Helper()
	synctest.Wait()
	select {
	case o := <-done:
		t.Fatalf("%s: did not wait, but returned %d, %v", what, o.n, o.err)
	default:
	}
}

// ended fails the test unless what was begun has ended by now, as told.
func ended(t *testing.T, what string, done <-chan outcome, n int, err error) {
	t.Helper()
	synctest.Wait()
	select {
	case o := <-done:
		if o.n != n || !errors.Is(o.err, err) {
			t.Errorf("%s: got %d, %v, want %d, %v", what, o.n, o.err, n, err)
		}
	default:
		t.Fatalf("%s: still waits", what)
	}
}

// TestBytesArrive: whatever the sizes of what is written and read, it is the same
// bytes in the same order, in both directions at a time.
func TestBytesArrive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		near, far := pair()
		sizes := rapid.SliceOfN(rapid.IntRange(0, 2*streamBytes), 1, 4)
		there, back := sizes.Draw(rt, "there"), sizes.Draw(rt, "back")
		piece := rapid.IntRange(1, 2*streamBytes).Draw(rt, "piece")
		result := make(chan error, 2)
		go func() { result <- carry(near, far, there, piece) }()
		go func() { result <- carry(far, near, back, piece) }()
		if err := errors.Join(<-result, <-result); err != nil {
			rt.Fatal(err)
		}
	})
}

// carry writes at one end, in pieces of these sizes, reads at the other, and says
// what went wrong.
func carry(from, to *conn, sizes []int, piece int) error {
	total := 0
	for _, size := range sizes {
		total += size
	}
	sent := make([]byte, total)
	rand.NewChaCha8([32]byte{}).Read(sent)
	wrote := make(chan error, 1)
	go func() {
		defer from.out.closeWriter()
		rest := sent
		for _, size := range sizes {
			if n, err := from.Write(rest[:size]); n != size || err != nil {
				wrote <- fmt.Errorf("Write of %d bytes: %d, %w", size, n, err)
				return
			}
			rest = rest[size:]
		}
		wrote <- nil
	}()
	var got bytes.Buffer
	_, err := io.CopyBuffer(struct{ io.Writer }{&got}, to, make([]byte, piece))
	if err = errors.Join(err, <-wrote); err == nil && !bytes.Equal(got.Bytes(), sent) {
		err = fmt.Errorf("%d bytes were read that are not the %d that were written", got.Len(), len(sent))
	}
	return err
}

// TestFullStreamWaits: who writes more than a stream holds waits for who reads.
func TestFullStreamWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pair()
		data := make([]byte, streamBytes+10)
		ended(t, "a read of nothing", begin(far.Read, nil), 0, nil)
		write := begin(near.Write, data)
		waits(t, "the write", write)
		ended(t, "a read", begin(far.Read, make([]byte, 9)), 9, nil)
		waits(t, "the write, with one byte left", write)
		ended(t, "a read", begin(far.Read, make([]byte, 1)), 1, nil)
		ended(t, "the write", write, len(data), nil)
	})
}

// TestWritesAreNotMixed: of writes that have to wait for each other's bytes to be
// read, each comes as a whole.
func TestWritesAreNotMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, size = 8, 2 * streamBytes
		near, far := pair()
		var writes []<-chan outcome
		for i := range writers {
			writes = append(writes, begin(near.Write, bytes.Repeat([]byte{byte(i)}, size)))
		}
		got := make([]byte, writers*size)
		for n := 0; n < len(got); {
			k, err := far.Read(got[n:min(n+1000, len(got))])
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		for _, write := range writes {
			ended(t, "a write", write, size, nil)
		}
		if runs := len(slices.Compact(got)); runs != writers {
			t.Errorf("the bytes of %d writes came in %d pieces", writers, runs)
		}
	})
}

// TestDeadlines: a deadline ends what waits, and what comes after it, until there
// is another one.
func TestDeadlines(t *testing.T) {
	full := make([]byte, streamBytes)
	for name, io := range map[string]struct {
		op      func(*conn) func([]byte) (int, error)
		set     func(*conn, time.Time) error
		prepare func(near, far *conn)
		undo    func(near, far *conn)
	}{
		"read": {
			op:      func(c *conn) func([]byte) (int, error) { return c.Read },
			set:     (*conn).SetReadDeadline,
			prepare: func(near, far *conn) {},
			undo:    func(near, far *conn) { far.Write(full) },
		},
		"write": {
			op:      func(c *conn) func([]byte) (int, error) { return c.Write },
			set:     (*conn).SetWriteDeadline,
			prepare: func(near, far *conn) { near.Write(full) },
			undo:    func(near, far *conn) { far.Read(full) },
		},
		"both": {
			op:      func(c *conn) func([]byte) (int, error) { return c.Read },
			set:     (*conn).SetDeadline,
			prepare: func(near, far *conn) {},
			undo:    func(near, far *conn) { far.Write(full) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := pair()
				io.prepare(near, far)
				op, one := io.op(near), make([]byte, 1)
				set := func(t *testing.T, at time.Time) {
					t.Helper()
					if err := io.set(near, at); err != nil {
						t.Fatal(err)
					}
				}

				set(t, time.Now().Add(time.Second))
				start := time.Now()
				first := begin(op, one)
				waits(t, "before the deadline", first)
				var timeout net.Error
				if o := <-first; !errors.Is(o.err, os.ErrDeadlineExceeded) || !errors.As(o.err, &timeout) || !timeout.Timeout() {
					t.Errorf("at the deadline: %d, %v", o.n, o.err)
				}
				if took := time.Since(start); took != time.Second {
					t.Errorf("it took %v of fake time", took)
				}
				ended(t, "after the deadline", begin(op, one), 0, os.ErrDeadlineExceeded)

				set(t, time.Time{})
				waiting := begin(op, one)
				waits(t, "without a deadline", waiting)
				set(t, time.Unix(1, 0))
				ended(t, "with one in the past", waiting, 0, os.ErrDeadlineExceeded)

				set(t, time.Now().Add(time.Second))
				waiting = begin(op, one)
				set(t, time.Now().Add(3*time.Second))
				<-time.After(2 * time.Second)
				waits(t, "with a deadline that was put off", waiting)
				io.undo(near, far)
				ended(t, "with its wish", waiting, 1, nil)
			})
		})
	}
}

// TestClose: what was written before arrives, and nothing waits any more at either
// end.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pair()
		full := make([]byte, streamBytes)
		near.Write(full[:5])
		far.Write(full)
		farWrite := begin(far.Write, full)
		waits(t, "a write at the other end", farWrite)
		if err := near.Close(); err != nil {
			t.Fatal(err)
		}
		ended(t, "a write at the other end", farWrite, 0, syscall.EPIPE)
		ended(t, "another", begin(far.Write, full), 0, syscall.EPIPE)
		ended(t, "a read of what was written", begin(far.Read, full), 5, nil)
		if n, err := far.Read(full); n != 0 || err != io.EOF {
			t.Errorf("a read after that: %d, %v, want a plain io.EOF", n, err)
		}
		ended(t, "a read at the closed end", begin(near.Read, full), 0, net.ErrClosed)
		ended(t, "a write there", begin(near.Write, full), 0, net.ErrClosed)
		for what, err := range map[string]error{"Close": near.Close(), "SetDeadline": near.SetDeadline(time.Now())} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: %v", what, err)
			}
		}
	})
}

// TestCloseEndsWaits: at the own end and at the other.
func TestCloseEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pair()
		full := make([]byte, streamBytes)
		near.Write(full)
		nearRead, nearWrite, another := begin(near.Read, full), begin(near.Write, full), begin(near.Write, full)
		waits(t, "the read", nearRead)
		waits(t, "the write", nearWrite)
		waits(t, "another write", another)
		near.Close()
		ended(t, "the read", nearRead, 0, net.ErrClosed)
		ended(t, "the write", nearWrite, 0, net.ErrClosed)
		ended(t, "another write", another, 0, net.ErrClosed)
		ended(t, "a read of what was written", begin(far.Read, full), streamBytes, nil)

		near, far = pair()
		farRead := begin(far.Read, full)
		waits(t, "the read at the other end", farRead)
		near.Close()
		ended(t, "the read at the other end", farRead, 0, io.EOF)
	})
}

// TestCut: both ends break, what was on its way is lost, and nothing waits.
func TestCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pair()
		full := make([]byte, streamBytes)
		near.Write(full)
		waiting := map[string]<-chan outcome{"near read": begin(near.Read, full), "near write": begin(near.Write, full)}
		for what, done := range waiting {
			waits(t, what, done)
		}
		far.cut()
		for what, done := range waiting {
			ended(t, what, done, 0, syscall.ECONNRESET)
		}
		ended(t, "a read of what was written before", begin(far.Read, full), 0, syscall.ECONNRESET)
		ended(t, "a write", begin(far.Write, full), 0, syscall.ECONNRESET)
		for what, c := range map[string]*conn{"near": near, "far": far} {
			if err := c.Close(); err != nil {
				t.Errorf("closing the %s end: %v", what, err)
			}
			ended(t, what+": a read after that", begin(c.Read, full), 0, net.ErrClosed)
		}
	})
}
