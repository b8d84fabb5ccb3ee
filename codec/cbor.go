package codec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"reflect"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// CBOR is the codec "cbor": RFC 8949, as fxamacker/cbor reads and writes it,
// with the numbers of the package documentation. It carries what JSON cannot:
// bytes, times, NaN and infinities, keys that are no text. One value has one
// encoding: map keys are sorted and integers are as short as they can be, as
// in section 4.2.1 of the RFC, but floats keep their size. The zero value is
// ready.
type CBOR struct{}

// Limits of decoding, beside MaxDepth. Counts are compared with the bytes that
// are there before anything is allocated, so these bound what a large message
// can ask for: 16 bytes an element of an []any, some hundred a pair.
const (
	maxCBORElements = 1 << 24
	maxCBORPairs    = 1 << 22
)

// Name returns "cbor".
func (CBOR) Name() string { return "cbor" }

// Append appends v as CBOR. Channels, functions, complex numbers, text that is
// not UTF-8, cycles and nesting beyond [MaxDepth] are errors.
func (c CBOR) Append(dst []byte, v any) ([]byte, error) {
	out, err := appendCBOR(dst, v, MaxDepth)
	if err != nil {
		return dst, encodeError(c, v, err)
	}
	return out, nil
}

// Decode decodes data into what v points to. Tags 0 to 3 are times and
// bignums, others are dropped and their content is decoded. An any is replaced
// even if it holds a pointer. Indefinite lengths, duplicate keys, text that is not UTF-8, undefined simple values and
// nesting beyond [MaxDepth] are errors.
func (c CBOR) Decode(data []byte, v any) error {
	done, err := decodeCBORFast(data, v)
	if err == nil && !done {
		err = decodeCBOR(data, v)
	}
	if err != nil {
		return decodeError(c, v, err)
	}
	return nil
}

// decodeCBOR is the general way.
func decodeCBOR(data []byte, v any) error {
	if err := checkCBOR(data, MaxDepth); err != nil {
		return err
	}
	if err := cborReader.Unmarshal(data, v); err != nil {
		return err
	}
	return cborDecoded.settle(reflect.ValueOf(v), 0, settleCBOR)
}

// decodeCBORFast decodes into the types for which the library is not needed,
// or takes longer.
func decodeCBORFast(data []byte, v any) (done bool, err error) {
	switch dst := v.(type) {
	case *any:
		if dst == nil {
			return false, nil
		}
		*dst, err = parseCBOR(data)
		return true, err
	case *map[string]any:
		if dst == nil || *dst != nil {
			return false, nil
		}
		x, err := parseCBOR(data)
		m, ok := x.(map[string]any)
		*dst = m
		return ok, err
	case *[]any:
		if dst == nil || *dst != nil {
			return false, nil
		}
		x, err := parseCBOR(data)
		s, ok := x.([]any)
		*dst = s
		return ok, err
	case *Value:
		if dst == nil {
			return false, nil
		}
		if err := checkCBOR(data, MaxDepth); err != nil {
			return false, err
		}
		*dst = Value{CBOR{}, bytes.Clone(data)}
		return true, nil
	}
	if dst := reflect.ValueOf(v); dst.Kind() == reflect.Pointer && !dst.IsNil() {
		if p := plainOf(dst.Type().Elem()); p != nil {
			return p.decode(data, dst.Elem()), nil
		}
	}
	return false, nil
}

// settleCBOR turns what the library leaves in an any into the kinds of the
// package documentation, entering at most left slices and maps.
func settleCBOR(x any, left int) (any, error) {
	switch x := x.(type) {
	case *big.Int:
		return narrow(x), nil
	case []any:
		if left == 0 {
			return nil, ErrDepth
		}
		for i := range x {
			fixed, err := settleCBOR(x[i], left-1)
			if err != nil {
				return nil, err
			}
			x[i] = fixed
		}
	case map[any]any:
		if left == 0 {
			return nil, ErrDepth
		}
		fixed := make(map[any]any, len(x))
		for key, elem := range x {
			key, err := settleCBOR(key, left-1)
			if err != nil {
				return nil, err
			}
			if !isKeyKind(key) {
				return nil, errMapKey
			}
			if fixed[key], err = settleCBOR(elem, left-1); err != nil {
				return nil, err
			}
		}
		if len(fixed) < len(x) {
			return nil, errSameKey // one was a bignum
		}
		return textMap(fixed), nil
	}
	return x, nil
}

