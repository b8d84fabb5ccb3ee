package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
)

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
