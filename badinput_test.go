package mpreg_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

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
