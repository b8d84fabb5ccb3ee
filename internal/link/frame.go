package link

import (
	"context"
	"fmt"
	"slices"

	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// packBytes bounds the websocket messages that are made of small frames: what
	// the reader's buffer holds, and what is written in one go. A frame
	// of nearly LargeMessage bytes has a message of its own, which may be larger.
	packBytes = 64 << 10

	// chunkBytes bounds the bytes of a chunk, its head not counted. Small frames wait
	// for one chunk; a smaller one costs throughput.
	chunkBytes = 64<<10 - 64
)

// Framed tells whether both ends agreed on Config.Framed: then the link carries frames.
// Many small ones share a websocket message. Those of more than 64 KiB are large:
// they go out in chunks, each in a lane of its own, at a lower priority than
// the small ones, and have a queue of their own with the same bound.
func (l *Link) Framed() bool { return l.framed }

// SendParts is SendThen of one frame given in pieces, on a framed link; on others
// it fails. queued may be nil. A large frame's pieces are not copied. If ctx ends
// before its last chunk is written, the peer is told to forget the frame. After
// nil the pieces may be reused; after an error a chunk may still be on its way
// into the network, so leave them to the garbage collector.
func (l *Link) SendParts(ctx context.Context, parts [][]byte, queued func()) error {
	if !l.framed {
		return fmt.Errorf("link to %s: a frame in parts needs a framed link; this one speaks %q", l.peer, l.subprotocol)
	}
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	return l.sendFrame(ctx, parts, size, queued)
}

// BoundLanes tells the link how large a frame the peer takes.
func (l *Link) BoundLanes(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue.bulk.most = int(min(bytes, 1<<40))
}

func (l *Link) sendFrame(ctx context.Context, parts [][]byte, size int, queued func()) error {
	if size > LargeMessage {
		return l.sendLarge(ctx, parts, size, queued)
	}
	if err := l.lockWithRoom(ctx, &l.queue.total, size); err != nil {
		return err
	}
	l.queue.pack(parts, size)
	if queued != nil {
		queued()
	}
	l.flushHere()
	return nil
}

func (l *Link) sendLarge(ctx context.Context, parts [][]byte, size int, queued func()) error {
	if err := l.lockWithRoom(ctx, &l.queue.bulk.total, size); err != nil {
		return err
	}
	written := make(chan struct{})
	ln := l.queue.bulk.add(slices.Clone(parts), size, written)
	if queued != nil {
		queued()
	}
	l.kick()
	l.mu.Unlock()
	select {
	case <-written:
		return nil
	case <-ctx.Done():
		l.giveUp(ln)
		return fmt.Errorf("link to %s: sending a frame of %d bytes: %w", l.peer, size, context.Cause(ctx))
	case <-l.done:
		return closedError(l.Err())
	}
}

// giveUp withdraws a large frame. The chunk of it that is being written, if one is,
// goes out before the abort does.
func (l *Link) giveUp(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	removed := l.queue.bulk.remove(ln)
	l.wakeWaiters()
	if removed && ln.begun && l.err == nil {
		abort := wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindChunk, Flags: wire.FlagAbort, ID: ln.id})
		l.queue.pack([][]byte{abort}, len(abort))
		l.kick()
	}
}

// trySendFrame is TrySend on a framed link; mu is held.
func (l *Link) trySendFrame(frame []byte) error {
	total := &l.queue.total
	if len(frame) > LargeMessage {
		total = &l.queue.bulk.total
	}
	if !total.admits(len(frame)+overhead, 2*l.cfg.QueueBytes) {
		return l.queueFull(*total)
	}
	if len(frame) > LargeMessage {
		l.queue.bulk.add([][]byte{slices.Clone(frame)}, len(frame), nil)
	} else {
		l.queue.pack([][]byte{frame}, len(frame))
	}
	l.flushSoon()
	return nil
}
