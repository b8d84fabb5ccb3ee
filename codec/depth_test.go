package codec_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/mpreg/mpreg/codec"
)

type list struct {
	Next *list `json:"next,omitempty"`
}

type branch struct {
	Parent   *branch `json:"-"`
	Children []any
}

// chain returns a list of n structs in each other.
func chain(n int) *list {
	var l *list
	for range n {
		l = &list{Next: l}
	}
	return l
}

func nested(n int) any {
	var x any = "leaf"
	for i := range n {
		if i%2 == 0 {
			x = []any{x}
		} else {
			x = map[string]any{"k": x}
		}
	}
	return x
}

func nestedJSON(n int) []byte {
	return []byte(strings.Repeat(`[{"a":`, n/2) + strings.Repeat("[", n%2) + "0" + strings.Repeat("]", n%2) +
		strings.Repeat(`}]`, n/2))
}

var codecs = []codec.Codec{codec.JSON{}, codec.CBOR{}}

func TestEncodeDepth(t *testing.T) {
	tests := []struct {
		name string
		v    any
		err  bool
	}{
		{"tree at the limit", nested(codec.MaxDepth), false},
		{"tree beyond", nested(codec.MaxDepth + 1), true},
		{"structs at the limit", chain(codec.MaxDepth), false},
		{"structs beyond", chain(codec.MaxDepth + 1), true},
		{"a million structs", chain(1_000_000), true},
		{"structs in a tree", []any{chain(codec.MaxDepth - 1)}, false},
		{"too many structs in a tree", []any{chain(codec.MaxDepth)}, true},
		{"tree in a struct", struct{ X any }{nested(codec.MaxDepth - 1)}, false},
		{"tree too deep in a struct", struct{ X any }{nested(codec.MaxDepth)}, true},
		{"static levels below", struct{ X any }{[][]any{{nested(codec.MaxDepth - 2)}}}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, c := range codecs {
				v, err := codec.Encode(c, test.v)
				if test.err != errors.Is(err, codec.ErrDepth) || err == nil == test.err {
					t.Errorf("%s: got error %v", c.Name(), err)
				}
				if err != nil {
					if len(err.Error()) > 300 {
						t.Errorf("%s: the error is %d bytes long", c.Name(), len(err.Error()))
					}
					continue
				}
				if _, err := v.Any(); err != nil {
					t.Errorf("%s: decode: %v", c.Name(), err)
				}
			}
		})
	}
}

func TestCyclicValues(t *testing.T) {
	type node struct {
		Name string
		Next *node
	}
	ring := &node{Name: "a"}
	ring.Next = &node{Name: "b", Next: ring}
	array := []any{nil}
	array[0] = array
	object := map[string]any{}
	object["self"] = object
	var pointer any
	pointer = &pointer
	type selves []selves
	slice := make(selves, 1)
	slice[0] = slice
	type mapOf map[string]mapOf
	m := mapOf{}
	m["m"] = m
	type loop *loop
	var l loop
	l = &l
	mixed := map[any]any{}
	mixed[1] = mixed
	twice := &branch{}
	twice.Children = []any{twice, twice}

	for name, v := range map[string]any{
		"structs": ring, "array": array, "object": object, "pointer to itself": pointer, "slice of itself": slice,
		"map of itself": m, "pointer type": l, "mixed keys": mixed, "two ways round": twice,
		"in a tree": []any{1, map[string]any{"x": ring}}, "in a struct": struct{ X any }{object},
		"typed elements": []*node{ring}, "map of any": map[string][]any{"a": array},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range codecs {
				dst := []byte("kept")
				out, err := c.Append(dst, v)
				if !errors.Is(err, codec.ErrDepth) || !strings.Contains(err.Error(), "or cyclic") {
					t.Errorf("%s: got error %v, want ErrDepth and that it may be cyclic", c.Name(), err)
				}
				if string(out) != "kept" {
					t.Errorf("%s: after the error dst is %.20q", c.Name(), out)
				}
			}
		})
	}
}