// appendLibCBOR appends v as the library writes it.
func appendLibCBOR(dst []byte, v any, left int) ([]byte, error) {
	if err := cborEncoded.check(reflect.ValueOf(v), 0); err != nil {
		return dst, err
	}
	buf := cborBuffers.Get().(*bytes.Buffer) //nolint:forcetypeassert // the pool holds nothing else
	defer func() {
		if buf.Cap() <= keptCBOR {
			cborBuffers.Put(buf)
		}
	}()
	buf.Reset()
	if err := cborWriter.MarshalToBuffer(v, buf); err != nil {
		return dst, err
	}
	if err := checkCBOR(buf.Bytes(), left); err != nil {
		return dst, err
	}
	return append(dst, buf.Bytes()...), nil
}

// keptCBOR bounds the buffers that are used again. To write into one and copy
// takes one allocation, of the right size; to let dst grow takes several.
const keptCBOR = 64 << 10

var cborBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// cborEncoded knows the types whose values need a look before the library,
// which does not notice cycles, may run over them.
var cborEncoded = typeSet{
	tags: []string{"cbor", "json"},
	opaque: []reflect.Type{
		reflect.TypeFor[cbor.Marshaler](),
		reflect.TypeFor[json.Marshaler](),
		reflect.TypeFor[encoding.TextMarshaler](),
	},
	loops: true,
}

// cborDecoded knows the types in which the library leaves maps with keys of
// type any, and big integers that are none.
var cborDecoded = typeSet{
	tags: []string{"cbor", "json"},
	opaque: []reflect.Type{
		reflect.TypeFor[cbor.Unmarshaler](),
		reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextUnmarshaler](),
	},
}

var cborWriter = must(cbor.EncOptions{
	Sort:          cbor.SortCoreDeterministic,
	ShortestFloat: cbor.ShortestFloatNone, // a float32 stays one, at no cost
	NaNConvert:    cbor.NaNConvertNone,
	InfConvert:    cbor.InfConvertNone,
	BigIntConvert: cbor.BigIntConvertShortest,
	Time:          cbor.TimeRFC3339Nano,
	TimeTag:       cbor.EncTagRequired, // so that times are times as any
	IndefLength:   cbor.IndefLengthForbidden,
	OmitEmpty:     cbor.OmitEmptyGoValue, // as encoding/json does

	// A type is seen as in JSON: an address, say, as text and not as bytes.
	BinaryMarshaler:         cbor.BinaryMarshalerNone,
	TextMarshaler:           cbor.TextMarshalerTextString,
	JSONMarshalerTranscoder: transcoder{from: JSON{}, to: CBOR{}},
}.UserBufferEncMode())

var cborReader = must(cbor.DecOptions{
	// A key that is twice in a map means one thing to one reader and another
	// to the next; RFC 8949, section 5.6, calls such a map invalid.
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	MaxNestedLevels:  MaxDepth,
	MaxArrayElements: maxCBORElements,
	MaxMapPairs:      maxCBORPairs,
	// Without a length the library counts elements first, and in nested arrays
	// those of the inner ones again on each level.
	IndefLength:          cbor.IndefLengthForbidden,
	IntDec:               cbor.IntDecConvertSignedOrBigInt,
	BigIntDec:            cbor.BigIntDecodePointer,
	UTF8:                 cbor.UTF8RejectInvalid,
	UnrecognizedTagToAny: cbor.UnrecognizedTagContentToAny,
	TimeTagToAny:         cbor.TimeTagToTime,
	ByteStringToString:   cbor.ByteStringToStringForbidden, // bytes may be no text
	SimpleValues:         must(definedSimpleValues()),

	BinaryUnmarshaler:         cbor.BinaryUnmarshalerNone,
	TextUnmarshaler:           cbor.TextUnmarshalerTextString,
	JSONUnmarshalerTranscoder: transcoder{from: CBOR{}, to: JSON{}},
}.DecMode())

// definedSimpleValues rejects simple values other than false, true, null and
// undefined: they stand for nothing, and could not be written back.
func definedSimpleValues() (*cbor.SimpleValueRegistry, error) {
	var reject []func(*cbor.SimpleValueRegistry) error
	for n := range 256 {
		if n < 20 || n >= 32 {
			reject = append(reject, cbor.WithRejectedSimpleValue(cbor.SimpleValue(n)))
		}
	}
	return cbor.NewSimpleValueRegistryFromDefaults(reject...)
}

// must is for options that are constant: the first test would find a mistake.
func must[T any](mode T, err error) T {
	if err != nil {
		panic(err)
	}
	return mode
}

// transcoder is how the library treats types that know JSON but not CBOR.
type transcoder struct{ from, to Codec }

// Transcode implements cbor.Transcoder.
func (t transcoder) Transcode(dst io.Writer, src io.Reader) error {
	data, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	in, err := Raw(t.from, data).In(t.to)
	if err != nil {
		return err
	}
	_, err = dst.Write(in.Bytes())
	return err
}

var errMalformedCBOR = errors.New("malformed")
