package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// count is a stream of the numbers below n.
func count(n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// TestStream: 100,000 items, in order, over a link, within a node, and through a
// node that lacks the function.
func TestStream(t *testing.T) {
	const n = 100_000
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("count", count))
	near := testkit.Serve(t, mpreg.Config{Peers: []string{s.URL()}})
	testkit.Acquainted(t, near, s)
	for _, row := range []struct {
		name   string
		client *mpreg.Client
	}{
		{"link", testkit.Connect(t, s.URL())}, {"node", s.Client()}, {"relay", testkit.Connect(t, near.URL())}, {"other node", near.Client()},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := 0
			for got, err := range mpreg.Stream[int](t.Context(), row.client, "count", n) {
				if err != nil || got != want {
					t.Fatalf("got %d, %v, want %d", got, err, want)
				}
				want++
			}
			if want != n {
				t.Errorf("%d items", want)
			}
		})
	}
}

// TestStreamErrors: the items that came before an error, and then the error.
func TestStreamErrors(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("three", func() iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			_ = yield(1, nil) && yield(2, nil) && yield(0, mpreg.Errorf(2001, "out of paper"))
		}
	}))
	testkit.Must(t, s.Register("words", func() iter.Seq2[string, error] {
		return func(yield func(string, error) bool) { _ = yield("1", nil) && yield("two", nil) }
	}))
	testkit.Must(t, s.Register("one", func() int { return 7 }))
	for name, c := range map[string]*mpreg.Client{"link": testkit.Connect(t, s.URL()), "node": s.Client()} {
		t.Run(name, func(t *testing.T) {
			var got []int
			var failure error
			for n, err := range mpreg.Stream[int](t.Context(), c, "three") {
				if err != nil {
					failure = err
					continue
				}
				got = append(got, n)
			}
			if e := testkit.AsError(t, failure); !slices.Equal(got, []int{1, 2}) || e.Code != 2001 || e.Message != "out of paper" ||
				e.Executed != mpreg.ExecutedYes || e.Function != "three" || e.Node != s.Name() {
				t.Errorf("got %v, %#v", got, e)
			}
			for n, err := range mpreg.Stream[int](t.Context(), c, "words") {
				if !errors.Is(err, mpreg.InvalidArgument) || n != 0 || testkit.AsError(t, err).Executed != mpreg.ExecutedYes {
					t.Errorf("an item that does not fit: %v, %v", n, err)
				}
			}
			got = nil
			for n, err := range mpreg.Stream[int](t.Context(), c, "one") {
				testkit.Must(t, err)
				got = append(got, n)
			}
			if !slices.Equal(got, []int{7}) {
				t.Errorf("a function that is no stream gives %v", got)
			}
			pairs := 0
			for v, err := range c.Stream(t.Context(), "nope") {
				if pairs++; !errors.Is(err, mpreg.NotFound) || !v.IsNull() {
					t.Errorf("an unknown function: %v, %v", v, err)
				}
			}
			for _, err := range c.Stream(t.Context(), "one", make(chan int)) {
				if pairs++; !errors.Is(err, mpreg.InvalidArgument) {
					t.Errorf("an argument that can't be encoded: %v", err)
				}
			}
			if pairs != 2 {
				t.Errorf("%d pairs of two calls that fail", pairs)
			}
		})
	}
}

