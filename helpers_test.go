package mpreg_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"runtime"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/mpreg/mpreg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quiet is a logger for tests that provoke what a node complains about.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// serve runs a node until the test ends, and fails the test if it does not
// drain then.
func serve(t testing.TB, cfg mpreg.Config, opts ...mpreg.ServerOption) *mpreg.Server {
	t.Helper()
	s, err := mpreg.NewServer(cfg, append([]mpreg.ServerOption{mpreg.WithLogger(quiet)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	return s
}

// run is serve for a server that is there. The returned function stops it, and
// is called at the test's end if it was not before.
func run(t testing.TB, s *mpreg.Server) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if stopped {
			return
		}
		if err := stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	if err := s.Ready(t.Context()); err != nil {
		cancel()
		stopped = true
		t.Fatalf("not ready: %v; Serve: %v", err, <-ended)
	}
	return stop
}

// connect returns a client that is closed when the test ends.
func connect(t testing.TB, url string, opts ...mpreg.ClientOption) *mpreg.Client {
	t.Helper()
	c := mpreg.NewClient(url, append([]mpreg.ClientOption{mpreg.WithLogger(quiet)}, opts...)...)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// socket is a websocket of somebody who knows nothing of this library.
type socket struct {
	t testing.TB
	*websocket.Conn
}

func dial(t testing.TB, url string, dialer websocket.Dialer) *socket {
	t.Helper()
	ws, response, err := dialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	return &socket{t, ws}
}

func (s *socket) send(message string) {
	s.t.Helper()
	must(s.t, s.WriteMessage(websocket.TextMessage, []byte(message)))
}

// answer is a response as anybody reads it.
type answer struct {
	Role  string                     `json:"role"`
	U     string                     `json:"u"`
	R     map[string]json.RawMessage `json:"r"`
	Error *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Details map[string]any `json:"details"`
	} `json:"error"`
	Intermediate []map[string]any `json:"intermediate_results"`
	Summary      map[string]any   `json:"execution_summary"`

	text string
}

func (s *socket) receive() answer {
	s.t.Helper()
	_, data, err := s.ReadMessage()
	must(s.t, err)
	a := answer{text: string(data)}
	must(s.t, json.Unmarshal(data, &a))
	return a
}

// results returns "r" as it came.
func (s *socket) results(message string) string {
	s.t.Helper()
	s.send(message)
	a := s.receive()
	if a.Error != nil {
		s.t.Fatalf("%s\nfailed: %s", message, a.text)
	}
	var raw struct {
		R json.RawMessage `json:"r"`
	}
	must(s.t, json.Unmarshal([]byte(a.text), &raw))
	return string(raw.R)
}

// alive fails the test unless an ordinary call succeeds.
func (s *socket) alive() {
	s.t.Helper()
	got := s.results(`{"role":"rpc","u":"alive","cmds":[{"name":"a","fun":"echo","args":["yes"]}]}`)
	if got != `{"a":"yes"}` {
		s.t.Fatalf("after it: got %s", got)
	}
}

// pipes is a network in memory: a listener, and what dials it.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func newPipes() *pipes {
	return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.ended:
	default:
		close(p.ended)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return pipeAddr{} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.ended:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe:1" }

// trainOptions and cycle are of the functions that most tests call.
type trainOptions struct {
	LR     float64 `json:"lr" validate:"gt=0,lte=1"`
	Epochs int     `json:"epochs"`
}

type cycle struct {
	Next *cycle
}

func registerFunctions(t testing.TB, r *mpreg.Registry) {
	t.Helper()
	for name, fn := range map[string]any{
		"add":   func(a, b int) int { return a + b },
		"train": func(data string, o trainOptions) map[string]any { return map[string]any{"data": data, "lr": o.LR} },
		"fail":  func() error { return errors.New("boom") },
		"coded": func() error { return mpreg.Errorf(2001, "out of %s", "paper") },
		"panic": func() { panic("at /etc/secret.go:12") },
		"chan":  func() any { return make(chan int) },
		"nan":   func() any { return math.NaN() },
		"cycle": func() *cycle { c := &cycle{}; c.Next = c; return c },
		"loop":  func() any { m := map[string]any{}; m["m"] = m; return m },
		"any":   func(x any) any { return x },
		"info":  mpreg.InfoFromContext,
	} {
		must(t, r.Register(name, fn))
	}
}

func goexit() { runtime.Goexit() }
