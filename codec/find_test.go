package codec_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

func TestJSONFind(t *testing.T) {
	const doc = ` { "a" : [ 10 , {"b":"x"} , [ ] ] , "" : 1 , "0" : "zero" , "a/b" : true ,
		"dup" : {"x":1} , "dup" : {"y":2} , "\u00e9\"" : 3 , "é" : 4 } `
	tests := []struct {
		path []string
		want string // empty: not found
	}{
		{[]string{}, doc[1 : len(doc)-1]},
		{[]string{"a"}, `[ 10 , {"b":"x"} , [ ] ]`},
		{[]string{"a", "0"}, `10`},
		{[]string{"a", "1", "b"}, `"x"`},
		{[]string{"a", "2"}, `[ ]`},
		{[]string{"a", "3"}, ``},
		{[]string{"a", "00"}, ``},
		{[]string{"a", "-1"}, ``},
		{[]string{"a", "+1"}, ``},
		{[]string{"a", ""}, ``},
		{[]string{"a", "99999999999999999999"}, ``},
		{[]string{"a", "0", "x"}, ``},
		{[]string{""}, `1`},
		{[]string{"0"}, `"zero"`},
		{[]string{"a/b"}, `true`},
		{[]string{"dup", "y"}, `2`},
		{[]string{"dup", "x"}, ``},
		{[]string{"é\""}, `3`},
		{[]string{"é"}, `4`},
		{[]string{`\u00e9\"`}, ``},
		{[]string{"b"}, ``},
	}
	for _, test := range tests {
		start, end, ok := codec.JSON{}.Find([]byte(doc), test.path...)
		if ok != (test.want != "") || ok && doc[start:end] != test.want {
			t.Errorf("%q: got %q, %t, want %q", test.path, doc[start:end], ok, test.want)
		}
	}
	for _, bad := range []string{
		``, ` `, `{"a":1`, `{"a":1}x`, `{"a":1,}`, `{"a":1,"b"}`, `{"a":1,"b":tru}`, `{"a":1,"b":[1 2]}`, `{"a":1 "b":2}`,
		`{"a":01}`, `{"a":1.}`, `{"a":1e}`, `{"a":-}`, `{"a":"` + "\n" + `"}`, `{"a":"\u12g4"}`, `{"a":"\`, `{"a":"\u12`,
	} {
		if _, _, ok := (codec.JSON{}).Find([]byte(bad), "a"); ok {
			t.Errorf("a is found in %q", bad)
		}
		if _, _, ok := (codec.JSON{}).Find([]byte(bad)); ok {
			t.Errorf("%q is found", bad)
		}
	}
}

func TestCBORFind(t *testing.T) {
	// {"a": [10, 0("2024-01-01T00:00:00Z"), 99({"b": h'ff'})], 7: "seven", -1: "minus", true: 1, "é": 2, 2^64: 3}
	data := []byte{0xa6, 0x61, 'a', 0x83, 0x0a, 0xc0, 0x74}
	data = append(data, "2024-01-01T00:00:00Z"...)
	data = append(data, 0xd8, 99, 0xa1, 0x61, 'b', 0x41, 0xff, 7, 0x65, 's', 'e', 'v', 'e', 'n')
	data = append(data, 0x20, 0x65, 'm', 'i', 'n', 'u', 's', 0xf5, 1, 0x62, 0xc3, 0xa9, 2)
	data = append(data, 0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0, 3)
	tests := []struct {
		path []string
		want string
	}{
		{[]string{}, string(data)},
		{[]string{"a", "0"}, "\x0a"},
		{[]string{"a", "1"}, "\xc0\x742024-01-01T00:00:00Z"},
		{[]string{"a", "1", "0"}, ""},
		{[]string{"a", "2"}, "\xd8\x63\xa1\x61b\x41\xff"},
		{[]string{"a", "2", "b"}, "\x41\xff"},
		{[]string{"a", "3"}, ""},
		{[]string{"a", "01"}, ""},
		{[]string{"7"}, "\x65seven"},
		{[]string{"-1"}, "\x65minus"},
		{[]string{"true"}, "\x01"},
		{[]string{"é"}, "\x02"},
		{[]string{"18446744073709551616"}, ""},
	}
	for _, test := range tests {
		start, end, ok := codec.CBOR{}.Find(data, test.path...)
		if ok != (test.want != "") || ok && string(data[start:end]) != test.want {
			t.Errorf("%q: got %x, %t, want %x", test.path, data[start:end], ok, test.want)
		}
	}
	for _, bad := range []string{
		"", "\xa1", "\xa1\x61a", "\xa1\x61a\x01\x00", "\xa2\x61a\x01\x61a\x02", "\xa2\x61a\x01\x61", "\xa1\x61a\x1c",
		"\xbf\x61a\x01\xff", "\xa2\x61a\x01\x61b\xf8\x20", "\xa2\x61a\x01\x61b\xe0", "\xa2\x61a\x01\x61b\x61\xff",
		"\xa2\x61a\x01\x61b\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "\xa2\x61a\x01\x61b\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
		"\xa2\x61a\x01\x61b\xc1", "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x61a\x01", "\xa2\x61a\x01\x61b\x19\x01",
	} {
		if _, _, ok := (codec.CBOR{}).Find([]byte(bad), "a"); ok {
			t.Errorf("a is found in %x", bad)
		}
	}
}

// Find gives what decoding and walking gives.
func TestFindAgreesWithDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := trees(4, scalars()).Draw(t, "tree")
		want, found := tree, true
		path := []string{}
		for found && rapid.Bool().Draw(t, "deeper") {
			var keys []string
			switch x := want.(type) {
			case []any:
				for i := range x {
					keys = append(keys, strconv.Itoa(i))
				}
			case map[string]any:
				for key := range x {
					keys = append(keys, key)
				}
			}
			step := rapid.SampledFrom(append(keys, "0", "no such key")).Draw(t, "step")
			path = append(path, step)
			switch x := want.(type) {
			case []any:
				i, err := strconv.Atoi(step)
				if found = err == nil && i < len(x); found {
					want = x[i]
				}
			case map[string]any:
				want, found = x[step]
			default:
				found = false
			}
		}
		for _, c := range codecs {
			v, err := codec.Encode(c, tree)
			if err != nil {
				t.Fatal(err)
			}
			part, ok := v.Get(path...)
			if ok != found {
				t.Fatalf("%s: %q in %s: found is %t", c.Name(), path, v, ok)
			}
			if !ok {
				continue
			}
			got, err := part.Any()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, sameKinds); diff != "" {
				t.Fatalf("%s: %q in %s:\n%s", c.Name(), path, v, diff)
			}
		}
	})
}

