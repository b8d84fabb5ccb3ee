package codec

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
)

// append appends v, of the type p, of which at most left levels nest.
func (p *plainType) append(dst []byte, v reflect.Value, left int) ([]byte, error) {
	if p.depth > left {
		return dst, errCyclic
	}
	return p.appendValue(slices.Grow(dst, p.room), v)
}

func (p *plainType) appendValue(dst []byte, v reflect.Value) ([]byte, error) {
	switch p.kind {
	case reflect.Bool:
		return appendCBORBool(dst, v.Bool()), nil
	case reflect.String:
		return appendCBORString(dst, v.String())
	case reflect.Float32:
		return binary.BigEndian.AppendUint32(append(dst, cborFloat32), math.Float32bits(float32(v.Float()))), nil
	case reflect.Float64:
		return appendCBORFloat(dst, v.Float(), 0)
	case reflect.Struct:
		return p.appendFields(dst, v)
	case reflect.Slice:
		if p.elem != nil {
			return p.appendElements(dst, v)
		}
		return appendCBORBytes(dst, v.Bytes()), nil
	case reflect.Array:
		dst = appendHead(dst, cborBytes, uint64(v.Len()))
		start := len(dst)
		dst = slices.Grow(dst, v.Len())[:start+v.Len()]
		reflect.Copy(reflect.ValueOf(dst[start:]), v)
		return dst, nil
	}
	if v.CanInt() {
		return appendCBORInt(dst, v.Int()), nil
	}
	return appendHead(dst, cborUint, v.Uint()), nil
}

func (p *plainType) appendFields(dst []byte, v reflect.Value) ([]byte, error) {
	dst = appendHead(dst, cborMap, uint64(len(p.fields)))
	for i := range p.fields {
		f := &p.fields[i]
		var err error
		if dst, err = f.appendValue(append(dst, f.key...), v.Field(f.index)); err != nil {
			return dst, at(err, f.name)
		}
	}
	return dst, nil
}

func (p *plainType) appendElements(dst []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(dst, cborNull), nil
	}
	dst = appendHead(dst, cborArray, uint64(v.Len()))
	for i := range v.Len() {
		var err error
		if dst, err = p.elem.appendValue(dst, v.Index(i)); err != nil {
			return dst, atIndex(err, i)
		}
	}
	return dst, nil
}
