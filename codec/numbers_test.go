package codec_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

// sameKinds compares any trees: kinds, values, and the sign of zero.
var sameKinds = cmp.Options{
	cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b float64) bool {
		return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
	}),
}

func bigInt(t testing.TB, digits string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		t.Fatalf("%q is no integer", digits)
	}
	return n
}

func encode(t testing.TB, c codec.Codec, v any) codec.Value {
	t.Helper()
	x, err := codec.Encode(c, v)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNumberKinds(t *testing.T) {
	tests := []struct {
		text string
		want any
		back string // if it is written back otherwise
	}{
		{text: "0", want: int64(0)},
		{text: "1", want: int64(1)},
		{text: "-0", want: int64(0), back: "0"},
		{text: "1.0", want: 1.0},
		{text: "-0.0", want: math.Copysign(0, -1)},
		{text: "0.1", want: 0.1},
		{text: "1e3", want: 1000.0, back: "1000.0"},
		{text: "1E+2", want: 100.0, back: "100.0"},
		{text: "1e21", want: 1e21, back: "1e+21"},
		{text: "1e-7", want: 1e-7},
		{text: "1e-400", want: 0.0, back: "0.0"},
		{text: "9007199254740993", want: int64(9007199254740993)},
		{text: "9223372036854775807", want: int64(math.MaxInt64)},
		{text: "9223372036854775808", want: uint64(math.MaxInt64 + 1)},
		{text: "18446744073709551615", want: uint64(math.MaxUint64)},
		{text: "18446744073709551616", want: bigInt(t, "18446744073709551616")},
		{text: "-9223372036854775808", want: int64(math.MinInt64)},
		{text: "-9223372036854775809", want: bigInt(t, "-9223372036854775809")},
		{text: "-18446744073709551616", want: bigInt(t, "-18446744073709551616")},
		{text: "-18446744073709551617", want: bigInt(t, "-18446744073709551617")},
		{text: "340282366920938463463374607431768211456", want: bigInt(t, "340282366920938463463374607431768211456")},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			back := test.back
			if back == "" {
				back = test.text
			}
			inJSON := codec.Raw(codec.JSON{}, []byte(test.text))
			inCBOR, err := inJSON.In(codec.CBOR{})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range []codec.Value{inJSON, inCBOR} {
				got, err := v.Any()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got, sameKinds); diff != "" {
					t.Errorf("from %s:\n%s", v.Codec().Name(), diff)
				}
				if got := encode(t, codec.JSON{}, got); got.String() != back {
					t.Errorf("from %s: written back as %s, want %s", v.Codec().Name(), got, back)
				}
			}
		})
	}
}

// The same numbers wherever an any stands in a typed destination.
func TestNumberKindsInTypes(t *testing.T) {
	type inner struct {
		Any   any            `json:"any"`
		Typed json.Number    `json:"typed"`
		Map   map[string]any `json:"map"`
	}
	type Embedded struct {
		Deep any `json:"deep"`
	}
	type outer struct {
		Embedded
		Inner  *inner           `json:"inner"`
		List   []any            `json:"list"`
		ByName map[string]inner `json:"byName"`
		Pair   [2]any           `json:"pair"`
		Next   *outer           `json:"next"`
		Float  float64          `json:"float"`
	}
	const text = `{"deep":1,"inner":{"any":18446744073709551615,"typed":1.50,"map":{"a":[1.0,2]}},` +
		`"list":[1,1.0,{"x":-1}],"byName":{"k":{"any":2.0}},"pair":[7,7.0],"next":{"list":[3]},"float":4}`
	want := outer{
		Embedded: Embedded{Deep: int64(1)},
		Inner: &inner{
			Any: uint64(math.MaxUint64), Typed: "1.50", Map: map[string]any{"a": []any{1.0, int64(2)}},
		},
		List:   []any{int64(1), 1.0, map[string]any{"x": int64(-1)}},
		ByName: map[string]inner{"k": {Any: 2.0}},
		Pair:   [2]any{int64(7), 7.0},
		Next:   &outer{List: []any{int64(3)}},
		Float:  4,
	}
	var got outer
	if err := (codec.JSON{}).Decode([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameKinds); diff != "" {
		t.Errorf("from JSON:\n%s", diff)
	}

	want.Inner.Typed = "" // a json.Number is text in CBOR
	inCBOR, err := codec.Raw(codec.JSON{}, []byte(strings.Replace(text, `"typed":1.50,`, "", 1))).In(codec.CBOR{})
	if err != nil {
		t.Fatal(err)
	}
	got = outer{}
	if err := inCBOR.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameKinds); diff != "" {
		t.Errorf("from CBOR:\n%s", diff)
	}
}

