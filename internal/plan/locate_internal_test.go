package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

// oneByOne is what locate does, by the codec's own means.
func oneByOne(v codec.Value, paths [][]string) []codec.Span {
	spans := make([]codec.Span, len(paths))
	for n, path := range paths {
		if start, end, ok := v.Codec().(codec.Walker).Find(v.Bytes(), path...); ok {
			spans[n] = codec.Span{Start: start, End: end}
		}
	}
	return spans
}

// paths have some that lead through others, and indexes that are none.
var paths = [][]string{
	{"a"}, {"a", "b"}, {"a", "0"}, {"a", "b", "1"}, {"0"}, {"1"}, {"1", "a"}, {"2"}, {"01"}, {"-1"}, {"+1"}, {"10"},
	{""}, {"é"}, {"é", "0", "0"}, {"\ufffd"}, {"a\nb"}, {"a", "a", "a"}, {"0", "0"}, {"99999999999999999999"}, {"1", "a", "b"}, {"true"}, {"null"}, {"18446744073709551615"},
}

func TestLocateTable(t *testing.T) {
	texts := []string{
		`null`, ` 1 `, `"a"`, `[]`, `{}`, ` [ 1 , 2 , {"a":[0]} ] `, `{"a":{"b":[1,2]},"":3}`,
		`{"a":{"b":[1,2]},"a":{"0":1}}`, `{"a":1,"a":{"b":[1,2]}}`, `{"a":{"b":1},"a":null,"a":{}}`,
		`{"\u0061":{"\u0062":[1,2]}, "\u00e9":[[true]]}`, `{"a\nb":1,"01":2,"-1":3,"+1":4}`, `{"99999999999999999999":1}`,
		`[[{"]":"[\"\\"}],{"a":{"b":-1e5},"x":"}"},[0,1,2,3,4,5,6,7,8,9,10,11]]`,
		"{\"\xff\":1,\"\xc3\xa9\":[[2]]}", `{"a":"\ud800","\ud800":1}`,
		"\t\r\n[\t\r\n0\t\r\n,\t\r\n[\t\r\n]\t\r\n]\t\r\n", `[0,1,2,3,4,5,6,7,8,9,10]`, `{"1":{"a":{"b":1}}}`,
	}
	for _, text := range texts {
		v := codec.Raw(codec.JSON{}, []byte(text))
		if diff := cmp.Diff(oneByOne(v, paths), locate(v, paths)); diff != "" {
			t.Errorf("%s (-one by one, +together):\n%s", text, diff)
		}
	}
}

func TestLocateCBORTable(t *testing.T) {
	encoded := map[string]string{
		"null":                          "\xf6",
		"map":                           "\xa2\x61a\xa1\x61b\x82\x01\x02\x60\x03",
		"a key twice":                   "\xa2\x61a\xa1\x61b\x01\x61a\xa1\x610\x02",
		"a key twice, the last shorter": "\xa2\x61a\xa1\x61b\x01\x61a\xf6",
		"keys that are numbers":         "\xa2\x00\x01\x01\xa1\x61a\x02",
		"a key that is bytes":           "\xa1\x41a\x01",
		"tags":                          "\xc1\x82\x01\xc1\xa1\x61a\x02",
		"wide heads":                    "\x9b\x00\x00\x00\x00\x00\x00\x00\x02\x19\x01\x00\xba\x00\x00\x00\x01\x78\x01a\xfb\x00\x00\x00\x00\x00\x00\x00\x00",
		"key texts that are the same":   "\xa2\x00\x01\x610\x02",
		"more keys":                     "\xa5\x20\x01\xf5\x02\xf6\x03\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x04\xc1\x0a\x05",
	}
	for name, data := range encoded {
		v := codec.Raw(codec.CBOR{}, []byte(data))
		if diff := cmp.Diff(oneByOne(v, paths), locate(v, paths)); diff != "" {
			t.Errorf("%s (-one by one, +together):\n%s", name, diff)
		}
	}
}

