package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// bubble runs f in a synctest bubble with a node on a network in memory.
func bubble(t *testing.T, cfg mpreg.Config, f func(t *testing.T, s *mpreg.Server, c *mpreg.Client, stop func() error)) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.NewServer(t, cfg, mpreg.WithListener(network["node"]))
		stop := testkit.Run(t, s)
		c := testkit.Connect(t, "ws://node", mpreg.WithDialer(network.Dial))
		f(t, s, c, stop)
	})
}

// TestDeadline: a call ends at its deadline at both ends, whether its function
// heeds its context or not.
func TestDeadline(t *testing.T) {
	bubble(t, mpreg.Config{}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, _ func() error) {
		ended := make(chan error, 1)
		testkit.Must(t, s.Register("heeds", func(ctx context.Context) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		release := make(chan struct{})
		testkit.Must(t, s.Register("stubborn", func() { <-release }))
		defer close(release)
		for _, client := range []*mpreg.Client{c, s.Client()} {
			for _, fn := range []string{"heeds", "stubborn"} {
				start := time.Now()
				_, err := client.With(mpreg.Timeout(3*time.Second)).Call(t.Context(), fn)
				if !errors.Is(err, mpreg.DeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: %v", fn, err)
				}
				if took := time.Since(start).Round(10 * time.Millisecond); took != 3*time.Second {
					t.Errorf("%s: took %v of fake time", fn, took)
				}
				if fn == "heeds" {
					if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("the function's context ended with %v", err)
					}
				}
			}
		}
	})
}

// TestCancel: who gives up ends what runs for them.
func TestCancel(t *testing.T) {
	bubble(t, mpreg.Config{}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, _ func() error) {
		started, ended := make(chan struct{}), make(chan error)
		testkit.Must(t, s.Register("wait", func(ctx context.Context) error {
			started <- struct{}{}
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		for _, client := range []*mpreg.Client{c, s.Client()} {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-started; cancel() }()
			_, err := client.Call(ctx, "wait")
			if !errors.Is(err, mpreg.Canceled) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the function's context ended with %v", err)
			}
		}
	})
}

// TestFailFast: the first failure cancels what runs, and is the answer.
func TestFailFast(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started := make(chan struct{})
	canceled := make(chan error, 1)
	never := atomic.Bool{}
	testkit.Must(t, s.Register("wait", func(ctx context.Context) int {
		close(started)
		<-ctx.Done()
		canceled <- ctx.Err()
		return 0
	}))
	testkit.Must(t, s.Register("boom", func() error { <-started; return errors.New("boom") }))
	testkit.Must(t, s.Register("never", func(int) { never.Store(true) }))
	r := mpreg.NewRequest()
	slow := r.Add("wait")
	r.Add("never", slow)
	r.Add("boom").Named("culprit")
	_, err := s.Client().Do(t.Context(), r)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Command != "culprit" || e.Function != "boom" || e.Executed != mpreg.ExecutedYes ||
		!errors.Is(err, mpreg.Failed) || e.Node != s.Name() {
		t.Errorf("got %v", err)
	}
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Errorf("the other command's context: %v", err)
	}
	if never.Load() {
		t.Error("a command ran without its input")
	}
}

// TestDrain: a node that is told to stop answers what it accepted, refuses the
// rest as not executed, and ends without an error.
func TestDrain(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	stop := testkit.Run(t, s)
	started, release := make(chan struct{}), make(chan struct{})
	testkit.Must(t, s.Register("nested", func(ctx context.Context) (string, error) {
		close(started)
		<-release
		return mpreg.Call[string](ctx, mpreg.FromContext(ctx), "echo", "also while draining")
	}))
	c := testkit.Connect(t, s.URL())
	got := make(chan string, 1)
	go func() {
		text, err := mpreg.Call[string](context.Background(), c, "nested")
		got <- fmt.Sprint(text, err)
	}()
	<-started
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	var refused error
	for refused == nil {
		_, refused = c.Call(t.Context(), "echo", 1)
	}
	var e *mpreg.Error
	if !errors.As(refused, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
		t.Errorf("a call while draining: %v", refused)
	}
	close(release)
	if text := <-got; text != "also while draining<nil>" {
		t.Errorf("the call that was accepted: %s", text)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := s.Serve(t.Context()); err == nil {
		t.Error("a second Serve succeeded")
	}
	if _, err := s.Client().Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) {
		t.Errorf("the node's client after it: %v", err)
	}
}

