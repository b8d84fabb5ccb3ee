package link

import (
	"io"
	"weak"
)

// keptRead is the largest message buffer that a link keeps; also the least that
// Handler.Oversized gets.
const keptRead = 64 << 10

// readBuffer holds one message at a time. A large one's memory is used again if the
// garbage collector has left it: a stream of large messages allocates little, and a
// link that is idle after one holds nothing. (A sync.Pool would lose it whenever
// the reader changes its processor.) The zero value is ready to use.
type readBuffer struct {
	small  []byte // kept, at most keptRead
	large  []byte // in use until release
	last   weak.Pointer[[]byte]
	expect int // size of the last large message: the next is probably like it
}

// start returns n bytes of memory for the beginning of a message.
func (b *readBuffer) start(n int) []byte {
	if cap(b.small) < n {
		b.small = make([]byte, 0, 4<<10)
	}
	return b.small[:n]
}

// fill reads r to its end, then the error is io.EOF, or until there are bound bytes.
// Before them it puts begun bytes, which are where start said. What it returns is valid
// until release.
func (b *readBuffer) fill(r io.Reader, begun int, bound int64) ([]byte, error) {
	data := b.small[:begun]
	for int64(len(data)) < bound {
		if len(data) == cap(data) {
			data = b.grow(data, min(max(4<<10, 2*int64(cap(data))), bound))
		}
		n, err := r.Read(data[len(data):min(int64(cap(data)), bound)])
		data = data[:len(data)+n]
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// grow returns a copy of data with room for size bytes or more.
func (b *readBuffer) grow(data []byte, size int64) []byte {
	if size <= keptRead {
		b.small = append(make([]byte, 0, size), data...)
		return b.small
	}
	if last := b.last.Value(); last != nil && int64(cap(*last)) >= size {
		b.large = (*last)[:0]
	} else {
		b.large = make([]byte, 0, max(size, int64(b.expect)))
	}
	b.large = append(b.large, data...)
	b.last = weak.Pointer[[]byte]{} // it is in use, or too small
	return b.large
}

// release leaves a large buffer, in which n bytes were used, to the collector.
func (b *readBuffer) release(n int) {
	if b.large != nil {
		large := b.large
		b.large = nil
		b.last, b.expect = weak.Make(&large), n+1 // one more to see the end without growing
	}
}
