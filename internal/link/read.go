package link

import (
	"errors"
	"fmt"
	"io"

	"github.com/gorilla/websocket"
)

const (
	// bufferedRead is the size of the buffer between socket and websocket. Bytes of
	// larger frames go straight to where they are wanted.
	bufferedRead = 16 << 10

	// oversizeFactor times MaxMessage is what is read, and discarded, of a message
	// before the link is closed.
	oversizeFactor = 4

	// framedRead is the least limit of websocket messages on a framed link: a limit of
	// frames that is small does not keep a peer from packing many.
	framedRead = 2 * LargeMessage
)

// Serve reads until the link ends, calls h for each message, and returns why it
// ended, as Err does. It returns when the link's goroutines have ended. It must be
// called once.
func (l *Link) Serve(h Handler) error {
	if l.framed {
		h = newUnpacker(h, l.cfg.MaxMessage, &l.deaf, l.tooBig)
	}
	l.startKeepalive()
	l.readEnded(l.read(h))
	<-l.done
	l.flushers.Wait()
	return l.Err()
}

// prepareRead routes the control frames that the websocket library finds while it reads.
func (l *Link) prepareRead() {
	// Without compression the bytes are counted as they are read. With it the
	// library's limit, which counts compressed bytes, ends messages that are
	// endless and decompress to nothing.
	if l.cfg.Compression {
		l.ws.SetReadLimit(oversizeFactor*l.readLimit() + 1<<20)
	}
	l.ws.SetPingHandler(func(payload string) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.queue.pong = append(l.queue.pong[:0], payload...)
		l.queue.wantPong = true
		l.flushSoon()
		return nil
	})
	l.ws.SetPongHandler(func(string) error { return nil })       // conn has noted the sign of life
	l.ws.SetCloseHandler(func(int, string) error { return nil }) // readEnded answers
}

// read hands messages to h until the websocket fails, and returns its error. It never
// reads after that: the library panics then.
func (l *Link) read(h Handler) error {
	var buf readBuffer
	for {
		kind, r, err := l.ws.NextReader()
		if err != nil {
			l.mu.Lock()
			open := l.closing == nil
			l.mu.Unlock()
			if open && errors.Is(err, websocket.ErrReadLimit) {
				h.Oversized(Text, nil, 0)
			}
			return err
		}
		if l.deaf.Load() {
			continue // NextReader skips what is left, without decompressing it
		}
		if err := l.readMessage(h, Kind(kind), r, &buf); err != nil {
			return err
		}
	}
}

// readMessage reads one message and hands it to h.
func (l *Link) readMessage(h Handler, kind Kind, r io.Reader, buf *readBuffer) error {
	limit := l.readLimit()
	begun := 0
	if u, ok := h.(*unpacker); ok && kind == Binary {
		u.bound(l.limit.Load())
		rest, ended := u.stream(r, buf.start(longestHead))
		if ended {
			return nil
		}
		begun = rest
	}
	data, err := buf.fill(r, begun, max(limit, keptRead)+1)
	defer buf.release(len(data))
	size := int64(len(data))
	if err == nil && size > limit {
		var skipped int64
		skipped, err = io.CopyN(io.Discard, r, oversizeFactor*limit-size+1)
		size += max(skipped, 0)
	}
	switch {
	case err == nil, errors.Is(err, websocket.ErrReadLimit):
		// Still not at the end of it. NextReader will fail after ErrReadLimit.
		h.Oversized(kind, data, size)
		l.tooBig(oversizeFactor * limit)
		return nil
	case !errors.Is(err, io.EOF):
		return err
	case l.deaf.Load():
	case size > limit:
		h.Oversized(kind, data, size)
	default:
		h.Message(kind, data)
	}
	return nil
}

// readLimit bounds a websocket message.
func (l *Link) readLimit() int64 {
	if l.framed {
		return max(l.limit.Load(), framedRead)
	}
	return l.limit.Load()
}

func (l *Link) tooBig(size int64) {
	l.BeginClose(StatusTooBig, fmt.Sprintf("message above %d bytes", size))
}

// readEnded ends the link after the read side failed, or begins to: the peer's close
// frame is answered, and its protocol errors are told.
func (l *Link) readEnded(err error) {
	connected, why := readFailure(l.peer, err)
	closed, _ := errors.AsType[*CloseError](why)
	l.mu.Lock()
	leaving := l.closing
	said := l.sentBye
	if connected && leaving == nil {
		l.queue.drop() // the peer would drop it too
		reason := closed.Reason
		if closed.Remote {
			reason = "" // RFC 6455, section 5.5.1: the echo of a status
		}
		l.beginClose(closed.Code, reason, why)
	}
	l.mu.Unlock()
	switch {
	case connected:
		l.farewell(false, true)
	case leaving != nil && said:
		l.end(leaving) // it hung up instead of saying goodbye: good enough
	default:
		l.end(why)
	}
}
