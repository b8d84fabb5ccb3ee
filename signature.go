package mpreg

import (
	"encoding/json"
	"slices"
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
		d.Params[i] = schemaOf(p, toDecode)
	}
	if f.keywords != nil {
		d.Keywords = keywordSchema(f.params[len(f.params)-1])
	}
	if f.foreign != nil {
		d.Keywords = json.RawMessage(`{"type":"object"}`)
	}
	if f.result != nil {
		d.Result = schemaOf(f.result, toEncode)
	}
	return d
}
