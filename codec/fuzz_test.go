package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
)

var jsonSeeds = []string{
	`null`, `true`, ` [1, 1.0, 9007199254740993, 18446744073709551615] `, `{"a":{"b":["x",null,-0.0,1e-7]}}`,
	`"\u00e9\ud83d\ude00\ud83d"`, "\"\xff\xfe\"", `{"a":1,"a":{"a":2}}`, `[[[[]]]]`, `1e400`, `123456789012345678901234567890`,
	`{"name":"Ada","age":36,"tags":["x"]}`, `{"":""}`, `[1,]`, `{"a"}`, `"a`, `-`, `01`, `tru`,
}

var cborSeeds = []string{
	"\xf6", "\x83\x01\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "\xa1\x61a\x82\x41\xff\xf5",
	"\xc0\x742024-01-01T00:00:00Z", "\xc1\x1a\x65\x00\x00\x00", "\xc1\xfb\x41\xd9\x40\x00\x00\x20\x00\x00",
	"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\xc3\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00",
	"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "\xa2\x01\x02\x61a\x03", "\xf9\x7e\x00", "\xf9\x00\x01", "\xd9\xd9\xf7\x01",
	"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "\xbb\x00\x00\x00\x00\x00\x40\x00\x00", "\x9f\x01\xff", "\xf8\xff", "\x61\xff",
	"\xa2\x61a\x01\x61a\x02", "\xa1\xf9\x7e\x00\x01", "\xd8\x20\x61a", "\xc2\x40", "\xa1\xc1\x01\x02", "\xe0",
	"\xa2\x00\x01\xc2\x40\x01",
}

// FuzzJSONDecode holds the decoder to encoding/json.
func FuzzJSONDecode(f *testing.F) {
	for _, seed := range jsonSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got any
		err := codec.JSON{}.Decode(data, &got)
		if err == nil != json.Valid(data) && !errors.Is(err, codec.ErrDepth) && !beyondNumbers(err) {
			t.Fatalf("error %v, but valid is %t", err, json.Valid(data))
		}
		var std any
		stdErr := json.Unmarshal(data, &std)
		if err == nil {
			// Read by encoding/json, what we write is what it read before.
			again := encode(t, codec.JSON{}, got)
			var stdAgain any
			if err := json.Unmarshal(again.Bytes(), &stdAgain); stdErr == nil && err != nil {
				t.Fatalf("%s does not decode: %v", again, err)
			}
			// An integer has no -0, a float that encoding/json reads has.
			if stdErr == nil && !bytes.Contains(data, []byte("-0")) && !sameTree(std, stdAgain) {
				t.Fatalf("%v became %v", std, stdAgain)
			}
			if gotAgain, err := again.Any(); err != nil || !sameTree(got, gotAgain) {
				t.Fatalf("%s became %v, %v", again, gotAgain, err)
			}
		}
		var typed, stdTyped person
		err, stdErr = codec.JSON{}.Decode(data, &typed), json.Unmarshal(data, &stdTyped)
		if (err == nil) != (stdErr == nil) && !errors.Is(err, codec.ErrDepth) {
			t.Fatalf("into a struct: %v, want %v", err, stdErr)
		}
		if diff := cmp.Diff(stdTyped, typed); err == nil && diff != "" {
			t.Fatal(diff)
		}
		var holder struct{ Name, Age, Tags any }
		if err := (codec.JSON{}).Decode(data, &holder); err == nil && !json.Valid(data) {
			t.Fatal("malformed data decodes into a struct")
		}
	})
}

// sameTree is cmp.Equal, which takes time exponential in the depth, for any
// trees. Times are the same if they are the same instant.
func sameTree(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameTree)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameTree)
	case map[any]any:
		b, ok := b.(map[any]any)
		return ok && maps.EqualFunc(a, b, sameTree)
	case []byte:
		b, ok := b.([]byte)
		return ok && bytes.Equal(a, b)
	case *big.Int:
		b, ok := b.(*big.Int)
		return ok && a.Cmp(b) == 0
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	case float64:
		b, ok := b.(float64)
		return ok && (math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b))
	}
	return a == b
}

// beyondNumbers reports whether err refuses a number that JSON allows.
func beyondNumbers(err error) bool {
	var syntax *json.SyntaxError
	return err != nil && !errors.As(err, &syntax)
}

