package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// schema is as much of a JSON Schema as mpreg.describe has of Go's types.
type schema struct {
	Type        types              `json:"type"`
	Format      string             `json:"format"`
	Encoding    string             `json:"contentEncoding"`
	Description string             `json:"description"`
	Items       *schema            `json:"items"`
	Properties  map[string]*schema `json:"properties"`
	Additional  *schema            `json:"additionalProperties"`
}

// UnmarshalJSON also takes true and false, which are schemas too.
func (s *schema) UnmarshalJSON(data []byte) error {
	if text := string(data); text == "true" || text == "false" {
		return nil
	}
	type plain schema
	return json.Unmarshal(data, (*plain)(s))
}

// types are the names of JSON's types, written as one or as a list.
type types []string

// UnmarshalJSON takes both forms.
func (t *types) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*t = types{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// String names the type in a few words.
func (s *schema) String() string {
	names := slices.DeleteFunc(slices.Clone(s.Type), func(name string) bool { return name == "null" })
	text := strings.Join(names, " or ")
	switch {
	case text == "":
		return "any"
	case text == "array" && s.Items != nil:
		text = "list of " + s.Items.String()
	case text == "object" && s.Properties == nil && s.Additional != nil && s.Additional.Type != nil:
		text = "map of " + s.Additional.String()
	case s.Format != "" || s.Encoding != "":
		text += " (" + s.Format + s.Encoding + ")"
	}
	if len(names) < len(s.Type) {
		text += ", or null"
	}
	return text
}

// field is a line about a value within another.
type field struct {
	depth                   int
	name, kind, description string
}

// fields lists the members of an object, also of one that is in a list or a
// map, and theirs beneath them.
func (s *schema) fields(depth int) []field {
	var list []field
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if p == nil {
			p = new(schema)
		}
		list = append(list, field{depth, name, p.String(), p.Description})
		list = append(list, p.fields(depth+1)...)
	}
	for _, element := range []*schema{s.Items, s.Additional} {
		if element != nil {
			list = append(list, element.fields(depth)...)
		}
	}
	return list
}

// parseSchema reads a schema. One that is of no form that we know is shown as
// it stands.
func parseSchema(data json.RawMessage) *schema {
	s := new(schema)
	if err := json.Unmarshal(data, s); err != nil {
		return &schema{Type: types{string(data)}}
	}
	return s
}
