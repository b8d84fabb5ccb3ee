package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
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

func TestStrings(t *testing.T) {
	tests := []struct{ data, want string }{
		{`"a"`, `[a@0-3]`},
		{` "a" x`, `[a@1-4]`},
		{`{"key":"v","list":["x",1,{"deep":"\u0041"}],"":""}`, `[v@7-10 x@19-22 A@33-41 @47-49]`},
		{`[1,true,null,{}]`, `[]`},
		{`["a","b`, `[a@1-4]`},
		{`["a",}"b"]`, `[a@1-4]`},
		{`["a","\x","b"]`, `[a@1-4]`},
		{`{"a" "b"}`, `[]`},
		{`{1:"b"}`, `[]`},
		{``, `[]`},
	}
	for _, test := range tests {
		got := []string{}
		for span, s := range (codec.JSON{}).Strings([]byte(test.data)) {
			got = append(got, fmt.Sprintf("%s@%d-%d", s, span.Start, span.End))
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: got %v, want %s", test.data, got, test.want)
		}
	}
	for span, s := range (codec.JSON{}).Strings([]byte(`["a",["b"],"c"]`)) {
		if s == "b" {
			break
		}
		if s != "a" {
			t.Errorf("%q at %v after a break", s, span)
		}
	}
}

// stdStrings finds the strings that are values with encoding/json's tokens.
func stdStrings(data []byte) []string {
	found := []string{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	type level struct{ object, wantKey bool }
	var levels []level
	for {
		token, err := dec.Token()
		if err != nil {
			return found
		}
		inKey := len(levels) > 0 && levels[len(levels)-1].wantKey
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				levels = append(levels, level{token == '{', token == '{'})
				continue
			}
			levels = levels[:len(levels)-1]
		case string:
			if !inKey {
				found = append(found, token)
			}
		}
		if n := len(levels) - 1; n >= 0 && levels[n].object {
			levels[n].wantKey = !inKey
			if _, closed := token.(json.Delim); closed {
				levels[n].wantKey = true
			}
		}
	}
}

func ourStrings(data []byte) []string {
	found := []string{}
	for _, s := range (codec.JSON{}).Strings(data) {
		found = append(found, s)
	}
	return found
}

func TestStringsAgreeWithTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := encodeTree(t, codec.JSON{}, trees(4, scalars()).Draw(t, "tree"))
		if diff := cmp.Diff(stdStrings(data), ourStrings(data)); diff != "" {
			t.Fatalf("%s:\n%s", data, diff)
		}
	})
}
