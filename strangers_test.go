package mpreg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
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
			t.Parallel()
			c := rawConn(t, s)
			_, err := io.WriteString(c, request)
			testkit.Must(t, err)
			if _, err := io.ReadAll(c); errors.Is(err, errTestDeadline) {
				t.Error("it is still open")
			}
		})
	}
	t.Run("answers that are not read", func(t *testing.T) {
		t.Parallel()
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

// logLines keeps what is logged.
type logLines struct {
	mu    sync.Mutex
	lines []string
}

func (w *logLines) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, string(line))
	return len(line), nil
}

// TestStrangersDoNotFillTheLog: what anybody can do to a node as often as they like is
// one warning, whatever they send.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	lines := new(logLines)
	log := slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s := testkit.Serve(t, mpreg.Config{MaxMessageBytes: 1000}, mpreg.WithLogger(log))
	binaryDialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
	oversized := append(binary.AppendUvarint(nil, 2000), make([]byte, 2000)...)
	for i := range 20 {
		_, response, err := websocket.DefaultDialer.DialContext(t.Context(), s.URL(), http.Header{"Origin": {fmt.Sprintf("http://evil%d.example", i)}})
		if err == nil {
			t.Fatal("a foreign origin was let in")
		}
		_ = response.Body.Close()
		for _, message := range []struct {
			dialer websocket.Dialer
			kind   int
			data   []byte
		}{
			{websocket.Dialer{}, websocket.TextMessage, bytes.Repeat([]byte("x"), 2000)},
			{binaryDialer, websocket.BinaryMessage, fmt.Appendf(nil, "rubbish %d", i)},
			{binaryDialer, websocket.BinaryMessage, oversized},
		} {
			ws := testkit.Dial(t, s.URL(), message.dialer)
			testkit.Must(t, ws.WriteMessage(message.kind, message.data))
			_, _, err := ws.ReadMessage() // a refusal: the node has seen it
			testkit.Must(t, err)
		}
		c := rawConn(t, s)
		_, err = io.WriteString(c, "\x16\x03\x01 this is no HTTP\r\n\r\n")
		testkit.Must(t, err)
		_, _ = io.ReadAll(c)
	}
	lines.mu.Lock()
	defer lines.mu.Unlock()
	if n := len(lines.lines); n < 3 || n > 5 {
		t.Errorf("%d warnings:\n%s", n, strings.Join(lines.lines, ""))
	}
}

// TestHelloTooLarge: who says HELLO in more bytes than a node takes is told so, and not
// left waiting for the node's.
func TestHelloTooLarge(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{MaxMessageBytes: 512})
	ws := testkit.Dial(t, s.URL(), websocket.Dialer{Subprotocols: []string{wire.Subprotocol}})
	hello := append(wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindHello}), make([]byte, 600)...)
	testkit.Must(t, ws.WriteMessage(websocket.BinaryMessage, append(binary.AppendUvarint(nil, uint64(len(hello))), hello...)))
	_, _, err := ws.ReadMessage() // the ERROR
	testkit.Must(t, err)
	_, _, err = ws.ReadMessage()
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || closed.Code != websocket.ClosePolicyViolation || !strings.Contains(closed.Text, "MaxMessageBytes") {
		t.Errorf("got %v", err)
	}
}

// TestURLsOfClients: what is wrong with a URL is said before anybody dials it, without
// a password that is in it.
func TestURLsOfClients(t *testing.T) {
	for _, url := range []string{
		"ws://root:hunter2@127.0.0.1:1", "wss://root:hunter2@%zz", "ws://127.0.0.1:65536", "ws://127.0.0.1:99999999999999999999",
		"http://x", "ws://", "ws:127.0.0.1", "ws://[::1", "ws://a b", "", " , ",
	} {
		lines := new(logLines)
		log := slog.New(slog.NewTextHandler(lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c := testkit.Connect(t, url, mpreg.WithLogger(log))
		_, err := c.Call(t.Context(), "echo", 1)
		e, ok := errors.AsType[*mpreg.Error](err)
		if !ok || e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedNo || len(lines.lines) > 0 {
			t.Errorf("%q: %v, logged %q", url, err, lines.lines)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("it tells a secret: %v", err)
		}
	}
}
