package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
)

// hexJSON is a codec of its own, without a Walker: JSON in hexadecimal.
type hexJSON struct{}

func (hexJSON) Name() string { return "hex" }

func (hexJSON) Append(dst []byte, v any) ([]byte, error) {
	data, err := codec.JSON{}.Append(nil, v)
	if err != nil {
		return dst, err
	}
	return fmt.Appendf(dst, "%x", data), nil
}

func (hexJSON) Decode(data []byte, v any) error {
	var plain []byte
	if _, err := fmt.Sscanf(string(data), "%x", &plain); err != nil {
		return err
	}
	return codec.JSON{}.Decode(plain, v)
}

func TestZeroValue(t *testing.T) {
	var v codec.Value
	if v.Codec() != (codec.JSON{}) || string(v.Bytes()) != "null" || !v.IsNull() || v.String() != "null" {
		t.Errorf("the zero Value is %s in %s", v, v.Codec().Name())
	}
	if x, err := v.Any(); x != nil || err != nil {
		t.Errorf("as any it is %v, %v", x, err)
	}
	if in, err := v.In(codec.CBOR{}); err != nil || string(in.Bytes()) != "\xf6" {
		t.Errorf("in CBOR it is %x, %v", in.Bytes(), err)
	}
	if whole, ok := v.Get(); !ok || !whole.IsNull() {
		t.Errorf("of itself it has %v, %t", whole, ok)
	}
	if _, ok := v.Get("a"); ok {
		t.Error("it has a field")
	}
	grown := append(v.Bytes(), 'x')
	if string((codec.Value{}).Bytes()) != "null" || string(grown) != "nullx" {
		t.Error("null can be appended to")
	}
}

func TestNilCodecIsJSON(t *testing.T) {
	v, err := codec.Encode(nil, 1.0)
	if err != nil || v.Codec() != (codec.JSON{}) || v.String() != "1.0" {
		t.Errorf("encoded: %s, %v", v, err)
	}
	if v := codec.Raw(nil, []byte("2")); v.Codec() != (codec.JSON{}) || v.String() != "2" {
		t.Errorf("raw: %s", v)
	}
	if v, err := encode(t, codec.CBOR{}, 3).In(nil); err != nil || v.String() != "3" {
		t.Errorf("transcoded: %s, %v", v, err)
	}
}

func TestIsNull(t *testing.T) {
	tests := []struct {
		v    codec.Value
		want bool
	}{
		{codec.Raw(codec.JSON{}, []byte("null")), true},
		{codec.Raw(codec.JSON{}, []byte(" null\n")), true},
		{codec.Raw(codec.JSON{}, []byte("nullx")), false},
		{codec.Raw(codec.JSON{}, []byte(`"null"`)), false},
		{codec.Raw(codec.JSON{}, nil), false},
		{codec.Raw(codec.CBOR{}, []byte{0xf6}), true},
		{codec.Raw(codec.CBOR{}, []byte{0xf7}), true},
		{codec.Raw(codec.CBOR{}, []byte{0}), false},
		{codec.Raw(codec.CBOR{}, nil), false},
		{encode(t, hexJSON{}, nil), true},
		{encode(t, hexJSON{}, false), false},
	}
	for _, test := range tests {
		if got := test.v.IsNull(); got != test.want {
			t.Errorf("%q in %s: %t", test.v.Bytes(), test.v.Codec().Name(), got)
		}
	}
}

func TestValueKeepsItsBytes(t *testing.T) {
	const text = ` { "a" : [ 1.0 , 1e2 ] } `
	v := codec.Raw(codec.JSON{}, []byte(text))
	same, err := v.In(codec.JSON{})
	if err != nil || string(same.Bytes()) != text {
		t.Errorf("in its own codec: %q, %v", same.Bytes(), err)
	}
	again, err := codec.Encode(codec.JSON{}, v)
	if err != nil || string(again.Bytes()) != text {
		t.Errorf("encoded: %q, %v", again.Bytes(), err)
	}
	for _, tree := range []any{[]any{v}, []codec.Value{v}} {
		if got := encode(t, codec.JSON{}, tree); string(got.Bytes()) != "["+text+"]" {
			t.Errorf("in %T: %q", tree, got.Bytes())
		}
	}
	if got := encode(t, codec.JSON{}, struct{ V codec.Value }{v}); string(got.Bytes()) != `{"V":{"a":[1.0,1e2]}}` {
		t.Errorf("in a struct: %s", got)
	}
	var into codec.Value
	if err := v.Decode(&into); err != nil || string(into.Bytes()) != text {
		t.Errorf("decoded into a Value: %q, %v", into.Bytes(), err)
	}
	if err := (codec.JSON{}).Decode([]byte(text), &into); err != nil || string(into.Bytes()) != strings.TrimSpace(text) {
		t.Errorf("decoded by the codec: %q, %v", into.Bytes(), err)
	}
}

