package wire

import (
	"strconv"

	"github.com/mpreg/mpreg/codec"
)

// AppendItem appends a message of role "rpc-item" of at most limit bytes (0:
// any): the n-th item, counted from 0, of the stream that the command name of
// the request u gives. It fails, with an *Error and a slice of no use but its
// capacity, where the item does not fit into JSON or the message into the limit.
func AppendItem(dst []byte, u, name string, n int64, item codec.Value, limit int64) ([]byte, error) {
	item, err := checkedJSON(item)
	if err != nil {
		return dst, Errorf(Internal, "the item can't be sent as JSON: %v", err).With(DetailCommand, name)
	}
	start := len(dst)
	dst = appendString(append(dst, `{"role":"rpc-item","u":`...), u)
	dst = appendString(append(dst, `,"name":`...), name)
	dst = strconv.AppendInt(append(dst, `,"n":`...), n, 10)
	dst = append(dst, `,"item":`...)
	if size := int64(len(dst) - start + len(item.Bytes()) + len("}")); limit > 0 && size > limit {
		return dst, itemTooLarge(limit)
	}
	return append(append(dst, item.Bytes()...), '}'), nil
}

// Ack allows the stream that answers the request U to have N items more under
// way.
type Ack struct {
	U string `json:"u" validate:"required,maxbytes=128"`
	N int    `json:"n" validate:"gte=1,lte=1073741824"`
}

// DecodeAck reads and checks a message of role "ack". The error is an *Error.
func DecodeAck(data []byte) (*Ack, error) { return decodeChecked[Ack](data) }
