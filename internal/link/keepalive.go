package link

import (
	"fmt"
	"time"
)

// keepalive decides when a silent peer is pinged and when it is given up. It is a
// pure function of the times it is given, all as durations since the link began.
type keepalive struct {
	interval, timeout time.Duration

	due    time.Duration // when the next check was to happen; 0: none was
	queued bool          // a ping waits to be written
	pinged time.Duration // when the last ping began to be written; 0: none is open
	sent   time.Duration // when it was written
}

type verdict uint8

const (
	wait verdict = iota
	ping
	dead
)

// check returns what to do now and how long to sleep until the next check.
func (k *keepalive) check(now, heard time.Duration) (v verdict, next time.Duration) {
	v, next = k.judge(now, heard)
	k.due = now + next
	return v, next
}

func (k *keepalive) judge(now, heard time.Duration) (verdict, time.Duration) {
	if k.queued {
		// The ping is stuck behind other messages. A peer that reads none of them
		// is found out by the write timeout; it must not be blamed for not
		// answering what it was not asked.
		return wait, k.timeout
	}
	if k.pinged > 0 && heard < k.pinged {
		left := k.sent + k.timeout - now
		if left > 0 {
			return wait, left
		}
		if k.due > 0 && now-k.due < k.timeout/2 {
			return dead, 0
		}
		// This check is far too late: it was us who stood still, and the answer
		// may be waiting to be read. Ask once more.
	} else if quiet := now - heard; quiet < k.interval {
		k.pinged = 0
		return wait, k.interval - quiet
	}
	k.queued = true
	return ping, k.timeout
}

// writing and written frame the write of a ping. The time before it is what an
// answer is compared with, since the answer can be there before the write returns;
// the time after it is what the peer's time to answer counts from.
func (k *keepalive) writing(now time.Duration) { k.pinged = max(now, 1) }
func (k *keepalive) written(now time.Duration) { k.queued, k.sent = false, now }

// startKeepalive begins to watch the peer.
func (l *Link) startKeepalive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil && l.closing == nil && l.cfg.PingInterval > 0 {
		l.arm(l.cfg.PingInterval)
	}
}

// tick is what the link's timer calls. It only takes mu and leaves the writing of
// a ping to the flusher, so that it never stays behind an ended link.
func (l *Link) tick() {
	l.mu.Lock()
	if l.err != nil || time.Until(l.due) > 0 { // ended, or armed anew while it waited for mu
		l.mu.Unlock()
		return
	}
	if l.sentBye || l.gotBye {
		why := l.closing
		l.mu.Unlock()
		l.end(why)
		return
	}
	if l.conn.processing.Load() {
		// The reader is at work on what came in, or held up in a Handler: in either
		// case what the peer may have answered has not been looked at.
		l.arm(l.cfg.PingTimeout)
		l.mu.Unlock()
		return
	}
	v, next := l.alive.check(l.conn.age(), l.conn.lastHeard())
	switch v {
	case ping:
		l.queue.ping = true
		l.kick()
	case dead:
		l.mu.Unlock()
		l.end(fmt.Errorf("link to %s: %w within %v", l.peer, ErrSilent, l.cfg.PingTimeout))
		return
	}
	l.arm(next)
	l.mu.Unlock()
}
