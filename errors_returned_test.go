package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestErrorsReturnedInOtherWays: a function may return its error in any way that
// Go lets it, or learn at Register that it may not.
func TestErrorsReturnedInOtherWays(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	if err := s.Register("concrete", func() *mpreg.Error { return nil }); err == nil || !strings.Contains(err.Error(), "declare it as error") {
		t.Errorf("a concrete error type: %v", err)
	}
	var none *mpreg.Error
	for name, err := range map[string]error{
		"code": mpreg.Code(2001), "wrapped": fmt.Errorf("no paper: %w", mpreg.Code(2001)), "zero": mpreg.Errorf(0, "odd"),
		"empty": &mpreg.Error{Code: 2002}, "nil": none,
	} {
		testkit.Must(t, s.Register(name, func() error { return err }))
	}
	for name, row := range map[string]struct {
		code mpreg.Code
		says string
	}{
		"code": {2001, "mpreg: code 2001: the function says no more ("}, "wrapped": {2001, "no paper"}, "zero": {mpreg.Failed, "odd"},
		"empty": {2002, "mpreg: code 2002: the function says no more ("}, "nil": {mpreg.Failed, "nil *mpreg.Error"},
	} {
		for way, c := range map[string]*mpreg.Client{"socket": testkit.Connect(t, s.URL()), "node": s.Client()} {
			if _, err := c.Call(t.Context(), name); !errors.Is(err, row.code) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s, %s: %v", way, name, err)
			}
		}
	}
}

// explosiveError is an error that can't be asked what it says.
type explosiveError struct{}

func (explosiveError) Error() string { panic("boom") }

// explosiveChain is one that can't be asked what it wraps.
type explosiveChain struct{ error }

func (explosiveChain) Unwrap() error { panic("boom") }

// TestErrorsThatPanic: errors are code of an application too, whoever returns them:
// the node that asks what they say outlives the answer.
func TestErrorsThatPanic(t *testing.T) {
	var none *mpreg.Error
	failures := map[string]error{
		"error": explosiveError{}, "chain": explosiveChain{io.EOF}, "joined": errors.Join(io.EOF, explosiveError{}), "nil": none,
	}
	failing := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			v, err := next(ctx, inv)
			if name, ok := strings.CutPrefix(inv.Function, "interceptor of "); ok {
				return v, failures[name]
			}
			return v, err
		}
	}
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(failing))
	client := testkit.Connect(t, s.URL())
	for name, failure := range failures {
		want := mpreg.Internal
		if failure == error(none) {
			want = mpreg.Failed
		}
		testkit.Must(t, s.Register(name, func() error { return failure }))
		testkit.Must(t, s.Register("interceptor of "+name, func() {}))
		for _, fn := range []string{name, "interceptor of " + name} {
			if _, err := client.Call(t.Context(), fn); !errors.Is(err, want) || testkit.AsError(t, err).Executed != mpreg.ExecutedYes {
				t.Errorf("%s: got %v, want %v, executed", fn, err, want)
			}
		}
	}
	if got, err := mpreg.Call[int](t.Context(), client, "echo", 1); err != nil || got != 1 {
		t.Errorf("after it: %v, %v", got, err)
	}
}

// TestUnencodableDetails: a detail that can't be sent must not cost the error.
func TestUnencodableDetails(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("f", func() error {
		e := mpreg.Errorf(2002, "odd")
		e.Details = map[string]any{"c": make(chan int)}
		return e
	}))
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "f")
	if !errors.Is(err, mpreg.Code(2002)) || !strings.Contains(err.Error(), "odd") {
		t.Errorf("got %v", err)
	}
}

// explosive is a detail that panics when it is encoded.
type explosive struct{}

func (explosive) MarshalJSON() ([]byte, error) { panic("boom") }

// TestExplosiveValues: what marshals itself may panic; nobody else does.
func TestExplosiveValues(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("detail", func() error {
		e := mpreg.Errorf(2002, "odd")
		e.Details = map[string]any{"x": explosive{}, "y": 1}
		return e
	}))
	testkit.Must(t, s.Register("result", func() any { return explosive{} }))
	c := testkit.Connect(t, s.URL())
	_, err := c.Call(t.Context(), "detail")
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != 2002 || e.Details["y"] != int64(1) || e.Function != "detail" {
		t.Errorf("detail: %v", err)
	}
	if _, err := c.Call(t.Context(), "result"); !errors.Is(err, mpreg.Internal) {
		t.Errorf("result: %v", err)
	}
	if got, err := mpreg.Call[int](t.Context(), c, "echo", 1); err != nil || got != 1 {
		t.Errorf("after it: %v, %v", got, err)
	}
}
