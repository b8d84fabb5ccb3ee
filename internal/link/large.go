package link

import (
	"bytes"
	"io"
	"sync"
)

// segmentBytes is the size of the pieces in which large frames arrive.
const segmentBytes = 64 << 10

// segments are pieces that no frame uses. Nobody outside has them: Join copies.
var segments = sync.Pool{New: func() any { return new([segmentBytes]byte) }}

// Large is a frame that came in chunks, in the pieces in which it was read. Memory is
// taken piece by piece as bytes arrive, for two reasons: what a peer announces costs
// nothing; and the runtime clears memory that it hands out, which for 100 MiB at
// once takes 10 ms in which nothing else is read. A Large is not for concurrent use.
type Large struct {
	total  int      // bytes when all have come
	size   int      // bytes that have come
	pieces [][]byte // of segmentBytes each, but the last: together no more than total
}

// Len returns how many bytes the frame has.
func (f *Large) Len() int { return f.total }

// Head returns the beginning of the frame, 64 KiB or all of it. It is valid until Join.
func (f *Large) Head() []byte { return f.pieces[0] }

// Join returns the frame in one piece, which is the caller's. The others are used for
// other frames then: the Large is of no use any more. It copies all bytes, which takes
// 20 ms for 100 MiB: leave it to whoever wants the frame, not to a read loop. A frame
// that nobody wants needs no Join.
func (f *Large) Join() []byte {
	data := bytes.Join(f.pieces, nil) // which does not clear the memory first, as make does
	f.release()
	return data
}

// capacity returns how much memory the frame has.
func (f *Large) capacity() int { return min(len(f.pieces)*segmentBytes, f.total) }

// missing returns how much memory it lacks for n more bytes: whole pieces, or what
// its end needs.
func (f *Large) missing(n int) int {
	lack := f.size + n - f.capacity()
	if lack <= 0 {
		return 0
	}
	return min((lack+segmentBytes-1)/segmentBytes*segmentBytes, f.total-f.capacity())
}

// reserve adds the memory that n more bytes need.
func (f *Large) reserve(n int) {
	for left := f.missing(n); left > 0; left -= segmentBytes {
		if left < segmentBytes {
			f.pieces = append(f.pieces, make([]byte, left))
			return
		}
		s, _ := segments.Get().(*[segmentBytes]byte)
		f.pieces = append(f.pieces, s[:])
	}
}

// room returns the memory, which was reserved, for the byte that comes after n others,
// and for those behind it that are in the same piece.
func (f *Large) room(n int) []byte {
	at := f.size + n
	return f.pieces[at/segmentBytes][at%segmentBytes:]
}

// add appends bytes for which memory was reserved.
func (f *Large) add(data []byte) {
	_, _ = f.fill(nil, data, len(data)) // reads nothing
	f.size += len(data)
}

// fill reads until it has n bytes, of which begun are the first, to where memory was
// reserved for them. It fails if there are less. The bytes do not count yet.
func (f *Large) fill(r io.Reader, begun []byte, n int) (got int, err error) {
	for got < len(begun) {
		got += copy(f.room(got), begun[got:])
	}
	for got < n && err == nil {
		var read int
		into := f.room(got)
		read, err = r.Read(into[:min(len(into), n-got)])
		got += read
	}
	if got == n {
		err = nil
	}
	return got, err
}

// release gives the memory back.
func (f *Large) release() {
	for _, p := range f.pieces {
		if len(p) == segmentBytes {
			segments.Put((*[segmentBytes]byte)(p))
		}
	}
	f.pieces = nil
}
