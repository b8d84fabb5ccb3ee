package codec

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Value is one encoded value and the codec that it is encoded with. It is
// immutable and may be used from several goroutines at once. The zero Value is
// null, in JSON.
//
// As a field of a struct, an element of a slice or of a map a Value takes the
// encoded form of what stands there, and gives it back: bytes for bytes where
// the codec stays the same (within a struct JSON loses its white space),
// otherwise transcoded.
type Value struct {
	codec Codec // nil: the zero Value
	data  []byte
}

// null is the zero Value's encoding. Its capacity is its length: an append
// copies it.
var null = []byte("null")[:4:4]

// Encode encodes v with c, nil meaning JSON. A Value is not encoded again but
// returned as v.In(c).
func Encode(c Codec, v any) (Value, error) {
	if x, ok := v.(Value); ok {
		return x.In(c)
	}
	if c == nil {
		c = JSON{}
	}
	data, err := c.Append(nil, v)
	if err != nil {
		return Value{}, err
	}
	return Value{c, data}, nil
}

// Raw makes a Value of data, which c encoded (nil: JSON). It takes ownership
// of data and does not check it: bytes that are not exactly one value make
// what they are spliced into malformed.
func Raw(c Codec, data []byte) Value {
	if c == nil {
		c = JSON{}
	}
	return Value{c, data}
}

// Codec returns the codec that v is encoded with; JSON for the zero Value.
func (v Value) Codec() Codec {
	if v.codec == nil {
		return JSON{}
	}
	return v.codec
}

// Bytes returns the encoded value; "null" for the zero Value. The caller must
// not modify it.
func (v Value) Bytes() []byte {
	if v.codec == nil {
		return null
	}
	return v.data
}

// IsNull reports whether v is null: what decodes into a nil any.
func (v Value) IsNull() bool {
	switch v.codec.(type) {
	case nil:
		return true
	case JSON:
		i := skipSpace(v.data, 0)
		end := skipWord(v.data, i, "null")
		return end >= 0 && skipSpace(v.data, end) == len(v.data)
	case CBOR:
		return len(v.data) == 1 && isCBORNull(v.data[0])
	}
	x, err := v.Any()
	return err == nil && x == nil
}

// Decode decodes v into what dst points to, as v's codec does. A *Value
// becomes v itself, without a copy.
func (v Value) Decode(dst any) error {
	if p, ok := dst.(*Value); ok && p != nil {
		*p = v
		return nil
	}
	return v.Codec().Decode(v.Bytes(), dst)
}

// Any decodes v into an any; the package documentation lists the types.
func (v Value) Any() (any, error) {
	var x any
	if err := v.Decode(&x); err != nil {
		return nil, err
	}
	return x, nil
}

// In returns v encoded with c, nil meaning JSON: v itself if its codec has the
// same name, else decoded and encoded again. It fails on what c cannot express,
// such as NaN in JSON.
func (v Value) In(c Codec) (Value, error) {
	if c == nil {
		c = JSON{}
	}
	from := v.Codec()
	if from.Name() == c.Name() {
		return v, nil
	}
	x, err := v.Any()
	if err != nil {
		return Value{}, fmt.Errorf("transcode %s to %s: %w", from.Name(), c.Name(), err)
	}
	data, err := c.Append(nil, x)
	if err != nil {
		return Value{}, fmt.Errorf("transcode %s to %s: %w", from.Name(), c.Name(), err)
	}
	return Value{c, data}, nil
}

// Get returns the value at path within v, sharing v's bytes; see [Walker] for
// what a path is. It reports false if there is none, or if v is malformed. If
// v's codec is no Walker, v is transcoded, and the result is CBOR.
func (v Value) Get(path ...string) (Value, bool) {
	w, ok := v.Codec().(Walker)
	if !ok {
		if len(path) == 0 {
			return v, true
		}
		in, err := v.In(CBOR{})
		if err != nil {
			return Value{}, false
		}
		v, w = in, CBOR{}
	}
	data := v.Bytes()
	start, end, ok := w.Find(data, path...)
	if !ok {
		return Value{}, false
	}
	return Value{v.Codec(), data[start:end:end]}, true
}

// String returns v as JSON, for logs: cut at 256 bytes with "…". A value that
// is large or has no JSON is described instead. It is no encoding: use Bytes.
func (v Value) String() string {
	const (
		shown     = 256
		transcode = 64 << 10 // more work than a log line is worth
	)
	data := v.Bytes()
	if name := v.Codec().Name(); name != (JSON{}).Name() {
		described := fmt.Sprintf("(%d bytes of %s)", len(data), name)
		if len(data) > transcode {
			return described
		}
		in, err := v.In(JSON{})
		if err != nil {
			return described
		}
		data = in.data
	}
	if len(data) <= shown {
		return string(data)
	}
	end := shown
	for end > shown-utf8.UTFMax && !utf8.RuneStart(data[end]) {
		end--
	}
	return string(data[:end]) + "…"
}

// MarshalJSON implements [encoding/json.Marshaler].
func (v Value) MarshalJSON() ([]byte, error) {
	in, err := v.In(JSON{})
	return in.Bytes(), err
}

// UnmarshalJSON implements [encoding/json.Unmarshaler]. It copies data.
func (v *Value) UnmarshalJSON(data []byte) error { return v.set(JSON{}, data) }

// MarshalCBOR implements fxamacker/cbor's Marshaler.
func (v Value) MarshalCBOR() ([]byte, error) {
	in, err := v.In(CBOR{})
	return in.Bytes(), err
}

// UnmarshalCBOR implements fxamacker/cbor's Unmarshaler. It copies data.
func (v *Value) UnmarshalCBOR(data []byte) error { return v.set(CBOR{}, data) }

func (v *Value) set(c Codec, data []byte) error {
	if v == nil {
		return errors.New("unmarshal into a nil *Value")
	}
	*v = Value{c, bytes.Clone(data)}
	return nil
}
