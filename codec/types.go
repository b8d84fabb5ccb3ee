package codec

import (
	"math/big"
	"reflect"
	"slices"
	"sync"
)

// typeSet tells, for one codec and one direction, the types whose values have
// to be walked (they hold something that only the value knows) from those
// whose values need no look. It is worked out once a type. Its methods are
// safe for concurrent use.
type typeSet struct {
	tags   []string       // struct tags that name fields: the first present counts
	opaque []reflect.Type // interfaces: who implements one encodes or decodes itself
	loops  bool           // walk recursive types too, not only those with interfaces
	shapes sync.Map       // reflect.Type → *shape
}

// shape is what a typeSet knows of a type.
type shape struct {
	open   bool  // values of this type have to be walked
	fields []int // of a struct: the fields to walk
}

// of returns the shape of t.
func (s *typeSet) of(t reflect.Type) *shape {
	if known, ok := s.shapes.Load(t); ok {
		return known.(*shape) //nolint:forcetypeassert // the map holds nothing else
	}
	sh := &shape{open: s.open(t, make(map[reflect.Type]bool))}
	if sh.open && t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if f := t.Field(i); s.visible(f) && s.open(f.Type, make(map[reflect.Type]bool)) {
				sh.fields = append(sh.fields, i)
			}
		}
	}
	s.shapes.Store(t, sh)
	return sh
}

// open searches the types that t is made of. In seen are those searched
// before: true while the search is inside them, when meeting them again means
// that they contain themselves.
func (s *typeSet) open(t reflect.Type, seen map[reflect.Type]bool) bool {
	if inside, ok := seen[t]; ok {
		return inside && s.loops
	}
	if s.isOpaque(t) {
		return false
	}
	seen[t] = true
	defer func() { seen[t] = false }()
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return s.open(t.Elem(), seen)
	case reflect.Map:
		return s.open(t.Key(), seen) || s.open(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if s.visible(f) && s.open(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// isOpaque reports whether t takes care of itself. An interface does not, even
// if it has the methods: what it holds is the question.
func (s *typeSet) isOpaque(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	return slices.ContainsFunc(s.opaque, reflect.PointerTo(t).Implements)
}

// visible reports whether the codec sees the field.
func (s *typeSet) visible(f reflect.StructField) bool {
	for _, tag := range s.tags {
		if name, ok := f.Tag.Lookup(tag); ok {
			if name == "-" {
				return false
			}
			break
		}
	}
	if f.IsExported() {
		return true
	}
	// The exported fields of an embedded struct are seen though its own name
	// is not.
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return f.Anonymous && t.Kind() == reflect.Struct
}

// maxHops bounds a walk. A level of nesting takes up to four steps: a slice,
// an interface in it, a pointer in that, and a struct.
const maxHops = 4 * MaxDepth

// check walks v before a library encodes it recursively, and returns errCyclic
// if that could be without end.
func (s *typeSet) check(v reflect.Value, hops int) error {
	sh := s.of(v.Type())
	if !sh.open {
		return nil
	}
	if hops > maxHops {
		return errCyclic
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return s.check(v.Elem(), hops+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := s.check(v.Index(i), hops+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if err := s.check(entries.Key(), hops+1); err != nil {
				return err
			}
			if err := s.check(entries.Value(), hops+1); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for _, i := range sh.fields {
			if err := s.check(v.Field(i), hops+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle walks v after a library decoded into it and replaces what stands in
// interface positions by what fix makes of it.
func (s *typeSet) settle(v reflect.Value, hops int, fix func(any, int) (any, error)) error {
	sh := s.of(v.Type())
	if !sh.open {
		return nil
	}
	if hops > maxHops {
		return errCyclic // only if the destination was so before
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return s.settle(v.Elem(), hops+1, fix)
		}
	case reflect.Interface:
		return s.settleInterface(v, hops, fix)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := s.settle(v.Index(i), hops+1, fix); err != nil {
				return err
			}
		}
	case reflect.Map:
		return s.settleMap(v, hops, fix)
	case reflect.Struct:
		for _, i := range sh.fields {
			if err := s.settle(v.Field(i), hops+1, fix); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *typeSet) settleInterface(v reflect.Value, hops int, fix func(any, int) (any, error)) error {
	if v.IsNil() || !v.CanSet() {
		return nil
	}
	held := v.Elem()
	if _, isInt := reflect.TypeAssert[*big.Int](held); held.Kind() == reflect.Pointer && !isInt {
		return s.settle(held, hops+1, fix) // it was there before, and decoded into
	}
	x, err := fix(held.Interface(), MaxDepth)
	if err != nil {
		return err
	}
	if x == nil {
		v.SetZero()
	} else if fixed := reflect.ValueOf(x); fixed.Type().AssignableTo(v.Type()) {
		v.Set(fixed)
	}
	return nil
}

// settleMap settles copies and puts them back: what stands in a map can't be
// changed in place.
func (s *typeSet) settleMap(v reflect.Value, hops int, fix func(any, int) (any, error)) error {
	key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	count := v.Len()
	for entries := v.MapRange(); entries.Next(); {
		key.SetIterKey(entries)
		elem.SetIterValue(entries)
		if !key.Equal(key) {
			continue // under NaN nothing can be put back, only added
		}
		if err := s.settle(elem, hops+1, fix); err != nil {
			return err
		}
		if s.of(key.Type()).open {
			if err := s.settle(key, hops+1, fix); err != nil {
				return err
			}
			if _, isInt := reflect.TypeAssert[*big.Int](key); isInt {
				return errMapKey // a pointer: each would be another key
			}
			v.SetMapIndex(entries.Key(), reflect.Value{})
		}
		v.SetMapIndex(key, elem)
	}
	if v.Len() < count {
		return errSameKey
	}
	return nil
}
