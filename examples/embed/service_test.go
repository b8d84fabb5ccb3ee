package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/mpreg/mpreg"
)

func TestRoutes(t *testing.T) {
	s := newTestService(t, slog.New(slog.DiscardHandler))
	start(t, s)
	c := newCustomer(t, "http://"+s.listener.Addr().String())
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		answer                   string
	}{
		{"no orders", "GET", "/orders", "", 200, `[]`},
		{"order", "POST", "/orders", `{"product":"coffee","quantity":100}`, 201, `{"id":1,"product":"coffee","quantity":100,"cents":45000}`},
		{"listed", "GET", "/orders", "", 200, `[{"id":1,"product":"coffee","quantity":100,"cents":45000}]`},
		{"unknown product", "POST", "/orders", `{"product":"gold","quantity":1}`, 404, `{"error":"\"gold\" is not sold here"}`},
		{"too many", "POST", "/orders", `{"product":"tea","quantity":101}`, 400, `{"error":"argument 0 is not valid: quantity breaks the rule \"lte=100\""}`},
		{"too long", "POST", "/orders", strings.Repeat(" ", maxBody+1), 413, `{"error":"Request Entity Too Large"}`},
		{"wrong method", "DELETE", "/orders", "", 405, "Method Not Allowed"},
		{"unknown path", "GET", "/", "", 404, "404 page not found"},
		{"health", "GET", "/health", "", 200, `{"node":"orders","state":"running"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.at(t).expect(test.method, test.path, test.body, test.status, test.answer)
		})
	}

	for _, body := range []string{``, `{`, `{} {}`, `7`, `{"product":"tea","quantity":"1"}`} {
		status, answer, _ := c.ask("POST", "/orders", body)
		if status != http.StatusBadRequest || !strings.HasPrefix(answer, `{"error":"argument 0 `) {
			t.Errorf("order %q: %d %s, want 400 and what is wrong with argument 0", body, status, answer)
		}
	}
	c.expect("GET", "/orders", "", 200, `[{"id":1,"product":"coffee","quantity":100,"cents":45000}]`)
}

// What runs when the service is told to stop is answered, and until then HTTP
// tells everybody that it is about to end.
func TestStop(t *testing.T) {
	var log bytes.Buffer
	s := newTestService(t, slog.New(slog.NewTextHandler(&log, nil)))
	begun, released := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	defer release() // before start's cleanup waits for what runs
	err := s.node.Register("slow", func() string {
		close(begun)
		<-released
		return "done"
	})
	if err != nil {
		t.Fatal(err)
	}
	stop, served := start(t, s)
	node := mpreg.NewClient(s.node.URL())
	defer node.Close()
	answered := make(chan error, 1)
	go func() {
		got, err := mpreg.Call[string](t.Context(), node, "slow")
		if err == nil && got != "done" {
			err = errors.New("slow returned " + got)
		}
		answered <- err
	}()
	<-begun
	stop()

	c := newCustomer(t, "http://"+s.listener.Addr().String())
	status := http.StatusOK
	for status == http.StatusOK { // until the node noticed
		status, _, _ = c.ask("GET", "/health", "")
	}
	if status != http.StatusServiceUnavailable {
		t.Errorf("GET /health: %d, want 503", status)
	}
	status, answer, header := c.ask("POST", "/orders", `{"product":"tea","quantity":1}`)
	if want := `{"error":"Service Unavailable"}`; status != http.StatusServiceUnavailable || answer != want || header.Get("Retry-After") != "1" {
		t.Errorf("POST /orders: %d %s, Retry-After %q, want 503 %s, 1", status, answer, header.Get("Retry-After"), want)
	}
	late := mpreg.NewClient(s.node.URL())
	defer late.Close()
	if _, err := late.Call(t.Context(), "orders.list"); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("a client that comes late gets %v, want Unavailable", err)
	}
	select {
	case err := <-served:
		t.Fatalf("serve returned %v while a function ran", err)
	default:
	}

	release()
	if err := <-answered; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve returned %v", err)
	}
	for _, line := range []string{`msg="node serves" part=mpreg node=orders`, `msg="request failed" part=http method=POST path=/orders status=503`} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the service's logger has no line with %s:\n%s", line, &log)
		}
	}
}

// A service whose HTTP server fails does not go on without it.
func TestListenerFails(t *testing.T) {
	s := newTestService(t, slog.New(slog.DiscardHandler))
	_, served := start(t, s)
	s.listener.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("serve returned %v, want net.ErrClosed", err)
	}
}

func TestHTTPStatus(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{mpreg.Errorf(unknownProduct, "none"), 404},
		{mpreg.Errorf(mpreg.InvalidArgument, "no"), 400},
		{mpreg.Errorf(mpreg.ResourceExhausted, "full"), 503},
		{mpreg.Errorf(mpreg.Unavailable, "gone"), 503},
		{mpreg.Errorf(mpreg.DeadlineExceeded, "late"), 504},
		{mpreg.Errorf(mpreg.Internal, "a panic"), 500},
		{mpreg.Errorf(mpreg.NotFound, "no orders.list"), 500}, // of our own functions, not of a product
		{errors.New("odd"), 500},
	} {
		if got := httpStatus(test.err); got != test.want {
			t.Errorf("%v: status %d, want %d", test.err, got, test.want)
		}
	}
}

func newTestService(t *testing.T, log *slog.Logger) *service {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newService(l, log)
	if err != nil {
		t.Fatal(err, l.Close())
	}
	return s
}

// start runs s until stop, or until the test ends, which waits for it.
func start(t *testing.T, s *service) (stop func(), served <-chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended <- s.serve(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	if err := s.node.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return stop, ended
}

// customer asks the routes of a service.
type customer struct {
	t    *testing.T
	base string
	http *http.Client
}

func newCustomer(t *testing.T, base string) *customer {
	c := &customer{t, base, &http.Client{Transport: new(http.Transport)}}
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func (c *customer) at(t *testing.T) *customer { return &customer{t, c.base, c.http} }

func (c *customer) ask(method, path, body string) (status int, answer string, header http.Header) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(data)), resp.Header
}

func (c *customer) expect(method, path, body string, status int, answer string) {
	c.t.Helper()
	if got, text, _ := c.ask(method, path, body); got != status || text != answer {
		c.t.Errorf("%s %s: %d %s\nwant %d %s", method, path, got, text, status, answer)
	}
}