func TestLocateMalformed(t *testing.T) {
	texts := []string{
		``, ` `, `[`, `{`, `[1`, `[1,`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a`, `{1:2}`, `]`, `,`, `[,]`, `[1 2]`, `{"a" 1}`, `{"a":1 "b":2}`, `["\`, `{"\`,
	}
	for _, text := range texts {
		for n, span := range locate(codec.Raw(codec.JSON{}, []byte(text)), paths) {
			if span != (codec.Span{}) {
				t.Errorf("%q has %v at %q", text, span, paths[n])
			}
		}
	}
	encoded := []string{
		"", "\x82\x01", "\xa1\x61a", "\xa1\x61", "\x9f\x01", "\xff", "\x7f\x61a", "\x7f\x41a\xff", "\x7f\x7f\xff\xff", "\x1c", "\x1f", "\xdf\x00",
		"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
		"\x19\x01", "\xc1", "\xbf\x61a\xff",
	}
	for _, data := range encoded {
		for n, span := range locate(codec.Raw(codec.CBOR{}, []byte(data)), paths) {
			if span != (codec.Span{}) {
				t.Errorf("%x has %v at %q", data, span, paths[n])
			}
		}
	}
}

// However deep the data nests, the walk over what nobody asked for stays
// within the stack, and is not found where no decoder would go.
func TestLocateDeep(t *testing.T) {
	const depth = 5_000_000
	opened, open := make([]byte, depth), make([]byte, depth)
	for i := range opened {
		opened[i], open[i] = 0x81, '['
	}
	for n, span := range locate(codec.Raw(codec.CBOR{}, opened), paths) {
		if span != (codec.Span{}) {
			t.Errorf("CBOR has %v at %q", span, paths[n])
		}
	}
	for n, span := range locate(codec.Raw(codec.JSON{}, open), paths) {
		if span != (codec.Span{}) {
			t.Errorf("JSON has %v at %q", span, paths[n])
		}
	}
}

func TestPointer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("a~/01é"))), 1, 5).Draw(t, "tokens")
		got, err := parsePointer(formatPointer(tokens...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tokens, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", formatPointer(tokens...), diff)
		}
	})
}

// What nests to the limit is found, one level more is not, together as one by
// one: the paths lead past the deep part, to it, and into it.
func TestLocateDepthLimit(t *testing.T) {
	deep := [][]string{{"0"}, {"1"}, {"1", "0", "0"}}
	for levels, found := range map[int]bool{codec.MaxDepth - 1: true, codec.MaxDepth: false} {
		for _, v := range []codec.Value{
			codec.Raw(codec.JSON{}, []byte("[7,"+strings.Repeat("[", levels)+"0"+strings.Repeat("]", levels)+"]")),
			codec.Raw(codec.CBOR{}, []byte("\x82\x07"+strings.Repeat("\x81", levels)+"\x00")),
			codec.Raw(codec.CBOR{}, []byte("\x82\x07"+strings.Repeat("\xc6\x81", levels)+"\x00")),
			codec.Raw(codec.CBOR{}, []byte("\x82\x07\x81\x81"+strings.Repeat("\xc6", levels-1)+"\x00")),
		} {
			spans := locate(v, deep)
			if diff := cmp.Diff(oneByOne(v, deep), spans); diff != "" {
				t.Errorf("%d levels of %s (-one by one, +together):\n%s", levels, v.Codec().Name(), diff)
			}
			for n, span := range spans {
				if (span != codec.Span{}) != found {
					t.Errorf("%d levels of %s: %v at %q", levels, v.Codec().Name(), span, deep[n])
				}
			}
		}
	}
}

func FuzzPointer(f *testing.F) {
	for _, seed := range []string{"", "/", "/a~0~1", "/~", "/~2", "a", "//", "/~01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pointer string) {
		tokens, err := parsePointer(pointer)
		if err == nil && formatPointer(tokens...) != pointer {
			t.Errorf("%q is read as %q", pointer, tokens)
		}
	})
}

func FuzzLocate(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,2]},"a":{"0":1}}`, `[[1],{"a":"\ud800"}]`, "{\"\xff\":1}"} {
		f.Add([]byte(seed))
	}
	f.Add([]byte("\xbf\x61a\xbf\x61b\x9f\x01\x02\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v := codec.Raw(codec.JSON{}, data)
		together := locate(v, paths)
		if json.Valid(data) {
			if diff := cmp.Diff(oneByOne(v, paths), together); diff != "" {
				t.Errorf("JSON %q (-one by one, +together):\n%s", data, diff)
			}
		}
		v = codec.Raw(codec.CBOR{}, data)
		together = locate(v, paths)
		var x any
		if v.Decode(&x) == nil {
			if diff := cmp.Diff(oneByOne(v, paths), together); diff != "" {
				t.Errorf("CBOR %x (-one by one, +together):\n%s", data, diff)
			}
		}
	})
}
