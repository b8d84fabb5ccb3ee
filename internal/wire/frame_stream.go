package wire

import "github.com/mpreg/mpreg/codec"

// Item writes an item of the stream that answers the request id. It fails, with
// an *Error, where the item can't be sent or the frame has more than limit bytes
// (0: any).
func (f *Frame) Item(id uint64, item codec.Value, limit int64) error {
	f.begin(KindItem, id)
	if err := f.value(item); err != nil {
		return f.drop(Errorf(Internal, "the item can't be sent: %v", err))
	}
	if limit > 0 && int64(f.Size()) > limit {
		return f.drop(itemTooLarge(limit))
	}
	return nil
}

func itemTooLarge(limit int64) *Error {
	return limitError("message_bytes", limit,
		"an item of the stream is larger than the %d bytes that a message may have: yield smaller ones", limit)
}

// DecodeItem reads the body of an ITEM frame. The item shares the memory of body,
// which must not change any more. The error is an *Error.
func DecodeItem(body []byte, codecs Codecs) (codec.Value, error) {
	d := frameReader{kind: KindItem, rest: body, codecs: codecs}
	item := d.value("item")
	d.end()
	if d.err != nil {
		return codec.Value{}, d.err
	}
	return item, nil
}

// Credit writes that the stream which answers the request id may have so many
// items and bytes more under way. More than MaxWindow and MaxWindowBytes are
// taken for these.
func (f *Frame) Credit(id, items, bytes uint64) {
	f.begin(KindCredit, id)
	f.uv(min(items, MaxWindow))
	f.uv(min(bytes, MaxWindowBytes))
}

// DecodeCredit reads the body of a CREDIT frame: at most MaxWindow items and
// MaxWindowBytes. The error is an *Error.
func DecodeCredit(body []byte) (items, bytes uint64, err error) {
	d := frameReader{kind: KindCredit, rest: body}
	items, bytes = d.most("items", MaxWindow), d.most("bytes", MaxWindowBytes)
	d.end()
	if d.err != nil {
		return 0, 0, d.err
	}
	return items, bytes, nil
}
