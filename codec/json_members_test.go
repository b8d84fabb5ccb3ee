package codec_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/codec"
)

func members(text string) (list []string, ok bool) {
	ok = codec.JSON{}.Members([]byte(text), func(key []byte, value codec.Span) bool {
		list = append(list, string(key), text[value.Start:value.End])
		return true
	})
	return list, ok
}

func TestMembers(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`: nil,
		` {"a" : 1.0 , "b":[ {} ], "\u0061":"x" } `: {"a", "1.0", "b", "[ {} ]", "a", `"x"`},
	} {
		if got, ok := members(text); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{``, `[]`, `1`, `{`, `{"a"}`, `{"a":1,}`, `{"a":1}x`, `{a:1}`, `{"a":01}`} {
		if got, ok := members(text); ok {
			t.Errorf("%s: %q", text, got)
		}
	}
	if codec.JSON.Members(codec.JSON{}, []byte(`{"a":1}`), func([]byte, codec.Span) bool { return false }) {
		t.Error("a walk that was ended is reported as whole")
	}
}

func TestElements(t *testing.T) {
	text := ` [1.0, "x" ,[2,{}] ] `
	var got []string
	if !(codec.JSON{}).Elements([]byte(text), func(s codec.Span) bool { got = append(got, text[s.Start:s.End]); return true }) ||
		!slices.Equal(got, []string{"1.0", `"x"`, "[2,{}]"}) {
		t.Errorf("got %q", got)
	}
	for _, text := range []string{``, `{}`, `[`, `[1,]`, `[1]]`, `[,]`} {
		if (codec.JSON{}).Elements([]byte(text), func(codec.Span) bool { return true }) {
			t.Errorf("%s is taken for a list", text)
		}
	}
}

// FuzzMembers: what is taken for an object is one to encoding/json.
func FuzzMembers(f *testing.F) {
	f.Add(` {"a" : 1.0 , "b":[ {} ], "\u0061":"x" } `)
	f.Fuzz(func(t *testing.T, text string) {
		list, ok := members(text)
		object := json.Valid([]byte(text)) && strings.TrimLeft(text, " \t\r\n")[0] == '{'
		if ok != object && len(text) < codec.MaxDepth {
			t.Errorf("%q: %v, %q", text, ok, list)
		}
	})
}
