package wire_test

import (
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

func TestCancelVectors(t *testing.T) {
	type cancel struct {
		U string `json:"u"`
	}
	run(t, "cancel.json", wire.DecodeCancel,
		func(t *testing.T, data []byte) *wire.Cancel { return &wire.Cancel{U: load[cancel](t, data).U} },
		func(c *wire.Cancel) ([]byte, error) { return wire.AppendCancel(nil, c.U), nil })
}

func TestAuthVectors(t *testing.T) {
	type auth struct {
		U     string `json:"u"`
		Token string `json:"token"`
	}
	run(t, "auth.json", wire.DecodeAuth, func(t *testing.T, data []byte) *wire.Auth {
		in := load[auth](t, data)
		return &wire.Auth{U: in.U, Token: in.Token}
	}, nil)
}

// TestAppendCancelEscapes: an id is the client's and may be anything.
func TestAppendCancelEscapes(t *testing.T) {
	const u = "a\"b\\\n\x00é\u2028<"
	got := wire.AppendCancel([]byte("kept"), u)
	if want := `kept{"role":"cancel","u":"a\"b\\\n\u0000é\u2028<"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if c, err := wire.DecodeCancel(got[len("kept"):]); err != nil || c.U != u {
		t.Errorf("got %+v, %v", c, err)
	}
}
