package mpreg

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// Description is an offer of a function as a caller in any language needs to
// know it.
type Description struct {
	FunctionInfo
	Idempotent bool `json:"idempotent"`

	// Params are JSON Schemas of the arguments in their order. Of a variadic
	// function the last is for each of any number of arguments.
	Params   []json.RawMessage `json:"params"`
	Variadic bool              `json:"variadic"`

	// Keywords is the schema of an object of all keyword arguments, null if the
	// function takes none. They stand in the place of the last of Params.
	Keywords json.RawMessage `json:"keywords"`

	// Result is the schema of the result, null if there is none; of a stream it is
	// that of each item.
	Result json.RawMessage `json:"result"`
	Stream bool            `json:"stream,omitempty"`
}

// Describe returns the offers of a function, the one with the fewest locs
// first; none if the name is not registered. Schemas are made in the call.
func (r *Registry) Describe(name string) []Description {
	r.mu.RLock()
	offers := r.offers[name]
	r.mu.RUnlock()
	list := make([]Description, len(offers))
	for i, o := range offers {
		list[i] = o.fn.describe(FunctionInfo{Name: name, Locs: slices.Clone(o.locs), Signature: o.fn.String(), Doc: o.fn.doc})
	}
	return list
}

func (f *Function) describe(info FunctionInfo) Description {
	d := Description{
		FunctionInfo: info,
		Idempotent:   f.idempotent,
		Params:       make([]json.RawMessage, len(f.params)),
		Variadic:     f.variadic,
		Stream:       f.stream,
		Keywords:     json.RawMessage("null"),
		Result:       json.RawMessage("null"),
	}
	for i, p := range f.params {
		if f.variadic && i == len(f.params)-1 {
			p = p.Elem()
		}
		d.Params[i] = schema(p, optional)
	}
	if f.keywords != nil {
		d.Keywords = schema(f.params[len(f.params)-1], func(s *jsonschema.Schema) {
			s.Type, s.Types = "object", nil
			known := s.AdditionalProperties
			optional(s)
			s.AdditionalProperties = known // others are refused
		})
	}
	if f.foreign != nil {
		d.Keywords = json.RawMessage(`{"type":"object"}`)
	}
	if f.result != nil {
		d.Result = schema(f.result)
	}
	return d
}

// anySchema accepts everything.
var anySchema = json.RawMessage("{}")

// schema returns the JSON Schema of a type. A type that has none that is
// finite, such as a tree's node, is described as anything: a caller is told too
// little rather than something wrong.
func schema(t reflect.Type, changes ...func(*jsonschema.Schema)) json.RawMessage {
	known := map[reflect.Type]*jsonschema.Schema{
		valueType:  {},
		kwargsType: {Type: "object"},
		// As the codecs have them, where the package thinks otherwise.
		reflect.TypeFor[[]byte]():          {Types: []string{"null", "string"}, ContentEncoding: "base64"},
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[big.Int]():         {Type: "integer"},
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
	}
	addMarshalers(t, known, make(map[reflect.Type]bool))
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{IgnoreInvalidTypes: true, TypeSchemas: known})
	if err != nil || s == nil {
		return anySchema
	}
	for _, change := range changes {
		change(s)
	}
	out, err := json.Marshal(s)
	if err != nil {
		return anySchema
	}
	return out
}

// addMarshalers adds the types within t that decide themselves how they are
// written: text is a string, and JSON of their own may be anything.
func addMarshalers(t reflect.Type, known map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if known[t] != nil || seen[t] {
		return
	}
	seen[t] = true
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		p := reflect.PointerTo(t)
		switch {
		case p.Implements(reflect.TypeFor[json.Marshaler]()):
			known[t] = &jsonschema.Schema{}
			return
		case p.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
			known[t] = &jsonschema.Schema{Type: "string"}
			return
		}
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		addMarshalers(t.Elem(), known, seen)
	case reflect.Struct:
		for f := range t.Fields() {
			addMarshalers(f.Type, known, seen)
		}
	}
}

// optional takes back that fields are required, which decoding does not ask for.
func optional(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	s.Required = nil
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil {
		s.AdditionalProperties = nil // further members are ignored
	}
	for _, property := range s.Properties {
		optional(property)
	}
	optional(s.Items)
	optional(s.AdditionalProperties)
}