func TestValueFields(t *testing.T) {
	type holder struct {
		V    codec.Value            `json:"v"`
		P    *codec.Value           `json:"p"`
		List []codec.Value          `json:"list"`
		Map  map[string]codec.Value `json:"map"`
	}
	const text = `{"v":[1.0],"p":null,"list":[1,null],"map":{"k":{"x":18446744073709551615}}}`
	for _, c := range codecs {
		in, err := codec.Raw(codec.JSON{}, []byte(text)).In(c)
		if err != nil {
			t.Fatal(err)
		}
		var h holder
		if err := in.Decode(&h); err != nil {
			t.Fatal(err)
		}
		if h.P != nil || h.V.Codec() != c || !h.List[1].IsNull() || h.List[1].Codec() != c {
			t.Errorf("%s: %+v", c.Name(), h)
		}
		for _, out := range codecs {
			back, err := encode(t, out, h).In(codec.JSON{})
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(back.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("from %s to %s:\n%s", c.Name(), out.Name(), diff)
			}
			if !strings.Contains(string(back.Bytes()), "18446744073709551615") || !strings.Contains(string(back.Bytes()), "[1.0]") {
				t.Errorf("from %s to %s numbers are lost: %s", c.Name(), out.Name(), back)
			}
		}
	}
	var none *codec.Value
	if none.UnmarshalJSON([]byte("1")) == nil || none.UnmarshalCBOR([]byte{1}) == nil {
		t.Error("a nil Value is set")
	}
}

func TestGetShares(t *testing.T) {
	v := encode(t, codec.JSON{}, map[string]any{"a": []any{1, 2}, "b": 3})
	part, ok := v.Get("a", "1")
	if !ok || part.String() != "2" {
		t.Fatalf("got %s, %t", part, ok)
	}
	if grown := append(part.Bytes(), "999"...); string(grown) != "2999" || v.String() != `{"a":[1,2],"b":3}` {
		t.Errorf("appending to the part changed the whole: %s", v)
	}
	if _, ok := codec.Raw(codec.JSON{}, []byte(`{"a":1`)).Get("a"); ok {
		t.Error("malformed data has a part")
	}
}

func TestOwnCodec(t *testing.T) {
	tree := map[string]any{"a": []any{int64(1), 1.5, uint64(math.MaxUint64)}, "s": "x"}
	v := encode(t, hexJSON{}, tree)
	for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}, hexJSON{}} {
		in, err := v.In(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := in.Any()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(any(tree), got); diff != "" {
			t.Errorf("in %s:\n%s", c.Name(), diff)
		}
		part, ok := in.Get("a", "2")
		if got, err := part.Any(); !ok || err != nil || got != uint64(math.MaxUint64) {
			t.Errorf("in %s: the part is %v, %v, %t", c.Name(), got, err, ok)
		}
		if _, ok := in.Get("a", "3"); ok {
			t.Errorf("in %s: there is a part that is not there", c.Name())
		}
		if in.String() != `{"a":[1,1.5,18446744073709551615],"s":"x"}` {
			t.Errorf("in %s: %s", c.Name(), in)
		}
	}
	if part, _ := v.Get("a"); part.Codec() != (codec.CBOR{}) {
		t.Errorf("the part is in %s", part.Codec().Name())
	}
	if whole, ok := v.Get(); !ok || whole.Codec() != (hexJSON{}) {
		t.Errorf("the whole is in %s", whole.Codec().Name())
	}
	bad := codec.Raw(hexJSON{}, []byte("zz"))
	if _, ok := bad.Get("a"); ok {
		t.Error("malformed data has a part")
	}
	if _, err := bad.In(codec.JSON{}); err == nil || !strings.HasPrefix(err.Error(), "transcode hex to json: ") {
		t.Errorf("got %v", err)
	}
	if got := encode(t, codec.JSON{}, []any{v}); got.String() != "["+v.Codec().Name()+"]" && got.String() != `[{"a":[1,1.5,18446744073709551615],"s":"x"}]` {
		t.Errorf("in a tree: %s", got)
	}
}

