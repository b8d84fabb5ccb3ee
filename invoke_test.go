package mpreg

import (
	"testing"

	"github.com/mpreg/mpreg/codec"
)

// BenchmarkInvoke is the registry's part of a call: arguments decoded, the
// function called, its result encoded.
func BenchmarkInvoke(b *testing.B) {
	type point struct {
		Name string `json:"name"`
		X, Y int
	}
	for _, row := range []struct {
		name string
		fn   any
		args []any
	}{
		{"ints", func(x, y int) int { return x + y }, []any{1, 2}},
		{"struct", func(p point) point { return p }, []any{point{"p", 1, 2}}},
		{"Value", func(v Value) Value { return v }, []any{point{"p", 1, 2}}},
	} {
		for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
			b.Run(row.name+"/"+c.Name(), func(b *testing.B) {
				fn := Func(row.fn)
				args, _, err := encodeArgs(c, row.args)
				if fn.err != nil || err != nil {
					b.Fatal(fn.err, err)
				}
				inv := Invocation{Args: args}
				call := &callContext{Context: b.Context(), exec: &execution{codec: c}, invocation: inv, fn: fn}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := fn.invoke(call, &call.invocation, call); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
