package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSchemaString(t *testing.T) {
	for text, want := range map[string]string{
		`true`:                                   "any",
		`{}`:                                     "any",
		`null`:                                   "any",
		`{"type":"integer"}`:                     "integer",
		`{"type":["null"]}`:                      "any",
		`{"type":["a","b"]}`:                     "a or b",
		`{"type":"array"}`:                       "array",
		`{"type":["null","integer"]}`:            "integer, or null",
		`{"type":"string","format":"date-time"}`: "string (date-time)",
		`{"type":["null","string"],"contentEncoding":"base64"}`:  "string (base64), or null",
		`{"type":"array","items":{"type":"array","items":true}}`: "list of list of any",
		`{"type":"object"}`: "object",
		`{"type":"object","additionalProperties":{"type":"number"}}`:               "map of number",
		`{"type":"object","additionalProperties":false}`:                           "object",
		`{"type":"object","properties":{"a":true},"additionalProperties":{"x":1}}`: "object",
		`{"type":7}`:          `{"type":7}`,
		`{"items":["draft"]}`: `{"items":["draft"]}`,
		``:                    "any",
	} {
		if got := parseSchema(json.RawMessage(text)).String(); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestSchemaFields(t *testing.T) {
	s := parseSchema(json.RawMessage(`{"type":"object","properties":{
		"lr":{"type":"number","description":"the learning rate"},
		"any":true,
		"none":null,
		"tags":{"type":"array","items":{"type":"object","properties":{"key":{"type":"string"}}}},
		"by":{"type":"object","additionalProperties":{"type":"object","properties":{"n":{"type":"integer"}}}}}}`))
	want := []field{
		{1, "any", "any", ""},
		{1, "by", "map of object", ""},
		{2, "n", "integer", ""},
		{1, "lr", "number", "the learning rate"},
		{1, "none", "any", ""},
		{1, "tags", "list of object", ""},
		{2, "key", "string", ""},
	}
	if diff := cmp.Diff(want, s.fields(1), cmp.AllowUnexported(field{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzSchema: whatever a worker says of its functions, it is shown.
func FuzzSchema(f *testing.F) {
	for _, seed := range []string{"true", `{"type":["null","array"],"items":{}}`, `{"type":"object","properties":{"a":null},"additionalProperties":{"type":"x"}}`, "{"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := parseSchema(json.RawMessage(text))
		if s.String() == "" {
			t.Errorf("%q is shown as nothing", text)
		}
		s.fields(1)
	})
}
