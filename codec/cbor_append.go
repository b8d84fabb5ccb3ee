package codec

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// appendCBOR appends v, of which at most left levels nest. What is no part of
// an any tree goes to the library, which writes the same.
func appendCBOR(dst []byte, v any, left int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, cborNull), nil
	case bool:
		return appendCBORBool(dst, v), nil
	case string:
		return appendCBORString(dst, v)
	case []byte:
		return appendCBORBytes(dst, v), nil
	case Value:
		return appendCBORValue(dst, v)
	case []any:
		return appendCBORArray(dst, v, left, appendCBOR)
	case map[string]any:
		return appendCBORMap(dst, v, left, appendCBOR)
	case []Value:
		return appendCBORArray(dst, v, left, appendCBORElement)
	case map[string]Value:
		return appendCBORMap(dst, v, left, appendCBORElement)
	case []string:
		return appendCBORArray(dst, v, left, appendCBORText)
	case map[string]string:
		return appendCBORMap(dst, v, left, appendCBORText)
	case []int:
		return appendCBORArray(dst, v, left, appendCBORIntElement)
	case []float64:
		return appendCBORArray(slices.Grow(dst, maxHead*(len(v)+1)), v, left, appendCBORFloat)
	case []map[string]any:
		return appendCBORArray(dst, v, left, appendCBORAnyMap)
	case time.Time:
		return appendCBORTime(dst, v)
	case map[any]any:
		return appendCBORMixedMap(dst, v, left)
	}
	if out, ok, err := appendCBORNumber(dst, v); ok || err != nil {
		return out, err
	}
	return appendCBOROther(dst, v, left)
}

// appendCBORNumber appends v if it is of one of the predeclared number types,
// or of those that stand for numbers.
func appendCBORNumber(dst []byte, v any) (out []byte, ok bool, err error) {
	switch v := v.(type) {
	case int:
		return appendCBORInt(dst, int64(v)), true, nil
	case int64:
		return appendCBORInt(dst, v), true, nil
	case float64:
		out, err = appendCBORFloat(dst, v, 0)
		return out, true, err
	case uint64:
		return appendHead(dst, cborUint, v), true, nil
	case json.Number:
		text, err := validNumber(v)
		if err != nil {
			return dst, true, err
		}
		n, err := parseNumber(text)
		if err != nil {
			return dst, true, err
		}
		return appendCBORNumber(dst, n)
	case big.Int:
		out, err = appendCBORBig(dst, &v)
		return out, true, err
	case *big.Int:
		out, err = appendCBORBig(dst, v)
		return out, true, err
	}
	return dst, false, nil
}

func appendCBORBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, cborTrue)
	}
	return append(dst, cborFalse)
}

func appendCBORBytes(dst, v []byte) []byte {
	if v == nil {
		return append(dst, cborNull)
	}
	return append(appendHead(slices.Grow(dst, headSize(len(v))+len(v)), cborBytes, uint64(len(v))), v...)
}

func appendCBORInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, cborNegInt, uint64(-1-n))
	}
	return appendHead(dst, cborUint, uint64(n))
}

// appendCBORBig appends n as an integer if it fits one, else as a bignum:
// RFC 8949, section 3.4.3. A negative n stands for -1-n in both.
func appendCBORBig(dst []byte, n *big.Int) ([]byte, error) {
	if n == nil {
		return append(dst, cborNull), nil
	}
	if isLong(n) {
		return dst, errLongInt
	}
	major, tag, abs := cborUint, uint64(tagPosBignum), n
	if n.Sign() < 0 {
		major, tag, abs = cborNegInt, tagNegBignum, new(big.Int).Not(n)
	}
	if abs.IsUint64() {
		return appendHead(dst, major, abs.Uint64()), nil
	}
	content := abs.Bytes()
	dst = appendHead(dst, cborTag, tag)
	return append(appendHead(dst, cborBytes, uint64(len(content))), content...), nil
}

func appendCBORString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, errUTF8
	}
	return append(appendHead(slices.Grow(dst, headSize(len(s))+len(s)), cborText, uint64(len(s))), s...), nil
}

// appendCBORTime appends t with tag 0; the zero time too, which the library
// makes null. Years of more than four digits are no RFC 3339, and could not be
// read back.
func appendCBORTime(dst []byte, t time.Time) ([]byte, error) {
	if year := t.Year(); year < 0 || year > 9999 {
		return dst, fmt.Errorf("time of the year %d can't be written: RFC 3339 has the years 0 to 9999", year)
	}
	var text [len(time.RFC3339Nano)]byte
	return appendCBORString(appendHead(dst, cborTag, tagTimeText), string(t.AppendFormat(text[:0], time.RFC3339Nano)))
}

