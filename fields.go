package mpreg

import (
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// jsonField is a field of a struct, or of one that it embeds, as encoding/json sees
// it. Its Index is that within the outermost struct.
type jsonField struct {
	reflect.StructField
	key      string // its name in an object
	tagged   bool   // which its tag says
	optional bool   // it may not be written
	quoted   bool   // it is written as text: the option "string"
	readOnly bool   // it can't be set from here: it, or an embedded pointer on its way, is not exported
}

// jsonFields returns the fields of a struct that encoding/json reads and writes, in
// order.
func jsonFields(t reflect.Type) []jsonField {
	var all []jsonField
	collectFields(&all, t, jsonField{}, nil)
	byKey := make(map[string][]jsonField)
	for _, f := range all {
		byKey[f.key] = append(byKey[f.key], f)
	}
	return slices.DeleteFunc(all, func(f jsonField) bool { return !f.wins(byKey[f.key]) })
}

// collectFields adds the fields of t to all. at is the embedded field of type t, and
// within are the structs that it is in.
func collectFields(all *[]jsonField, t reflect.Type, at jsonField, within []reflect.Type) {
	if slices.Contains(within, t) {
		return // it embeds itself, where its fields lie deeper than those that are there
	}
	within = append(within, t)
	for i := range t.NumField() {
		f := jsonField{StructField: t.Field(i), optional: at.optional, readOnly: at.readOnly}
		f.Index = append(slices.Clone(at.Index), i)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() && !f.embedsStruct() {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !isKey(name) {
			name = ""
		}
		if name == "" && f.embedsStruct() {
			elem := f.Type
			if elem.Kind() == reflect.Pointer {
				elem = elem.Elem()
				f.optional, f.readOnly = true, f.readOnly || !f.IsExported()
			}
			collectFields(all, elem, f, within)
			continue
		}
		f.key, f.tagged, f.readOnly = name, name != "", f.readOnly || !f.IsExported()
		if !f.tagged {
			f.key = f.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			f.optional = f.optional || option == "omitempty" || option == "omitzero"
			f.quoted = f.quoted || option == "string" && quotable(f.Type)
		}
		*all = append(*all, f)
	}
}

// isKey reports whether encoding/json takes the name in a tag: one with a quote or a
// backslash in it, say, is as none.
func isKey(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
	})
}

// embedsStruct reports whether the exported fields of f's type are seen though
// f itself may not be.
func (f *jsonField) embedsStruct() bool {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return f.Anonymous && t.Kind() == reflect.Struct
}

// quotable reports whether the option "string" means anything to a field of type t.
func quotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// wins reports whether f is the one of some with the same key that counts: the
// shallowest, of several the one that is tagged, and otherwise none.
func (f *jsonField) wins(same []jsonField) bool {
	for i := range same {
		switch g := &same[i]; {
		case slices.Equal(g.Index, f.Index), len(g.Index) > len(f.Index):
		case len(g.Index) < len(f.Index), g.tagged, !f.tagged:
			return false
		}
	}
	return true
}
