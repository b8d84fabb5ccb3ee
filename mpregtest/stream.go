package mpregtest

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
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
	latency time.Duration // what is done at one end is seen this much later at the other
	crossed *atomic.Int64 // counts what was read

	mu         sync.Mutex
	changed    sync.Cond    // of what follows, and of mu
	buf        bytes.Buffer // written and not read, at most streamBytes
	travelling int          // how many of these bytes, the last ones, have not arrived yet
	writing    bool         // somebody writes; others wait, or their bytes would be mixed

	// What the network holds back for now. An end that is closed or cut off knows
	// it at once; the other learns it when it passes again.
	held  bool // nothing passes from who writes to who reads
	muted bool // and nothing the other way

	readerClosed, writerClosed bool
	readerGone, writerGone     bool // the same, after the latency
	readerCut, writerCut       bool // nothing passes any more, because of that end

	readDeadline, writeDeadline deadline
}

func newStream(latency time.Duration, crossed *atomic.Int64) *stream {
	s := &stream{latency: latency, crossed: crossed}
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		arrived := s.buf.Len() - s.travelling
		switch {
		case s.readerClosed:
			return 0, net.ErrClosed
		case s.readerCut, s.writerCut && !s.held:
			return 0, syscall.ECONNRESET
		case s.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.held:
		case arrived > 0:
			s.changed.Broadcast()
			n, err := s.buf.Read(p[:min(len(p), arrived)])
			s.crossed.Add(int64(n))
			return n, err
		case s.writerGone && s.buf.Len() == 0:
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
			s.travelling += k
			s.later(func() { s.travelling -= k })
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
	case s.writerCut, s.readerCut && !s.muted:
		return syscall.ECONNRESET
	case s.readerGone && !s.muted:
		return syscall.EPIPE
	case s.writeDeadline.passed:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// later changes the stream when its latency has passed; mu is held, and when f is
// called.
func (s *stream) later(f func()) {
	if s.latency <= 0 {
		f()
		s.changed.Broadcast()
		return
	}
	time.AfterFunc(s.latency, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		f()
		s.changed.Broadcast()
	})
}

// hold sets what the network holds back.
func (s *stream) hold(held, muted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.muted = held, muted
	s.changed.Broadcast()
}

// lost reports whether the writer is gone for who reads, who has not closed yet.
func (s *stream) lost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.readerClosed && !s.held && (s.writerClosed || s.writerCut)
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
	s.later(func() { s.readerGone = true })
	return true
}

// closeWriter ends the stream behind what was written.
func (s *stream) closeWriter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writerClosed = true
	s.writeDeadline.set(&s.changed, time.Time{})
	s.changed.Broadcast()
	s.later(func() { s.writerGone = true })
}

// cutReader breaks the stream at once, because of who reads; cutWriter because of
// who writes.
func (s *stream) cutReader() { s.cut(&s.readerCut) }
func (s *stream) cutWriter() { s.cut(&s.writerCut) }

func (s *stream) cut(end *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*end = true
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
