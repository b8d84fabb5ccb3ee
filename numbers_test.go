package mpreg_test

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// TestNumbersKeepTheirBytes: what a function takes and returns as a Value is
// the same bytes, white space included.
func TestNumbersKeepTheirBytes(t *testing.T) {
	s := serve(t, mpreg.Config{})
	registerFunctions(t, &s.Registry)
	ws := dial(t, s.URL(), websocket.Dialer{})
	const numbers = `[1, 1.0, 9007199254740993, 18446744073709551615]`
	for _, row := range []struct{ cmds, want string }{
		{`{"name":"a","fun":"echo","args":[` + numbers + `]}`, `{"a":` + numbers + `}`},
		{`{"name":"a","fun":"echos","args":` + numbers + `}`, `{"a":[1,1.0,9007199254740993,18446744073709551615]}`},
		{`{"name":"a","fun":"echo","args":[` + numbers + `]},{"name":"b","fun":"echo","args":["a"]}`, `{"b":` + numbers + `}`},
		{`{"name":"a","fun":"echo","args":[` + numbers + `]},{"name":"b","fun":"echo","args":[{"x": "a.1"}]}`, `{"b":{"x": 1.0}}`},
		{`{"name":"a","fun":"any","args":[` + numbers + `]}`, `{"a":[1,1.0,9007199254740993,18446744073709551615]}`},
		{`{"name":"a","fun":"echo","args":["<&> ü \u00e9"]}`, `{"a":"<&> ü \u00e9"}`},
	} {
		if got := ws.results(request(row.cmds)); got != row.want {
			t.Errorf("%s\ngot  %s\nwant %s", row.cmds, got, row.want)
		}
	}
}

// TestNumbersKeepTheirKind: into any, and back, over JSON and CBOR.
func TestNumbersKeepTheirKind(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	want := []any{int64(1), 1.0, int64(9007199254740993), uint64(18446744073709551615), huge, int64(-5), -0.5}
	s := serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	var seen any
	must(t, s.Register("any", func(x any) any { seen = x; return x }))
	for name, c := range map[string]*mpreg.Client{"json": connect(t, s.URL()), "cbor": s.Client()} {
		t.Run(name, func(t *testing.T) {
			got, err := mpreg.Call[any](t.Context(), c, "any", want)
			must(t, err)
			same := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
			if diff := cmp.Diff(any(want), got, same); diff != "" {
				t.Errorf("the caller (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(any(want), seen, same); diff != "" {
				t.Errorf("the function (-want +got):\n%s", diff)
			}
		})
	}
}
