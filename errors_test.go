package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestErrorText: an error says what, where, and whether it ran.
func TestErrorText(t *testing.T) {
	for want, e := range map[string]*mpreg.Error{
		`mpreg: failed: boom`: {Code: mpreg.Failed, Message: "boom"},
		`mpreg: code 2001: x (command "c", function "f", node "n", not executed)`: {
			Code: 2001, Message: "x", Command: "c", Function: "f", Node: "n", Executed: mpreg.ExecutedNo,
		},
		`mpreg: not_found: x (function "f", executed)`: {
			Code: mpreg.NotFound, Message: "x", Command: "f", Function: "f", Executed: mpreg.ExecutedYes,
		},
		`mpreg: unavailable: x (hop 2, may have been executed)`: {
			Code: mpreg.Unavailable, Message: "x", Details: map[string]any{"hop": int64(2)},
		},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestErrorIs: an error matches its code, what the context package has for it,
// and what it was made of.
func TestErrorIs(t *testing.T) {
	codes := map[mpreg.Code]string{
		mpreg.NotFound: "not_found", mpreg.Internal: "internal", mpreg.Failed: "failed",
		mpreg.InvalidRequest: "invalid_request", mpreg.WrongCluster: "wrong_cluster",
		mpreg.InvalidArgument: "invalid_argument", mpreg.DeadlineExceeded: "deadline_exceeded",
		mpreg.Canceled: "canceled", mpreg.Unauthenticated: "unauthenticated",
		mpreg.PermissionDenied: "permission_denied", mpreg.ResourceExhausted: "resource_exhausted",
		mpreg.Unavailable: "unavailable", 2001: "code 2001",
	}
	for code, name := range codes {
		wrapped := fmt.Errorf("wrapped: %w", mpreg.Errorf(code, "x: %w", io.EOF))
		if code.String() != name || code.Error() != "mpreg: "+name {
			t.Errorf("%d: %s, %s", int(code), code.String(), code.Error())
		}
		for other := range codes {
			if errors.Is(wrapped, other) != (other == code) {
				t.Errorf("%v is %v: %v", code, other, errors.Is(wrapped, other))
			}
		}
		if errors.Is(wrapped, context.DeadlineExceeded) != (code == mpreg.DeadlineExceeded) ||
			errors.Is(wrapped, context.Canceled) != (code == mpreg.Canceled) {
			t.Errorf("%v does not match the context's errors as it should", code)
		}
		var e *mpreg.Error
		if !errors.Is(wrapped, io.EOF) || !errors.As(wrapped, &e) || e.Code != code || e.Message != "x: EOF" {
			t.Errorf("%v: %v", code, wrapped)
		}
		if _, ok := errors.AsType[mpreg.Code](wrapped); ok {
			t.Errorf("%v: the error became a bare code", code)
		}
	}
	if errors.Is(mpreg.Errorf(mpreg.Failed, "x"), io.EOF) {
		t.Error("matches what it was not made of")
	}
}

// TestPassedOn: a function that returns the error of a call that it made keeps
// its code, but it is this function that failed, and it ran; what it passed on
// is in the details.
func TestPassedOn(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Name: "n1"}, mpreg.WithCodec(codec.CBOR{}))
	testkit.RegisterFunctions(t, &s.Registry)
	pass := func(wrap string) func(context.Context, string) error {
		return func(ctx context.Context, fn string) error {
			_, err := mpreg.FromContext(ctx).Call(ctx, fn)
			if wrap != "" {
				return fmt.Errorf("%s: %w", wrap, err)
			}
			return err
		}
	}
	testkit.Must(t, s.Register("pass", pass("")))
	testkit.Must(t, s.Register("wrap", pass("while indexing")))
	testkit.Must(t, s.Register("detailed", func() error {
		e := mpreg.Errorf(2003, "quota")
		e.Details, e.Executed = map[string]any{"left": 0}, mpreg.ExecutedNo
		return e
	}))
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			fn, inner, message string
			code               mpreg.Code
			cause              string // what Details have of it, as JSON
		}{
			{"pass", "coded", "out of paper", 2001, `{"code":2001,"details":{"command":"coded","executed":"yes","function":"coded","node":"n1"},"message":"out of paper"}`},
			{"pass", "nope", `calling "nope" at node "n1": no node offers the function "nope"`, mpreg.NotFound, `{"code":1001,"details":{"command":"nope","executed":"no","function":"nope","node":"n1"},"message":"no node offers the function \"nope\""}`},
			{"wrap", "fail", `while indexing: mpreg: failed: boom (function "fail", node "n1", executed)`, mpreg.Failed, `{"code":1003,"details":{"command":"fail","executed":"yes","function":"fail","node":"n1"},"message":"boom"}`},
		} {
			_, err := c.Call(t.Context(), row.fn, row.inner)
			var e *mpreg.Error
			if !errors.As(err, &e) || e.Code != row.code || e.Message != row.message {
				t.Fatalf("%s: %s: %v", way, row.fn, err)
			}
			if e.Executed != mpreg.ExecutedYes || e.Function != row.fn || e.Command != row.fn || e.Node != "n1" {
				t.Errorf("%s: %s: not about the function that passed it on: %v", way, row.fn, err)
			}
			cause, err := codec.Encode(codec.JSON{}, e.Details["cause"])
			testkit.Must(t, err)
			if diff := cmp.Diff(row.cause, cause.String()); diff != "" || len(e.Details) != 1 {
				t.Errorf("%s: %s: details %v, cause (-want +got):\n%s", way, row.fn, e.Details, diff)
			}
		}
		_, err := c.Call(t.Context(), "detailed")
		if e := new(mpreg.Error); !errors.As(err, &e) || e.Code != 2003 || e.Executed != mpreg.ExecutedYes || fmt.Sprint(e.Details) != "map[left:0]" {
			t.Errorf("%s: %v, details %v", way, err, e.Details)
		}
	}
}

// TestFunctionGivesUp: a function that returns its context's error tells that
// the deadline passed, and that it ran.
func TestFunctionGivesUp(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("own", func() error { return context.DeadlineExceeded }))
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "own")
	if e := new(mpreg.Error); !errors.As(err, &e) || e.Code != mpreg.Failed || e.Executed != mpreg.ExecutedYes {
		t.Errorf("a deadline of its own: %v", err)
	}
}

// TestExecutedOfInterceptors: what an interceptor says of another call is not
// what happened to this one.
func TestExecutedOfInterceptors(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			v, err := next(ctx, inv)
			if inv.Function != "pay" {
				return v, err
			}
			return mpreg.FromContext(ctx).Call(ctx, "audit")
		}
	}))
	testkit.Must(t, s.Register("pay", func() {}))
	_, err := testkit.Connect(t, s.URL()).Call(t.Context(), "pay")
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Executed != mpreg.ExecutedYes || e.Function != "pay" || e.Code != mpreg.NotFound {
		t.Errorf("got %v", err)
	}
}

// TestForeignCause: why a caller's context ended is not this call's error.
func TestForeignCause(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	started := make(chan struct{}, 1)
	testkit.Must(t, s.Register("wait", func(ctx context.Context) error { started <- struct{}{}; <-ctx.Done(); return ctx.Err() }))
	for _, c := range []*mpreg.Client{s.Client(), testkit.Connect(t, s.URL())} {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-started; cancel(mpreg.Errorf(mpreg.NotFound, "of another call")) }()
		if _, err := c.Call(ctx, "wait"); !errors.Is(err, context.Canceled) || errors.Is(err, mpreg.NotFound) {
			t.Errorf("got %v", err)
		}
	}
}
