package codec_test

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
)

type hidden struct {
	Deep any `json:"deep"`
}

type hiddenByPointer struct {
	Far any `json:"far"`
}

// Exported here, because no decoder can allocate an unexported one.
type ByPointer struct {
	hiddenByPointer
}

type mixture struct {
	hidden
	*ByPointer
	Renamed  any               `cbor:"other" json:"renamed"`
	NotJSON  any               `cbor:"kept" json:"-"`
	NotCBOR  any               `cbor:"-" json:"kept"`
	Pointers []*any            `json:"pointers"`
	Nested   map[string][1]any `json:"nested"`
	Closed   map[string]int    `json:"closed"`
}

func TestEveryInterfacePosition(t *testing.T) {
	one := any(int64(1))
	want := mixture{
		hidden: hidden{Deep: int64(1)}, ByPointer: &ByPointer{hiddenByPointer{Far: map[string]any{"x": int64(2)}}},
		Renamed: int64(3), Pointers: []*any{&one, nil}, Nested: map[string][1]any{"k": {[]any{int64(4), 5.0}}},
		Closed: map[string]int{"c": 6},
	}
	tree := map[string]any{
		"deep": 1, "far": map[string]any{"x": 2}, "pointers": []any{1, nil}, "nested": map[string]any{"k": []any{[]any{4, 5.0}}},
		"closed": map[string]any{"c": 6},
	}
	for _, c := range codecs {
		want := want
		if c == (codec.JSON{}) {
			tree["renamed"], tree["kept"] = 3, 7
			want.NotCBOR = int64(7)
		} else {
			delete(tree, "renamed")
			tree["other"], tree["kept"] = 3, bigInt(t, "18446744073709551615")
			want.NotJSON = uint64(18446744073709551615)
		}
		var got mixture
		if err := encode(t, c, tree).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(mixture{}, ByPointer{})); diff != "" {
			t.Errorf("%s:\n%s", c.Name(), diff)
		}
	}
}

// Interfaces that hold what a decoder does not touch are left alone.
func TestUntouchedInterfaces(t *testing.T) {
	type holder struct {
		X any         `json:"x"`
		E error       `json:"e"`
		N any         `json:"n"`
		M map[any]any `json:"m"`
	}
	for _, c := range codecs {
		n := big.NewInt(7)
		got := holder{X: 3, N: n}
		if err := c.Decode(encode(t, c, map[string]any{}).Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.X != 3 {
			t.Errorf("%s: x is %v", c.Name(), got.X)
		}
		if c == (codec.JSON{}) && got.N != any(n) {
			t.Errorf("%s: n is %v", c.Name(), got.N)
		}
	}
}

func TestTypesWithoutAWayOfTheirOwn(t *testing.T) {
	type name string
	type names []any
	tests := []struct {
		v    any
		json string
	}{
		{name("x"), `"x"`},
		{names{1.0, name("y")}, `[1.0,"y"]`},
		{map[name]float64{"b": 1, "a": 2}, `{"a":2.0,"b":1.0}`},
		{[]map[string]any{{"f": 1.0}}, `[{"f":1.0}]`},
		{[]error{nil}, `[null]`},
		{[1]any{nil}, `[null]`},
		{map[any]any{"a": []any{1}}, `{"a":[1]}`},
	}
	for _, test := range tests {
		for _, c := range codecs {
			got, err := encode(t, c, test.v).In(codec.JSON{})
			if err != nil || got.String() != test.json {
				t.Errorf("%T through %s: %s, %v, want %s", test.v, c.Name(), got, err, test.json)
			}
		}
	}
}
