package codec_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/mpreg/mpreg/codec"
)

// A value passes through undecoded; into an any its numbers keep their kinds.
func Example() {
	v := codec.Raw(codec.JSON{}, []byte(`[1, 1.0, 18446744073709551615]`))
	x, err := v.Any()
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range x.([]any) {
		fmt.Printf("%T\n", n)
	}
	reply, err := codec.Encode(codec.JSON{}, map[string]any{"in": v, "out": x})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(reply.Bytes()))
	// Output:
	// int64
	// float64
	// uint64
	// {"in":[1, 1.0, 18446744073709551615],"out":[1,1.0,18446744073709551615]}
}

func ExampleValue_Get() {
	v := codec.Raw(codec.JSON{}, []byte(`{"items":[{"label":"cat"},{"label":"dog"}]}`))
	label, ok := v.Get("items", "1", "label")
	fmt.Println(label, ok)
	// Output: "dog" true
}

// Shouting is text in capitals. It carries nothing but strings, and it is a
// codec.
type Shouting struct{}

func (Shouting) Name() string { return "shouting" }

func (Shouting) Append(dst []byte, v any) ([]byte, error) {
	s, ok := v.(string)
	if !ok {
		return dst, fmt.Errorf("shouting can't carry %T: use a string", v)
	}
	return append(dst, strings.ToUpper(s)...), nil
}

func (Shouting) Decode(data []byte, v any) error {
	switch dst := v.(type) {
	case *string:
		*dst = string(data)
	case *any: // what transcoding asks for
		*dst = string(data)
	default:
		return fmt.Errorf("shouting can't be decoded into %T: use a *string", v)
	}
	return nil
}

// Any type with these three methods is a codec. Its values are transcoded
// where another codec is asked for.
func ExampleCodec() {
	v, err := codec.Encode(Shouting{}, "hello")
	if err != nil {
		log.Fatal(err)
	}
	inJSON, err := v.In(codec.JSON{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %s\n", v.Bytes(), inJSON.Bytes())
	_, err = codec.Encode(Shouting{}, 5)
	fmt.Println(err)
	// Output:
	// HELLO "HELLO"
	// shouting can't carry int: use a string
}
