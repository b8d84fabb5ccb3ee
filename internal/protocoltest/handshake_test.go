package protocoltest_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestUnfinishedRequests: a connection that never becomes a link is closed after
// HandshakeTimeout, however it dawdles: it is in no count that bounds how many there
// are.
func TestUnfinishedRequests(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{HandshakeTimeout: 100 * time.Millisecond})
	for name, request := range map[string]string{
		"nothing":            "",
		"half a header":      "GET / HTTP/1.1\r\nHost: x\r\n",
		"a body that is due": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
		"chunks that are":    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"a bad upgrade":      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 9\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := rawConn(t, s)
			_, err := io.WriteString(c, request)
			testkit.Must(t, err)
			if _, err := io.ReadAll(c); errors.Is(err, errTestDeadline) {
				t.Error("it is still open")
			}
		})
	}
	t.Run("answers that are not read", func(t *testing.T) {
		c := rawConn(t, s)
		requests := []byte(strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1000))
		var err error
		for err == nil {
			_, err = c.Write(requests)
		}
		if errors.Is(err, errTestDeadline) {
			t.Error("it is still open")
		}
	})
}

// errTestDeadline is of a rawConn that its node has not closed.
var errTestDeadline = errors.New("the test's own deadline passed")

type deadlineConn struct{ net.Conn }

func (c deadlineConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, named(err)
}

func (c deadlineConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, named(err)
}

func named(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return errTestDeadline
	}
	return err
}

// rawConn opens a connection to a node.
func rawConn(t *testing.T, s *mpreg.Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "ws://"))
	testkit.Must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	testkit.Must(t, c.SetDeadline(time.Now().Add(time.Minute)))
	return deadlineConn{c}
}
