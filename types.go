package mpreg

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
)

// direction says which way a type's values cross the wire.
type direction uint8

const (
	toDecode direction = iota // a parameter
	toEncode                  // a result
)

// carriable reports why values of type t can't be arguments or results, so
// that it is known when a function is registered rather than when it is called.
func carriable(t reflect.Type, d direction) error {
	return carriableIn(t, d, make(map[reflect.Type]bool))
}

func carriableIn(t reflect.Type, d direction, seen map[reflect.Type]bool) error {
	if seen[t] || marshalsItself(t, d) {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Func, reflect.Chan:
		return notCarriable(t, d)
	case reflect.UnsafePointer, reflect.Complex64, reflect.Complex128, reflect.Uintptr:
		return fmt.Errorf("a %s can't be sent", t)
	case reflect.Interface:
		if d == toDecode && t.NumMethod() > 0 {
			return fmt.Errorf("nothing can be decoded into the interface %s: take a concrete type, any or mpreg.Value", t)
		}
	case reflect.Pointer:
		if endless(t) {
			return fmt.Errorf("a %s never comes to an end", t)
		}
		return carriableIn(t.Elem(), d, seen)
	case reflect.Slice, reflect.Array:
		return carriableIn(t.Elem(), d, seen)
	case reflect.Map:
		if !mapKey(t.Key()) {
			return fmt.Errorf("a %s can't be sent: its keys must be strings or integers", t)
		}
		return carriableIn(t.Elem(), d, seen)
	case reflect.Struct:
		for _, f := range jsonFields(t) {
			if err := carriableIn(f.Type, d, seen); err != nil {
				return fmt.Errorf("field %s of %s: %w", f.Name, t, err)
			}
		}
	}
	return nil
}

// notCarriable is carriable for functions and channels, which may be meant as
// streams.
func notCarriable(t reflect.Type, d direction) error {
	_, stream := streamItem(t)
	switch {
	case d == toDecode || !t.CanSeq() && !t.CanSeq2():
		return fmt.Errorf("a %s can't be sent", t)
	case stream:
		return fmt.Errorf("a %s can't be sent as a part of something: a stream is the function's result itself", t)
	case t.Kind() == reflect.Func && t.CanSeq2():
		return fmt.Errorf("a %s can't be sent: for a stream the second of each pair must be an error: return an iter.Seq2[T, error]", t)
	default:
		return fmt.Errorf("a %s can't be sent: for a stream return an iter.Seq2[T, error]", t)
	}
}

// endless reports whether t is a pointer to itself.
func endless(t reflect.Type) bool {
	seen := make(map[reflect.Type]bool)
	for ; t.Kind() == reflect.Pointer; t = t.Elem() {
		if seen[t] {
			return true
		}
		seen[t] = true
	}
	return false
}

func mapKey(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// marshalsItself reports whether t decides itself how it is sent.
func marshalsItself(t reflect.Type, d direction) bool {
	if d == toDecode {
		return decodesItself(t)
	}
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}
