package mpregtest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// streamBytes is how much a stream holds. Who writes more waits for who reads, as
// with the buffers of a socket: without a bound no test would see a peer that
// does not read.
const streamBytes = 64 << 10

// stream is one direction of a connection. It is the only place where bytes pass
// from one host to another: what a network does to them is done here.
//
// Waits are on a sync.Cond and not on a lock, so that time goes on in a synctest
// bubble meanwhile.
type stream struct {
	mu      sync.Mutex
	changed sync.Cond    // of what follows, and of mu
	buf     bytes.Buffer // written and not read, at most streamBytes
	writing bool         // somebody writes; others wait, or their bytes would be mixed

	broken       bool // nothing passes any more
	readerClosed bool
	writerClosed bool

	readDeadline, writeDeadline deadline
}

func newStream() *stream {
	s := &stream{}
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readerClosed:
			return 0, net.ErrClosed
		case s.broken:
			return 0, syscall.ECONNRESET
		case s.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.buf.Len() > 0:
			s.changed.Broadcast()
			return s.buf.Read(p)
		case s.writerClosed:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.writing {
		if err := s.unwritable(); err != nil {
			return 0, err
		}
		s.changed.Wait()
	}
	s.writing = true
	defer func() {
		s.writing = false
		s.changed.Broadcast()
	}()
	for {
		if err := s.unwritable(); err != nil {
			return n, err
		}
		if k := min(len(p)-n, streamBytes-s.buf.Len()); k > 0 {
			s.buf.Write(p[n : n+k])
			n += k
			s.changed.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		s.changed.Wait()
	}
}

// unwritable says why nothing can be written, ever or before another deadline is
// set; mu is held.
func (s *stream) unwritable() error {
	switch {
	case s.writerClosed:
		return net.ErrClosed
	case s.broken:
		return syscall.ECONNRESET
	case s.readerClosed:
		return syscall.EPIPE
	case s.writeDeadline.passed:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// closeReader gives up what was not read. It reports whether the reader was open.
func (s *stream) closeReader() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readerClosed {
		return false
	}
	s.readerClosed = true
	s.buf = bytes.Buffer{}
	s.readDeadline.set(&s.changed, time.Time{})
	s.changed.Broadcast()
	return true
}

// closeWriter ends the stream behind what was written.
func (s *stream) closeWriter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writerClosed = true
	s.writeDeadline.set(&s.changed, time.Time{})
	s.changed.Broadcast()
}

// cut breaks the stream at once, at both ends.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
	s.buf = bytes.Buffer{}
	s.changed.Broadcast()
}

func (s *stream) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readerClosed {
		return net.ErrClosed
	}
	s.readDeadline.set(&s.changed, t)
	return nil
}

func (s *stream) setWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writerClosed {
		return net.ErrClosed
	}
	s.writeDeadline.set(&s.changed, t)
	return nil
}

// deadline is a point in time that ends waits. It is guarded by the lock of the
// sync.Cond that they wait on.
type deadline struct {
	passed bool
	timer  *time.Timer // of the one that is set and to come
}

// set replaces the deadline; the zero time is none.
func (d *deadline) set(waits *sync.Cond, t time.Time) {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.timer, d.passed = nil, false
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.passed = true
		waits.Broadcast()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		waits.L.Lock()
		defer waits.L.Unlock()
		if d.timer == timer { // or it was replaced before it could be stopped
			d.passed = true
			waits.Broadcast()
		}
	})
	d.timer = timer
}
