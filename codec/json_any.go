package codec

import (
	"bytes"
	"reflect"
	"strconv"
)

// decodeJSONFast decodes into the types that travel most, to the same result
// as encoding/json and without reflection. It reports false without an error
// where the general way has to be taken, which also words most errors.
func decodeJSONFast(data []byte, v any) (done bool, err error) {
	switch dst := v.(type) {
	case *any:
		if dst == nil || holdsPointer(*dst) {
			return false, nil // encoding/json decodes into what the pointer points to
		}
		x, ok, err := parseJSON(data)
		if ok {
			*dst = x
		}
		return ok, err
	case *map[string]any:
		if dst == nil || *dst != nil {
			return false, nil // encoding/json adds to a map that is there
		}
		x, _, err := parseJSON(data)
		m, ok := x.(map[string]any)
		*dst = m
		return ok, err
	case *[]any:
		if dst == nil || *dst != nil {
			return false, nil // encoding/json reuses a slice that is there
		}
		x, _, err := parseJSON(data)
		s, ok := x.([]any)
		*dst = s
		return ok, err
	case *Value:
		start := skipSpace(data, 0)
		end := skipValue(data, start, MaxDepth)
		if dst == nil || end < 0 || skipSpace(data, end) != len(data) {
			return false, nil
		}
		*dst = Value{JSON{}, bytes.Clone(data[start:end])}
		return true, nil
	case *string, *bool, *int, *int64, *uint64, *float64:
		return decodeJSONScalar(trimSpace(data), v), nil
	}
	return false, nil
}

// holdsPointer reports whether x is a pointer that can be decoded into.
func holdsPointer(x any) bool {
	v := reflect.ValueOf(x)
	return v.Kind() == reflect.Pointer && !v.IsNil()
}

// trimSpace returns data without the white space around it.
func trimSpace(data []byte) []byte {
	data = data[skipSpace(data, 0):]
	for n := len(data) - 1; n >= 0 && skipSpace(data[n:], 0) == 1; n-- {
		data = data[:n]
	}
	return data
}

// decodeJSONScalar is decodeJSONFast for the scalar types. Null, which leaves
// them as they are, and all errors take the general way.
func decodeJSONScalar(text []byte, v any) bool {
	switch dst := v.(type) {
	case *string:
		if dst == nil || len(text) == 0 || text[0] != '"' || skipString(text, 0) != len(text) {
			return false
		}
		*dst = unquote(text)
		return true
	case *bool:
		isTrue := string(text) == "true"
		if dst == nil || !isTrue && string(text) != "false" {
			return false
		}
		*dst = isTrue
		return true
	}
	if skipNumber(text, 0) != len(text) {
		return false
	}
	switch dst := v.(type) {
	case *int:
		n, err := strconv.Atoi(string(text))
		return assign(dst, n, err)
	case *int64:
		n, err := strconv.ParseInt(string(text), 10, 64)
		return assign(dst, n, err)
	case *uint64:
		n, err := strconv.ParseUint(string(text), 10, 64)
		return assign(dst, n, err)
	case *float64:
		f, err := strconv.ParseFloat(string(text), 64)
		return assign(dst, f, err)
	}
	return false
}

// assign sets *dst to x unless there is an error, or nothing to set.
func assign[T any](dst *T, x T, err error) bool {
	if dst == nil || err != nil {
		return false
	}
	*dst = x
	return true
}

// parseJSON decodes data into the types of the package documentation. It is
// not ok, without an error, if data is malformed or nests too deep.
func parseJSON(data []byte) (x any, ok bool, err error) {
	p := jsonParser{data: data}
	x, end := p.value(skipSpace(data, 0), MaxDepth)
	if p.err != nil {
		return nil, false, p.err
	}
	if end < 0 || skipSpace(data, end) != len(data) {
		return nil, false, nil
	}
	return x, true, nil
}

// jsonParser decodes any trees.
type jsonParser struct {
	data []byte
	err  error // what is wrong with a well-formed value
}

// value decodes the value at i and returns the index behind it, or -1.
func (p *jsonParser) value(i, left int) (any, int) {
	if i >= len(p.data) {
		return nil, -1
	}
	switch p.data[i] {
	case '"':
		end := skipString(p.data, i)
		if end < 0 {
			return nil, -1
		}
		return unquote(p.data[i:end]), end
	case '{':
		m := make(map[string]any)
		end := walkObject(p.data, i, left, func(key []byte, i int) int {
			x, end := p.value(i, left-1)
			m[unquote(key)] = x
			return end
		})
		return m, end
	case '[':
		s := []any{}
		end := walkArray(p.data, i, left, func(_, i int) int {
			x, end := p.value(i, left-1)
			s = append(s, x)
			return end
		})
		return s, end
	case 't':
		return true, skipWord(p.data, i, "true")
	case 'f':
		return false, skipWord(p.data, i, "false")
	case 'n':
		return nil, skipWord(p.data, i, "null")
	}
	end := skipNumber(p.data, i)
	if end < 0 {
		return nil, -1
	}
	x, err := parseNumber(p.data[i:end])
	if err != nil {
		p.err = err
		return nil, -1
	}
	return x, end
}
