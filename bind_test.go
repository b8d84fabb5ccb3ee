package mpreg_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestBind: a stub is called as if the function was here.
func TestBind(t *testing.T) {
	type point struct{ X, Y int }
	s := testkit.Serve(t, mpreg.Config{})
	testkit.RegisterFunctions(t, &s.Registry)
	testkit.Must(t, s.Register("sum", func(start int, more ...int) int { return reduce(start, more) }))
	testkit.Must(t, s.Register("swap", func(p *point) *point { return &point{p.Y, p.X} }))
	c, ctx := testkit.Connect(t, s.URL()), t.Context()

	var add func(context.Context, int, int) (int, error)
	testkit.Must(t, mpreg.Bind(c, "add", &add))
	if got, err := add(ctx, 1, 2); err != nil || got != 3 {
		t.Errorf("add: %v, %v", got, err)
	}
	var sum func(context.Context, int, ...int) (int64, error)
	testkit.Must(t, mpreg.Bind(c, "sum", &sum))
	if got, err := sum(ctx, 1); err != nil || got != 1 {
		t.Errorf("sum of one: %v, %v", got, err)
	}
	if got, err := sum(ctx, 1, 2, 3); err != nil || got != 6 {
		t.Errorf("sum: %v, %v", got, err)
	}
	type swapper func(context.Context, point) (*point, error)
	var swap swapper
	testkit.Must(t, mpreg.Bind(c, "swap", &swap))
	if got, err := swap(ctx, point{1, 2}); err != nil || *got != (point{2, 1}) {
		t.Errorf("swap: %v, %v", got, err)
	}
	var train func(context.Context, string, mpreg.Kwargs) (mpreg.Value, error)
	testkit.Must(t, mpreg.Bind(c, "train", &train))
	if got, err := train(ctx, "d", mpreg.Kwargs{"lr": 0.5}); err != nil || got.String() != `{"data":"d","lr":0.5}` {
		t.Errorf("keywords: %v, %v", got, err)
	}
	var fail func(context.Context) error
	testkit.Must(t, mpreg.Bind(c, "fail", &fail))
	if err := fail(ctx); !errors.Is(err, mpreg.Failed) || !strings.Contains(err.Error(), "boom") {
		t.Errorf("fail: %v", err)
	}
	var echo func(context.Context, any) error
	testkit.Must(t, mpreg.Bind(c, "echo", &echo))
	if err := echo(ctx, nil); err != nil {
		t.Errorf("echo for its error: %v", err)
	}
}

// TestBindErrors: what a call through a stub can end with, and what it returns
// besides.
func TestBindErrors(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.RegisterFunctions(t, &s.Registry)
	c := s.Client()
	var wrong func(context.Context, string) (int, error)
	testkit.Must(t, mpreg.Bind(c, "echo", &wrong))
	got, err := wrong(t.Context(), "text")
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != mpreg.InvalidArgument || e.Executed != mpreg.ExecutedYes || got != 0 ||
		!strings.Contains(e.Message, "does not fit int") || e.Function != "echo" {
		t.Errorf("a result that does not fit: %v, %v", got, err)
	}
	var missing func(context.Context) ([]int, error)
	testkit.Must(t, mpreg.Bind(c, "nope", &missing)) // seen when it is called
	if got, err := missing(t.Context()); !errors.Is(err, mpreg.NotFound) || got != nil {
		t.Errorf("an unknown function: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := missing(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	var unsendable func(context.Context, chan int) error
	testkit.Must(t, mpreg.Bind(c, "echo", &unsendable))
	if err := unsendable(t.Context(), nil); !errors.Is(err, mpreg.InvalidArgument) {
		t.Errorf("an argument that can't be encoded: %v", err)
	}
}

// TestBindRefuses: a stub of another shape is an error that says which it
// should have.
func TestBindRefuses(t *testing.T) {
	c := mpreg.NewClient("ws://127.0.0.1:1")
	defer func() { _ = c.Close() }()
	for name, err := range map[string]error{
		"no function":        bind[int](c),
		"a struct":           bind[struct{}](c),
		"any":                bind[any](c),
		"nothing":            bind[func()](c),
		"no context":         bind[func(int) error](c),
		"a context later":    bind[func(int, context.Context) error](c),
		"variadic contexts":  bind[func(...context.Context) error](c),
		"no error":           bind[func(context.Context) int](c),
		"no result":          bind[func(context.Context)](c),
		"the error first":    bind[func(context.Context) (error, int)](c),
		"two results":        bind[func(context.Context) (int, int, error)](c),
		"its own error type": bind[func(context.Context) (int, *mpreg.Error)](c),
	} {
		if err == nil || !strings.Contains(err.Error(), `binding "f"`) || !strings.Contains(err.Error(), "func(context.Context, A...)") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func bind[F any](c *mpreg.Client) error {
	var stub F
	return mpreg.Bind(c, "f", &stub)
}
