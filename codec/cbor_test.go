package codec_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

// Examples of RFC 8949, appendix A.
func TestCBORBytes(t *testing.T) {
	tests := []struct {
		v    any
		want string
	}{
		{nil, "\xf6"},
		{false, "\xf4"},
		{true, "\xf5"},
		{0, "\x00"},
		{23, "\x17"},
		{24, "\x18\x18"},
		{100, "\x18\x64"},
		{1000, "\x19\x03\xe8"},
		{1000000, "\x1a\x00\x0f\x42\x40"},
		{int64(1000000000000), "\x1b\x00\x00\x00\xe8\xd4\xa5\x10\x00"},
		{uint64(math.MaxUint64), "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"},
		{bigInt(t, "18446744073709551615"), "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"},
		{bigInt(t, "18446744073709551616"), "\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"},
		{*bigInt(t, "-18446744073709551616"), "\x3b\xff\xff\xff\xff\xff\xff\xff\xff"},
		{bigInt(t, "-18446744073709551617"), "\xc3\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"},
		{(*big.Int)(nil), "\xf6"},
		{-1, "\x20"},
		{-1000, "\x39\x03\xe7"},
		{int8(-8), "\x27"},
		{1.1, "\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"},
		{1.0, "\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"},
		{float32(100000), "\xfa\x47\xc3\x50\x00"},
		{math.Inf(1), "\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00"},
		{"", "\x60"},
		{"ü", "\x62\xc3\xbc"},
		{[]byte{1, 2}, "\x42\x01\x02"},
		{[]byte(nil), "\xf6"},
		{[2]byte{1, 2}, "\x42\x01\x02"},
		{[]any{}, "\x80"},
		{[]any(nil), "\xf6"},
		{[]any{1, []int{2, 3}, []string{"a"}, []float64{1}}, "\x84\x01\x82\x02\x03\x81\x61a\x81\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"},
		{map[string]any{"aa": 1, "b": 2, "": 3}, "\xa3\x60\x03\x61b\x02\x62aa\x01"},
		{map[string]any(nil), "\xf6"},
		{map[string]string{"a": "A"}, "\xa1\x61a\x61A"},
		{map[any]any{"a": 1, int64(1): "x", false: nil}, "\xa3\x01\x61x\x61a\x01\xf4\xf6"},
		{map[int]string{2: "b", 1: "a"}, "\xa2\x01\x61a\x02\x61b"},
		{time.Date(2013, 3, 21, 20, 4, 0, 5, time.UTC), "\xc0\x78\x1e2013-03-21T20:04:00.000000005Z"},
		{person{Name: "A"}, "\xa2\x64name\x61A\x64tags\xf6"},
		{netip.MustParseAddr("::1"), "\x63::1"},
		{json.RawMessage(`{"a":[1.0]}`), "\xa1\x61a\x81\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"},
		{json.Number("1"), "\x01"},
		{codec.Value{}, "\xf6"},
		{codec.Raw(codec.JSON{}, []byte(" [1] ")), "\x81\x01"},
		{struct{ V codec.Value }{codec.Raw(codec.JSON{}, []byte("[1]"))}, "\xa1\x61V\x81\x01"},
	}
	for _, test := range tests {
		got, err := codec.CBOR{}.Append([]byte("x"), test.v)
		if err != nil || string(got) != "x"+test.want {
			t.Errorf("%T %v: got %q, %v, want %q", test.v, test.v, got, err, "x"+test.want)
		}
	}
}

// Our own way of writing trees is the library's.
func TestCBORAppendIsTheLibrarys(t *testing.T) {
	type wrapped struct{ X any } // what is in a struct the library writes
	rapid.Check(t, func(t *rapid.T) {
		tree := trees(3, scalars()).Draw(t, "tree")
		own := encodeTree(t, codec.CBOR{}, map[string]any{"X": tree})
		lib := encodeTree(t, codec.CBOR{}, wrapped{tree})
		if !bytes.Equal(own, lib) {
			t.Fatalf("%x, the library %x", own, lib)
		}
	})
}

