package mpreg_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// Types of TestSchemasAreTrue.
type (
	Shape struct {
		Sides int    `json:"sides"`
		Name  string `json:"name,omitempty"`
	}
	hiddenShape struct{ Area float64 }
	embedding   struct {
		Shape
		hiddenShape
		Inner Shape `json:"inner"`
		Name  []int `json:"name"` // hides Shape's
	}
	embeddedByKey struct {
		Shape `json:"shape"`
	}
	embeddedPointers struct {
		*Shape
		*hiddenShape // which nothing can be decoded into
	}
	Left     struct{ X, Y int }
	Right    struct{ X int }
	sameKeys struct { // of the two X encoding/json takes neither
		Left
		Right
	}
	quotedFields struct {
		N int   `json:"n,string"`
		P *bool `json:"p,string"`
	}
	noKey struct {
		N int `json:"it's"` //nolint:staticcheck // a quote is in no key
	}
	onlyRead  struct{ N int } // marshals as its field, and unmarshals itself
	onlyWrite struct{ N int } // the other way round
	onlyText  struct{ N int }
	digest    []byte
	octet     byte
	branch    struct {
		Leaf   int
		Boughs []branch
	}
	box[T any] struct{ V T }
)

func (r *onlyRead) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &r.N) }
func (w onlyWrite) MarshalJSON() ([]byte, error)    { return json.Marshal(w.N) }
func (r *onlyText) UnmarshalText([]byte) error      { return nil }

func same[T any](x T) T { return x }

