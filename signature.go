package mpreg

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"

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

	// Result is the schema of the result, null if there is none.
	Result json.RawMessage `json:"result"`
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
		Keywords:     json.RawMessage("null"),
		Result:       json.RawMessage("null"),
	}
	for i, p := range f.params {
		if f.variadic && i == len(f.params)-1 {
			p = p.Elem()
		}
		d.Params[i] = schema(p)
	}
	if f.keywords != nil {
		d.Keywords = schema(f.params[len(f.params)-1], func(s *jsonschema.Schema) {
			s.Type, s.Types, s.Required = "object", nil, nil // each may be left out
		})
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
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{
		IgnoreInvalidTypes: true,
		TypeSchemas: map[reflect.Type]*jsonschema.Schema{
			valueType:  {},
			kwargsType: {Type: "object"},
			// As the codecs have them, where the package thinks otherwise.
			reflect.TypeFor[[]byte]():          {Types: []string{"null", "string"}, ContentEncoding: "base64"},
			reflect.TypeFor[json.RawMessage](): {},
			reflect.TypeFor[big.Int]():         {Type: "integer"},
		},
	})
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