// TestLeftStreamStopsItsFunction: which learns it from yield, and is not ahead of
// the loop by more than the window.
func TestLeftStreamStopsItsFunction(t *testing.T) {
	for _, through := range []string{"link", "node", "relay"} {
		t.Run(through, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := testkit.NewNetwork("a", "b")
				s := testkit.Serve(t, mpreg.Config{Name: "a"}, mpreg.WithListener(m["a"]), mpreg.WithDialer(m.Dial))
				var yielded atomic.Int64
				stopped := make(chan error, 1)
				testkit.Must(t, s.Register("endless", func(ctx context.Context) iter.Seq2[int, error] {
					return func(yield func(int, error) bool) {
						for i := 0; yield(i, nil); i++ {
							yielded.Add(1)
						}
						<-ctx.Done()
						stopped <- ctx.Err()
					}
				}))
				c, most := s.Client(), int64(1)
				switch through {
				case "link":
					c, most = testkit.Connect(t, "ws://a", mpreg.WithDialer(m.Dial)), 64
				case "relay":
					near := testkit.Serve(t, mpreg.Config{Name: "b", Peers: []string{"ws://a"}}, mpreg.WithListener(m["b"]), mpreg.WithDialer(m.Dial))
					testkit.Acquainted(t, near, s)
					c, most = testkit.Connect(t, "ws://b", mpreg.WithDialer(m.Dial)), 2*64+1
				}
				n := 0
				for i, err := range mpreg.Stream[int](context.Background(), c, "endless") {
					testkit.Must(t, err)
					if i != n {
						t.Fatalf("got %d, want %d", i, n)
					}
					n++
					synctest.Wait() // the function is as far as it can get
					if ahead := yielded.Load() - int64(n); ahead > most {
						t.Fatalf("%d items ahead of the loop", ahead)
					}
					if n == 200 {
						break
					}
				}
				if err := <-stopped; !errors.Is(err, context.Canceled) {
					t.Errorf("the function's context: %v", err)
				}
			})
		})
	}
}

// TestStreamTimeout: it bounds the stream as a whole.
func TestStreamTimeout(t *testing.T) {
	bubble(t, mpreg.Config{}, func(t *testing.T, s *mpreg.Server, c *mpreg.Client, _ func() error) {
		stopped := make(chan struct{}, 1)
		testkit.Must(t, s.Register("ticks", func(ctx context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				defer func() { stopped <- struct{}{} }()
				for i := range 100 {
					select {
					case <-time.After(time.Second):
					case <-ctx.Done():
						yield(0, ctx.Err())
						return
					}
					if !yield(i, nil) {
						return
					}
				}
			}
		}))
		for name, client := range map[string]*mpreg.Client{"link": c, "node": s.Client()} {
			start, n := time.Now(), 0
			var failure error
			for _, err := range client.With(mpreg.Timeout(3500*time.Millisecond)).Stream(t.Context(), "ticks") {
				if failure = err; err == nil {
					n++
				}
			}
			e := testkit.AsError(t, failure)
			if e.Code != mpreg.DeadlineExceeded || e.Executed != mpreg.ExecutedYes || n != 3 {
				t.Errorf("%s: %d items, %v", name, n, e)
			}
			if took := time.Since(start); took != 3500*time.Millisecond {
				t.Errorf("%s: took %v of fake time", name, took)
			}
			<-stopped
		}
	})
}

// TestStreamsAreMadeAnew: each range is a call of its own.
func TestStreamsAreMadeAnew(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	var calls atomic.Int64
	testkit.Must(t, s.Register("number", func() iter.Seq2[int64, error] {
		n := calls.Add(1)
		return func(yield func(int64, error) bool) { yield(n, nil) }
	}))
	numbers := mpreg.Stream[int64](t.Context(), testkit.Connect(t, s.URL()), "number")
	for want := int64(1); want <= 3; want++ {
		for got, err := range numbers {
			if err != nil || got != want {
				t.Errorf("got %d, %v, want %d", got, err, want)
			}
		}
	}
}

