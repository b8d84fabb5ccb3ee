package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// vector is one entry of the files in testdata, which are cited in
// docs/PROTOCOL.md and written so that other implementations can read them.
type vector struct {
	Name    string          `json:"name"`
	Message text            `json:"message"`
	Decoded json.RawMessage `json:"decoded"` // values are strings of their JSON text
	Written text            `json:"written"` // what this implementation makes of the decoded form
	Error   *expectedError  `json:"error"`

	Role string `json:"role"` // in head.json, like U
	U    string `json:"u"`
}

type expectedError struct {
	Code    wire.Code      `json:"code"`
	Says    []string       `json:"says"`    // parts of the message
	Details map[string]any `json:"details"` // all of them, if there are any
}

// text is a message: as it stands in the file, or, where that could not be (it
// is malformed, or needs its white space) as a string.
type text string

func (m *text) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(m))
	}
	*m = text(data)
	return nil
}

func vectors(tb testing.TB, file string) []vector {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var list []vector
	if err := dec.Decode(&list); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return list
}

// equal compares values by codec and bytes, and takes nil for empty.
var equal = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Transformer("value", func(v codec.Value) string {
		if l := wire.LeaseOf(v); l != nil {
			return fmt.Sprintf("lease %+v", *l)
		}
		return v.Codec().Name() + " " + string(v.Bytes())
	}),
}

func raw(s string) codec.Value { return codec.Raw(codec.JSON{}, []byte(s)) }

func raws(texts map[string]string) map[string]codec.Value {
	values := make(map[string]codec.Value, len(texts))
	for key, s := range texts {
		values[key] = raw(s)
	}
	return values
}

// run decodes the messages of a file and compares with the form that want makes
// of "decoded".
func run[T any](t *testing.T, file string, decode func([]byte) (T, error),
	want func(*testing.T, []byte) T, written func(T) ([]byte, error),
) {
	for _, v := range vectors(t, file) {
		t.Run(v.Name, func(t *testing.T) {
			message := []byte(v.Message)
			got, err := decode(message)
			if string(message) != string(v.Message) {
				t.Fatal("decoding changed the message")
			}
			if v.Error != nil {
				checkError(t, v.Error, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want(t, v.Decoded), got, equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if v.Written == "" {
				return
			}
			out, err := written(got)
			if err != nil || string(out) != string(v.Written) {
				t.Errorf("written, %v:\n got %s\nwant %s", err, out, v.Written)
			}
		})
	}
}

func checkError(t *testing.T, want *expectedError, err error) {
	t.Helper()
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		t.Fatalf("want a *wire.Error with code %d, got %v", want.Code, err)
	}
	if e.Code != want.Code {
		t.Errorf("code %d, want %d: %s", e.Code, want.Code, e.Message)
	}
	for _, part := range want.Says {
		if !strings.Contains(e.Message, part) {
			t.Errorf("want %q in %q", part, e.Message)
		}
	}
	checkWords(t, e)
	if want.Details == nil && e.Code != wire.ResourceExhausted {
		return
	}
	got, err := json.Marshal(e.Details)
	if err != nil {
		t.Fatal(err)
	}
	var details map[string]any
	if err := json.Unmarshal(got, &details); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Details, details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

// checkWords fails if an error speaks of Go to somebody who may not know Go.
func checkWords(tb testing.TB, e *wire.Error) {
	tb.Helper()
	for _, word := range []string{"wire.", "codec.", "json:", "Go ", "struct", "map[", "[]string", ".go", "Unmarshal", "goroutine"} {
		if strings.Contains(e.Message, word) {
			tb.Errorf("%q in %q", word, e.Message)
		}
	}
}

// load reads a decoded form, which must have no field that is not looked at.
func load[T any](t *testing.T, data []byte) T {
	t.Helper()
	var form T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&form); err != nil {
		t.Fatal(err)
	}
	return form
}
