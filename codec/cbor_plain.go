package codec

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// plainType is what is known of a type whose values need no library: bools,
// numbers, text and bytes, and structs without options and slices of these. They
// are written to the same bytes as there, and read to the same values, in a
// fraction of the time: the library takes an array of bytes one by one, and looks
// at all data twice.
type plainType struct {
	kind   reflect.Kind
	depth  int          // how many levels its values nest
	room   int          // in bytes, for a value without the content of texts and slices
	fields []plainField // of a struct, in the order of their keys
	elem   *plainType   // of a slice; nil for bytes
}

type plainField struct {
	*plainType
	key   string // encoded
	name  string
	index int
}

// plainTypes caches plainOf: reflect.Type → *plainType.
var plainTypes sync.Map

// plainOf returns nil for a type that is not plain.
func plainOf(t reflect.Type) *plainType {
	known, ok := plainTypes.Load(t)
	if !ok {
		known = newPlainType(t, nil)
		plainTypes.Store(t, known)
	}
	return known.(*plainType) //nolint:forcetypeassert // the map holds nothing else
}

// newPlainType is plainOf; outer are the types that t was found in.
func newPlainType(t reflect.Type, outer []reflect.Type) *plainType {
	if cborEncoded.isOpaque(t) || cborDecoded.isOpaque(t) || slices.Contains(outer, t) {
		return nil
	}
	p := &plainType{kind: t.Kind(), room: maxHead}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return p
	case reflect.Array:
		if t.Elem() == byteType {
			p.room += t.Len()
			return p
		}
	case reflect.Slice:
		switch {
		case t.Elem() == byteType:
			return p
		case t.Elem().Kind() == reflect.Uint8: // bytes too, but not to package reflect
			return nil
		}
		if p.elem = newPlainType(t.Elem(), append(outer, t)); p.elem != nil {
			p.depth = 1 + p.elem.depth
			return p
		}
	case reflect.Struct:
		if p.setFields(t, append(outer, t)) {
			return p
		}
	}
	return nil
}

var byteType = reflect.TypeFor[byte]()

// setFields reports whether all fields of the struct t are plain and have names
// that need no rules: of embedded structs, options and duplicates the library
// knows what to make.
func (p *plainType) setFields(t reflect.Type, outer []reflect.Type) bool {
	p.depth = 1
	for f := range t.Fields() {
		if f.Name == "_" || f.Anonymous {
			return false
		}
		if !f.IsExported() {
			continue
		}
		if _, ok := f.Tag.Lookup("cbor"); ok {
			return false
		}
		name := f.Tag.Get("json")
		switch {
		case name == "-":
			continue
		case strings.Contains(name, ","):
			return false
		case name == "":
			name = f.Name
		}
		key, err := appendCBORString(nil, name)
		in := newPlainType(f.Type, outer)
		if err != nil || in == nil {
			return false
		}
		p.fields = append(p.fields, plainField{plainType: in, key: string(key), name: name, index: f.Index[0]})
		p.room += len(key) + in.room
		p.depth = max(p.depth, 1+in.depth)
	}
	slices.SortFunc(p.fields, func(a, b plainField) int { return strings.Compare(a.key, b.key) })
	return !slices.ContainsFunc(p.fields, func(f plainField) bool {
		return slices.IndexFunc(p.fields, func(g plainField) bool { return g.key == f.key && g.index != f.index }) >= 0
	})
}
