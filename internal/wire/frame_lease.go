package wire

import (
	"math"
	"time"

	"github.com/mpreg/mpreg/codec"
)

// lease writes what stands for a result, where v is that, and reports whether it
// is. It is for what value has refused: values, which are many, do not pay for the
// question.
func (f *Frame) lease(v codec.Value) bool {
	l := LeaseOf(v)
	if l == nil {
		return false
	}
	f.buf = append(f.buf, valueLease)
	f.str(l.Node)
	f.buf = append(f.buf, l.Token[:]...)
	f.uv(bound(l.Size, math.MaxInt64))
	return true
}

// lease reads what stands for a result.
func (d *frameReader) lease(field string) codec.Value {
	if !d.leases {
		d.fail(field, "has a value in codec number %d, a lease, which can't stand here", valueLease)
		return codec.Value{}
	}
	l := &Lease{Node: d.node(field), Token: d.token(field), Size: int64(d.most(field, math.MaxInt64))}
	return l.Value()
}

// node reads the id of a node.
func (d *frameReader) node(field string) string {
	id := d.name(field)
	if len(id) > MaxNodeID {
		d.refuse(limitError(field+"_bytes", MaxNodeID, "field %q names a node with more than %d bytes", d.path(field), MaxNodeID))
	}
	return id
}

func (d *frameReader) token(field string) (t Token) {
	if len(d.rest) < len(t) {
		d.fail(field, "is cut off: a token has %d bytes", len(t))
		return t
	}
	d.rest = d.rest[copy(t[:], d.rest):]
	return t
}

// fetch writes what asks for a value instead of a call.
func (f *Frame) fetch(id uint64, r *Request) error {
	tags := *r
	tags.Node = r.Fetch.Node
	if err := f.requestTLVs(id, &tags); err != nil {
		return err
	}
	f.buf = append(f.buf, r.Fetch.Token[:]...)
	f.strs(r.Fetch.Path)
	return nil
}

// fetch reads a FETCH.
func (d *frameReader) fetch() *Request {
	r := new(Request)
	d.prefix(r)
	d.requestTLVs(r)
	switch {
	case r.Stream:
		d.fail("stream", "is for calls only")
	case len(r.Splices) > 0:
		d.fail("splices", "are for a CALL only")
	}
	r.Fetch = &Fetch{Node: r.Node, Token: d.token("token"), Path: d.strs("path")}
	r.Node = ""
	return r
}

// Renew writes that the value under t is needed for another d, at least a
// microsecond, from its arrival on.
func (f *Frame) Renew(t Token, d time.Duration) {
	f.begin(KindRenew, 0)
	f.buf = append(f.buf, t[:]...)
	f.uv(max(microseconds(d), 1))
}

// DecodeRenew reads the body of a RENEW frame. The error is an *Error.
func DecodeRenew(body []byte) (Token, time.Duration, error) {
	d := frameReader{kind: KindRenew, rest: body}
	t, more := d.token("token"), d.micros("for_us")
	if more == 0 {
		d.fail("for_us", "must be at least 1")
	}
	d.end()
	if d.err != nil {
		return Token{}, 0, d.err
	}
	return t, more, nil
}

// Release writes that the value under t is not needed any more.
func (f *Frame) Release(t Token) {
	f.begin(KindRelease, 0)
	f.buf = append(f.buf, t[:]...)
}

// DecodeRelease reads the body of a RELEASE frame. The error is an *Error.
func DecodeRelease(body []byte) (Token, error) {
	d := frameReader{kind: KindRelease, rest: body}
	t := d.token("token")
	d.end()
	if d.err != nil {
		return Token{}, d.err
	}
	return t, nil
}
