package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// occupy has n calls of c held up in a function of their own, and returns what
// lets them end.
func occupy(t *testing.T, s *mpreg.Server, c *mpreg.Client, n int) (leave func()) {
	name := fmt.Sprintf("gate %p", &n)
	entered, open := make(chan struct{}), make(chan struct{})
	testkit.Must(t, s.Register(name, func() {
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
	s := testkit.Serve(t, mpreg.Config{MaxInFlightPerLink: 3})
	full, other := testkit.Connect(t, s.URL()), testkit.Connect(t, s.URL())
	leave := occupy(t, s, full, 3)
	refusedFor(t, full, "in_flight_per_link", 3)
	fine(t, other)
	fine(t, s.Client())
	leave()
	fine(t, full)
}

// TestInFlightPerNode: a node that has its share refuses everybody.
func TestInFlightPerNode(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{MaxInFlight: 3})
	a, b := testkit.Connect(t, s.URL()), testkit.Connect(t, s.URL())
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
	s := testkit.Serve(t, mpreg.Config{MaxInFlight: 1, MaxInFlightPerLink: 1})
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
	s := testkit.Serve(t, mpreg.Config{MaxLinks: 2})
	a, b := testkit.Dial(t, s.URL(), websocket.Dialer{}), testkit.Dial(t, s.URL(), websocket.Dialer{})
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), s.URL(), nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("the third: %v, %v", response, err)
	}
	_ = response.Body.Close()
	c := testkit.Connect(t, s.URL())
	if _, err := c.Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("a client: %v", err)
	}
	testkit.Must(t, c.Close()) // or it would take the next place that is free
	testkit.Must(t, a.Close())
	testkit.Eventually(t, "a link is gone", func() bool { return testkit.Status(t, s).Links < 2 })
	testkit.Dial(t, s.URL(), websocket.Dialer{}).Alive()
	b.Alive()
}

// narrow is a function with bounds, and what its calls did.
type narrow struct {
	client *mpreg.Client
	open   chan struct{} // a receive lets one call end

	mu    sync.Mutex
	began []int
}

// newNarrow offers narrow at a node in a bubble.
func newNarrow(t *testing.T, opts ...mpreg.FuncOption) *narrow {
	n := &narrow{open: make(chan struct{})}
	fn := mpreg.Func(func(i int) int {
		n.mu.Lock()
		n.began = append(n.began, i)
		n.mu.Unlock()
		n.open <- struct{}{}
		return i
	}, opts...)
	c := mpregtest.NewCluster(t, 1, mpregtest.Setup(func(_ int, s *mpreg.Server) error {
		return errors.Join(s.Register("narrow", fn), s.Register("same", fn, "elsewhere"))
	}))
	n.client = c.Node(0).Server().Client()
	return n
}

// refused checks that a call under either name is refused for the function's
// bounds: they are the Function's.
func (n *narrow) refused(t *testing.T, running, waiting int) {
	t.Helper()
	for _, name := range []string{"narrow", "same"} {
		_, err := n.client.Call(t.Context(), name, -1)
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo || e.Function != name {
			t.Fatalf("%s is not refused: %v", name, err)
		}
		want := map[string]any{"limit": "max_concurrent", "max": int64(running), "queued": int64(waiting)}
		if diff := cmp.Diff(want, e.Details); diff != "" {
			t.Errorf("%s: details (-want +got):\n%s", name, diff)
		}
	}
}

// TestMaxConcurrent: so many calls run, so many more wait and run in the order in
// which they came, and one too many is refused before it began.
func TestMaxConcurrent(t *testing.T) {
	for name, row := range map[string]struct {
		opts             []mpreg.FuncOption
		running, waiting int
	}{
		"as many wait as is the default": {[]mpreg.FuncOption{mpreg.MaxConcurrent(2)}, 2, 8},
		"a queue":                        {[]mpreg.FuncOption{mpreg.MaxQueued(3), mpreg.MaxConcurrent(2)}, 2, 3},
		"no queue":                       {[]mpreg.FuncOption{mpreg.MaxConcurrent(2), mpreg.MaxQueued(-1)}, 2, 0},
		"one at a time":                  {[]mpreg.FuncOption{mpreg.MaxConcurrent(1), mpreg.MaxQueued(1)}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNarrow(t, row.opts...)
				var calls sync.WaitGroup
				var want []int
				for i := range row.running + row.waiting {
					calls.Go(func() {
						if got, err := mpreg.Call[int](t.Context(), n.client, "narrow", i); err != nil || got != i {
							t.Errorf("call %d: %d, %v", i, got, err)
						}
					})
					synctest.Wait()
					want = append(want, i)
				}
				if diff := cmp.Diff(want[:row.running], n.began); diff != "" {
					t.Errorf("running (-want +got):\n%s", diff)
				}
				n.refused(t, row.running, row.waiting)
				for range want {
					<-n.open
					synctest.Wait()
				}
				calls.Wait()
				if diff := cmp.Diff(want, n.began); diff != "" {
					t.Errorf("the order (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestMaxConcurrentGivesUp: a call that waits does so as long as its caller, and
// is then surely not executed; its place in the queue is free again.
func TestMaxConcurrentGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNarrow(t, mpreg.MaxConcurrent(1), mpreg.MaxQueued(1))
		var first sync.WaitGroup
		first.Go(func() {
			if _, err := n.client.Call(t.Context(), "narrow", 1); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 3 {
			_, err := n.client.With(mpreg.Timeout(time.Second)).Call(t.Context(), "narrow", 2)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("by its deadline: %v", err)
			}
			synctest.Wait() // the caller is told before the queue is
			ctx, cancel := context.WithCancel(t.Context())
			var call sync.WaitGroup
			call.Go(func() { _, err = n.client.Call(ctx, "narrow", 3) })
			synctest.Wait()
			cancel()
			call.Wait()
			if !errors.Is(err, context.Canceled) {
				t.Errorf("canceled: %v", err)
			}
			synctest.Wait()
		}
		<-n.open
		first.Wait()
		if diff := cmp.Diff([]int{1}, n.began); diff != "" {
			t.Errorf("what ran (-want +got):\n%s", diff)
		}
	})
}