// A pointer in an any is decoded into, as encoding/json does.
func TestDecodeJSONIntoPointerInAny(t *testing.T) {
	type target struct {
		N int `json:"n"`
		X any `json:"x"`
	}
	into := new(target)
	var dst any = into
	if err := (codec.JSON{}).Decode([]byte(`{"n":5,"x":6.0}`), &dst); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&target{N: 5, X: 6.0}, into); diff != "" {
		t.Error(diff)
	}
	if dst != any(into) {
		t.Errorf("the pointer was replaced by %v", dst)
	}
}

func TestFloatOverflow(t *testing.T) {
	for _, text := range []string{"1e400", "-1e400", "1" + strings.Repeat("0", 400) + ".0"} {
		var x any
		var s struct{ X any }
		for text, dst := range map[string]any{"[" + text + "]": &x, `{"X":` + text + `}`: &s} {
			err := codec.JSON{}.Decode([]byte(text), dst)
			if err == nil || !strings.Contains(err.Error(), "overflows float64") || len(err.Error()) > 150 {
				t.Errorf("%.20s into %T: got error %v", text, dst, err)
			}
		}
	}
}

func TestIntegerLimit(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), codec.MaxIntBits) // one too many
	one := big.NewInt(1)
	tests := []struct {
		name string
		n    *big.Int
		err  bool
	}{
		{"largest", new(big.Int).Sub(limit, one), false},
		{"too large", limit, true},
		{"smallest", new(big.Int).Neg(limit), false},
		{"too small", new(big.Int).Sub(new(big.Int).Neg(limit), one), true},
		{"a digit more", bigInt(t, strings.Repeat("9", 9866)), true},
		{"a million digits", new(big.Int).Lsh(one, 3_321_928), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, c := range codecs {
				if _, err := codec.Encode(c, test.n); (err != nil) != test.err {
					t.Errorf("%s: encoded with error %v", c.Name(), err)
				}
				data := encode(t, c, struct{ N *big.Int }{big.NewInt(1)}).Bytes()
				if c == (codec.JSON{}) {
					data = fmt.Appendf(nil, `{"N":%s}`, test.n)
				} else if enc, err := cbor.Marshal(struct{ N *big.Int }{test.n}); err == nil {
					data = enc
				}
				var x any
				if err := c.Decode(data, &x); (err != nil) != test.err {
					t.Errorf("%s: decoded with error %v", c.Name(), err)
				} else if err == nil && test.n.Cmp(x.(map[string]any)["N"].(*big.Int)) != 0 {
					t.Errorf("%s: another integer is decoded", c.Name())
				}
				var typed struct{ N *big.Int }
				// On the way into a *big.Int JSON's digits are counted, not its bits.
				wantErr := test.err && (c == codec.Codec(codec.CBOR{}) || len(new(big.Int).Abs(test.n).String()) > 9865)
				if err := c.Decode(data, &typed); (err != nil) != wantErr {
					t.Errorf("%s: decoded into a *big.Int with error %v", c.Name(), err)
				}
			}
		})
	}
	// Digits in strings and fractions are no integers.
	for _, text := range []string{"0." + strings.Repeat("1", 20_000), strings.Repeat("1", 200) + strings.Repeat("0", 20_000) + "e-20000"} {
		var f struct{ F float64 }
		if err := (codec.JSON{}).Decode([]byte(`{"F":`+text+`}`), &f); err != nil {
			t.Error(err)
		}
	}
	malformed := []byte(`["` + strings.Repeat("1", 20_000))
	if err := (codec.JSON{}).Decode(malformed, &[]string{}); err == nil {
		t.Error("malformed data is decoded")
	}
	var s []string
	if err := (codec.JSON{}).Decode([]byte(`["`+strings.Repeat("12345", 10_000)+`"]`), &s); err != nil {
		t.Error(err)
	}
	if err := (codec.JSON{}).Decode([]byte(`[`+strings.Repeat("12345,", 10_000)+`1]`), &[]int{}); err != nil {
		t.Error(err)
	}
}

