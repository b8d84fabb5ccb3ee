package codec

import (
	"reflect"
	"slices"
	"sync"
)

// kindHolders caches holdsKinds: reflect.Type → bool.
var kindHolders sync.Map

// holdsKinds reports whether t is made of slices, arrays, maps and pointers
// only, down to floats or interfaces: [][]float64, map[string][]any, or a
// map[string]any with a name. encoding/json writes all this well but for the
// kinds of its numbers.
func holdsKinds(t reflect.Type) bool {
	known, ok := kindHolders.Load(t)
	if !ok {
		known = searchKinds(t, nil)
		kindHolders.Store(t, known)
	}
	return known.(bool) //nolint:forcetypeassert // the map holds nothing else
}

// searchKinds is holdsKinds; outer are the types that t was found in.
func searchKinds(t reflect.Type, outer []reflect.Type) bool {
	if slices.Contains(outer, t) { // made of nothing but itself
		return false
	}
	if jsonEncoded.isOpaque(t) {
		return false
	}
	outer = append(outer, t)
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return searchKinds(t.Elem(), outer)
	case reflect.Map:
		return t.Key().Kind() == reflect.String && searchKinds(t.Elem(), outer)
	}
	return false
}

// appendJSONKinds appends v of a type that holds kinds.
func appendJSONKinds(dst []byte, v reflect.Value, left int) ([]byte, error) {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return appendFloat(dst, v.Float(), v.Type().Bits())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		if left == 0 {
			return dst, errCyclic // an interface may hold a pointer to itself
		}
		if v.Kind() == reflect.Interface {
			return appendJSON(dst, v.Elem().Interface(), left)
		}
		return appendJSONKinds(dst, v.Elem(), left-1)
	case reflect.Map:
		return appendJSONKindsMap(dst, v, left)
	}
	if v.Kind() == reflect.Slice && v.IsNil() {
		return append(dst, "null"...), nil
	}
	if left == 0 {
		return dst, errCyclic
	}
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSONKinds(dst, v.Index(i), left-1); err != nil {
			return dst, atIndex(err, i)
		}
	}
	return append(dst, ']'), nil
}

func appendJSONKindsMap(dst []byte, v reflect.Value, left int) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	m := make(map[string]reflect.Value, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		m[entries.Key().String()] = entries.Value()
	}
	return appendJSONObject(dst, m, left, appendJSONKinds)
}
