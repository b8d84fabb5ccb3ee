package mpreg

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/mpreg/mpreg/codec"
)

// keywordParam is a last parameter that keyword arguments fill: a struct, a
// pointer to one, or Kwargs.
type keywordParam struct {
	typ    reflect.Type         // of the struct; nil for Kwargs
	ptr    bool                 // the parameter is a pointer to it
	fields map[string]jsonField // by their keys
}

var kwargsType = reflect.TypeFor[Kwargs]()

// newKeywordParam returns nil if a parameter of this type takes no keywords.
func newKeywordParam(t reflect.Type) *keywordParam {
	if t == kwargsType {
		return &keywordParam{}
	}
	k := &keywordParam{typ: t}
	if t.Kind() == reflect.Pointer {
		k.typ, k.ptr = t.Elem(), true
	}
	if k.typ.Kind() != reflect.Struct || decodesItself(k.typ) {
		return nil
	}
	k.fields = make(map[string]jsonField)
	for _, f := range jsonFields(k.typ) {
		if !f.readOnly {
			k.fields[f.key] = f
		}
	}
	return k
}

// decodesItself reports whether t has its own idea of how it is decoded, as
// time.Time has: it is a value then, not a bag of keywords.
func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) ||
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		p.Implements(reflect.TypeFor[cbor.Unmarshaler]())
}

// fill sets the parameter from keywords. A parameter that was left out is never
// nil: an empty struct spares the function a case.
func (k *keywordParam) fill(param reflect.Value, kwargs map[string]Value) error {
	if k.typ == nil {
		return fillKwargs(param, kwargs)
	}
	if k.ptr {
		param.Set(reflect.New(k.typ))
		param = param.Elem()
	}
	for name, v := range kwargs {
		f, ok := k.fields[name]
		if !ok {
			e := newError(InvalidArgument, ExecutedNo, "unknown keyword %q: the keywords are %s",
				name, strings.Join(slices.Sorted(maps.Keys(k.fields)), ", "))
			e.Details = map[string]any{"keyword": name}
			return e
		}
		if err := f.decode(param, v); err != nil {
			return keywordError(name, f.Type, err)
		}
	}
	return nil
}

// decode sets the field of a struct to v.
func (f *jsonField) decode(within reflect.Value, v Value) error {
	if _, isJSON := v.Codec().(codec.JSON); f.quoted && isJSON { // the option means nothing to others
		var text *string
		if err := v.Decode(&text); err != nil {
			return err
		}
		if text != nil {
			v = codec.Raw(codec.JSON{}, []byte(*text))
		}
	}
	return v.Decode(fieldByIndex(within, f.Index).Addr().Interface())
}

func fillKwargs(param reflect.Value, kwargs map[string]Value) error {
	out := make(Kwargs, len(kwargs))
	for name, v := range kwargs {
		decoded, err := v.Any()
		if err != nil {
			return keywordError(name, reflect.TypeFor[any](), err)
		}
		out[name] = decoded
	}
	param.Set(reflect.ValueOf(out))
	return nil
}

func keywordError(name string, want reflect.Type, err error) error {
	e := newError(InvalidArgument, ExecutedNo, "keyword %q does not fit %s: %w", name, typeName(want), misfit(err))
	e.Details = map[string]any{"keyword": name}
	return e
}

// fieldByIndex is reflect.Value.FieldByIndex that allocates the embedded
// pointers on its way.
func fieldByIndex(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}