func TestCBORDecodeAny(t *testing.T) {
	tests := []struct {
		data string
		want any
	}{
		{"\xf6", nil},
		{"\xf7", nil},
		{"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", int64(math.MinInt64)},
		{"\xf9\x00\x00", 0.0},
		{"\xf9\x80\x00", math.Copysign(0, -1)},
		{"\xf9\x3c\x00", 1.0},
		{"\xf9\x7b\xff", 65504.0},
		{"\xf9\x00\x01", 5.960464477539063e-8},
		{"\xf9\xc4\x00", -4.0},
		{"\xf9\x7c\x00", math.Inf(1)},
		{"\xf9\xfc\x00", math.Inf(-1)},
		{"\xf9\x7e\x00", math.NaN()},
		{"\xfa\x7f\x7f\xff\xff", 3.4028234663852886e+38},
		{"\xc2\x43\x00\x00\x07", int64(7)},
		{"\xc3\x40", int64(-1)},
		{"\xc1\x1a\x51\x4b\x67\xb0", time.Date(2013, 3, 21, 20, 4, 0, 0, time.UTC)},
		{"\xc1\xfb\x41\xd4\x52\xd9\xec\x20\x00\x00", time.Date(2013, 3, 21, 20, 4, 0, 500000000, time.UTC)},
		{"\xd9\xd9\xf7\xd8\x20\x61a", "a"},
		{"\xa2\x01\x02\x61a\x03", map[any]any{int64(1): int64(2), "a": int64(3)}},
		{"\xa2\x61a\x03\x01\x02", map[any]any{int64(1): int64(2), "a": int64(3)}},
		{"\xa0", map[string]any{}},
	}
	for _, test := range tests {
		var got any
		lib := []any{}
		if err := (codec.CBOR{}).Decode([]byte(test.data), &got); err != nil {
			t.Errorf("%x: %v", test.data, err)
		} else if diff := cmp.Diff(test.want, got, sameKinds); diff != "" {
			t.Errorf("%x:\n%s", test.data, diff)
		}
		if err := (codec.CBOR{}).Decode([]byte("\x81"+test.data), &lib); err != nil {
			t.Errorf("%x, in a slice: %v", test.data, err)
		} else if diff := cmp.Diff(test.want, lib[0], sameKinds); diff != "" {
			t.Errorf("%x, in a slice:\n%s", test.data, diff)
		}
	}
}

func TestCBORErrors(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"nothing", "", "EOF"},
		{"cut off", "\x82\x01", "unexpected EOF"},
		{"trailing", "\x01\x02", "extraneous data"},
		{"indefinite array", "\x9f\xff", "indefinite-length"},
		{"indefinite text", "\x7f\x61a\xff", "indefinite-length"},
		{"huge array", "\x9a\xff\xff\xff\xff", "exceeded max number of elements"},
		{"huge map", "\xba\xff\xff\xff\xff", "exceeded max number of key-value pairs"},
		{"huge bytes", "\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", "unexpected EOF"},
		{"reserved", "\x1c", "invalid additional information"},
		{"undefined simple value", "\xe0", "simple value 0 is not recognized"},
		{"invalid text", "\x62\xff\xff", "not valid UTF-8"},
		{"invalid key", "\xa1\x61\xff\x01", "not valid UTF-8"},
		{"duplicate key", "\xa2\x61a\x01\x61a\x02", "twice"},
		{"duplicate integer key", "\xa2\x01\x01\x01\x02", "twice"},
		{"duplicate bignum key", "\xa2\x01\x01\xc2\x41\x01\x02", "twice"},
		{"array as a key", "\xa1\x80\x01", "map key"},
		{"NaN as a key", "\xa1\xf9\x7e\x00\x01", "map key"},
		{"time that is none", "\xc0\x61x", "cannot set x for time.Time"},
		{"time as bytes", "\xc0\x41x", "tag number 0 must be followed by"},
		{"bignum as text", "\xc2\x61x", "tag 2 is not followed by bytes"},
		{"a year beyond", "\xc1\x1b\x00\x00\x00\x7f\xff\xff\xff\xff", "year"},
		{"many tags", strings.Repeat("\xd0", 17) + "\x01", "more than 16 tags"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var x any = "before"
			err := codec.CBOR{}.Decode([]byte(test.data), &x)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want an error with %q", x, err, test.want)
			}
			if !strings.HasPrefix(err.Error(), "decode cbor into *interface {}: ") {
				t.Errorf("the error does not say what was decoded: %v", err)
			}
		})
	}
	var x any
	if err := (codec.CBOR{}).Decode([]byte(strings.Repeat("\xd0", 16)+"\x01"), &x); err != nil || x != int64(1) {
		t.Errorf("16 tags: %v, %v", x, err)
	}
	err := codec.CBOR{}.Decode([]byte("\xa1\x63age\x61x"), new(person))
	const want = "decode cbor into *codec_test.person: cbor: cannot unmarshal UTF-8 text string into Go struct field codec_test.person.age of type int"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for _, v := range []any{"\xff", []string{"\xff"}, map[string]any{"\xff": 1}, struct{ S string }{"\xff"}} {
		if _, err := codec.Encode(codec.CBOR{}, v); err == nil || !strings.Contains(err.Error(), "not valid UTF-8") {
			t.Errorf("%q: got %v", v, err)
		}
	}
}