// TestSchemasAreTrue: what the schema of a parameter allows is accepted, and its result
// is as its schema says; what the schema forbids is refused.
func TestSchemasAreTrue(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	for name, row := range map[string]struct {
		fn        any
		good, bad []string
	}{
		"bool":        {same[bool], []string{`true`}, []string{`1`, `"true"`}},
		"int":         {same[int], []string{`1`, `-9007199254740991`}, []string{`1.5`, `"1"`, `[]`}},
		"int8":        {same[int8], []string{`-128`, `127`}, []string{`-129`, `128`}},
		"uint32":      {same[uint32], []string{`0`, `4294967295`}, []string{`-1`, `4294967296`}},
		"uint":        {same[uint], []string{`0`}, []string{`-1`}},
		"float":       {same[float64], []string{`1`, `1.5`}, []string{`"1"`}},
		"any":         {same[any], []string{`1`, `null`, `[{}]`}, nil},
		"value":       {same[mpreg.Value], []string{`1`, `null`, `[{}]`}, nil},
		"raw":         {same[json.RawMessage], []string{`1`, `{"x":[]}`}, nil},
		"pointer":     {same[**int], []string{`null`, `1`}, []string{`"x"`}},
		"list":        {same[[]int], []string{`null`, `[]`, `[1,2]`}, []string{`{}`, `["x"]`, `1`}},
		"array":       {same[[2]int], []string{`[1,2]`}, []string{`{}`, `["x","y"]`}},
		"bytes":       {same[[]byte], []string{`null`, `"AQI="`}, []string{`1`, `{}`}},
		"named bytes": {same[digest], []string{`null`, `"AQI="`}, []string{`1`, `{}`}},
		"octets":      {same[[]octet], []string{`null`, `"AQI="`}, []string{`1`, `{}`}},
		"map":         {same[map[string]int], []string{`null`, `{}`, `{"x":1}`}, []string{`[]`, `{"x":"y"}`}},
		"map by int":  {same[map[int]string], []string{`{"-1":"x","20":"y"}`}, []string{`{"x":"y"}`, `{"1":1}`}},
		"map by uint": {same[map[uint8]int], []string{`{"1":1}`}, []string{`{"-1":1}`}},
		"map by addr": {same[map[netip.Addr]int], []string{`{"1.2.3.4":1}`}, []string{`{"1.2.3.4":"x"}`}},
		"time":        {same[time.Time], []string{`"2026-01-02T03:04:05Z"`}, []string{`1`, `{}`}},
		"duration":    {same[time.Duration], []string{`5`}, []string{`"5s"`}},
		"big":         {same[*big.Int], []string{`null`, `9007199254740993`}, []string{`"1"`}},
		"number":      {same[json.Number], []string{`1`, `1.5`}, []string{`{}`, `"x"`}},
		"only read":   {func(onlyRead) {}, []string{`1`}, nil},
		"read, write": {same[onlyRead], []string{`1`}, nil},
		"only write":  {same[onlyWrite], []string{`{"N":1}`}, []string{`1`, `{"N":"x"}`}},
		"only text":   {func([]onlyText) {}, []string{`["x"]`, `null`}, []string{`[{"N":1}]`}},
		"generic":     {same[box[[]int]], []string{`{"V":[1]}`, `{"V":null}`, `{}`}, []string{`{"V":1}`}},
		"anonymous":   {same[struct{ X int }], []string{`{"X":1}`, `{"Y":1}`}, []string{`{"X":"1"}`, `[]`}},
		"embedding": {
			same[embedding],
			[]string{`{}`, `{"sides":3,"Area":1.5,"inner":{"sides":4,"name":"x"},"name":[1]}`},
			[]string{`{"sides":"x"}`, `{"Area":"x"}`, `{"inner":{"name":1}}`, `{"name":"x"}`},
		},
		"embedded by key": {same[embeddedByKey], []string{`{"shape":{"sides":1}}`, `{"sides":"x"}`}, []string{`{"shape":1}`}},
		"embedded pointers": {
			func(p embeddedPointers) embeddedPointers {
				if p.Shape != nil {
					p.hiddenShape = &hiddenShape{1.5}
				}
				return p
			},
			[]string{`{}`, `{"sides":1}`}, []string{`{"sides":"x"}`},
		},
		"same keys": {same[sameKeys], []string{`{"X":"y","Y":1}`}, []string{`{"Y":"x"}`}},
		"quoted": {
			same[quotedFields],
			[]string{`{"n":"1","p":"true"}`, `{"p":null}`}, []string{`{"n":1}`, `{"p":true}`},
		},
		"no key":    {same[noKey], []string{`{"N":1,"it's":"x"}`}, []string{`{"N":"x"}`}},
		"recursive": {same[branch], []string{`{"Leaf":1,"Boughs":[{"Leaf":2,"Boughs":null}]}`}, []string{`{"Leaf":"x"}`, `{"Boughs":{}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Must(t, s.Register(name, row.fn))
			d := s.Describe(name)[0]
			param, result := resolved(t, d.Params[0]), resolved(t, d.Result)
			for _, text := range append(row.good, row.bad...) {
				arg := codec.Raw(codec.JSON{}, []byte(text))
				got, err := s.Client().Call(t.Context(), name, arg)
				allowed := param.Validate(plain(t, arg))
				if (err == nil) != (allowed == nil) || err != nil && !errors.Is(err, mpreg.InvalidArgument) {
					t.Errorf("%s: the schema %s says %v, the call %v", text, d.Params[0], allowed, err)
				} else if err == nil && string(d.Result) != "null" {
					testkit.Must(t, result.Validate(plain(t, got)))
				}
			}
			for _, text := range row.good {
				if err := param.Validate(plain(t, codec.Raw(codec.JSON{}, []byte(text)))); err != nil {
					t.Errorf("%s is forbidden by %s: %v", text, d.Params[0], err)
				}
			}
			if string(d.Keywords) != "null" {
				keywordsAreTrue(t, s, d, append(row.good, row.bad...))
			}
		})
	}
}

// keywordsAreTrue gives the members of objects as keywords.
func keywordsAreTrue(t *testing.T, s *mpreg.Server, d mpreg.Description, texts []string) {
	t.Helper()
	keywords := resolved(t, d.Keywords)
	for _, text := range texts {
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(text), &members) != nil || members == nil {
			continue
		}
		kwargs := mpreg.Kwargs{}
		for key, member := range members {
			kwargs[key] = codec.Raw(codec.JSON{}, member)
		}
		_, err := s.Client().Call(t.Context(), d.Name, kwargs)
		allowed := keywords.Validate(plain(t, codec.Raw(codec.JSON{}, []byte(text))))
		if (err == nil) != (allowed == nil) || err != nil && !errors.Is(err, mpreg.InvalidArgument) {
			t.Errorf("keywords %s: the schema %s says %v, the call %v", text, d.Keywords, allowed, err)
		}
	}
}

func resolved(t *testing.T, text json.RawMessage) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	testkit.Must(t, json.Unmarshal(text, &s))
	r, err := s.Resolve(nil)
	testkit.Must(t, err)
	return r
}

// plain is a value as a validator wants it.
func plain(t *testing.T, v mpreg.Value) (x any) {
	t.Helper()
	testkit.Must(t, json.Unmarshal([]byte(v.String()), &x))
	return x
}
