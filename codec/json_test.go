package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

type person struct {
	Name  string            `json:"name"`
	Age   int               `json:"age,omitempty"`
	Tags  []string          `json:"tags"`
	Extra map[string]string `json:"extra,omitempty"`
}

// stdJSON is encoding/json without HTML escaping.
func stdJSON(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Where kinds are no question JSON is written as encoding/json writes it.
func TestJSONIsStandard(t *testing.T) {
	noBig := (*big.Int)(nil)
	tests := []any{
		nil, true, false, "", "<&>", "\xff\u2028",
		int8(-8), int16(-16), int32(-32), int64(-64), uint(1), uint8(8), uint16(16), uint32(32), uint64(64), uintptr(7),
		[]any(nil), []any{}, map[string]any(nil), map[string]any{}, map[string]any{"b": 1, "a": nil, "": true},
		[]string(nil), []string{"a", "b"}, []int{1, 2}, map[string]string{"y": "1", "x": "2"},
		[]byte(nil), []byte{}, []byte{0, 1, 255}, [3]byte{1, 2, 3}, json.RawMessage(`{"a":1}`),
		noBig, big.NewInt(-7), []*big.Int{big.NewInt(1)},
		person{Name: "<Ada>", Tags: nil}, &person{Age: 3}, []person{{}, {Name: "x"}}, (*person)(nil),
		map[int]string{2: "b", 10: "a"}, map[netip.Addr]int{netip.MustParseAddr("10.0.0.1"): 1},
		time.Date(2024, 2, 29, 12, 0, 0, 1, time.UTC), netip.MustParseAddr("::1"), time.Second,
		[]map[string]any{{"a": "b"}, nil}, []any{person{}, []person{{}}, map[string]person{"k": {}}},
		struct{ V codec.Value }{}, &codec.Value{}, (*codec.Value)(nil), []*codec.Value{nil},
	}
	for _, v := range tests {
		got, err := codec.JSON{}.Append([]byte("x"), v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		if want := "x" + stdJSON(t, v); string(got) != want {
			t.Errorf("%T: got %s, want %s", v, got, want)
		}
	}
}

func TestJSONStringsAreStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }),
		).Draw(t, "s")
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		got, err := codec.JSON{}.Append(nil, s)
		if err != nil || string(got)+"\n" != b.String() {
			t.Fatalf("%q is written as %s, %v, want %s", s, got, err, b.String())
		}
		// And read, raw and escaped.
		for _, quoted := range []string{string(got), `"` + strings.NewReplacer(`"`, "", `\`, "", "\n", "").Replace(s) + `"`} {
			var want, decoded string
			wantErr := json.Unmarshal([]byte(quoted), &want)
			err := codec.JSON{}.Decode([]byte(quoted), &decoded)
			if (err == nil) != (wantErr == nil) || decoded != want {
				t.Fatalf("%q is read as %q, %v, want %q, %v", quoted, decoded, err, want, wantErr)
			}
		}
	})
}

// Decoding without reflection gives what encoding/json gives, errors included.
func TestJSONDecodeIsStandard(t *testing.T) {
	texts := []string{
		``, ` `, `null`, ` null `, `true`, "\tfalse\r\n", `tru`, `truee`, `0`, `-0`, `-1`, ` 42 `, `042`, `1.`, `.5`, `1.0`, `1e2`,
		`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `18446744073709551615`,
		`18446744073709551616`, `1e400`, `-`, `+1`, `1 2`, `"a"`, `"a" "b"`, `"a`, `"\u00e9\ud83d\ude00\ud83d"`, `"\x"`,
		`"` + "\x01" + `"`, "\"\xff\"", `[]`, `[1]`, `{}`, `{"a":1}`, `[1,]`, `{"a":}`, `{a:1}`, `[`, `]`, `"\u12"`,
	}
	fresh := []func() any{
		func() any { s := "before"; return &s },
		func() any { b := true; return &b },
		func() any { n := 7; return &n },
		func() any { n := int64(7); return &n },
		func() any { n := uint64(7); return &n },
		func() any { f := 7.5; return &f },
		func() any { n := int32(7); return &n },
		func() any { return &person{Name: "before"} },
		func() any { return (*int)(nil) },
		func() any { return (*string)(nil) },
		func() any { return nil },
		func() any { return 5 },
	}
	for _, text := range texts {
		for _, f := range fresh {
			want, got := f(), f()
			wantErr := json.Unmarshal([]byte(text), want)
			err := codec.JSON{}.Decode([]byte(text), got)
			if (err == nil) != (wantErr == nil) {
				t.Errorf("%q into %T: error %v, want %v", text, got, err, wantErr)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q into %T:\n%s", text, got, diff)
			}
			if err != nil && !strings.HasSuffix(err.Error(), wantErr.Error()) {
				t.Errorf("%q into %T: error %q, want %q", text, got, err, wantErr)
			}
		}
	}
}

