package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
)

// occupy has n calls of c held up in a function of their own, and returns what
// lets them end.
func occupy(t *testing.T, s *mpreg.Server, c *mpreg.Client, n int) (leave func()) {
	name := fmt.Sprintf("gate %p", &n)
	entered, open := make(chan struct{}), make(chan struct{})
	must(t, s.Register(name, func() {
		entered <- struct{}{}
		<-open
	}))
	var calls sync.WaitGroup
	for range n {
		calls.Go(func() {
			if _, err := c.Call(context.Background(), name); err != nil {
				t.Error(err)
			}
		})
		<-entered
	}
	return func() {
		close(open)
		calls.Wait()
	}
}

func refusedFor(t *testing.T, c *mpreg.Client, limit string, most int) {
	t.Helper()
	_, err := c.Call(t.Context(), "echo", 1)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo ||
		e.Details["limit"] != limit || fmt.Sprint(e.Details["max"]) != fmt.Sprint(most) {
		t.Errorf("want refused for %s, got %v, details %v", limit, err, e.Details)
	}
}

func fine(t *testing.T, c *mpreg.Client) {
	t.Helper()
	if got, err := mpreg.Call[int](t.Context(), c, "echo", 1); err != nil || got != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestInFlightPerLink: a link that has its share is refused at once, and others
// are not; when its calls end it is served again.
func TestInFlightPerLink(t *testing.T) {
	s := serve(t, mpreg.Config{MaxInFlightPerLink: 3})
	full, other := connect(t, s.URL()), connect(t, s.URL())
	leave := occupy(t, s, full, 3)
	refusedFor(t, full, "in_flight_per_link", 3)
	fine(t, other)
	fine(t, s.Client())
	leave()
	fine(t, full)
}

// TestInFlightPerNode: a node that has its share refuses everybody.
func TestInFlightPerNode(t *testing.T) {
	s := serve(t, mpreg.Config{MaxInFlight: 3})
	a, b := connect(t, s.URL()), connect(t, s.URL())
	leaveA, leaveB := occupy(t, s, a, 2), occupy(t, s, b, 1)
	for _, c := range []*mpreg.Client{a, b, s.Client()} {
		refusedFor(t, c, "in_flight", 3)
	}
	leaveB()
	fine(t, a)
	fine(t, b)
	leaveA()
}

// TestInFlightOfOne: who waits for each answer before the next call is never
// over a limit of one: a request that was answered counts no more.
func TestInFlightOfOne(t *testing.T) {
	s := serve(t, mpreg.Config{MaxInFlight: 1, MaxInFlightPerLink: 1})
	for name, c := range bothWays(t, s) {
		for i := range 1000 {
			if _, err := c.Call(t.Context(), "echo", i); err != nil {
				t.Fatalf("%s: call %d: %v", name, i, err)
			}
		}
	}
}

// TestMaxLinks: a link too many is refused in its handshake.
func TestMaxLinks(t *testing.T) {
	s := serve(t, mpreg.Config{MaxLinks: 2})
	a, b := dial(t, s.URL(), websocket.Dialer{}), dial(t, s.URL(), websocket.Dialer{})
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), s.URL(), nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("the third: %v, %v", response, err)
	}
	_ = response.Body.Close()
	c := connect(t, s.URL())
	if _, err := c.Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("a client: %v", err)
	}
	must(t, c.Close()) // or it would take the next place that is free
	must(t, a.Close())
	for links := 2; links == 2; {
		status, err := mpreg.Call[mpreg.Status](t.Context(), s.Client(), "mpreg.status")
		must(t, err)
		links = status.Links
	}
	dial(t, s.URL(), websocket.Dialer{}).alive()
	b.alive()
}
