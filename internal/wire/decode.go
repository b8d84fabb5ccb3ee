package wire

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// decode reads a JSON object into one of this package's structs. What is no UTF-8
// is refused, though encoding/json would repair it: values are passed on as they
// are, and a worker or a client that gets one in a text message must close its
// connection. The error is an *Error.
func decode(data []byte, into any) error {
	if err := (codec.JSON{}).Decode(data, into); err != nil {
		return malformed(err, "")
	}
	if data[skipSpace(data, 0)] != '{' {
		// Of what is no object encoding/json lets null pass.
		return Errorf(InvalidRequest, "malformed message: the message must be an object, not null")
	}
	if !utf8.Valid(data) {
		return Errorf(InvalidRequest, "malformed JSON at byte %d: it is not valid UTF-8", validPrefix(data)+1)
	}
	return nil
}

// validPrefix returns how many bytes of data are in front of the first that is no
// UTF-8.
func validPrefix(data []byte) int {
	i := 0
	for i < len(data) {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		i += size
	}
	return i
}

// decodeChecked is decode, and then check.
func decodeChecked[T any](data []byte) (*T, error) {
	m := new(T)
	if err := decode(data, m); err != nil {
		return nil, err
	}
	if err := check(m); err != nil {
		return nil, err
	}
	return m, nil
}

// malformed tells what is wrong with a message in the words of JSON and the
// protocol: the types of this package mean nothing to a Python caller. err was
// found in the field at path, "" for the message itself.
func malformed(err error, path string) *Error {
	var told *Error
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &told):
		return told
	case errors.Is(err, codec.ErrDepth):
		return limitError("depth", codec.MaxDepth, "malformed message: nested deeper than %d levels", codec.MaxDepth)
	case errors.As(err, &syntax):
		return Errorf(InvalidRequest, "malformed JSON at byte %d: %v", syntax.Offset, syntax)
	case errors.As(err, &wrongType):
		if path != "" && wrongType.Field != "" {
			path += "."
		}
		return wrongTypeError(path+wrongType.Field, wrongType)
	default:
		return Errorf(InvalidRequest, "malformed message")
	}
}

func wrongTypeError(path string, err *json.UnmarshalTypeError) *Error {
	path = strings.TrimPrefix(path, "Request.") // embedding is a step for encoding/json, not for a caller
	where := "the message"
	if path != "" {
		where = `field "` + path + `"`
	}
	got, number := err.Value, ""
	switch kind, text, _ := strings.Cut(err.Value, " "); kind {
	case "array":
		got = "a list"
	case "object":
		got = "an object"
	case "string":
		got = "a string"
	case "bool":
		got = "a boolean"
	case "number":
		got, number = "a number", clip(text)
	}
	want := jsonType(err.Type)
	switch {
	case want == "":
		return Errorf(InvalidRequest, "malformed message: %s can't be %s", where, got)
	case number == "":
		return Errorf(InvalidRequest, "malformed message: %s must be %s, not %s", where, want, got)
	case want == got:
		return Errorf(InvalidRequest, "malformed message: %s is too large a number: %s", where, number)
	default:
		return Errorf(InvalidRequest, "malformed message: %s must be %s, not %s", where, want, number)
	}
}

// jsonType names the JSON type that decodes into t.
func jsonType(t reflect.Type) string {
	if t == nil {
		return ""
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "a boolean"
	case reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	default:
		return ""
	}
}