func TestJSONDecodeAny(t *testing.T) {
	tests := []struct {
		text string
		want any
	}{
		{`null`, nil},
		{`{}`, map[string]any{}},
		{`[]`, []any{}},
		{` [ null , { "a" : [ ] } ] `, []any{nil, map[string]any{"a": []any{}}}},
		{`{"a":1,"a":"last"}`, map[string]any{"a": "last"}},
		{`{"\u0061":1}`, map[string]any{"a": int64(1)}},
	}
	for _, test := range tests {
		var got any = "before"
		if err := (codec.JSON{}).Decode([]byte(test.text), &got); err != nil {
			t.Errorf("%s: %v", test.text, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s:\n%s", test.text, diff)
		}
	}
	var m map[string]any
	var s []any
	for text, dst := range map[string]any{`[1]`: &m, `{"a":1}`: &s, `{"a":1}x`: &m, `[1] 2`: &s} {
		if err := (codec.JSON{}).Decode([]byte(text), dst); err == nil {
			t.Errorf("%s decodes into %T", text, dst)
		}
	}
	if err := (codec.JSON{}).Decode([]byte(`null`), &m); err != nil || m != nil {
		t.Errorf("null into a map: %v, %v", m, err)
	}
}

func TestJSONDecodeErrors(t *testing.T) {
	var x any
	var holder struct{ X any }
	var v codec.Value
	for _, dst := range []any{&x, &holder, &v} {
		for _, text := range []string{`{"X":1`, `{"X":1}}`, `{"X":1} {}`, `{"X":01}`} {
			err := codec.JSON{}.Decode([]byte(text), dst)
			if _, ok := errors.AsType[*json.SyntaxError](err); !ok {
				t.Errorf("%s into %T: got %v, want a *json.SyntaxError", text, dst, err)
			}
		}
	}
	err := codec.JSON{}.Decode([]byte(`{"age":"x"}`), new(person))
	var wrongType *json.UnmarshalTypeError
	if !errors.As(err, &wrongType) || wrongType.Field != "age" {
		t.Errorf("got %v, want an *json.UnmarshalTypeError for age", err)
	}
	const want = "decode json into *codec_test.person: json: cannot unmarshal string into Go struct field person.age of type int"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestJSONMapKeys(t *testing.T) {
	tests := []struct {
		m    map[any]any
		want string
	}{
		{map[any]any{int64(10): 1, uint64(1 << 63): 2, "x": 3, true: 4}, `{"10":1,"9223372036854775808":2,"true":4,"x":3}`},
		{nil, `null`},
		{map[any]any{1.5: 1}, ""},
		{map[any]any{int64(1): 1, "1": 2}, ""},
		{map[any]any{nil: 1}, ""},
	}
	for _, test := range tests {
		got, err := codec.JSON{}.Append(nil, test.m)
		if (err == nil) != (test.want != "") || string(got) != test.want {
			t.Errorf("%v: got %s, %v, want %s", test.m, got, err, test.want)
		}
	}
}

func TestDecodeKeepsNoData(t *testing.T) {
	tree := map[string]any{"s": "text", "b": []byte("bytes"), "list": []any{"x", map[string]any{"k": "v"}}}
	for _, c := range []codec.Codec{codec.JSON{}, codec.CBOR{}} {
		data := encode(t, c, tree).Bytes()
		var x any
		var m map[string]any
		var v codec.Value
		var s struct {
			S codec.Value     `json:"s"`
			B json.RawMessage `json:"b"`
			L []any           `json:"list"`
		}
		for _, dst := range []any{&x, &m, &v, &s} {
			mine := bytes.Clone(data)
			if err := c.Decode(mine, dst); err != nil {
				t.Fatal(err)
			}
			before := encode(t, c, dst).Bytes()
			clear(mine)
			if after := encode(t, c, dst).Bytes(); !bytes.Equal(after, before) {
				t.Errorf("%s: %T aliases the data", c.Name(), dst)
			}
		}
	}
}