// A cycle that no codec follows is none.
func TestHiddenCycle(t *testing.T) {
	root := &branch{}
	leaf := &branch{Parent: root}
	root.Children = []any{leaf}
	for _, c := range codecs {
		v := encode(t, c, root)
		var got branch
		if err := v.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got, err := v.In(codec.JSON{}); err != nil || got.String() != `{"Children":[{"Children":null}]}` {
			t.Errorf("%s: got %s, %v", c.Name(), got, err)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	tests := []struct {
		v    any
		json string
		cbor string
	}{
		{
			map[string]any{"a": []any{1, make(chan int)}},
			"encode map[string]interface {} as json: at /a/1: json: unsupported type: chan int",
			"encode map[string]interface {} as cbor: at /a/1: cbor: unsupported type: chan int",
		},
		{
			[]any{map[string]any{"a/b~c": func() {}}},
			"encode []interface {} as json: at /0/a~1b~0c: json: unsupported type: func()",
			"encode []interface {} as cbor: at /0/a~1b~0c: cbor: unsupported type: func()",
		},
		{
			complex(1, 2),
			"encode complex128 as json: json: unsupported type: complex128",
			"encode complex128 as cbor: cbor: unsupported type: complex128",
		},
		{
			map[string][]any{"k": {1i}},
			"encode map[string][]interface {} as json: at /k/0: json: unsupported type: complex128",
			"encode map[string][]interface {} as cbor: cbor: unsupported type: complex128",
		},
	}
	for _, test := range tests {
		for c, want := range map[codec.Codec]string{codec.JSON{}: test.json, codec.CBOR{}: test.cbor} {
			_, err := codec.Encode(c, test.v)
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
	cycle := []any{nil}
	cycle[0] = cycle
	_, err := codec.Encode(codec.JSON{}, cycle)
	const want = "encode []interface {} as json: at /0/0/0/0/0/0/0/0/…: nested deeper than 1000 levels, or cyclic"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDecodeDepth(t *testing.T) {
	for _, c := range codecs {
		for _, test := range []struct {
			depth int
			err   bool
		}{{codec.MaxDepth, false}, {codec.MaxDepth + 1, true}, {100_000, true}} {
			data := nestedJSON(test.depth)
			if c == (codec.CBOR{}) {
				data = append(bytes.Repeat([]byte{0x81}, test.depth-1), 0x80)
			}
			var x any
			var v codec.Value
			some := []any{}
			for _, dst := range []any{&x, &v, &some} {
				err := c.Decode(data, dst)
				if errors.Is(err, codec.ErrDepth) != test.err || err == nil == test.err {
					t.Errorf("%s, %d levels into %T: %v", c.Name(), test.depth, dst, err)
				}
			}
			if _, ok := codec.Raw(c, data).Get(); ok == test.err {
				t.Errorf("%s, %d levels: found is %t", c.Name(), test.depth, ok)
			}
		}
	}
	for _, data := range [][]byte{
		bytes.Repeat([]byte{'['}, 100_000),
		bytes.Repeat([]byte(`{"a":`), 100_000),
		bytes.Repeat([]byte(`]`), 100_000),
	} {
		var x any
		if err := (codec.JSON{}).Decode(data, &x); err == nil {
			t.Errorf("%.5s… decodes", data)
		}
		for span := range (codec.JSON{}).Strings(data) {
			t.Errorf("%.5s… has a string at %v", data, span)
		}
	}
	// Brackets in strings nest nothing.
	quoted := []byte(`["` + strings.Repeat(`[{\"`, 5000) + `"]`)
	var s []string
	if err := (codec.JSON{}).Decode(quoted, &s); err != nil {
		t.Error(err)
	}
}

// Values that are spliced in count too.
func TestDepthOfSplices(t *testing.T) {
	half := encode(t, codec.JSON{}, nested(codec.MaxDepth/2))
	if _, err := codec.Encode(codec.JSON{}, []any{half}); err != nil {
		t.Error(err)
	}
	var deep any = half
	for range codec.MaxDepth/2 + 1 {
		deep = []any{deep}
	}
	if _, err := codec.Encode(codec.JSON{}, deep); !errors.Is(err, codec.ErrDepth) {
		t.Errorf("got %v, want ErrDepth", err)
	}
}

func TestDecodeIntoCycle(t *testing.T) {
	type node struct {
		Next *node
		X    any
	}
	n := &node{}
	n.Next = n
	for _, c := range codecs {
		if err := c.Decode(encode(t, c, map[string]any{"X": 1}).Bytes(), n); !errors.Is(err, codec.ErrDepth) {
			t.Errorf("%s: got %v, want ErrDepth", c.Name(), err)
		}
	}
}
