package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

type (
	plainText  string
	plainCount int16
)

type plainRow struct {
	Name  string `json:"name"`
	N     int
	I8    int8
	U16   uint16
	U64   uint64
	F32   float32
	F64   float64
	OK    bool
	Raw   []byte
	Sum   [4]byte
	In    struct{ A, B plainCount }
	List  []int64
	Rows  []struct{ S plainText }
	Not   string `json:"-"`
	inner string //nolint:unused // neither way may see it
}

// viaLibrary encodes and decodes a T as part of a map, which is not plain.
func viaLibrary(t testing.TB, v reflect.Value) ([]byte, error) {
	t.Helper()
	m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), v.Type()))
	m.SetMapIndex(reflect.ValueOf(""), v)
	data, err := codec.CBOR{}.Append(nil, m.Interface())
	return bytes.TrimPrefix(data, inMap), err
}

var inMap = []byte("\xa1\x60")

// sameAsLibrary decodes data into a T in both ways, which must give the same.
func sameAsLibrary(t testing.TB, data []byte, of reflect.Type) {
	t.Helper()
	got := reflect.New(of)
	err := codec.CBOR{}.Decode(data, got.Interface())
	lib := reflect.New(reflect.MapOf(reflect.TypeFor[string](), of))
	libErr := codec.CBOR{}.Decode(append(bytes.Clone(inMap), data...), lib.Interface())
	if (err == nil) != (libErr == nil) {
		t.Fatalf("%x into %v: error %v, the library %v", data, of, err, libErr)
	}
	if err != nil {
		return
	}
	first, err := viaLibrary(t, got.Elem())
	second, libErr := viaLibrary(t, lib.Elem().MapIndex(reflect.ValueOf("")))
	if err != nil || libErr != nil || !bytes.Equal(first, second) {
		t.Fatalf("%x into %v: %x, the library %x, errors %v, %v", data, of, first, second, err, libErr)
	}
}

func plainTypes() *rapid.Generator[reflect.Type] {
	scalars := rapid.SampledFrom([]reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[plainText](), reflect.TypeFor[plainCount](),
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int64](), reflect.TypeFor[uint](), reflect.TypeFor[uint8](),
		reflect.TypeFor[uint64](), reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[[]byte](),
		reflect.TypeFor[[0]byte](), reflect.TypeFor[[1]byte](), reflect.TypeFor[[33]byte](),
	})
	names := []string{"Name", "N", "Data", "LongerThanMost", "Á"}
	tags := []string{"", `json:"-"`, `json:"n"`, `json:"name"`, `json:"x.y z"`, `json:",omitempty"`, `cbor:"n"`}
	var types func(depth int) *rapid.Generator[reflect.Type]
	types = func(depth int) *rapid.Generator[reflect.Type] {
		if depth == 0 {
			return scalars
		}
		return rapid.OneOf(
			scalars,
			rapid.Custom(func(t *rapid.T) reflect.Type { return reflect.SliceOf(types(depth-1).Draw(t, "element")) }),
			rapid.Custom(func(t *rapid.T) reflect.Type {
				var fields []reflect.StructField
				for _, name := range names[:rapid.IntRange(0, len(names)).Draw(t, "fields")] {
					fields = append(fields, reflect.StructField{
						Name: name, Type: types(depth-1).Draw(t, "type of "+name),
						Tag: reflect.StructTag(rapid.SampledFrom(tags).Draw(t, "tag of "+name)),
					})
				}
				return reflect.StructOf(fields)
			}),
		)
	}
	return types(3)
}

// fill sets v to something that a writer may have.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.Just("\xff")).Draw(t, "text"))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, math.NaN(), math.Inf(-1)})).Draw(t, "float"))
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(t, "length"); n >= 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	default:
		if v.CanInt() {
			v.SetInt(rapid.Int64().Draw(t, "int"))
		} else {
			v.SetUint(rapid.Uint64().Draw(t, "uint"))
		}
	}
}

// TestPlainTypes: what is written and read without the library is what it writes
// and reads, of good data and of bad.
func TestPlainTypes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := reflect.New(plainTypes().Draw(rt, "type")).Elem()
		fill(rt, v)
		want, libErr := viaLibrary(t, v)
		if libErr != nil && !strings.Contains(libErr.Error(), "UTF-8") {
			return // the library refuses two fields of one name
		}
		for _, x := range []any{v.Interface(), v.Addr().Interface()} {
			got, err := codec.CBOR{}.Append([]byte("before"), x)
			if (err == nil) != (libErr == nil) {
				rt.Fatalf("%T: error %v, the library %v", x, err, libErr)
			}
			if err == nil && string(got) != "before"+string(want) {
				rt.Fatalf("%T: %x, the library %x", x, got, want)
			}
		}
		if libErr != nil {
			return
		}
		sameAsLibrary(t, want, v.Type())
		for end := range want {
			sameAsLibrary(t, want[:end], v.Type())
		}
		if len(want) > 0 {
			bad := bytes.Clone(want)
			bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "place")] = rapid.Byte().Draw(rt, "byte")
			sameAsLibrary(t, bad, v.Type())
			sameAsLibrary(t, append(bad, 0), v.Type())
		}
		other := reflect.New(plainTypes().Draw(rt, "another type")).Elem()
		sameAsLibrary(t, want, other.Type())
	})
}