func TestTranscodeToJSON(t *testing.T) {
	tests := []struct{ cbor, want string }{
		{"\x43\x00\x01\xff", `"AAH/"`},
		{"\xc0\x742013-03-21T20:04:00Z", `"2013-03-21T20:04:00Z"`},
		{"\xc1\x1a\x51\x4b\x67\xb0", `"2013-03-21T20:04:00Z"`},
		{"\xa2\x01\x02\xf5\x03", `{"1":2,"true":3}`},
		{"\xa2\x01\x02\x611\x03", ``},
		{"\xa1\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00\x01", ``},
		{"\xf9\x7e\x00", ``},
		{"\xff", ``},
		{"\xd8\x20\x61a", `"a"`},
	}
	for _, test := range tests {
		got, err := codec.Raw(codec.CBOR{}, []byte(test.cbor)).In(codec.JSON{})
		if (err == nil) != (test.want != "") || err == nil && got.String() != test.want {
			t.Errorf("%x: got %s, %v, want %s", test.cbor, got, err, test.want)
		}
	}
}

func TestString(t *testing.T) {
	long := strings.Repeat("é", 300)
	tests := []struct {
		name string
		v    codec.Value
		want string
	}{
		{"short", encode(t, codec.JSON{}, "é"), `"é"`},
		{"at the limit", encode(t, codec.JSON{}, strings.Repeat("x", 254)), `"` + strings.Repeat("x", 254) + `"`},
		{"cut", encode(t, codec.JSON{}, strings.Repeat("x", 255)), `"` + strings.Repeat("x", 255) + "…"},
		{"cut within a rune", encode(t, codec.JSON{}, long), `"` + strings.Repeat("é", 127) + "…"},
		{"no text", codec.Raw(codec.JSON{}, []byte(strings.Repeat("\xff", 300))), strings.Repeat("\xff", 256) + "…"},
		{"CBOR", encode(t, codec.CBOR{}, []any{1, 1.0, "x"}), `[1,1.0,"x"]`},
		{"NaN", encode(t, codec.CBOR{}, math.NaN()), `(9 bytes of cbor)`},
		{"large CBOR", encode(t, codec.CBOR{}, make([]byte, 100_000)), `(100005 bytes of cbor)`},
	}
	for _, test := range tests {
		if got := test.v.String(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if !utf8.ValidString(encode(t, codec.JSON{}, long).String()) {
		t.Error("a rune is cut")
	}
}

func TestDecodeErrorsNameTheType(t *testing.T) {
	for _, c := range codecs {
		err := encode(t, c, "text").Decode(new(int))
		if err == nil || !strings.HasPrefix(err.Error(), "decode "+c.Name()+" into *int: ") {
			t.Errorf("got %v", err)
		}
		if err := encode(t, c, 1).Decode(nil); err == nil {
			t.Errorf("%s: decoded into nil", c.Name())
		}
		if err := encode(t, c, 1).Decode((*codec.Value)(nil)); err == nil {
			t.Errorf("%s: decoded into a nil *Value", c.Name())
		}
		if err := encode(t, c, 1).Decode((*any)(nil)); err == nil {
			t.Errorf("%s: decoded into a nil *any", c.Name())
		}
		if err := encode(t, c, 1).Decode(5); err == nil {
			t.Errorf("%s: decoded into no pointer", c.Name())
		}
	}
	var syntax *json.SyntaxError
	if err := codec.Raw(codec.JSON{}, []byte("{")).Decode(new(any)); !errors.As(err, &syntax) {
		t.Errorf("got %v", err)
	}
}

// TestEncodeAllocates: a value takes one allocation, of its size, whatever that is;
// with the race detector another one, which is not worth a build of its own here.
func TestEncodeAllocates(t *testing.T) {
	const text = "a text that is longer than the smallest sizes"
	for c, values := range map[codec.Codec][]any{
		codec.JSON{}: {123456, 1.5, true, text, strings.Repeat("long ", 20_000), make([]byte, 1000)},
		codec.CBOR{}: {
			123456, 1.5, true, text, strings.Repeat("long ", 20_000), make([]byte, 1000),
			make([]float64, 1000), [100]byte{}, *benchEcho, benchEcho,
		},
	} {
		for _, v := range values {
			if got := testing.AllocsPerRun(100, func() { encode(t, c, v) }); got > 2 {
				t.Errorf("%T as %s: %v allocations", v, c.Name(), got)
			}
		}
	}
}