func TestNumbersThroughValue(t *testing.T) {
	const text = `[1, 1.0, 9007199254740993, 18446744073709551615]`
	v := codec.Raw(codec.JSON{}, []byte(text))
	got := encode(t, codec.JSON{}, map[string]any{"r": v})
	if want := `{"r":` + text + `}`; string(got.Bytes()) != want {
		t.Errorf("in a tree: %s, want %s", got, want)
	}
	x, err := v.Any()
	if err != nil {
		t.Fatal(err)
	}
	want := []any{int64(1), 1.0, int64(9007199254740993), uint64(math.MaxUint64)}
	if diff := cmp.Diff(any(want), x); diff != "" {
		t.Error(diff)
	}
}

// A float is written as encoding/json writes it, with its fraction.
func TestFloatText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64().Draw(t, "f")
		f32 := rapid.Float32().Draw(t, "f32")
		for _, x := range []any{f, f32} {
			std, err := json.Marshal(x)
			v, ours := codec.Encode(codec.JSON{}, x)
			if (err == nil) != (ours == nil) {
				t.Fatalf("%v: error %v, encoding/json %v", x, ours, err)
			}
			if err != nil {
				continue
			}
			want := string(std)
			if !strings.ContainsAny(want, ".e") {
				want += ".0"
			}
			if string(v.Bytes()) != want {
				t.Fatalf("%v is written as %s, want %s", x, v, want)
			}
		}
	})
}

func TestFloatsKeepKindOutsideStructs(t *testing.T) {
	type named map[string]any
	type celsius float64
	type plain struct{ F float64 }
	one := 1.0
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"matrix", [][]float64{{1, 2.5}, nil}, `[[1.0,2.5],null]`},
		{"float32s", []float32{1}, `[1.0]`},
		{"array", [2]float64{1, 2}, `[1.0,2.0]`},
		{"map", map[string]float64{"b": 2, "a": 1}, `{"a":1.0,"b":2.0}`},
		{"map of slices", map[string][]any{"a": {1.0, 1}}, `{"a":[1.0,1]}`},
		{"named map", named{"lr": 1.0}, `{"lr":1.0}`},
		{"named float", celsius(20), `20.0`},
		{"pointer", &one, `1.0`},
		{"nil pointer", (*float64)(nil), `null`},
		{"pointers", []*float64{&one, nil}, `[1.0,null]`},
		{"nil map", map[string]float64(nil), `null`},
		{"inside a struct encoding/json has its way", []any{plain{1}, 1.0}, `[{"F":1},1.0]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := encode(t, codec.JSON{}, test.v); string(got.Bytes()) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestNoNumberInJSON(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, v := range []any{f, float32(f), []float64{f}, []any{f}, map[string]float64{"a": f}, struct{ F float64 }{f}} {
			dst := []byte("kept")
			out, err := codec.JSON{}.Append(dst, v)
			if err == nil {
				t.Errorf("%T of %v is written as %s", v, f, out)
			}
			if string(out) != "kept" {
				t.Errorf("%T of %v: after the error dst is %q", v, f, out)
			}
			got, err := encode(t, codec.CBOR{}, v).In(codec.JSON{})
			if err == nil {
				t.Errorf("%T of %v is transcoded to %s", v, f, got)
			}
		}
		got, err := encode(t, codec.CBOR{}, f).Any()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(any(f), got, sameKinds); diff != "" {
			t.Errorf("through CBOR: %s", diff)
		}
	}
}

func TestJSONNumber(t *testing.T) {
	tests := []struct {
		n    json.Number
		want string
		err  bool
	}{
		{n: "1.50", want: "1.50"},
		{n: "", want: "0"},
		{n: "0x10", err: true},
		{n: "1 ", err: true},
		{n: "NaN", err: true},
	}
	for _, test := range tests {
		v, err := codec.Encode(codec.JSON{}, []any{test.n})
		if (err != nil) != test.err || err == nil && string(v.Bytes()) != "["+test.want+"]" {
			t.Errorf("%q: got %s, %v", test.n, v, err)
		}
		if _, err := codec.Encode(codec.CBOR{}, test.n); (err != nil) != test.err {
			t.Errorf("%q in CBOR: %v", test.n, err)
		}
	}
	if got, err := encode(t, codec.CBOR{}, json.Number("18446744073709551615")).Any(); err != nil || got != uint64(math.MaxUint64) {
		t.Errorf("through CBOR: %v, %v", got, err)
	}
}