// TestDrainUnderLoad: whatever the moment, each call is answered, or surely did
// not run: those that ran are exactly those that succeeded.
func TestDrainUnderLoad(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	stop := testkit.Run(t, s)
	var ran, succeeded atomic.Int64
	testkit.Must(t, s.Register("count", func() { ran.Add(1) }))
	var callers sync.WaitGroup
	warm := make(chan struct{}, 16)
	for range 16 {
		c := testkit.Connect(t, s.URL())
		callers.Go(func() {
			for i := 0; ; i++ {
				_, err := c.Call(context.Background(), "count")
				if err == nil {
					succeeded.Add(1)
					if i == 20 {
						warm <- struct{}{}
					}
					continue
				}
				var e *mpreg.Error
				if !errors.As(err, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
					t.Errorf("got %v", err)
				}
				return
			}
		})
	}
	for range 16 {
		<-warm
	}
	testkit.Must(t, stop())
	callers.Wait()
	if ran.Load() != succeeded.Load() || ran.Load() < 16*20 {
		t.Errorf("%d ran, %d succeeded", ran.Load(), succeeded.Load())
	}
}

// TestDrainDeadline: it ends the stubborn, and says so.
func TestDrainDeadline(t *testing.T) {
	bubble(t, mpreg.Config{DrainTimeout: time.Minute}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, stop func() error) {
		release := make(chan struct{})
		defer close(release)
		testkit.Must(t, s.Register("stubborn", func() { <-release }))
		called := make(chan error, 1)
		go func() {
			_, err := c.Call(context.Background(), "stubborn")
			called <- err
		}()
		synctest.Wait()
		start := time.Now()
		err := stop()
		if err == nil || !strings.Contains(err.Error(), "abandoned after 1m0s: requests that still ran: 1") {
			t.Errorf("Serve: %v", err)
		}
		if took := time.Since(start); took < time.Minute || took > 65*time.Second {
			t.Errorf("took %v of fake time", took)
		}
		if err := <-called; !errors.Is(err, mpreg.Unavailable) {
			t.Errorf("the call: %v", err)
		}
	})
}

// TestGoexit: a function that ends its goroutine leaves nobody waiting.
func TestGoexit(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("exit", runtime.Goexit))
	for name, c := range map[string]*mpreg.Client{"socket": testkit.Connect(t, s.URL()), "node": s.Client()} {
		for _, commands := range []int{1, 2, 3} {
			r := mpreg.NewRequest()
			for range commands {
				r.Add("exit")
			}
			if _, err := c.Do(t.Context(), r); !errors.Is(err, mpreg.Internal) {
				t.Errorf("%s, %d commands: %v", name, commands, err)
			}
		}
		chain := mpreg.NewRequest()
		chain.Add("exit", chain.Add("echo", 1))
		if _, err := c.Do(t.Context(), chain); err == nil {
			t.Errorf("%s, chain: no error", name)
		}
	}
}

// TestMounted: a node within somebody else's HTTP server.
func TestMounted(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{}, mpreg.WithMount("ws://example.test/mpreg"))
	mux := http.NewServeMux()
	mux.Handle("/mpreg", s)
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") })
	web := httptest.NewServer(mux)
	defer web.Close()
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/mpreg"

	early := testkit.Connect(t, url)
	if _, err := early.Call(t.Context(), "echo", 1); !errors.Is(err, mpreg.Unavailable) || !strings.Contains(err.Error(), "503") {
		t.Errorf("before Serve: %v", err)
	}
	stop := testkit.Run(t, s)
	if s.URL() != "ws://example.test/mpreg" {
		t.Errorf("URL: %s", s.URL())
	}
	if got, err := mpreg.Call[int](t.Context(), testkit.Connect(t, url), "echo", 7); err != nil || got != 7 {
		t.Errorf("got %v, %v", got, err)
	}
	for path, want := range map[string]int{"/mpreg": http.StatusUpgradeRequired, "/health": http.StatusOK} {
		response, err := http.Get(web.URL + path)
		testkit.Must(t, err)
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	testkit.Must(t, stop())
}