// TestPlainIntoUsed: what is there is replaced, what data does not name stays, and
// the elements of a slice that is there are decoded into, as the library has it.
func TestPlainIntoUsed(t *testing.T) {
	row := plainRow{Name: "stays", N: 1, Sum: [4]byte{1, 2, 3, 4}, Raw: []byte("old"), Not: "stays"}
	old := row.Raw
	data := encode(t, codec.CBOR{}, map[string]any{"N": 7, "Raw": []byte("new"), "Sum": []byte{9}}).Bytes()
	if err := (codec.CBOR{}).Decode(data, &row); err != nil {
		t.Fatal(err)
	}
	want := "{stays 7 0 0 0 0 0 false [110 101 119] [9 0 0 0] {0 0} [] [] stays }"
	if got := fmt.Sprint(row); got != want || string(old) != "old" {
		t.Errorf("got %s, want %s; the old bytes are %q", got, want, old)
	}
	row.Raw[0] = 'X'
	if bytes.Contains(data, []byte("Xew")) {
		t.Error("what was decoded shares the memory of the data")
	}
	pairs := []struct{ A, B int }{{1, 2}, {3, 4}}
	if err := (codec.CBOR{}).Decode(encode(t, codec.CBOR{}, []any{map[string]any{"B": 5}}).Bytes(), &pairs); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(pairs); got != "[{1 5}]" {
		t.Errorf("got %s", got)
	}
}

// TestPlainKeys: only keys that are there once, in order, are read without the
// library, which knows what the others are.
func TestPlainKeys(t *testing.T) {
	for data, want := range map[string]string{
		"\xa2\x61A\x01\x61B\x02":          "{1 2}",
		"\xa2\x61B\x02\x61A\x01":          "{1 2}",
		"\xa2\x61a\x01\x61B\x02":          "{1 2}",
		"\xa1\x61B\x02":                   "{0 2}",
		"\xa3\x61A\x01\x61B\x02\x61C\x03": "{1 2}",
		"\xa2\x61A\x01\x61A\x02":          "",
		"\xa2\x61B\x01\x61B\x02":          "",
		"\xa2\x61A\x01":                   "",
		"\xa1\x61A\x01\x61B\x02":          "",
		"\xa2\x61A\x01\x61B\xf6":          "{1 0}",
		"\xf6":                            "{0 0}",
	} {
		var pair struct{ A, B int }
		err := codec.CBOR{}.Decode([]byte(data), &pair)
		if got := fmt.Sprint(pair); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%x: got %s, %v, want %q", data, got, err, want)
		}
	}
}

// TestPlainErrors: they say where, as those of a tree do.
func TestPlainErrors(t *testing.T) {
	_, err := codec.CBOR{}.Append(nil, []plainRow{{}, {Rows: []struct{ S plainText }{{"\xff"}}}})
	const want = "encode []codec_test.plainRow as cbor: at /1/Rows/0/S: string is not valid UTF-8: use []byte for bytes"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	type deep struct{ A []struct{ B []int } } // 4 levels
	for depth, ok := range map[int]bool{codec.MaxDepth - 4: true, codec.MaxDepth - 3: false} {
		var tree any = deep{}
		for range depth {
			tree = []any{tree}
		}
		if _, err := codec.Encode(codec.CBOR{}, tree); (err == nil) != ok {
			t.Errorf("%d lists around 4 levels: %v", depth, err)
		}
	}
}

// FuzzPlain holds the quick way of reading a struct to the library.
func FuzzPlain(f *testing.F) {
	rows := []plainRow{{}, {
		Name: "a", N: -1, I8: 1, U16: 500, U64: math.MaxUint64, F32: 1.5, F64: -0.1, OK: true, Raw: []byte("raw"),
		List: []int64{1, -70000}, Rows: []struct{ S plainText }{{"x"}, {""}},
	}}
	for _, row := range rows {
		f.Add(encode(f, codec.CBOR{}, row).Bytes())
	}
	for _, seed := range cborSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, of := range []reflect.Type{
			reflect.TypeFor[plainRow](), reflect.TypeFor[[]float64](), reflect.TypeFor[int64](), reflect.TypeFor[plainText](),
			reflect.TypeFor[[]byte](), reflect.TypeFor[[8]byte](), reflect.TypeFor[float32](), reflect.TypeFor[uint8](),
		} {
			sameAsLibrary(t, data, of)
		}
	})
}
