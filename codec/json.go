package codec

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
)

// JSON is the codec "json": RFC 8259, as encoding/json reads and writes it,
// with the numbers of the package documentation, without escaping HTML, and
// with map keys sorted. The zero value is ready.
type JSON struct{}

// Span is where a value stands in its encoding: data[Start:End].
type Span struct{ Start, End int }

// Name returns "json".
func (JSON) Name() string { return "json" }

// Append appends v as JSON. NaN and infinities, channels, functions, complex
// numbers, cycles and nesting beyond [MaxDepth] are errors that say where in
// the value they are.
func (c JSON) Append(dst []byte, v any) ([]byte, error) {
	out, err := appendJSON(dst, v, MaxDepth)
	if err == nil && jsonTooDeep(out[len(dst):]) {
		// Only what is not walked value by value gets here: values that were
		// spliced in and what MarshalJSON methods write.
		err = ErrDepth
	}
	if err != nil {
		return dst, encodeError(c, v, err)
	}
	return out, nil
}

// Decode decodes data into what v points to, as encoding/json does, but for
// numbers in interface positions. Nesting beyond [MaxDepth] is an error.
func (c JSON) Decode(data []byte, v any) error {
	done, err := decodeJSONFast(data, v)
	if done {
		return nil
	}
	if err == nil {
		err = decodeJSON(data, v)
	}
	if err != nil {
		return decodeError(c, v, err)
	}
	return nil
}

// decodeJSON is the general way.
func decodeJSON(data []byte, v any) error {
	if err := checkJSON(data); err != nil {
		return err
	}
	dst := reflect.ValueOf(v)
	if dst.Kind() != reflect.Pointer || dst.IsNil() || !jsonDecoded.of(dst.Type()).open {
		return json.Unmarshal(data, v)
	}
	// Only a json.Decoder leaves numbers as they are written.
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err := dec.Decode(v)
	if err != nil || skipSpace(data, int(dec.InputOffset())) != len(data) {
		// It stops behind the value, and calls a missing end io.EOF.
		return cmp.Or(jsonSyntaxError(data), err)
	}
	return jsonDecoded.settle(dst, 0, settleJSON)
}

// jsonSyntaxError returns what encoding/json has to say about malformed data,
// so that there is one wording and one type, *json.SyntaxError.
func jsonSyntaxError(data []byte) error {
	var raw json.RawMessage
	return json.Unmarshal(data, &raw)
}

// jsonEncoded knows the types whose values need a look before encoding/json
// may run over them.
var jsonEncoded = typeSet{
	tags: []string{"json"},
	opaque: []reflect.Type{
		reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[encoding.TextMarshaler](),
	},
	loops: true,
}

// jsonDecoded knows the types in which encoding/json leaves a json.Number
// behind.
var jsonDecoded = typeSet{
	tags: []string{"json"},
	opaque: []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextUnmarshaler](),
	},
}

// jsonEncoder is a json.Encoder that appends to out.
type jsonEncoder struct {
	out []byte
	enc *json.Encoder
}

// Write implements io.Writer.
func (e *jsonEncoder) Write(p []byte) (int, error) {
	e.out = append(e.out, p...)
	return len(p), nil
}

var jsonEncoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.enc = json.NewEncoder(e)
	e.enc.SetEscapeHTML(false)
	return e
}}

// appendStdJSON appends v as encoding/json writes it.
func appendStdJSON(dst []byte, v any) ([]byte, error) {
	e := jsonEncoders.Get().(*jsonEncoder) //nolint:forcetypeassert // the pool holds nothing else
	e.out = dst
	err := e.enc.Encode(v)
	out := e.out
	e.out = nil // the pool must not keep the caller's buffer alive
	jsonEncoders.Put(e)
	if err != nil {
		return dst, err
	}
	return out[:len(out)-1], nil // Encode ends with a line feed
}