// A header that promises much must not be believed.
func TestCBORHeadersAllocateNothing(t *testing.T) {
	for _, data := range []string{
		"\x9a\x00\xff\xff\xff", "\xba\x00\x3f\xff\xff", "\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "\x5a\x7f\xff\xff\xff",
		strings.Repeat("\x9a\x00\xff\xff\xff", 100),
	} {
		var x any
		var s []any
		var typed []person
		var b []byte
		var m map[string]int
		var v codec.Value
		some := []any{}
		for _, dst := range []any{&x, &s, &typed, &b, &m, &v, &some} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := codec.CBOR{}.Decode([]byte(data), dst)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%.10x decodes into %T", data, dst)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
				t.Errorf("%.10x into %T: %d bytes were allocated", data, dst, grown)
			}
		}
	}
}

// mood knows JSON only, level text.
type mood struct{ happy bool }

func (m mood) MarshalJSON() ([]byte, error) { return json.Marshal([]bool{m.happy}) }
func (m *mood) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]*bool{&m.happy})
}

type level int

func (l level) MarshalText() ([]byte, error) { return []byte(strings.Repeat("*", int(l))), nil }
func (l *level) UnmarshalText(text []byte) error {
	*l = level(len(text))
	return nil
}

type both struct {
	Name  string         `json:"name"`
	Mood  mood           `json:"mood"`
	Level level          `json:"level"`
	Addr  netip.Addr     `json:"addr"`
	At    time.Time      `json:"at"`
	Raw   []byte         `json:"raw"`
	Big   *big.Int       `json:"big"`
	By    map[level]int  `json:"by"`
	Ptr   *float32       `json:"ptr"`
	Value codec.Value    `json:"value"`
	Any   any            `json:"any"`
	Skip  chan int       `json:"-"`
	Dur   time.Duration  `json:"dur"`
	List  []codec.Value  `json:"list"`
	More  map[string]any `json:"more,omitempty"`
}

// A struct is the same after JSON and after CBOR.
func TestStructsSurvive(t *testing.T) {
	f := float32(1.5)
	want := both{
		Name: "x", Mood: mood{true}, Level: 3, Addr: netip.MustParseAddr("10.0.0.1"),
		At: time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC), Raw: []byte{0, 255}, Big: bigInt(t, "123456789012345678901234567890"),
		By: map[level]int{2: 1}, Ptr: &f, Value: codec.Raw(codec.JSON{}, []byte(`{"a":1.0}`)), Any: []any{int64(1), 2.5},
		Dur: time.Second, List: []codec.Value{{}, codec.Raw(codec.JSON{}, []byte("1.0"))}, More: map[string]any{"k": nil},
	}
	compare := cmp.Options{sameKinds, cmp.AllowUnexported(mood{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b codec.Value) bool { return a.String() == b.String() })}
	for _, c := range codecs {
		v := encode(t, c, want)
		var got both
		if err := v.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, compare); diff != "" {
			t.Errorf("%s:\n%s", c.Name(), diff)
		}
		if got.Value.Codec() != c {
			t.Errorf("%s: the field is a Value in %s", c.Name(), got.Value.Codec().Name())
		}
	}
}

// Types of the library's own pass.
func TestCBORLibraryTypes(t *testing.T) {
	for _, v := range []any{cbor.RawMessage("\x01"), cbor.Tag{Number: 99, Content: 1}, []any{cbor.RawMessage("\x01")}} {
		if _, err := encode(t, codec.CBOR{}, v).Any(); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
	cyclic := map[string]any{}
	cyclic["tag"] = cbor.Tag{Number: 99, Content: cyclic}
	if _, err := codec.Encode(codec.CBOR{}, cyclic); err == nil {
		t.Error("a cycle through a tag is encoded")
	}
}

func TestCBORTypedMapKeys(t *testing.T) {
	var m map[any]any
	data := []byte("\xa3\x01\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x61a\xa1\x61b\x02\x1b\xff\xff\xff\xff\xff\xff\xff\xff\xf6")
	if err := (codec.CBOR{}).Decode(data, &m); err != nil {
		t.Fatal(err)
	}
	want := map[any]any{
		int64(1): uint64(math.MaxUint64), "a": map[string]any{"b": int64(2)}, uint64(math.MaxUint64): nil,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"\xa2\x01\x01\xc2\x41\x01\x02", "\xa1\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01"} {
		m = nil
		if err := (codec.CBOR{}).Decode([]byte(bad), &m); err == nil {
			t.Errorf("%x decodes to %v", bad, m)
		}
	}
	var floats map[float64]any
	if err := (codec.CBOR{}).Decode([]byte("\xa1\xf9\x7e\x00\x01"), &floats); err != nil || len(floats) != 1 {
		t.Errorf("NaN as a typed key: %v, %v", floats, err)
	}
}
