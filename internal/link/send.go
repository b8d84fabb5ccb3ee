package link

import (
	"context"
	"fmt"
)

// Send queues a message and returns, in the order of calls. A message above 64 KiB
// is not copied: then Send returns when it has been written. So data may be reused
// when Send has returned nil; after an error, leave it to the garbage collector.
//
// On a framed link data is one frame and kind is of no account. A large frame may be
// overtaken by small ones and by other large ones, and is withdrawn when ctx ends.
//
// When the queue is full, Send waits for room. It returns ctx's cause when ctx ends
// while it waits (a large message may be sent all the same), and an error that
// matches [ErrClosed] when the link is closing or has ended. Success does not mean
// that the peer has the message.
func (l *Link) Send(ctx context.Context, kind Kind, data []byte) error {
	return l.SendThen(ctx, kind, data, nil)
}

// SendThen is Send that calls queued when the message has its room in the queue, and
// before the peer can have any of it: who counts what waits for room stops counting
// there. queued must not block, nor call the link. It is not called when SendThen
// fails before.
func (l *Link) SendThen(ctx context.Context, kind Kind, data []byte, queued func()) error {
	if l.framed {
		return l.sendFrame(ctx, [][]byte{data}, len(data), queued)
	}
	if err := l.lockWithRoom(ctx, &l.queue.total, len(data)); err != nil {
		return err
	}
	if queued == nil {
		queued = func() {}
	}
	if len(data) <= LargeMessage {
		l.queue.copy(kind, data)
		queued()
		l.flushHere()
		return nil
	}
	written := make(chan struct{})
	l.queue.refer(kind, data, written)
	queued()
	l.kick()
	l.mu.Unlock()
	select {
	case <-written:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("link to %s: sending %d bytes: %w", l.peer, len(data), context.Cause(ctx))
	case <-l.done:
		return closedError(l.Err())
	}
}

// lockWithRoom waits until total admits size bytes. It returns with mu held, unless it
// fails.
func (l *Link) lockWithRoom(ctx context.Context, total *tally, size int) error {
	l.mu.Lock()
	for l.closing == nil && l.err == nil && !total.admits(size+overhead, l.cfg.QueueBytes) {
		room := l.waitForRoom()
		l.mu.Unlock()
		select {
		case <-room:
		case <-l.done:
		case <-ctx.Done():
			return fmt.Errorf("link to %s: waiting for room to send %d bytes: %w", l.peer, size, context.Cause(ctx))
		}
		l.mu.Lock()
	}
	if err := l.refuse(); err != nil {
		l.mu.Unlock()
		return err
	}
	return nil
}

// TrySend queues a copy of data and never waits: it is for read loops, and what
// is queued while a Handler runs is written in one go when Serve has handled all it has
// read. TrySend may fill the queue to twice Config.QueueBytes, so that a
// read loop can still refuse what the queue has no room for (large frames have
// a queue of their own); then it fails with an error that matches [ErrQueueFull].
// Once the link is closing its error matches [ErrClosed].
func (l *Link) TrySend(kind Kind, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refuse(); err != nil {
		return err
	}
	if l.framed {
		return l.trySendFrame(data)
	}
	if !l.queue.total.admits(len(data)+overhead, 2*l.cfg.QueueBytes) {
		return l.queueFull(l.queue.total)
	}
	l.queue.copy(kind, data)
	l.flushSoon()
	return nil
}

func (l *Link) queueFull(total tally) error {
	return &refusal{
		fmt.Sprintf("link to %s: %v: %d bytes wait for the peer to read", l.peer, ErrQueueFull, total),
		[]error{ErrQueueFull},
	}
}

// Queued returns how many bytes wait to be written, the overhead of messages
// included.
func (l *Link) Queued() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.queue.total + l.queue.bulk.total)
}

// refuse returns why nothing can be queued any more, if so; mu is held.
func (l *Link) refuse() error {
	switch {
	case l.err != nil:
		return closedError(l.err)
	case l.closing != nil:
		return closedError(l.closing)
	}
	return nil
}

// waitForRoom returns what is closed when the queue has shrunk or the link closes;
// mu is held.
func (l *Link) waitForRoom() <-chan struct{} {
	if l.room == nil {
		l.room = make(chan struct{})
	}
	return l.room
}

// wakeWaiters wakes all who wait for room; mu is held.
func (l *Link) wakeWaiters() {
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}
