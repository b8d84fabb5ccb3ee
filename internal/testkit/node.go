package testkit

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/mpreg/mpreg"
)

// Quiet is a logger for tests that provoke what a node complains about.
var Quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// Nowhere is a URL at which nobody listens.
const Nowhere = "ws://127.0.0.1:1"

// Serve runs a node until the test ends, and fails the test if it does not drain
// then. It logs nothing unless a logger is among the options.
func Serve(t testing.TB, cfg mpreg.Config, opts ...mpreg.ServerOption) *mpreg.Server {
	t.Helper()
	s := NewServer(t, cfg, opts...)
	Run(t, s)
	return s
}

// NewServer makes a node that does not run yet: for [Run], when it has its functions.
// It logs nothing unless a logger is among the options.
func NewServer(t testing.TB, cfg mpreg.Config, opts ...mpreg.ServerOption) *mpreg.Server {
	t.Helper()
	s, err := mpreg.NewServer(cfg, append([]mpreg.ServerOption{mpreg.WithLogger(Quiet)}, opts...)...)
	Must(t, err)
	return s
}

// Run is [Serve] for a server that is there. The returned function stops it, and
// is called at the test's end if it was not before.
func Run(t testing.TB, s *mpreg.Server) (stop func() error) {
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

// Connect returns a client that is closed when the test ends.
func Connect(t testing.TB, url string, opts ...mpreg.ClientOption) *mpreg.Client {
	t.Helper()
	c := mpreg.NewClient(url, append([]mpreg.ClientOption{mpreg.WithLogger(Quiet)}, opts...)...)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Listen listens on a free port of the loopback; url is where.
func Listen(t testing.TB) (l net.Listener, url string) {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	Must(t, err)
	return l, "ws://" + l.Addr().String()
}

// Status returns what a node says of itself.
func Status(t testing.TB, s *mpreg.Server) mpreg.Status {
	t.Helper()
	status, err := mpreg.Call[mpreg.Status](t.Context(), s.Client(), "mpreg.status")
	Must(t, err)
	return status
}
