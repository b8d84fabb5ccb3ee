package codec

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strconv"
)

// appendJSON appends v, of which at most left levels nest. Numbers keep their
// kinds; what is no part of an any tree goes to encoding/json.
func appendJSON(dst []byte, v any, left int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendQuoted(dst, v), nil
	case Value:
		return appendJSONValue(dst, v)
	case []any:
		return appendJSONArray(dst, v, left, appendJSON)
	case map[string]any:
		return appendJSONObject(dst, v, left, appendJSON)
	case []Value:
		return appendJSONArray(dst, v, left, appendJSONElement)
	case map[string]Value:
		return appendJSONObject(dst, v, left, appendJSONElement)
	case []string:
		return appendJSONArray(dst, v, left, appendJSONString)
	case map[string]string:
		return appendJSONObject(dst, v, left, appendJSONString)
	case []int:
		return appendJSONArray(dst, v, left, appendJSONInt)
	case []float64:
		return appendJSONArray(dst, v, left, appendJSONFloat)
	case []map[string]any:
		return appendJSONArray(dst, v, left, appendJSONMap)
	case []byte:
		if v == nil {
			return append(dst, "null"...), nil
		}
		dst = append(slices.Grow(dst, base64.StdEncoding.EncodedLen(len(v))+len(`""`)), '"')
		dst = base64.StdEncoding.AppendEncode(dst, v)
		return append(dst, '"'), nil
	case map[any]any:
		m, err := textKeys(v)
		if err != nil {
			return dst, err
		}
		return appendJSONObject(dst, m, left, appendJSON)
	}
	if out, ok, err := appendJSONNumber(dst, v); ok || err != nil {
		return out, err
	}
	return appendJSONOther(dst, v, left)
}

// appendJSONNumber appends v if it is of one of the predeclared number types,
// or of those that stand for numbers.
func appendJSONNumber(dst []byte, v any) (out []byte, ok bool, err error) {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(dst, int64(v), 10), true, nil
	case int64:
		return strconv.AppendInt(dst, v, 10), true, nil
	case float64:
		out, err = appendFloat(dst, v, 64)
		return out, true, err
	case uint64:
		return strconv.AppendUint(dst, v, 10), true, nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), true, nil
	case int16:
		return strconv.AppendInt(dst, int64(v), 10), true, nil
	case int8:
		return strconv.AppendInt(dst, int64(v), 10), true, nil
	case uint:
		return strconv.AppendUint(dst, uint64(v), 10), true, nil
	case uint32:
		return strconv.AppendUint(dst, uint64(v), 10), true, nil
	case uint16:
		return strconv.AppendUint(dst, uint64(v), 10), true, nil
	case uint8:
		return strconv.AppendUint(dst, uint64(v), 10), true, nil
	case float32:
		out, err = appendFloat(dst, float64(v), 32)
		return out, true, err
	case json.Number:
		text, err := validNumber(v)
		return append(dst, text...), true, err
	case big.Int:
		out, err = appendJSONBig(dst, &v)
		return out, true, err
	case *big.Int:
		out, err = appendJSONBig(dst, v)
		return out, true, err
	}
	return dst, false, nil
}

func appendJSONBig(dst []byte, n *big.Int) ([]byte, error) {
	if n == nil {
		return append(dst, "null"...), nil
	}
	if isLong(n) {
		return dst, errLongInt
	}
	return n.Append(dst, 10), nil
}

// appendJSONValue splices an encoded value in: as it is, or transcoded.
func appendJSONValue(dst []byte, v Value) ([]byte, error) {
	in, err := v.In(JSON{})
	if err != nil {
		return dst, err
	}
	return append(dst, in.Bytes()...), nil
}

// Elements of the containers that have a way of their own.

func appendJSONElement(dst []byte, v Value, _ int) ([]byte, error) { return appendJSONValue(dst, v) }

func appendJSONString(dst []byte, s string, _ int) ([]byte, error) { return appendQuoted(dst, s), nil }

func appendJSONInt(dst []byte, n, _ int) ([]byte, error) {
	return strconv.AppendInt(dst, int64(n), 10), nil
}

func appendJSONFloat(dst []byte, f float64, _ int) ([]byte, error) { return appendFloat(dst, f, 64) }

func appendJSONMap(dst []byte, m map[string]any, left int) ([]byte, error) {
	return appendJSONObject(dst, m, left, appendJSON)
}

func appendJSONArray[T any](
	dst []byte, s []T, left int, element func([]byte, T, int) ([]byte, error),
) ([]byte, error) {
	if s == nil {
		return append(dst, "null"...), nil
	}
	if left == 0 {
		return dst, errCyclic
	}
	dst = append(dst, '[')
	for i, x := range s {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = element(dst, x, left-1); err != nil {
			return dst, atIndex(err, i)
		}
	}
	return append(dst, ']'), nil
}

func appendJSONObject[T any](
	dst []byte, m map[string]T, left int, element func([]byte, T, int) ([]byte, error),
) ([]byte, error) {
	if m == nil {
		return append(dst, "null"...), nil
	}
	if left == 0 {
		return dst, errCyclic
	}
	var few [16]string // most maps need no memory for their keys
	keys := few[:0]
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, key), ':')
		var err error
		if dst, err = element(dst, m[key], left-1); err != nil {
			return dst, at(err, key)
		}
	}
	return append(dst, '}'), nil
}

// appendJSONOther appends v of a type that has no way of its own.
func appendJSONOther(dst []byte, v any, left int) ([]byte, error) {
	rv := reflect.ValueOf(v)
	if holdsKinds(rv.Type()) {
		return appendJSONKinds(dst, rv, left)
	}
	if err := jsonEncoded.check(rv, 0); err != nil {
		return dst, err
	}
	return appendStdJSON(dst, v)
}
