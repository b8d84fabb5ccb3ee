package codec_test

import (
	"bytes"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

// scalars generates what JSON can express, in the kinds that decoding gives.
func scalars() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Uint64Min(math.MaxInt64+1).AsAny(),
		rapid.Custom(func(t *rapid.T) *big.Int {
			n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 9, 40).Draw(t, "magnitude"))
			n.SetBit(n, 72, 1)
			if rapid.Bool().Draw(t, "negative") {
				n.Neg(n)
			}
			return n
		}).AsAny(),
		rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).AsAny(),
		rapid.SampledFrom([]any{1.0, math.Copysign(0, -1), 1e300, 5e-324, 9007199254740992.0}),
		rapid.String().AsAny(),
		rapid.SampledFrom([]any{"", "\"\\/\b\f\n\r\t\x01\x7f", "<a href='x'>&", "\u2028\u2029", "日本語 😀"}),
	)
}

// trees generates any trees of up to depth levels.
func trees(depth int, leaves *rapid.Generator[any]) *rapid.Generator[any] {
	if depth == 0 {
		return leaves
	}
	inner := rapid.Deferred(func() *rapid.Generator[any] { return trees(depth-1, leaves) })
	return rapid.OneOf(
		leaves,
		rapid.SliceOfN(inner, 0, 4).AsAny(),
		rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny(),
	)
}

func TestTreesSurvive(t *testing.T) {
	for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
		t.Run(c.Name(), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				tree := trees(4, scalars()).Draw(rt, "tree")
				v, err := codec.Encode(c, tree)
				if err != nil {
					rt.Fatal(err)
				}
				got, err := v.Any()
				if err != nil {
					rt.Fatalf("decode %s: %v", v, err)
				}
				if diff := cmp.Diff(tree, got, sameKinds); diff != "" {
					rt.Fatal(diff)
				}
				again, err := codec.Encode(c, got)
				if err != nil || !bytes.Equal(again.Bytes(), v.Bytes()) {
					rt.Fatalf("encoded again: %x, %v, want %x", again.Bytes(), err, v.Bytes())
				}
			})
		})
	}
}

func TestTreesSurviveTranscoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := trees(4, scalars()).Draw(t, "tree")
		inJSON, err := codec.Encode(codec.JSON{}, tree)
		if err != nil {
			t.Fatal(err)
		}
		inCBOR, err := inJSON.In(codec.CBOR{})
		if err != nil {
			t.Fatal(err)
		}
		direct, err := codec.Encode(codec.CBOR{}, tree)
		if err != nil || !bytes.Equal(direct.Bytes(), inCBOR.Bytes()) {
			t.Fatalf("transcoded %x, encoded %x, %v", inCBOR.Bytes(), direct.Bytes(), err)
		}
		back, err := inCBOR.In(codec.JSON{})
		if err != nil || !bytes.Equal(back.Bytes(), inJSON.Bytes()) {
			t.Fatalf("there %s, back %s, %v", inJSON.Bytes(), back.Bytes(), err)
		}
	})
}

// What the library makes of a tree in a typed destination is what our own
// decoder makes of it.
func TestTypedDestinationsAgree(t *testing.T) {
	type holder struct {
		X any `json:"x"`
	}
	rapid.Check(t, func(t *rapid.T) {
		tree := trees(3, scalars()).Draw(t, "tree")
		for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
			v, err := codec.Encode(c, map[string]any{"x": tree})
			if err != nil {
				t.Fatal(err)
			}
			var inStruct holder
			var inMap map[string]any
			inOldMap := map[string]any{"y": 1}
			var inMaps map[string]*any
			for _, dst := range []any{&inStruct, &inMap, &inOldMap, &inMaps} {
				if err := v.Decode(dst); err != nil {
					t.Fatalf("%T: %v", dst, err)
				}
			}
			var inPointer any
			if p := inMaps["x"]; p != nil {
				inPointer = *p
			}
			for name, got := range map[string]any{
				"a struct": inStruct.X, "a new map": inMap["x"], "an old map": inOldMap["x"], "a pointer": inPointer,
			} {
				if diff := cmp.Diff(tree, got, sameKinds); diff != "" {
					t.Fatalf("%s, in %s:\n%s", c.Name(), name, diff)
				}
			}
		}
	})
}

// What only CBOR has.
func TestCBORTreesSurvive(t *testing.T) {
	leaves := rapid.OneOf(
		scalars(),
		rapid.SliceOf(rapid.Byte()).AsAny(),
		rapid.SampledFrom([]any{math.NaN(), math.Inf(1), math.Inf(-1)}),
		rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(-1e10, 1e11).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
		}).AsAny(),
		rapid.MapOfN(rapid.OneOf(rapid.Int64().AsAny(), rapid.Bool().AsAny()), rapid.Just[any]("x"), 1, 3).AsAny(),
	)
	rapid.Check(t, func(t *rapid.T) {
		tree := trees(3, leaves).Draw(t, "tree")
		v, err := codec.Encode(codec.CBOR{}, tree)
		if err != nil {
			t.Fatal(err)
		}
		var typed struct{ X any }
		in := []byte{0xa1, 0x61, 'X'} // {"X": …}
		if err := (codec.CBOR{}).Decode(append(in, v.Bytes()...), &typed); err != nil {
			t.Fatal(err)
		}
		got, err := v.Any()
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []any{got, typed.X} {
			if diff := cmp.Diff(tree, got, sameKinds); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// A tree that holds values of either codec is the tree that holds their content.
func TestValuesInTrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := trees(2, scalars()).Draw(t, "part")
		for _, outer := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
			plain, err := codec.Encode(outer, []any{part, map[string]any{"k": part}})
			if err != nil {
				t.Fatal(err)
			}
			for _, inner := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
				v, err := codec.Encode(inner, part)
				if err != nil {
					t.Fatal(err)
				}
				for _, tree := range []any{
					[]any{v, map[string]any{"k": v}},
					[]any{v, map[string]codec.Value{"k": v}},
					[]codec.Value{v, codec.Raw(outer, encodeTree(t, outer, map[string]codec.Value{"k": v}))},
				} {
					if got := encodeTree(t, outer, tree); !bytes.Equal(got, plain.Bytes()) {
						t.Fatalf("%s in %s: %x, want %x", inner.Name(), outer.Name(), got, plain.Bytes())
					}
				}
			}
		}
	})
}

func encodeTree(t *rapid.T, c codec.Codec, tree any) []byte {
	out, err := c.Append(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
