package wire

import (
	"math"
)

// tagError is of what an event may have besides: why a command failed.
const tagError = 1

// Event writes a step of the request id. The error, of details that can't be
// sent, is an *Error.
func (f *Frame) Event(id uint64, e *Event) error {
	f.begin(KindEvent, id)
	f.str(e.Name)
	f.str(e.Function)
	f.str(e.What)
	f.str(e.Node)
	f.uv(microseconds(duration(e.AtMS)))
	f.uv(microseconds(duration(e.DurationMS)))
	f.uv(bound(e.Bytes, math.MaxInt64))
	if e.Error == nil {
		f.count(0)
		return nil
	}
	f.count(1)
	f.uv(tagError)
	var content Frame
	if err := content.error(e.Error); err != nil {
		return f.drop(err)
	}
	f.nested(&content)
	return nil
}

// DecodeEvent reads the body of an EVENT frame. Times are in whole microseconds.
// What an event tells may be something that is not known here. The error is an
// *Error.
func DecodeEvent(body []byte) (*Event, error) {
	d := frameReader{kind: KindEvent, rest: body}
	e := &Event{Name: d.name("name"), Function: d.name("fun"), What: d.name("what"), Node: d.str("node")}
	e.AtMS, e.DurationMS = milliseconds(d.micros("t_us")), milliseconds(d.micros("duration_us"))
	e.Bytes = int64(d.most("bytes", math.MaxInt64))
	for range d.count("tlvs", 2) {
		tag, data := d.uv("tlvs"), d.bytes("tlvs")
		switch {
		case d.err != nil:
		case tag != tagError:
			d.unknownTag(tag)
		case e.Error != nil:
			d.fail("error", "is there twice")
		default:
			d.within(data, func() { e.Error = d.error() })
		}
	}
	d.end()
	if d.err != nil {
		return nil, d.err
	}
	return e, nil
}
