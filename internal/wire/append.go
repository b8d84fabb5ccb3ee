package wire

import (
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/mpreg/mpreg/codec"
)

// The append functions write the parts of a JSON message. Values are spliced
// in as the bytes that they are, which is why messages are not built by
// encoding/json: it would re-format every raw value.

func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			// Any string can be encoded: what is no UTF-8 becomes U+FFFD.
			dst, _ = codec.JSON{}.Append(dst, s)
			return dst
		}
	}
	// Names and ids mostly stand for themselves. To pass one as an any would
	// allocate.
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// appendFloat writes f, which is finite, with as many digits as it takes to
// read the same f again.
func appendFloat(dst []byte, f float64) []byte {
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

func appendHeaders(dst []byte, headers map[string]string) []byte {
	dst = append(dst, '{')
	for i, key := range sortedKeys(headers) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key), ':')
		dst = appendString(dst, headers[key])
	}
	return append(dst, '}')
}

func appendValue(dst []byte, v codec.Value) ([]byte, error) {
	v, err := v.In(codec.JSON{})
	if err != nil {
		return dst, err
	}
	return append(dst, v.Bytes()...), nil
}

var errNoJSON = errors.New("it says that it is JSON, and is not")

// appendChecked is appendValue for a value that may come from another process as it
// is, or be made by hand.
func appendChecked(dst []byte, v codec.Value) ([]byte, error) {
	v, err := checkedJSON(v)
	if err != nil {
		return dst, err
	}
	return append(dst, v.Bytes()...), nil
}

// checkedJSON returns v in JSON. One that was JSON before is looked at: within a
// message it could pose as a part of it, and text that is no UTF-8 would end the
// websocket.
func checkedJSON(v codec.Value) (codec.Value, error) {
	in, err := v.In(codec.JSON{})
	if err == nil && v.Codec().Name() == in.Codec().Name() && !isJSON(v.Bytes()) {
		err = errNoJSON
	}
	if err != nil {
		return codec.Value{}, err
	}
	return in, nil
}

func isJSON(data []byte) bool {
	_, _, ok := codec.JSON{}.Find(data)
	return ok && utf8.Valid(data)
}

// sortedKeys gives objects an order, so that equal messages are equal bytes.
func sortedKeys[V any](m map[string]V) []string {
	return appendSortedKeys(make([]string, 0, len(m)), m)
}

// appendSortedKeys is sortedKeys into keys, which is empty.
func appendSortedKeys[V any](keys []string, m map[string]V) []string {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// clip shortens what a stranger sent before it is quoted in a message: an
// error must not send a megabyte back.
func clip(s string) string {
	const shown = 128
	if len(s) <= shown {
		return s
	}
	end := shown
	for end > shown-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
