//go:build unix

package link

import (
	"net"
	"syscall"
)

// nonblocking writes to a connection what its socket buffer has room for. It exists
// so that whoever sends can save the switch to another goroutine in the common
// case, without the risk of being held up by a peer that does not read.
type nonblocking struct {
	raw     syscall.RawConn
	data    []byte
	n       int
	attempt func(fd uintptr) bool // bound once, so that a write allocates nothing
}

// newNonblocking returns nil for connections whose writes can not be split at any byte,
// as TLS's, and for those that have no socket.
func newNonblocking(c net.Conn) *nonblocking {
	var raw syscall.RawConn
	var err error
	switch c := c.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	w := &nonblocking{raw: raw}
	w.attempt = func(fd uintptr) bool {
		n, err := syscall.Write(int(fd), w.data)
		if err == nil {
			w.n = n
		}
		return true // never wait: what is left is written elsewhere
	}
	return w
}

// write returns how many bytes of data were written: 0 also when it failed.
func (w *nonblocking) write(data []byte) int {
	w.data, w.n = data, 0
	_ = w.raw.Write(w.attempt) // whoever writes the rest meets the error again
	w.data = nil
	return w.n
}
