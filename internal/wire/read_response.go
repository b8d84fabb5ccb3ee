package wire

import (
	"math"

	"github.com/mpreg/mpreg/codec"
)

// DecodeFrameResponse reads the body of a RESULT or an ERROR frame. The values
// share the memory of body, which must not change any more. U is left empty:
// the id in the head tells what was answered. The one result of a CALL has no
// name. The error is an *Error.
func DecodeFrameResponse(h FrameHead, body []byte, codecs Codecs) (*Response, error) {
	d := frameReader{kind: h.Kind, rest: body, codecs: codecs}
	var r *Response
	switch h.Kind {
	case KindResult:
		r = d.result()
	case KindError:
		r = d.failure()
	default:
		return nil, Errorf(InvalidRequest, "a frame of %v is no response", h.Kind)
	}
	d.end()
	if d.err != nil {
		return nil, d.err
	}
	return r, nil
}

// result reads a RESULT. Nearly all have one result: it is allocated with the
// rest.
func (d *frameReader) result() *Response {
	block := new(struct {
		Response
		results [1]Result
	})
	r := &block.Response
	d.resultTLVs(r)
	d.leases = true
	const least = 2 // the length of the name, and null
	n := d.count("r", least)
	if n > MaxCommands {
		d.refuse(limitError("r_entries", MaxCommands, "field %q has more than %d entries", "r", MaxCommands))
		return r
	}
	var names map[string]bool
	if n <= len(block.results) {
		r.Results = block.results[:n]
	} else {
		r.Results, names = make([]Result, n), make(map[string]bool, n)
	}
	for i := range r.Results {
		name := d.str("r")
		if names[name] {
			d.fail("r", "has %q twice", clip(name))
		}
		if r.Results[i] = (Result{name, d.value("r")}); d.err != nil {
			return r
		}
		if names != nil {
			names[name] = true
		}
	}
	return r
}

// failure reads an ERROR.
func (d *frameReader) failure() *Response { return &Response{Error: d.error()} }

// error reads what Frame.error writes.
func (d *frameReader) error() *Error {
	e := new(Error)
	code := d.uv("code")
	if d.err == nil && (code == 0 || code > math.MaxInt) {
		d.fail("code", "must be at least 1 and less than 2^63")
	}
	e.Code = Code(code)
	e.Message = d.str("message")
	switch number := d.u8("details"); number {
	case valueNull:
	case valueCBOR:
		e.Details = d.details(d.bytes("details"))
	default:
		d.fail("details", "must be null or a CBOR map")
	}
	return e
}

// details reads the details of an error.
func (d *frameReader) details(data []byte) map[string]any {
	if d.err != nil {
		return nil
	}
	var details map[string]any
	if !isCBORMap(data) {
		d.fail("details", "must be null or a CBOR map")
	} else if err := (codec.CBOR{}).Decode(data, &details); err != nil {
		d.fail("details", "is malformed CBOR, or has keys that are no text")
	}
	for key, detail := range details {
		plain, ok := plainDetail(detail)
		if details[key] = plain; !ok {
			delete(details, key)
		}
	}
	return details
}

// plainDetail makes a detail what it would be in JSON: others than this package
// may have sent bytes or times. It reports false if JSON can't carry it.
func plainDetail(detail any) (any, bool) {
	switch detail.(type) {
	case nil, bool, string, int64, uint64:
		return detail, true
	}
	data, ok := encodeDetail(detail)
	if !ok {
		return nil, false
	}
	var plain any
	err := codec.JSON{}.Decode(data, &plain)
	return plain, err == nil
}
