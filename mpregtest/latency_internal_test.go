package mpregtest

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestLatency: bytes and the end of a connection arrive in order, when it has
// passed.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 30 * time.Millisecond
		near, far := slowPair(latency)
		start := time.Now()
		buf, got := make([]byte, 10), make([]byte, 10)
		ended(t, "the first write", begin(near.Write, buf[:3]), 3, nil)
		read := begin(far.Read, got)
		<-time.After(latency / 2)
		ended(t, "the second write", begin(near.Write, buf[:4]), 4, nil)
		near.Close()
		ended(t, "a write to the closed end", begin(far.Write, buf), 10, nil)
		waits(t, "the read", read)
		for _, want := range []struct {
			outcome
			at time.Duration
		}{
			{outcome{3, nil}, latency},
			{outcome{4, nil}, latency + latency/2},
			{outcome{0, io.EOF}, latency + latency/2},
		} {
			if o := <-read; o != want.outcome || time.Since(start) != want.at {
				t.Errorf("read %d, %v after %v of fake time, want %d, %v after %v",
					o.n, o.err, time.Since(start), want.n, want.err, want.at)
			}
			read = begin(far.Read, got)
		}
		synctest.Wait() // what is to be known by now is
		ended(t, "a write after that", begin(far.Write, buf), 0, syscall.EPIPE)
	})
}

// TestLatencyOfDials: they take a round trip, also where they are refused.
func TestLatencyOfDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 30 * time.Millisecond
		n := newNetwork(latency)
		from := n.join("from")
		n.join("to").listen()
		n.join("deaf")
		impatient, cancel := context.WithTimeout(t.Context(), latency)
		defer cancel()
		for _, row := range []struct {
			ctx  context.Context
			to   string
			want error
			took time.Duration
		}{
			{impatient, "to", context.DeadlineExceeded, latency},
			{t.Context(), "to", nil, 2 * latency},
			{t.Context(), "deaf", syscall.ECONNREFUSED, 2 * latency},
		} {
			start := time.Now()
			var c net.Conn
			c, err := from.dial(row.ctx, "tcp", row.to+":80")
			if took := time.Since(start); (c != nil) != (row.want == nil) || !errors.Is(err, row.want) || took != row.took {
				t.Errorf("dialing %s: %v, %v after %v of fake time, want %v after %v", row.to, c, err, took, row.want, row.took)
			}
		}
	})
}