// appendCBORValue splices an encoded value in: as it is, or transcoded.
func appendCBORValue(dst []byte, v Value) ([]byte, error) {
	in, err := v.In(CBOR{})
	if err != nil {
		return dst, err
	}
	return append(dst, in.Bytes()...), nil
}

// Elements of the containers that have a way of their own.

func appendCBORElement(dst []byte, v Value, _ int) ([]byte, error) { return appendCBORValue(dst, v) }

func appendCBORText(dst []byte, s string, _ int) ([]byte, error) { return appendCBORString(dst, s) }

func appendCBORIntElement(dst []byte, n, _ int) ([]byte, error) {
	return appendCBORInt(dst, int64(n)), nil
}

func appendCBORFloat(dst []byte, f float64, _ int) ([]byte, error) {
	return binary.BigEndian.AppendUint64(append(slices.Grow(dst, maxHead), cborFloat64), math.Float64bits(f)), nil
}

func appendCBORAnyMap(dst []byte, m map[string]any, left int) ([]byte, error) {
	return appendCBORMap(dst, m, left, appendCBOR)
}

func appendCBORArray[T any](
	dst []byte, s []T, left int, element func([]byte, T, int) ([]byte, error),
) ([]byte, error) {
	if s == nil {
		return append(dst, cborNull), nil
	}
	if left == 0 {
		return dst, errCyclic
	}
	dst = appendHead(dst, cborArray, uint64(len(s)))
	for i, x := range s {
		var err error
		if dst, err = element(dst, x, left-1); err != nil {
			return dst, atIndex(err, i)
		}
	}
	return dst, nil
}

func appendCBORMap[T any](
	dst []byte, m map[string]T, left int, element func([]byte, T, int) ([]byte, error),
) ([]byte, error) {
	if m == nil {
		return append(dst, cborNull), nil
	}
	if left == 0 {
		return dst, errCyclic
	}
	var few [16]string // most maps need no memory for their keys
	keys := few[:0]
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareCBORText)
	dst = appendHead(dst, cborMap, uint64(len(m)))
	for _, key := range keys {
		var err error
		if dst, err = appendCBORString(dst, key); err == nil {
			dst, err = element(dst, m[key], left-1)
		}
		if err != nil {
			return dst, at(err, key)
		}
	}
	return dst, nil
}

// compareCBORText orders texts as their encodings are ordered, which begin
// with the length.
func compareCBORText(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// appendCBORMixedMap appends a map whose keys are not all text.
func appendCBORMixedMap(dst []byte, m map[any]any, left int) ([]byte, error) {
	if m == nil {
		return append(dst, cborNull), nil
	}
	if left == 0 {
		return dst, errCyclic
	}
	type entry struct {
		key   string // encoded: its order is the map's
		value any
	}
	entries := make([]entry, 0, len(m))
	for key, value := range m {
		encoded, err := appendCBOR(nil, key, left-1)
		if err != nil {
			return dst, at(err, fmt.Sprint(key))
		}
		entries = append(entries, entry{string(encoded), value})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	dst = appendHead(dst, cborMap, uint64(len(m)))
	for _, e := range entries {
		var err error
		if dst, err = appendCBOR(append(dst, e.key...), e.value, left-1); err != nil {
			return dst, at(err, Raw(CBOR{}, []byte(e.key)).String())
		}
	}
	return dst, nil
}

var (
	anySlice = reflect.TypeFor[[]any]()
	anyMap   = reflect.TypeFor[map[string]any]()
)

// appendCBOROther appends v of a type that has no way of its own.
func appendCBOROther(dst []byte, v any, left int) ([]byte, error) {
	rv := reflect.ValueOf(v)
	if plain := reflect.Indirect(rv); plain.IsValid() {
		if p := plainOf(plain.Type()); p != nil {
			return p.append(dst, plain, left)
		}
	}
	if t := rv.Type(); !cborEncoded.isOpaque(t) {
		// An any tree under another name is still one.
		switch {
		case t.Kind() == reflect.Map && t.ConvertibleTo(anyMap):
			return appendCBOR(dst, rv.Convert(anyMap).Interface(), left)
		case t.Kind() == reflect.Slice && t.ConvertibleTo(anySlice):
			return appendCBOR(dst, rv.Convert(anySlice).Interface(), left)
		}
	}
	return appendLibCBOR(dst, v, left)
}
