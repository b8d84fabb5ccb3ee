package mpreg

import (
	"encoding"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schemas are made here, and not by jsonschema.ForType, which knows the types but not
// all of how encoding/json writes them: types that marshal themselves one way only,
// keys of embedded structs, quoted fields, nil maps, named bytes.

// schemaOf returns the JSON Schema of values of type t. What it allows in a parameter
// is accepted, but for what a schema can't say, such as that a text has to be a time;
// encoding/json takes more, null for one. What is decoded or written by a type's own
// method, and a type within itself, is described as anything: a caller is told too
// little rather than something wrong.
func schemaOf(t reflect.Type, d direction) json.RawMessage {
	return encodeSchema((&schemas{direction: d}).of(t))
}

// keywordSchema returns the schema of an object of all keywords that fill t.
func keywordSchema(t reflect.Type) json.RawMessage {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &jsonschema.Schema{Type: "object"}
	if t != kwargsType {
		s = (&schemas{direction: toDecode}).object(t)
		s.AdditionalProperties = nothing() // others are refused
	}
	return encodeSchema(s)
}

func encodeSchema(s *jsonschema.Schema) json.RawMessage {
	out, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage("true")
	}
	return out
}

// nothing returns a schema that no value fits.
func nothing() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

// schemas makes the schema of a type.
type schemas struct {
	direction direction
	within    []reflect.Type // those that are being described
}

func (s *schemas) of(t reflect.Type) *jsonschema.Schema {
	if own := s.own(t); own != nil {
		return own
	}
	if slices.Contains(s.within, t) {
		return &jsonschema.Schema{}
	}
	s.within = append(s.within, t)
	defer func() { s.within = s.within[:len(s.within)-1] }()
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.String:
		return &jsonschema.Schema{Type: "string"}
	case reflect.Float32, reflect.Float64:
		return &jsonschema.Schema{Type: "number"}
	case reflect.Slice:
		if s.bytes(t) {
			return nullable(&jsonschema.Schema{Type: "string", ContentEncoding: "base64"})
		}
		return nullable(&jsonschema.Schema{Type: "array", Items: s.of(t.Elem())})
	case reflect.Array:
		n := t.Len()
		return &jsonschema.Schema{Type: "array", Items: s.of(t.Elem()), MinItems: &n, MaxItems: &n}
	case reflect.Map:
		return nullable(&jsonschema.Schema{
			Type: "object", AdditionalProperties: s.of(t.Elem()), PropertyNames: keySchema(t.Key()),
		})
	case reflect.Struct:
		return s.object(t)
	case reflect.Interface:
		return &jsonschema.Schema{}
	default:
		return integer(t)
	}
}

// own returns the schema of a type that has its own idea of how it is sent, nil for
// any other.
func (s *schemas) own(t reflect.Type) *jsonschema.Schema {
	switch t {
	case kwargsType:
		return &jsonschema.Schema{Type: "object"}
	case reflect.TypeFor[json.Number]():
		return &jsonschema.Schema{Type: "number"}
	case reflect.TypeFor[big.Int]():
		return &jsonschema.Schema{Type: "integer"}
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	}
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return nil // what it points to may have one
	}
	p := reflect.PointerTo(t)
	text, other := p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), decodesItself(t)
	if s.direction == toEncode {
		text = t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
		// Whether a method of the pointer is called depends on where the value stands.
		other = marshalsItself(p, toEncode)
	}
	switch {
	case t == valueType, p.Implements(s.direction.codesJSON()):
		return &jsonschema.Schema{}
	case text:
		return &jsonschema.Schema{Type: "string"}
	case other:
		return &jsonschema.Schema{}
	}
	return nil
}

// codesJSON returns the interface of types that read, or write, JSON themselves.
func (d direction) codesJSON() reflect.Type {
	if d == toDecode {
		return reflect.TypeFor[json.Unmarshaler]()
	}
	return reflect.TypeFor[json.Marshaler]()
}

// bytes reports whether a slice is sent as base64.
func (s *schemas) bytes(t reflect.Type) bool {
	return t.Elem().Kind() == reflect.Uint8 && s.own(t.Elem()) == nil
}

// object returns the schema of a struct.
func (s *schemas) object(t reflect.Type) *jsonschema.Schema {
	out := &jsonschema.Schema{Type: "object", Properties: make(map[string]*jsonschema.Schema)}
	if s.direction == toEncode {
		out.AdditionalProperties = nothing()
	}
	for _, f := range jsonFields(t) {
		if f.readOnly && s.direction == toDecode {
			continue
		}
		property := s.of(f.Type)
		if f.quoted {
			property = &jsonschema.Schema{Type: "string"}
			if f.Type.Kind() == reflect.Pointer {
				property = nullable(property)
			}
		}
		property.Description = f.Tag.Get("jsonschema")
		out.Properties[f.key] = property
		out.PropertyOrder = append(out.PropertyOrder, f.key)
		if s.direction == toEncode && !f.optional {
			out.Required = append(out.Required, f.key)
		}
	}
	return out
}

// nullable adds null to what a schema with a type allows.
func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	if s.Type != "" {
		s.Types, s.Type = []string{"null", s.Type}, ""
	}
	return s
}

// keySchema returns the schema of the keys of a map, nil if they may be any text.
func keySchema(t reflect.Type) *jsonschema.Schema {
	if t.Kind() == reflect.String || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return nil
	}
	if reflect.Zero(t).CanUint() {
		return &jsonschema.Schema{Pattern: `^(0|[1-9][0-9]*)$`}
	}
	return &jsonschema.Schema{Pattern: `^-?(0|[1-9][0-9]*)$`}
}

// integer returns the schema of a type of integers, with bounds where a float64, which
// most of JSON's readers have, says them exactly.
func integer(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "integer"}
	bounds := func(least, most float64) { s.Minimum, s.Maximum = &least, &most }
	switch t.Kind() {
	case reflect.Int8, reflect.Int16, reflect.Int32:
		bounds(-math.Exp2(float64(t.Bits()-1)), math.Exp2(float64(t.Bits()-1))-1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		bounds(0, math.Exp2(float64(t.Bits()))-1)
	case reflect.Uint, reflect.Uint64:
		s.Minimum = new(float64)
	}
	return s
}