// FuzzJSONWalk holds the scanner to encoding/json.
func FuzzJSONWalk(f *testing.F) {
	for _, seed := range jsonSeeds {
		f.Add([]byte(seed), "a", "b")
	}
	f.Fuzz(func(t *testing.T, data []byte, first, second string) {
		valid := json.Valid(data)
		var v codec.Value
		if err := (codec.JSON{}).Decode(data, &v); errors.Is(err, codec.ErrDepth) {
			valid = false
		}
		start, end, ok := codec.JSON{}.Find(data)
		if ok != valid {
			t.Fatalf("found is %t, valid %t", ok, valid)
		}
		found := ourStrings(data)
		if !valid {
			return
		}
		if want := bytes.Trim(data, " \t\r\n"); !bytes.Equal(data[start:end], want) || !bytes.Equal(v.Bytes(), want) {
			t.Fatalf("got %q and %q, want %q", data[start:end], v.Bytes(), want)
		}
		if diff := cmp.Diff(stdStrings(data), found); diff != "" {
			t.Fatal(diff)
		}
		for span, s := range (codec.JSON{}).Strings(data) {
			var std string
			if err := json.Unmarshal(data[span.Start:span.End], &std); err != nil || std != s {
				t.Fatalf("%q at %v, want %q, %v", s, span, std, err)
			}
		}
		var tree map[string]any
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		if dec.Decode(&tree) != nil {
			return
		}
		part, ok := tree[first].(map[string]any)
		want, has := part[second]
		if ok {
			start, end, ok = codec.JSON{}.Find(data, first, second)
			if ok != has {
				t.Fatalf("%q.%q: found is %t", first, second, ok)
			}
		}
		if ok {
			var got any
			dec := json.NewDecoder(bytes.NewReader(data[start:end]))
			dec.UseNumber()
			if err := dec.Decode(&got); err != nil || !sameTree(want, got) {
				t.Fatalf("%q.%q is %v, %v, want %v", first, second, got, err, want)
			}
		}
	})
}

// FuzzFindAll holds FindAll to Find, whatever the data.
func FuzzFindAll(f *testing.F) {
	for _, seed := range slices.Concat(jsonSeeds, cborSeeds) {
		f.Add([]byte(seed), "a", "b")
	}
	f.Add([]byte(`{"a":{"b":[1,2]},"a":{"0":1}}`), "0", "c")
	f.Add([]byte("\xa3\x61a\xa1\x61b\x01\x61a\xa1\x610\x02\x610\x03"), "0", "c")
	f.Add([]byte("\xc1\x83\x01\xc1\xc6\xa1\x61c\xc1\x02\xc1\x80"), "1", "c")
	f.Fuzz(func(t *testing.T, data []byte, first, second string) {
		paths := append([][]string{{first}, {second}, {first, second}, {second, first}, {first, second, "a"}}, somePaths...)
		for _, f := range finders {
			if diff := cmp.Diff(findEach(f, data, paths), f.FindAll(data, paths)); diff != "" {
				t.Fatalf("%s %q (-one by one +together):\n%s", f.Name(), data, diff)
			}
		}
	})
}

// FuzzCBORDecode holds our decoder to the library, which decodes the elements
// of a slice that is there.
func FuzzCBORDecode(f *testing.F) {
	for _, seed := range cborSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got any
		err := codec.CBOR{}.Decode(data, &got)
		lib := []any{}
		libErr := codec.CBOR{}.Decode(append([]byte{0x81}, data...), &lib)
		if (err == nil) != (libErr == nil) && !errors.Is(libErr, codec.ErrDepth) && !isYearError(err) {
			t.Fatalf("error %v, the library %v", err, libErr)
		}
		_, _, found := codec.CBOR{}.Find(data)
		if err == nil && !found {
			t.Fatal("decodes but is not found")
		}
		codec.CBOR{}.Find(data, "a", "0")
		var typed person
		var v codec.Value
		valueErr := codec.CBOR{}.Decode(data, &v)
		if found != (valueErr == nil) {
			t.Fatalf("found is %t, into a Value: %v", found, valueErr)
		}
		if (codec.CBOR{}).Decode(data, &typed) == nil && valueErr != nil {
			t.Fatalf("decodes into a struct, but not into a Value: %v", valueErr)
		}
		if err != nil || libErr != nil {
			return
		}
		if !sameTree(lib[0], got) {
			t.Fatalf("got %v, the library %v", got, lib[0])
		}
		again := encode(t, codec.CBOR{}, got)
		gotAgain, err := again.Any()
		if err != nil {
			t.Fatal(err)
		}
		if !sameTree(got, gotAgain) {
			t.Fatalf("%v became %v", got, gotAgain)
		}
		if inJSON, err := again.In(codec.JSON{}); err == nil && !json.Valid(inJSON.Bytes()) {
			t.Fatalf("transcoded to %s", inJSON.Bytes())
		}
	})
}

// isYearError reports whether err refuses a time that the library reads but
// could not write.
func isYearError(err error) bool {
	return err != nil && strings.Contains(err.Error(), "time of the year")
}

// FuzzCBORTime keeps times what they were through text.
func FuzzCBORTime(f *testing.F) {
	f.Add(int64(0), int64(0), 0)
	f.Add(int64(253402300799), int64(999999999), 3600)
	f.Add(int64(-62167219200), int64(1), -3600)
	f.Fuzz(func(t *testing.T, sec, nsec int64, offset int) {
		in := time.Unix(sec, nsec).In(time.FixedZone("", offset%86400/60*60))
		v, err := codec.Encode(codec.CBOR{}, in)
		if year := in.Year(); year < 0 || year > 9999 {
			if err == nil {
				t.Fatalf("%v is written", in)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		x, err := v.Any()
		if err != nil {
			t.Fatal(err)
		}
		if out, ok := x.(time.Time); !ok || !out.Equal(in) {
			t.Fatalf("%v became %v", in, x)
		}
	})
}
