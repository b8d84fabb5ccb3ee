//go:build !unix

package link

import "net"

// nonblocking is not available: all writes are left to the flusher's goroutine.
type nonblocking struct{}

func newNonblocking(net.Conn) *nonblocking { return nil }

func (*nonblocking) write([]byte) int { return 0 }