// TestInterceptedStream: an interceptor is around the stream as a whole. It can
// keep it from being made, but not have it made again once items have come.
func TestInterceptedStream(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("count", count))
	var log []string
	again := false
	watch := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			log = append(log, "begin "+inv.Function)
			v, err := next(ctx, inv)
			if again {
				v, err = next(ctx, inv)
			}
			log = append(log, fmt.Sprint("end ", err == nil))
			return v, err
		}
	}
	c := testkit.Connect(t, s.URL(), mpreg.WithInterceptors(watch))
	for n, err := range mpreg.Stream[int](t.Context(), c, "count", 2) {
		testkit.Must(t, err)
		log = append(log, fmt.Sprint(n))
	}
	want := []string{"begin count", "0", "1", "end true"}
	if !slices.Equal(log, want) {
		t.Errorf("got %q, want %q", log, want)
	}
	again = true
	items, failures := 0, 0
	for _, err := range c.Stream(t.Context(), "count", 2) {
		if err == nil {
			items++
			continue
		}
		if failures++; !strings.Contains(err.Error(), "sends a stream again") {
			t.Errorf("sent again: %v", err)
		}
	}
	if items != 2 || failures != 1 {
		t.Errorf("%d items, %d failures", items, failures)
	}
}

// TestBindStream: a stub of a stream is ranged over as if the function was here.
func TestBindStream(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("count", count))
	var numbers func(context.Context, int) iter.Seq2[int, error]
	testkit.Must(t, mpreg.Bind(testkit.Connect(t, s.URL()), "count", &numbers))
	want := 0
	for n, err := range numbers(t.Context(), 1000) {
		if err != nil || n != want {
			t.Fatalf("got %d, %v, want %d", n, err, want)
		}
		if want++; want == 500 {
			break
		}
	}
	type texts = iter.Seq2[[]string, error]
	var misfit func(context.Context, ...int) texts
	testkit.Must(t, mpreg.Bind(s.Client(), "count", &misfit))
	pairs := 0
	for list, err := range misfit(t.Context(), 3) {
		if pairs++; !errors.Is(err, mpreg.InvalidArgument) || list != nil {
			t.Errorf("got %v, %v", list, err)
		}
	}
	if pairs != 1 {
		t.Errorf("%d pairs", pairs)
	}
	var wrong func(context.Context, int) iter.Seq[int]
	if err := mpreg.Bind(s.Client(), "count", &wrong); err == nil || !strings.Contains(err.Error(), "iter.Seq2[R, error]") {
		t.Errorf("a stub that can't return errors: %v", err)
	}
}

// TestOnEvent: the steps of a graph, in an order that its edges allow, from the
// nodes where they ran.
func TestOnEvent(t *testing.T) {
	far := testkit.Serve(t, mpreg.Config{Name: "far"})
	testkit.Must(t, far.Register("double", func(n int) int { return 2 * n }))
	near := testkit.Serve(t, mpreg.Config{Name: "near", Peers: []string{far.URL()}})
	testkit.Must(t, near.Register("fail", func(int) error { return errors.New("boom") }))
	testkit.Acquainted(t, near, far)
	for name, c := range map[string]*mpreg.Client{"link": testkit.Connect(t, near.URL()), "node": near.Client()} {
		t.Run(name, func(t *testing.T) {
			var events []mpreg.Event
			r := mpreg.NewRequest()
			r.Add("fail", r.Add("double", r.Add("echo", 21).Named("a")).Named("b")).Named("c")
			_, err := c.With(mpreg.OnEvent(func(e mpreg.Event) { events = append(events, e) })).Do(t.Context(), r)
			if !errors.Is(err, mpreg.Failed) {
				t.Errorf("Do: %v", err)
			}
			var steps []string
			for _, e := range events {
				node := map[string]string{near.ID(): "near", far.ID(): "far"}[e.NodeID]
				steps = append(steps, fmt.Sprintf("%s %s %s %s %d %v", e.Kind, e.Command, e.Function, node, e.Bytes, e.Err != nil))
				if (e.Kind == mpreg.CommandStarted) != (e.Duration == 0) || e.Time.IsZero() {
					t.Errorf("%+v", e)
				}
			}
			want := []string{
				"started a echo near 0 false", "finished a echo near 2 false",
				"started b double far 0 false", "finished b double far 2 false",
				"started c fail near 0 false", "failed c fail near 0 true",
			}
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}
