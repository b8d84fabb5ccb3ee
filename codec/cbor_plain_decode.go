package codec

import (
	"bytes"
	"math"
	"reflect"
	"unicode/utf8"
)

// decode reads data into v, of the type p. It reports false where data is not as a
// writer of that very type has it: null for a number, a tag, keys in another order.
// The general way, which knows all that fits, has to be taken then; what was set
// before is what data has for it.
func (p *plainType) decode(data []byte, v reflect.Value) bool {
	d := plainDecoder{data}
	return d.value(p, 0, v) == len(data)
}

type plainDecoder struct{ data []byte }

// value sets v to the item at i and returns the index behind it, or less than 0.
func (d *plainDecoder) value(p *plainType, i int, v reflect.Value) int {
	major, low, n, i := readHead(d.data, i)
	if i < 0 {
		return i
	}
	switch major {
	case cborBytes, cborText:
		if n > uint64(len(d.data)-i) {
			return cborMalformed
		}
		end := i + int(n)
		if !setPlainContent(p, major, d.data[i:end], v) {
			return cborMalformed
		}
		return end
	case cborArray:
		return d.elements(p, i, n, v)
	case cborMap:
		return d.fields(p, i, n, v)
	}
	if p.kind == reflect.Slice && isCBORNull(major|low) {
		v.SetZero() // what a writer has for nil
		return i
	}
	if !setPlainNumber(major|low, major, n, v) {
		return cborMalformed
	}
	return i
}

// setPlainContent reports whether a text or bytes fit v.
func setPlainContent(p *plainType, major byte, content []byte, v reflect.Value) bool {
	switch {
	case p.kind == reflect.String && major == cborText && utf8.Valid(content):
		v.SetString(string(content))
	case p.kind == reflect.Slice && major == cborBytes && p.elem == nil:
		v.SetBytes(bytes.Clone(content))
	case p.kind == reflect.Array && major == cborBytes:
		array := v.Bytes()
		clear(array[copy(array, content):])
	default:
		return false
	}
	return true
}

// setPlainNumber reports whether what first and bits are the head of fits v.
func setPlainNumber(first, major byte, bits uint64, v reflect.Value) bool {
	switch {
	case major == cborUint && v.CanInt():
		if bits > math.MaxInt64 || v.OverflowInt(int64(bits)) {
			return false
		}
		v.SetInt(int64(bits))
	case major == cborUint && v.CanUint():
		if v.OverflowUint(bits) {
			return false
		}
		v.SetUint(bits)
	case major == cborNegInt && v.CanInt():
		if bits > math.MaxInt64 || v.OverflowInt(-1-int64(bits)) {
			return false
		}
		v.SetInt(-1 - int64(bits))
	case first == cborFloat64 && v.Kind() == reflect.Float64:
		v.SetFloat(math.Float64frombits(bits))
	case first == cborFloat32 && v.CanFloat():
		v.SetFloat(float64(math.Float32frombits(uint32(bits))))
	case v.Kind() == reflect.Bool && (first == cborTrue || first == cborFalse):
		v.SetBool(first == cborTrue)
	default:
		return false
	}
	return true
}

// fields reads the n pairs at i. The keys are in order, so that none is there
// twice; one of the type may be missing.
func (d *plainDecoder) fields(p *plainType, i int, n uint64, v reflect.Value) int {
	if p.kind != reflect.Struct || n > uint64(len(p.fields)) {
		return cborMalformed
	}
	next := 0
	for range n {
		for next < len(p.fields) && !d.hasKey(i, p.fields[next].key) {
			next++
		}
		if next == len(p.fields) {
			return cborMalformed
		}
		f := &p.fields[next]
		if i = d.value(f.plainType, i+len(f.key), v.Field(f.index)); i < 0 {
			return i
		}
		next++
	}
	return i
}

func (d *plainDecoder) hasKey(i int, key string) bool {
	return len(d.data)-i >= len(key) && string(d.data[i:i+len(key)]) == key
}

// elements reads the n items at i into a slice that is not there yet: into one
// that is the library decodes in its own way.
func (d *plainDecoder) elements(p *plainType, i int, n uint64, v reflect.Value) int {
	if p.elem == nil || n > uint64(len(d.data)-i) || n > maxCBORElements || !v.IsNil() {
		return cborMalformed
	}
	v.Set(reflect.MakeSlice(v.Type(), int(n), int(n)))
	for k := range int(n) {
		if i = d.value(p.elem, i, v.Index(k)); i < 0 {
			return i
		}
	}
	return i
}
