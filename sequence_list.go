package mpreg

import (
	"encoding/binary"
	"math"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// itemList is a list of encoded items. In JSON and CBOR the list is encoded while
// it grows: a Value for each of many small items would take many times the bytes
// that the list is bounded by.
type itemList struct {
	codec codec.Codec // of the list and of all items
	most  int64       // bytes that it may have

	count  uint64
	data   []byte  // what there is of the encoded list, in JSON and CBOR
	values []Value // the items, in other codecs
	size   int64   // and what they take
}

const (
	// cborHeadRoom is left free before the items in CBOR: how many they are stands
	// there, and is known last.
	cborHeadRoom = 9

	// valueSize is what a Value takes besides its bytes, roughly: its place in a
	// slice that grows, and that its bytes are an allocation of their own.
	valueSize = 64
)

// add adds an item, of which it keeps no bytes that are not its own in JSON and
// CBOR. It fails if the list has more than it may have.
func (l *itemList) add(v Value) error {
	data := v.Bytes()
	switch l.codec.(type) {
	case nil, codec.JSON:
		separator := byte(',')
		if l.count == 0 {
			separator = '['
		}
		l.data = append(append(l.data, separator), data...)
		l.size = int64(len(l.data))
	case codec.CBOR:
		if l.count == 0 {
			l.data = make([]byte, cborHeadRoom)
		}
		l.data = append(l.data, data...)
		l.size = int64(len(l.data) - cborHeadRoom)
	default:
		l.values = append(l.values, v)
		l.size += int64(len(data)) + valueSize
	}
	l.count++
	if l.size <= l.most {
		return nil
	}
	e := newError(ResourceExhausted, ExecutedYes,
		"the items have more than the %d bytes that a message may have: call it as a stream, which gets them one by one", l.most)
	e.Details = map[string]any{wire.DetailLimit: "result_bytes", wire.DetailMax: l.most}
	return e
}

// value returns the list, to which nothing is added any more.
func (l *itemList) value() (Value, error) {
	if l.data == nil {
		return codec.Encode(l.codec, append([]Value{}, l.values...)) // never nil
	}
	if _, isCBOR := l.codec.(codec.CBOR); isCBOR {
		head := cborArrayHead(l.count)
		start := cborHeadRoom - len(head)
		copy(l.data[start:], head)
		return codec.Raw(codec.CBOR{}, l.data[start:]), nil
	}
	return codec.Raw(codec.JSON{}, append(l.data, ']')), nil
}

// cborArrayHead returns what stands before the n elements of an array: the major
// type 4 with the length, as short as can be.
func cborArrayHead(n uint64) []byte {
	const array = 4 << 5
	switch {
	case n < 24:
		return []byte{array | byte(n)}
	case n <= math.MaxUint8:
		return []byte{array | 24, byte(n)}
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16([]byte{array | 25}, uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32([]byte{array | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{array | 27}, n)
}
