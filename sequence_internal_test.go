package mpreg

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// streaming is a call of a stream, and what its caller got of it.
type streaming struct {
	*callContext
	got []string
}

// newStreaming makes the call of fn; after as many items as most the caller
// takes no more.
func newStreaming(ctx context.Context, most int, refusal error) *streaming {
	node := &Server{config: Config{MaxMessageBytes: 1000}}
	s := &streaming{callContext: &callContext{Context: ctx, exec: &execution{codec: codec.JSON{}, node: node, request: new(wire.Request)}}}
	s.emit = func(_ context.Context, v Value) error {
		if len(s.got) == most {
			return refusal
		}
		s.got = append(s.got, v.String())
		return nil
	}
	return s
}

func (s *streaming) invoke(fn any) (Value, error) {
	f, ok := fn.(*Function)
	if !ok {
		f = Func(fn)
	}
	if f.err != nil {
		return Value{}, f.err
	}
	return f.invoke(s, &s.invocation, s.callContext)
}

// TestStreamItems: items reach the caller in their order, whatever they are, and
// the result of a stream is null.
func TestStreamItems(t *testing.T) {
	type item struct {
		N int `json:"n"`
	}
	for name, row := range map[string]struct {
		fn   any
		want []string
	}{
		"none":    {func() iter.Seq2[int, error] { return items[int]() }, nil},
		"nil":     {func() iter.Seq2[int, error] { return nil }, nil},
		"numbers": {func() iter.Seq2[int, error] { return items(1, 2, 3) }, []string{"1", "2", "3"}},
		"structs": {func() iter.Seq2[item, error] { return items(item{1}, item{2}) }, []string{`{"n":1}`, `{"n":2}`}},
		"nulls":   {func() iter.Seq2[*item, error] { return items(nil, &item{1}) }, []string{`null`, `{"n":1}`}},
		"any":     {func() iter.Seq2[any, error] { return items[any](nil, "x", 1.5) }, []string{`null`, `"x"`, `1.5`}},
		"values": {func() iter.Seq2[Value, error] {
			return items(codec.Raw(codec.JSON{}, []byte("1.0")), Value{})
		}, []string{"1.0", "null"}},
		"and no error": {func() (iter.Seq2[int, error], error) { return items(1), nil }, []string{"1"}},
		"a type of its own": {func() func(func(string, error) bool) {
			return items("a", "b")
		}, []string{`"a"`, `"b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStreaming(t.Context(), -1, nil)
			v, err := s.invoke(row.fn)
			if err != nil || !v.IsNull() {
				t.Errorf("result: %v, %v", v, err)
			}
			if diff := cmp.Diff(row.want, s.got); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
			if n := s.emitted.Load(); n != int64(len(row.want)) || !s.started.Load() {
				t.Errorf("%d items were counted; started: %v", n, s.started.Load())
			}
		})
	}
}

func items[T any](list ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range list {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// errItem fails to be encoded, by itself or with a panic.
type errItem struct{ panics bool }

func (i errItem) MarshalJSON() ([]byte, error) {
	if i.panics {
		panic("in MarshalJSON")
	}
	return nil, errors.New("no such item")
}

// TestStreamFailures: what ends a stream is its call's error, and what the
// function does then has no effect.
func TestStreamFailures(t *testing.T) {
	for name, row := range map[string]struct {
		fn   any
		want []string
		code Code
		says string
	}{
		"a pair with an error": {func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				_ = yield(1, nil) && yield(2, Errorf(2001, "out of paper")) && yield(3, nil)
			}
		}, []string{"1"}, 2001, "out of paper"},
		"items after an error": {func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(1, nil)
				yield(2, errors.New("first"))
				yield(3, nil)
				yield(4, errors.New("second"))
			}
		}, []string{"1"}, Failed, "first"},
		"an error instead of a stream": {func() (iter.Seq2[int, error], error) {
			return items(1), errors.New("closed")
		}, nil, Failed, "closed"},
		"a panic": {func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(1, nil)
				panic("secret")
			}
		}, []string{"1"}, Internal, "the function panicked"},
		"a panic after an error": {func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(1, errors.New("first"))
				panic("secret")
			}
		}, nil, Internal, "the function panicked"},
		"an item that can't be sent": {func() iter.Seq2[any, error] {
			return items[any](1, errItem{}, 2)
		}, []string{"1"}, Internal, "no such item"},
		"an item that panics": {func() iter.Seq2[any, error] {
			return func(yield func(any, error) bool) {
				defer func() { _ = recover() }()
				_ = yield(1, nil) && yield(errItem{panics: true}, nil) && yield(2, nil)
			}
		}, []string{"1"}, Internal, "the function panicked"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStreaming(t.Context(), -1, nil)
			_, err := s.invoke(row.fn)
			e := asError(err)
			if err == nil || e.Code != row.code || e.Message == "" || !errors.Is(err, row.code) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(e.Message, row.says) {
				t.Errorf("want %q in %v", row.says, err)
			}
			if diff := cmp.Diff(row.want, s.got); diff != "" {
				t.Errorf("items (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStreamModel: of random iterations whose caller may lose interest, exactly
// the items before the first end are received, and yield tells of that end.
func TestStreamModel(t *testing.T) {
	refusal := errors.New("the link is gone")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 20).Draw(t, "items")
		failsAt := rapid.IntRange(-1, 20).Draw(t, "failsAt") // of the function
		most := rapid.IntRange(-1, 20).Draw(t, "most")       // of the caller
		s := newStreaming(context.Background(), most, refusal)
		var taken []bool
		_, err := s.invoke(func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := range n {
					var failure error
					if i == failsAt {
						failure = Code(2001)
					}
					taken = append(taken, yield(i, failure)) // a function that does not look
				}
			}
		})
		count := n
		var want error
		for _, end := range []struct {
			at  int
			err error
		}{{failsAt, Code(2001)}, {most, refusal}} {
			if end.at >= 0 && end.at < count {
				count, want = end.at, end.err
			}
		}
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Fatalf("want the error %v, got %v", want, err)
		}
		if len(s.got) != count {
			t.Fatalf("want %d items, got %v", count, s.got)
		}
		for i, ok := range taken {
			if ok != (i < count) {
				t.Fatalf("of %d items, yield returned %v", count, taken)
			}
		}
	})
}

// TestStreamContext: when its context has ended a stream gives nothing any more,
// and one that ends quietly has not succeeded.
func TestStreamContext(t *testing.T) {
	for name, quietly := range map[string]bool{"yields": false, "ends quietly": true} {
		for _, whole := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			s := newStreaming(ctx, -1, nil)
			if whole {
				s.emit = nil
			}
			_, err := s.invoke(func() iter.Seq2[int, error] {
				return func(yield func(int, error) bool) {
					yield(1, nil)
					cancel()
					if !quietly && yield(2, nil) {
						t.Error("an item was taken")
					}
				}
			})
			if e := asError(err); err == nil || e.Code != Canceled || e.Executed != ExecutedYes {
				t.Errorf("%s, whole: %v: %v", name, whole, err)
			}
			if !whole && !slices.Equal(s.got, []string{"1"}) {
				t.Errorf("%s: got %v", name, s.got)
			}
		}
	}
}

// TestStreamKeptYield: a function that keeps yield gets nothing to anybody with
// it when its iteration has ended.
func TestStreamKeptYield(t *testing.T) {
	for name, end := range map[string]func(){"returns": func() {}, "ends its goroutine": runtime.Goexit} {
		s := newStreaming(t.Context(), -1, nil)
		var kept func(int, error) bool
		var call sync.WaitGroup
		call.Go(func() {
			_, err := s.invoke(func() iter.Seq2[int, error] {
				return func(yield func(int, error) bool) {
					kept = yield
					yield(1, nil)
					end()
				}
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		call.Wait()
		if kept(2, nil) || kept(3, errors.New("late")) || !slices.Equal(s.got, []string{"1"}) || s.emitted.Load() != 1 {
			t.Errorf("%s: got %v", name, s.got)
		}
	}
}

// TestStreamOfManyGoroutines: items that are yielded at the same time are taken
// one at a time, all of them, and before the call ends.
func TestStreamOfManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const goroutines, each = 8, 50
		s := newStreaming(t.Context(), -1, nil)
		busy := false
		count := 0
		s.emit = func(context.Context, Value) error {
			if busy {
				t.Error("two items at a time")
			}
			busy = true
			if count++; count%100 == 0 {
				<-time.After(time.Second) // the caller is slow
			}
			busy = false
			return nil
		}
		_, err := s.invoke(func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				var all sync.WaitGroup
				for range goroutines {
					all.Go(func() {
						for i := range each {
							yield(i, nil)
						}
					})
				}
				all.Wait()
			}
		})
		if err != nil || count != goroutines*each {
			t.Errorf("%d items, %v", count, err)
		}
	})
}

// TestStreamEndsWithLastItem: an item that is under way when its iteration
// returns is taken before the call has ended.
func TestStreamEndsWithLastItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreaming(t.Context(), -1, nil)
		entered, taken := make(chan struct{}), false
		s.emit = func(context.Context, Value) error {
			close(entered)
			<-time.After(time.Second)
			taken = true
			return nil
		}
		_, err := s.invoke(func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				go yield(1, nil)
				<-entered
			}
		})
		if err != nil || !taken {
			t.Errorf("%v; taken: %v", err, taken)
		}
	})
}

// TestStreamHoldsItsPlace: until its iteration has ended a stream counts as
// running, and however it ends others get the place.
func TestStreamHoldsItsPlace(t *testing.T) {
	for name, end := range map[string]func(){
		"returns": func() {}, "panics": func() { panic("x") }, "ends its goroutine": runtime.Goexit,
	} {
		synctest.Test(t, func(t *testing.T) {
			open := make(chan struct{})
			f := Func(func() iter.Seq2[int, error] {
				return func(yield func(int, error) bool) {
					if yield(1, nil) {
						<-open
						end()
					}
				}
			}, MaxConcurrent(1), MaxQueued(-1))
			var running sync.WaitGroup
			running.Go(func() { _, _ = newStreaming(t.Context(), -1, nil).invoke(f) })
			synctest.Wait()
			if _, err := newStreaming(t.Context(), -1, nil).invoke(f); !errors.Is(err, ResourceExhausted) {
				t.Errorf("%s: while it runs: %v", name, err)
			}
			close(open)
			running.Wait()
			if _, err := newStreaming(t.Context(), 0, Canceled).invoke(f); !errors.Is(err, Canceled) {
				t.Errorf("%s: afterwards: %v", name, err)
			}
		})
	}
}

// TestStreamAsWhole: a caller that asks for no stream gets a list, which is
// bounded as a message is.
func TestStreamAsWhole(t *testing.T) {
	s := newStreaming(t.Context(), -1, nil)
	s.emit = nil
	for n, want := range map[int]string{0: "[]", 3: "[0,1,2]"} {
		v, err := s.invoke(counting(n, nil))
		if err != nil || v.String() != want {
			t.Errorf("%d: %v, %v", n, v, err)
		}
	}
	yielded := 0
	_, err := s.invoke(counting(1000, &yielded))
	e := asError(err)
	if err == nil || e.Code != ResourceExhausted || e.Executed != ExecutedYes ||
		e.Details["limit"] != "result_bytes" || e.Details["max"] != int64(1000) {
		t.Errorf("too much: %v, details %v", err, e.Details)
	}
	// Ten of two bytes and ninety of three, as they are in a list, then of four.
	if want := 100 + (1000-290)/4 + 1; yielded != want {
		t.Errorf("it was stopped after %d items, not %d", yielded, want)
	}
	if s.emitted.Load() != 0 {
		t.Errorf("%d items were counted as sent", s.emitted.Load())
	}
}

// counting returns a stream of the first n numbers, which counts what it yields.
func counting(n int, yielded *int) any {
	if yielded == nil {
		yielded = new(int)
	}
	return func() iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				*yielded++
				if !yield(i, nil) {
					return
				}
			}
		}
	}
}

// BenchmarkStreamItem is the node's part of an item, apart from sending it.
func BenchmarkStreamItem(b *testing.B) {
	s := newStreaming(b.Context(), -1, nil)
	s.emit = func(context.Context, Value) error { return nil }
	b.ReportAllocs()
	_, err := s.invoke(func() iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for b.Loop() {
				yield(7, nil)
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}
