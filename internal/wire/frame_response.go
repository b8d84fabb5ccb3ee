package wire

import (
	"strings"

	"github.com/mpreg/mpreg/codec"
)

// Response writes r as the answer to the request id: a RESULT, or an ERROR if
// r.Error is there. Who answers a CALL or a FETCH leaves the name of its one
// result empty; a lease may stand for a result.
// It fails, with an *Error, where a value can't be sent, a level has no CBOR, or
// the frame has more than limit bytes (0: any).
func (f *Frame) Response(id uint64, r *Response, limit int64) error {
	write, kind := f.result, KindResult
	if r.Error != nil {
		write, kind = f.failure, KindError
	}
	f.begin(kind, id)
	err := write(r, limit)
	if err == nil && limit > 0 && int64(f.Size()) > limit {
		err = responseTooLarge(limit)
	}
	if err != nil {
		return f.drop(err)
	}
	return nil
}

func (f *Frame) result(r *Response, limit int64) error {
	if err := f.resultTLVs(r, limit); err != nil {
		return err
	}
	f.count(len(r.Results))
	for i := range r.Results {
		f.str(r.Results[i].Name)
		if err := f.value(r.Results[i].Value); err != nil && !f.lease(r.Results[i].Value) {
			return Errorf(Internal, "the result can't be sent: %v", err).With(DetailCommand, r.Results[i].Name)
		}
	}
	return nil
}

func (f *Frame) failure(r *Response, _ int64) error { return f.error(r.Error) }

// error writes e. The error of that is an *Error.
func (f *Frame) error(e *Error) error {
	code := e.Code
	if code <= 0 {
		code = Failed // only an application makes such a code; a frame has no sign
	}
	f.uv(uint64(code))
	f.str(e.Message)
	details := binaryDetails(e.Details)
	if len(details) == 0 {
		f.buf = append(f.buf, valueNull)
		return nil
	}
	data, err := codec.CBOR{}.Append(nil, details)
	if err != nil {
		return Errorf(Internal, "the details of the error can't be sent: %v", err)
	}
	f.buf = append(f.buf, valueCBOR)
	f.bytes(data)
	return nil
}

// binaryDetails encodes the details of an error. They have the types that they
// would have in JSON, so that it does not matter which way an error came; what
// JSON can't carry is left out, as there.
func binaryDetails(details map[string]any) map[string]codec.Value {
	out := make(map[string]codec.Value, len(details))
	for key, detail := range details {
		data, ok := encodeDetail(detail)
		if !ok {
			continue
		}
		if v, err := codec.Raw(codec.JSON{}, data).In(codec.CBOR{}); err == nil {
			out[strings.ToValidUTF8(key, "\uFFFD")] = v
		}
	}
	return out
}
