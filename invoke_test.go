package mpreg

import (
	"context"
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// BenchmarkInvoke is the registry's part of a call: arguments decoded, the
// function called, its result encoded.
func BenchmarkInvoke(b *testing.B) {
	type point struct {
		Name string `json:"name"`
		X, Y int
	}
	type checked struct {
		Rate float64 `json:"rate" validate:"gt=0,lte=1"`
	}
	for _, row := range []struct {
		name string
		fn   any
		args []any
	}{
		{"nothing", func() {}, nil},
		{"context", func(context.Context) error { return nil }, nil},
		{"ints", func(x, y int) int { return x + y }, []any{1, 2}},
		{"struct", func(p point) point { return p }, []any{point{"p", 1, 2}}},
		{"pointer", func(p *point) *point { return p }, []any{point{"p", 1, 2}}},
		{"any", func(x any) any { return x }, []any{point{"p", 1, 2}}},
		{"variadic", func(x ...int) int { return len(x) }, []any{1, 2, 3}},
		{"keywords", func(p point) int { return p.X }, []any{Kwargs{"name": "p", "X": 1}}},
		{"Kwargs", func(k Kwargs) int { return len(k) }, []any{Kwargs{"name": "p", "X": 1}}},
		{"validated", func(c checked) float64 { return c.Rate }, []any{checked{0.5}}},
		{"bounded", Func(func(x, y int) int { return x + y }, MaxConcurrent(1)), []any{1, 2}},
		{"Value", func(v Value) Value { return v }, []any{point{"p", 1, 2}}},
	} {
		for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
			b.Run(row.name+"/"+c.Name(), func(b *testing.B) {
				fn, ok := row.fn.(*Function)
				if !ok {
					fn = Func(row.fn)
				}
				args, kwargs, err := encodeArgs(c, row.args, nil)
				if fn.err != nil || err != nil {
					b.Fatal(fn.err, err)
				}
				inv := Invocation{Args: args, Kwargs: kwargs}
				call := &callContext{Context: b.Context(), exec: &execution{codec: c, request: new(wire.Request)}, invocation: inv, fn: fn}
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