// finder is what both codecs are.
type finder interface {
	codec.Codec
	codec.Walker
	FindAll(data []byte, paths [][]string) []codec.Span
}

var finders = []finder{codec.JSON{}, codec.CBOR{}}

// findEach is FindAll by way of Find.
func findEach(f finder, data []byte, paths [][]string) []codec.Span {
	spans := make([]codec.Span, len(paths))
	for n, path := range paths {
		spans[n].Start, spans[n].End, _ = f.Find(data, path...)
	}
	return spans
}

// somePaths have some that lead through others, one twice, the empty one, and
// indexes that are none.
var somePaths = [][]string{
	{"a"}, {"a", "b"}, {"a", "0"}, {"a", "b", "1"}, {"0"}, {"1"}, {"10"}, {"1", "a"}, {"2"}, {"01"}, {"-1"}, {"+1"},
	{}, {""}, {"é"}, {"é", "0", "0"}, {"\ufffd"}, {"a\nb"}, {"a", "a", "a"}, {"0", "0"}, {"99999999999999999999"},
	{"1", "a", "b"}, {"true"}, {"null"}, {"18446744073709551615"}, {"a", "b"},
}

func TestFindAll(t *testing.T) {
	tests := []struct {
		name string
		f    finder
		data string
		want map[string]string // by path, its steps joined
	}{
		{"object", codec.JSON{}, ` {"a":{"b":[1, 2]},"":3} `, map[string]string{
			"a": `{"b":[1, 2]}`, "a/b": `[1, 2]`, "a/b/1": `2`, "": `3`,
		}},
		{"array", codec.JSON{}, `[0,[1],{"a":[2]},3,4,5,6,7,8,9,10,11]`, map[string]string{
			"0": `0`, "1": `[1]`, "2": `{"a":[2]}`, "10": `10`,
		}},
		{"indexes as keys", codec.JSON{}, `{"01":1,"-1":2,"+1":3,"1":{"a":4},"0":5}`, map[string]string{
			"01": `1`, "-1": `2`, "+1": `3`, "1": `{"a":4}`, "1/a": `4`, "0": `5`,
		}},
		{"key twice", codec.JSON{}, `{"a":{"b":[1,2]},"a":{"0":3}}`, map[string]string{"a": `{"0":3}`, "a/0": `3`}},
		{"key twice, the last empty", codec.JSON{}, `{"a":{"b":1},"a":null,"a":{}}`, map[string]string{"a": `{}`}},
		{"key twice, deeper", codec.JSON{}, `{"a":{"b":[1,2],"b":[3],"0":4}}`, map[string]string{
			"a": `{"b":[1,2],"b":[3],"0":4}`, "a/b": `[3]`, "a/0": `4`,
		}},
		{"escaped keys", codec.JSON{}, `{"\u0061":{"\u0062":1},"\u00e9":[[2]],"\ud800":3,"a\nb":4}`, map[string]string{
			"a": `{"\u0062":1}`, "a/b": `1`, "é": `[[2]]`, "é/0/0": `2`, "\ufffd": `3`, "a\nb": `4`,
		}},
		{"map", codec.CBOR{}, "\xa2\x61a\xa1\x61b\x82\x01\x02\x60\x03", map[string]string{
			"a": "\xa1\x61b\x82\x01\x02", "a/b": "\x82\x01\x02", "a/b/1": "\x02", "": "\x03",
		}},
		{"tags", codec.CBOR{}, "\xc1\x83\x01\xc1\xc6\xa1\x61a\xc1\x02\xc1\x80", map[string]string{
			"0": "\x01", "1": "\xc1\xc6\xa1\x61a\xc1\x02", "1/a": "\xc1\x02", "2": "\xc1\x80",
		}},
		{"wide heads", codec.CBOR{}, "\x9b\x00\x00\x00\x00\x00\x00\x00\x02\x19\x01\x00\xba\x00\x00\x00\x01\x78\x01a\x00", map[string]string{
			"0": "\x19\x01\x00", "1": "\xba\x00\x00\x00\x01\x78\x01a\x00", "1/a": "\x00",
		}},
		{"keys without text", codec.CBOR{}, "\xa7\x20\x01\xf5\x02\xf6\x03\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x04\xc6\x0a\x05\x41a\x06\x80\x07",
			map[string]string{"-1": "\x01", "true": "\x02", "18446744073709551615": "\x04", "10": "\x05"}},
		// What has a key twice does not decode, but what is beside it is there.
		{"key twice", codec.CBOR{}, "\xa3\x61a\xa1\x61b\x01\x61a\xa1\x610\x02\x610\x03", map[string]string{"0": "\x03"}},
		{"key three times", codec.CBOR{}, "\xa3\x61a\x01\x61a\xa1\x61b\x02\x61a\x03", map[string]string{}},
		{"key twice, deeper", codec.CBOR{}, "\xa1\x61a\xa2\x61b\x81\x01\x61b\x82\x01\x02", map[string]string{
			"a": "\xa2\x61b\x81\x01\x61b\x82\x01\x02",
		}},
		{"key twice, in text the same", codec.CBOR{}, "\xa2\x00\x01\x610\x02", map[string]string{}},
	}
	for _, test := range tests {
		t.Run(test.f.Name()+"/"+test.name, func(t *testing.T) {
			data := []byte(test.data)
			got := map[string]string{}
			spans := test.f.FindAll(data, somePaths)
			for n, span := range spans {
				if path := somePaths[n]; span != (codec.Span{}) && len(path) > 0 {
					got[strings.Join(path, "/")] = test.data[span.Start:span.End]
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(findEach(test.f, data, somePaths), spans); diff != "" {
				t.Errorf("(-one by one +together):\n%s", diff)
			}
		})
	}
}

func TestFindAllMalformed(t *testing.T) {
	malformed := map[finder][]string{
		codec.JSON{}: {
			``, ` `, `[`, `{`, `[1`, `[1,`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a`, `{1:2}`, `]`, `,`, `[,]`, `[1 2]`,
			`{"a" 1}`, `{"a":1 "b":2}`, `["\`, `{"\`, `{"a":1}x`, `{"a":01}`, `{"a":1,"b":tru}`, `{"a":[1,{"b":}]}`,
			strings.Repeat(`[`, 1_000_000), strings.Repeat(`{"a":`, 1_000_000),
		},
		codec.CBOR{}: {
			"", "\x82\x01", "\xa1\x61a", "\xa1\x61", "\x9f\x01", "\xff", "\x7f\x61a", "\x7f\x41a\xff", "\x1c", "\x1f", "\xdf\x00",
			"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
			"\x19\x01", "\xc1", "\xc1\xdc", "\xbf\x61a\xff", "\xa1\x61a\x01\x00", "\xa2\x61a\x01\x61b\x61\xff", "\xa2\x61a\x01\x61b\xe0",
			strings.Repeat("\x81", 1_000_000), strings.Repeat("\xa1\x61a", 1_000_000), strings.Repeat("\xc1", 1_000_000),
		},
	}
	for f, texts := range malformed {
		for _, text := range texts {
			for n, span := range f.FindAll([]byte(text), somePaths) {
				if span != (codec.Span{}) {
					t.Errorf("%.20q has %v at %q", text, span, somePaths[n])
				}
			}
		}
	}
	if got := (codec.JSON{}).FindAll([]byte(`1`), nil); len(got) != 0 {
		t.Errorf("no paths, but %v", got)
	}
}

// What nests to the limit is found, one level more is not: the paths lead past
// the deep part, to it, and into it. A tag counts if it follows another one.
func TestFindAllDepth(t *testing.T) {
	paths := [][]string{{"0"}, {"1"}, {"1", "0", "0"}}
	const levels = codec.MaxDepth - 1
	tests := []struct {
		name string
		f    finder
		data string
		ok   bool
	}{
		{"arrays at the limit", codec.JSON{}, "[7," + strings.Repeat("[", levels) + strings.Repeat("]", levels) + "]", true},
		{"arrays beyond", codec.JSON{}, "[7," + strings.Repeat("[", levels+1) + strings.Repeat("]", levels+1) + "]", false},
		{"arrays at the limit", codec.CBOR{}, "\x82\x07" + strings.Repeat("\x81", levels) + "\x00", true},
		{"arrays beyond", codec.CBOR{}, "\x82\x07" + strings.Repeat("\x81", levels+1) + "\x00", false},
		{"objects at the limit", codec.JSON{}, `{"0":7,"1":` + strings.Repeat(`{"0":`, levels) + "1" + strings.Repeat("}", levels) + "}", true},
		{"objects beyond", codec.JSON{}, `{"0":7,"1":` + strings.Repeat(`{"0":`, levels+1) + "1" + strings.Repeat("}", levels+1) + "}", false},
		{"maps at the limit", codec.CBOR{}, "\xa2\x00\x07\x01" + strings.Repeat("\xa1\x00", levels) + "\x00", true},
		{"maps beyond", codec.CBOR{}, "\xa2\x00\x07\x01" + strings.Repeat("\xa1\x00", levels+1) + "\x00", false},
		{"two tags at the limit", codec.CBOR{}, "\x82\x07" + strings.Repeat("\x81", levels) + "\xc6\xc6\x00", false},
		{"each with a tag", codec.CBOR{}, "\x82\x07" + strings.Repeat("\xc6\x81", levels) + "\x00", true},
		{"each with a tag, beyond", codec.CBOR{}, "\x82\x07" + strings.Repeat("\xc6\x81", levels+1) + "\x00", false},
		{"each with two tags", codec.CBOR{}, "\x82\x07" + strings.Repeat("\xc6\xc6\x81", levels/2) + "\x00", true},
		{"each with two tags, beyond", codec.CBOR{}, "\x82\x07" + strings.Repeat("\xc6\xc6\x81", levels/2+1) + "\x00", false},
		{"16 tags", codec.CBOR{}, "\x82\x07\x81\x81" + strings.Repeat("\xc6", 16) + "\x00", true},
		{"17 tags", codec.CBOR{}, "\x82\x07\x81\x81" + strings.Repeat("\xc6", 17) + "\x00", false},
		{"17 tags on what is looked into", codec.CBOR{}, "\x82\x07" + strings.Repeat("\xc6", 17) + "\x81\x81\x00", false},
		{"long bignum", codec.CBOR{}, "\x82\x07\x81\x81\xc2\x59\x10\x01" + strings.Repeat("\xff", 4097), false},
		{"long bignum that is an array", codec.CBOR{}, "\x82\x07\xc2\x81\x81\x59\x10\x00" + strings.Repeat("\xff", 4096), false},
	}
	for _, test := range tests {
		t.Run(test.f.Name()+"/"+test.name, func(t *testing.T) {
			for _, paths := range [][][]string{paths, paths[:1], paths[1:2], paths[2:], {{}}} {
				spans := test.f.FindAll([]byte(test.data), paths)
				if diff := cmp.Diff(findEach(test.f, []byte(test.data), paths), spans); diff != "" {
					t.Errorf("%q (-one by one +together):\n%s", paths, diff)
				}
				for n, span := range spans {
					if (span != codec.Span{}) != test.ok {
						t.Errorf("%v at %q", span, paths[n])
					}
				}
			}
		})
	}
}

// Many paths lead into a value that comes many times: if each of the values
// cost something for each of the paths, this would not end within the time that
// a test has.
func TestFindAllLinear(t *testing.T) {
	const count = 200_000
	paths := make([][]string, count)
	for k := range paths {
		paths[k] = []string{"a", strconv.Itoa(k)}
	}
	data := []byte("{" + strings.Repeat(`"a":[],`, count) + strings.Repeat(`"a":{},`, count) + `"a":[0,1]}`)
	end := len(data) - len("]}")
	for k, got := range (codec.JSON{}).FindAll(data, paths) {
		want := codec.Span{}
		if k < 2 {
			want = codec.Span{Start: end - 3 + 2*k, End: end - 2 + 2*k}
		}
		if got != want {
			t.Fatalf("%q: got %v, want %v", paths[k], got, want)
		}
	}
}

func TestFindAllAgreesWithFind(t *testing.T) {
	steps := rapid.SampledFrom([]string{"0", "1", "2", "10", "a", "b", "", "no such key"})
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfN(rapid.SliceOfN(steps, 0, 12), 0, 30).Draw(t, "paths")
		tree := treesOf(steps, 5).Draw(t, "tree")
		for _, f := range finders {
			data := encodeTree(t, f, tree)
			if diff := cmp.Diff(findEach(f, data, paths), f.FindAll(data, paths)); diff != "" {
				t.Fatalf("%s: %q in %q (-one by one +together):\n%s", f.Name(), paths, data, diff)
			}
		}
	})
}

// treesOf makes trees with keys that are steps, so that paths lead somewhere.
func treesOf(steps *rapid.Generator[string], depth int) *rapid.Generator[any] {
	leaf := rapid.Just[any](int64(1))
	if depth == 0 {
		return leaf
	}
	below := treesOf(steps, depth-1)
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(below, 0, 4), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(steps, below, 0, 4), func(m map[string]any) any { return m }),
		leaf,
	)
}
