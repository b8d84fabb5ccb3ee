package mpreg_test

import (
	"errors"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestCommandsOutOfPlace: a command means its result within its request only.
func TestCommandsOutOfPlace(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	c := s.Client()
	r := mpreg.NewRequest()
	cmd := r.Add("echo", 1)
	for _, arg := range []any{cmd, *cmd, cmd.Field("x"), []any{cmd}} {
		if _, err := c.Call(t.Context(), "echo", arg); !errors.Is(err, mpreg.InvalidArgument) {
			t.Errorf("%T: %v", arg, err)
		}
	}
	r.Add("echo", *cmd).Named("copy")
	resp, err := c.Do(t.Context(), r)
	testkit.Must(t, err)
	if got := string(resp.Results["copy"].Bytes()); got != "1" {
		t.Errorf("a copy of a command: %s", got)
	}
	if _, err := c.Do(t.Context(), nil); !errors.Is(err, mpreg.InvalidRequest) {
		t.Errorf("no request: %v", err)
	}
	if _, err := c.Do(t.Context(), mpreg.NewRequest().Return(nil)); err == nil {
		t.Error("no command: no error")
	}
	c.With(nil)
	_, _ = mpreg.NewServer(mpreg.Config{}, nil)
}

// TestValueOfLaterCommand: a command added after Do has no result.
func TestValueOfLaterCommand(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	r := mpreg.NewRequest()
	r.Add("echo", 1)
	resp, err := s.Client().Do(t.Context(), r)
	testkit.Must(t, err)
	if _, err := mpreg.Get[int](resp, r.Add("echo", 2)); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("got %v", err)
	}
}
